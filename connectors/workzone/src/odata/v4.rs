//! What is OData v4 alone.

use serde_json::Value;

pub(crate) const HEADERS: &[(&str, &str)] =
    &[("Accept", "application/json;odata.metadata=minimal"), ("OData-Version", "4.0"), ("OData-MaxVersion", "4.0")];

pub(crate) const ETAG: &str = "@odata.etag";
pub(crate) const NEXT_LINK: &str = "@odata.nextLink";

pub(crate) fn reference(navigation: &str, content_id: usize) -> (String, Value) {
    (format!("{navigation}@odata.bind"), Value::from(format!("${content_id}")))
}

/// A filter for rows whose property contains the text.
pub(crate) fn contains(property: &str, literal: &str) -> String {
    format!("contains({property},{literal})")
}

/// A filter for rows in one of WorkZone's domains.
pub(crate) fn in_domain(literal: &str) -> String {
    format!("inDomain({literal})")
}
