//! JSON Schema (2020-12) of submissions, settings, inputs and outputs: compiled once, checked often. Says which path and
//! what was expected, never what stood there. Never fetches anything: a `$ref` leads inside the schema or nowhere.

mod violation; // what does not fit

use jsonschema::{Draft, PatternOptions, Validator, error::ValidationErrorKind};
use serde_json::Value;

pub use violation::Violation;

/// A form's schema has some kilobytes; a generated one some hundred.
const MAX_SCHEMA_BYTES: usize = 1 << 20;
/// The compiler of schemas is recursive.
const MAX_SCHEMA_DEPTH: usize = 64;
/// `iter_errors` is recursive over the value; texts of JSON have at most 127 levels.
const MAX_VALUE_DEPTH: usize = 128;
/// More than this, nobody reads.
const MAX_VIOLATIONS: usize = 20;
/// A regular expression in a schema may not become larger than this once compiled.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// What is shown of a name or a list out of the schema.
const MAX_SHOWN_CHARS: usize = 160;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// What it was made from, to say what could stand in a place.
    document: Value,
}

/// The schema cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaFault {
    /// What is wrong, and where in the schema when it is known.
    pub message: String,
}

impl Schema {
    /// Compiles a schema from JSON text.
    pub fn compile(text: &str) -> Result<Self, SchemaFault> {
        if text.len() > MAX_SCHEMA_BYTES {
            return Err(fault(format!("the schema is larger than {MAX_SCHEMA_BYTES} bytes")));
        }
        let schema: Value =
            serde_json::from_str(text).map_err(|error| fault(format!("the schema is no JSON: {error}")))?;
        Self::compile_value(&schema)
    }

    /// Compiles a schema.
    pub fn compile_value(schema: &Value) -> Result<Self, SchemaFault> {
        if !is_shallow(schema, MAX_SCHEMA_DEPTH) {
            return Err(fault(format!("the schema is nested deeper than {MAX_SCHEMA_DEPTH}")));
        }
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            // A submission must not reach the network or a file through a reference.
            .offline()
            // Linear time, whatever a stranger submits; look-around is refused.
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| fault(describe_fault(&error)))?;
        Ok(Self { validator, document: schema.clone() })
    }

    /// Whether the value fits. At most [`MAX_VIOLATIONS`] violations are told.
    pub fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        if !is_shallow(value, MAX_VALUE_DEPTH) {
            return Err(vec![Violation {
                path: String::new(),
                expected: format!("at most {MAX_VALUE_DEPTH} levels"),
                keyword: String::new(),
                conditional: false,
            }]);
        }
        if self.validator.is_valid(value) {
            return Ok(());
        }
        Err(self
            .validator
            .iter_errors(value)
            .take(MAX_VIOLATIONS)
            .map(|error| Violation::of(&error, &self.document))
            .collect())
    }
}

/// The schema that a reference inside the whole leads to; itself where it is none.
pub fn referred<'a>(whole: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| whole.pointer(pointer)).unwrap_or(schema)
}

fn fault(message: String) -> SchemaFault {
    SchemaFault { message }
}

