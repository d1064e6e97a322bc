//! What is OData v3 alone, in both of its JSON formats.

use serde_json::{Value, json};

pub(crate) const VERBOSE_HEADERS: &[(&str, &str)] =
    &[("Accept", "application/json;odata=verbose"), ("DataServiceVersion", "3.0"), ("MaxDataServiceVersion", "3.0")];
pub(crate) const LIGHT_HEADERS: &[(&str, &str)] = &[
    ("Accept", "application/json;odata=minimalmetadata"),
    ("DataServiceVersion", "3.0"),
    ("MaxDataServiceVersion", "3.0"),
];

pub(crate) const LIGHT_ETAG: &str = "odata.etag";
pub(crate) const LIGHT_NEXT_LINK: &str = "odata.nextLink";
pub(crate) const VERBOSE_NEXT_LINK: &str = "__next";

/// WorkZone's own query option for rows that contain a text anywhere.
pub(crate) const CONTAINS_OPTION: &str = "contains";
/// WorkZone's own query option for rows in one of its domains.
pub(crate) const DOMAIN_OPTION: &str = "domainRestriction";

pub(crate) fn reference(navigation: &str, content_id: usize) -> (String, Value) {
    (navigation.to_owned(), json!({ "__metadata": { "uri": format!("${content_id}") } }))
}

/// A filter for rows whose property contains the text.
pub(crate) fn contains(property: &str, literal: &str) -> String {
    format!("substringof({literal},{property})")
}
