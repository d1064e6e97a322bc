//! Text of OData, both ways: addresses and filters out, rows, pages, batches and errors in. Sends nothing.

pub(crate) mod batch; // several creations as one
pub(crate) mod error; // what went wrong, without stack traces
pub(crate) mod literal; // values and filters
pub(crate) mod page; // rows and the way to the next ones
pub(crate) mod url; // addresses
pub(crate) mod v3;
pub(crate) mod v4;

use serde_json::Value;

use crate::settings::{ODataVersion, Settings, V3Format};

/// Headers that each request carries for the version, `Accept` among them.
pub(crate) fn headers(settings: &Settings) -> &'static [(&'static str, &'static str)] {
    match (settings.odata_version, settings.v3_format) {
        (ODataVersion::V4, _) => v4::HEADERS,
        (ODataVersion::V3, V3Format::Verbose) => v3::VERBOSE_HEADERS,
        (ODataVersion::V3, V3Format::Light) => v3::LIGHT_HEADERS,
    }
}

/// A reference to a row that an earlier part of the same batch creates: member name and value of a JSON body.
/// `property` is the one that holds the key, `MainRecordKey_Value`.
pub(crate) fn reference(version: ODataVersion, property: &str, content_id: usize) -> (String, Value) {
    let navigation = property.strip_suffix("_Value").unwrap_or(property);
    match version {
        ODataVersion::V3 => v3::reference(navigation, content_id),
        ODataVersion::V4 => v4::reference(navigation, content_id),
    }
}