/// Everything in a schema comes from its author, so the author may see it.
fn describe_fault(error: &jsonschema::ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    let place = if at.is_empty() { String::new() } else { format!("at `{}`: ", shown(at)) };
    if let ValidationErrorKind::Referencing(cause) = error.kind() {
        return format!(
            "{place}a reference leads outside the schema, and nothing is fetched: {}",
            shown(&cause.to_string())
        );
    }
    format!("{place}{}", shown(&error.to_string()))
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn is_shallow(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_shallow(item, levels - 1)),
        Value::Object(entries) => levels > 0 && entries.values().all(|entry| is_shallow(entry, levels - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: Value, value: Value, expected: &[(&str, &str)]) {
        let schema = Schema::compile_value(&schema).expect("a schema");
        let violations = schema.check(&value).err().unwrap_or_default();
        let found: Vec<(&str, &str)> =
            violations.iter().map(|violation| (violation.path.as_str(), violation.expected.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_is_told_as_one() {
        check(json!({"minLength": 1}), json!(""), &[("", "at least 1 character")]);
        check(json!({"maxItems": 1}), json!([1, 2]), &[("", "at most 1 item")]);
        check(json!({"minProperties": 1}), json!({}), &[("", "at least 1 property")]);
        check(json!({"minItems": 2}), json!([1]), &[("", "at least 2 items")]);
    }

    #[test]
    fn what_fits_passes() {
        check(json!({"type": "object", "required": ["a"]}), json!({"a": 1}), &[]);
    }

    #[test]
    fn the_path_and_what_was_expected_are_told() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["navn", "alder"],
            "properties": {
                "navn": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-zæøå]+$"},
                "alder": {"type": ["integer", "null"], "minimum": 18, "maximum": 99},
                "art": {"enum": ["ny", "om"]},
                "dato": {"type": "string", "format": "date"},
                "parter": {"type": "array", "maxItems": 1, "items": {"type": "object"}},
            },
        });
        check(schema.clone(), json!(1), &[("", "the type object")]);
        check(schema.clone(), json!({"navn": "øse"}), &[("", "the property `alder`")]);
        check(
            schema.clone(),
            json!({"navn": "x", "alder": 17}),
            &[("/alder", "at least 18"), ("/navn", "at least 2 characters")],
        );
        check(
            schema.clone(),
            json!({"navn": "12", "alder": "x"}),
            &[("/alder", "one of the types integer, null"), ("/navn", "a text that matches `^[a-zæøå]+$`")],
        );
        check(schema.clone(), json!({"navn": "abc", "alder": null, "x": 1}), &[("", "no property `x`")]);
        check(schema.clone(), json!({"navn": "abc", "alder": 20, "art": "b"}), &[("/art", "one of [\"ny\",\"om\"]")]);
        check(schema.clone(), json!({"navn": "abc", "alder": 20, "dato": "24/12"}), &[("/dato", "the format date")]);
        check(
            schema,
            json!({"navn": "abc", "alder": 20, "parter": [{}, 2]}),
            &[("/parter", "at most 1 item"), ("/parter/1", "the type object")],
        );
    }

    #[test]
    fn what_was_meant_is_told() {
        let mode = json!({"oneOf": [{"type": "string", "const": "sync"}, {"type": "string", "enum": ["callback"]}]});
        let settings = json!({
            "$defs": {"Mode": mode, "Names": {"additionalProperties": false, "properties": {"success": {}}}},
            "additionalProperties": false,
            "properties": {
                "trigger_path": {}, "mode": {"$ref": "#/$defs/Mode"}, "names": {"$ref": "#/$defs/Names"},
                "either": {"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]},
            },
        });
        let pth = "no property `trigger_pth` (did you mean `trigger_path`?)";
        check(settings.clone(), json!({"trigger_pth": 1}), &[("", pth)]);
        check(settings.clone(), json!({"q": 1}), &[("", "no property `q`")]);
        let succes = "no property `succes` (did you mean `success`?)";
        check(settings.clone(), json!({"names": {"succes": 1}}), &[("/names", succes)]);
        check(settings.clone(), json!({"mode": "async"}), &[("/mode", "one of \"sync\", \"callback\"")]);
        let either = "one of \"sync\", \"callback\", null";
        check(settings, json!({"either": "async"}), &[("/either", either)]);
        let shapes = json!({"anyOf": [{"type": "object"}, {"type": "null"}]});
        check(shapes, json!(1), &[("", "one of the shapes that the schema names")]);
    }

    #[test]
    fn the_offending_value_is_never_told() {
        let secret = "2512484916";
        let schemas = [
            json!({"type": "integer"}),
            json!({"enum": [1]}),
            json!({"const": 1}),
            json!({"pattern": "^x$"}),
            json!({"maxLength": 1}),
            json!({"minLength": 90}),
            json!({"format": "date"}),
            json!({"not": {}}),
            json!(false),
            json!({"anyOf": [{"type": "null"}]}),
            json!({"oneOf": [{"type": "null"}]}),
            json!({"oneOf": [{}, {}]}),
            json!({"allOf": [{"type": "null"}]}),
        ];
        for schema in schemas {
            let compiled = Schema::compile_value(&schema).expect("a schema");
            let told = format!("{:?}", compiled.check(&json!(secret)).expect_err("does not fit"));
            assert!(!told.contains(secret), "{schema}: {told}");
        }
    }

    #[test]
    fn the_number_of_violations_is_bounded() {
        let schema = Schema::compile_value(&json!({"items": {"type": "string"}})).expect("a schema");
        let many: Vec<u32> = (0..10_000).collect();
        assert_eq!(schema.check(&json!(many)).expect_err("does not fit").len(), MAX_VIOLATIONS);
    }

    #[test]
    fn nothing_is_fetched() {
        for reference in ["http://127.0.0.1:1/x.json", "file:///etc/hostname", "other.json"] {
            let fault = Schema::compile_value(&json!({"$ref": reference})).expect_err(reference);
            assert!(fault.message.contains("nothing is fetched"), "{}", fault.message);
        }
        Schema::compile_value(&json!({"$defs": {"a": {"type": "null"}}, "$ref": "#/$defs/a"}))
            .expect("a reference inside");
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for (text, part) in [
            ("{", "no JSON"),
            (r#"{"type": "text"}"#, "/type"),
            (r#"{"pattern": "("}"#, "/pattern"),
            (r#"{"pattern": "(?=x)"}"#, "/pattern"),
            (r##"{"$ref": "#/$defs/a"}"##, "reference"),
        ] {
            let fault = Schema::compile(text).expect_err(text);
            assert!(fault.message.contains(part), "{text}: {}", fault.message);
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = (0..70).fold(json!({}), |inner, _| json!({"not": inner}));
        assert!(Schema::compile_value(&deep).is_err());
        assert!(Schema::compile(&" ".repeat(MAX_SCHEMA_BYTES + 1)).is_err());
        let value = (0..500).fold(json!(1), |inner, _| json!([inner]));
        let schema = Schema::compile("{}").expect("a schema");
        assert_eq!(schema.check(&value).expect_err("too deep")[0].expected, "at most 128 levels");
    }

    #[test]
    fn a_hostile_pattern_is_checked_in_linear_time() {
        let schema = Schema::compile_value(&json!({"pattern": "^(a+)+$"})).expect("a schema");
        let text = format!("{}!", "a".repeat(20_000));
        assert!(schema.check(&json!(text)).is_err());
    }
}
