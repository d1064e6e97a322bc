//! JSON Schema (2020-12) of submissions, settings, inputs and outputs: compiled once, checked often. Says which path and
//! what was expected, never what stood there. Never fetches anything: a `$ref` leads inside the schema or nowhere.

use jsonschema::{
    Draft, PatternOptions, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use crate::counted;

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
}

/// The schema cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaFault {
    /// What is wrong, and where in the schema when it is known.
    pub message: String,
}

/// A place that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}", if path.is_empty() { "the whole" } else { path })]
pub struct Violation {
    /// JSON pointer into the value; empty for the whole.
    pub path: String,
    /// What was expected there. Never holds the value itself.
    pub expected: String,
    /// The keyword of the schema that did not hold.
    pub keyword: String,
    /// Whether an `if`, `not`, `anyOf` or the like had a say in it.
    pub conditional: bool,
}

impl Violation {
    /// What is wrong in its place, as a sentence.
    pub fn told(&self) -> String {
        match self.keyword.as_str() {
            "required" => format!("{} is missing", self.expected),
            _ => format!("expected {}", self.expected),
        }
    }
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
        Ok(Self { validator })
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
        Err(self.validator.iter_errors(value).take(MAX_VIOLATIONS).map(|error| violation(&error)).collect())
    }
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

fn violation(error: &jsonschema::ValidationError<'_>) -> Violation {
    const CONDITIONS: [&str; 7] = ["/if", "/then", "/else", "/not", "/anyOf", "/oneOf", "/dependentSchemas"];
    let evaluated = error.evaluation_path().as_str();
    Violation {
        path: error.instance_path().as_str().to_owned(),
        expected: expected(error.kind()),
        keyword: error.kind().keyword().to_owned(),
        conditional: CONDITIONS.iter().any(|condition| evaluated.contains(condition)),
    }
}

/// What was expected, in words made from the schema alone.
fn expected(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => format!("the type {kind}"),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let mut kinds: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            kinds.sort();
            format!("one of the types {}", kinds.join(", "))
        }
        Kind::Required { property } => format!("the property `{}`", shown(property.as_str().unwrap_or_default())),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().take(5).map(|name| format!("`{}`", shown(name))).collect();
            format!("no property {}", names.join(", "))
        }
        Kind::AdditionalItems { limit } => format!("at most {}", items(*limit as u64)),
        Kind::UnevaluatedItems { .. } => "no further items".to_owned(),
        Kind::Enum { options } => format!("one of {}", shown(&options.to_string())),
        Kind::Constant { expected_value } => format!("exactly {}", shown(&expected_value.to_string())),
        Kind::Pattern { pattern } => format!("a text that matches `{}`", shown(pattern)),
        Kind::Format { format } => format!("the format {}", shown(format)),
        Kind::MinLength { limit } => format!("at least {}", characters(*limit)),
        Kind::MaxLength { limit } => format!("at most {}", characters(*limit)),
        Kind::MinItems { limit } => format!("at least {}", items(*limit)),
        Kind::MaxItems { limit } => format!("at most {}", items(*limit)),
        Kind::MinProperties { limit } => format!("at least {}", properties(*limit)),
        Kind::MaxProperties { limit } => format!("at most {}", properties(*limit)),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::UniqueItems => "items that differ".to_owned(),
        Kind::Contains => "an item of the kind that the schema asks for".to_owned(),
        Kind::PropertyNames { error } => format!("property names that fit: {}", expected(error.kind())),
        Kind::FalseSchema => "nothing here".to_owned(),
        Kind::Not { .. } => "something that the schema does not exclude".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "one of the shapes that the schema names".to_owned(),
        Kind::OneOfMultipleValid { .. } => "only one of the shapes that the schema names".to_owned(),
        other => format!("that `{}` holds", other.keyword()),
    }
}

fn characters(count: u64) -> String {
    counted(count, "character", "characters")
}

fn items(count: u64) -> String {
    counted(count, "item", "items")
}

fn properties(count: u64) -> String {
    counted(count, "property", "properties")
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
