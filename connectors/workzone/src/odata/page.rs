//! Rows in the shapes of v4, v3 light and v3 verbose, and the way to the next ones.

use serde_json::Value;

use super::{v3, v4};

/// Some rows of a collection.
#[derive(Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    /// The link to more, as the service wrote it.
    pub(crate) next: Option<String>,
}

/// The rows of an answer; `None` when it holds no collection.
pub(crate) fn read(answer: Value) -> Option<Page> {
    let Value::Object(mut answer) = answer else { return None };
    let link = |answer: &serde_json::Map<String, Value>, name: &str| answer.get(name)?.as_str().map(str::to_owned);
    if let Some(Value::Array(rows)) = answer.remove("value") {
        let next = link(&answer, v4::NEXT_LINK).or_else(|| link(&answer, v3::LIGHT_NEXT_LINK));
        return Some(Page { rows, next });
    }
    match answer.remove("d")? {
        Value::Array(rows) => Some(Page { rows, next: None }),
        Value::Object(mut inner) => {
            let next = link(&inner, v3::VERBOSE_NEXT_LINK);
            match inner.remove("results")? {
                Value::Array(rows) => Some(Page { rows, next }),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The one row of an answer; `None` when it holds none.
pub(crate) fn read_row(answer: Value) -> Option<Value> {
    match answer {
        Value::Object(mut answer) => match answer.remove("d") {
            Some(Value::Object(row)) => Some(Value::Object(row)),
            Some(_) => None,
            None => Some(Value::Object(answer)),
        },
        _ => None,
    }
}

/// The ETag that a row carries.
pub(crate) fn etag(row: &Value) -> Option<&str> {
    let etag = row.get(v4::ETAG).or_else(|| row.get(v3::LIGHT_ETAG)).or_else(|| row.pointer("/__metadata/etag"));
    etag.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(answer: Value, next: Option<&str>) {
        let page = read(answer).expect("a collection");
        assert_eq!(page.rows.len(), 1);
        assert_eq!(page.next.as_deref(), next);
    }

    #[test]
    fn each_shape_of_a_collection_is_read() {
        check(json!({ "value": [{}], "@odata.nextLink": "a" }), Some("a"));
        check(json!({ "value": [{}], "odata.nextLink": "b" }), Some("b"));
        check(json!({ "d": { "results": [{}], "__next": "c" } }), Some("c"));
        check(json!({ "d": [{}] }), None);
        assert_eq!(read(json!({ "ID": "1" })), None);
    }

    #[test]
    fn each_shape_of_a_row_is_read() {
        let v4 = read_row(json!({ "ID": "1", "@odata.etag": "W/\"1\"" })).expect("a row");
        let light = read_row(json!({ "ID": "1", "odata.etag": "W/\"1\"" })).expect("a row");
        let verbose = read_row(json!({ "d": { "__metadata": { "etag": "W/\"1\"" }, "ID": "1" } })).expect("a row");
        for row in [v4, light, verbose] {
            assert_eq!(row["ID"], "1");
            assert_eq!(etag(&row), Some("W/\"1\""));
        }
    }
}
