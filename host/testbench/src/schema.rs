//! What the connector's own schemas say about a case: a host checks settings, inputs and outputs with them.

use serde_json::Value;

/// Where `value` does not fit the schema, or why the schema is none. Names places, never values.
pub(crate) fn misfit(schema: &str, value: &Value) -> Option<String> {
    let schema = match serde_json::from_str::<Value>(schema) {
        Ok(schema) => schema,
        Err(error) => return Some(format!("the schema is no JSON: {error}")),
    };
    let validator = match jsonschema::validator_for(&schema) {
        Ok(validator) => validator,
        Err(error) => return Some(format!("the schema is none: {error}")),
    };
    let errors = validator.iter_errors(value);
    let lines: Vec<String> = errors.map(|error| format!("at `{}`: {error}", error.instance_path())).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
