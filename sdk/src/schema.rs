//! JSON Schemas (2020-12) of Rust types. Made in `describe` only, never on the way of a delivery.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// The schema of what is read.
pub(crate) fn of_input<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The schema of what is written.
pub(crate) fn of_output<T: JsonSchema>() -> String {
    text::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn text<T: JsonSchema>(settings: SchemaSettings) -> String {
    settings.into_generator().into_root_schema_for::<T>().as_value().to_string()
}
