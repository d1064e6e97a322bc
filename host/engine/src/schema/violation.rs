//! A place that does not fit its schema, in words made from the schema alone: what was expected there, and what was
//! probably meant.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{referred, shown};
use crate::{counted, mapping::did_you_mean};

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
    /// What a validator found, in words that are made from the schema alone.
    pub(super) fn of(error: &ValidationError<'_>, schema: &Value) -> Self {
        const CONDITIONS: [&str; 7] = ["/if", "/then", "/else", "/not", "/anyOf", "/oneOf", "/dependentSchemas"];
        let evaluated = error.evaluation_path().as_str();
        Self {
            path: error.instance_path().as_str().to_owned(),
            expected: expected(error.kind(), Place { schema, keyword: error.schema_path().as_str() }),
            keyword: error.kind().keyword().to_owned(),
            conditional: CONDITIONS.iter().any(|condition| evaluated.contains(condition)),
        }
    }

    /// What is wrong in its place, as a sentence.
    pub fn told(&self) -> String {
        match self.keyword.as_str() {
            "required" => format!("{} is missing", self.expected),
            _ => format!("expected {}", self.expected),
        }
    }
}

/// Where in the schema the keyword stands that did not hold.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: &'a Value,
    keyword: &'a str,
}

impl<'a> Place<'a> {
    fn keyword(self) -> Option<&'a Value> {
        self.schema.pointer(self.keyword)
    }

    /// The keywords beside it.
    fn beside(self) -> Option<&'a Value> {
        self.schema.pointer(self.keyword.rsplit_once('/')?.0)
    }

    /// What may stand there under a name.
    fn names(self) -> impl Iterator<Item = &'a str> {
        let properties = self.beside().and_then(|beside| beside["properties"].as_object());
        // Likeness is quadratic in the lengths.
        properties.into_iter().flatten().take(512).map(|(name, _)| name.as_str()).filter(|name| name.len() <= 64)
    }

    /// The values that it chooses among, where it names each.
    fn values(self) -> Option<String> {
        let mut all = Vec::new();
        self.collect(self.keyword()?.as_array()?, &mut all, 0)?;
        Some(shown(&all.join(", ")))
    }

    /// The one value that each takes, or those that it chooses among itself.
    fn collect(self, schemas: &'a [Value], all: &mut Vec<String>, depth: usize) -> Option<()> {
        for schema in schemas {
            let schema = referred(self.schema, schema);
            let among = ["oneOf", "anyOf"].iter().find_map(|keyword| schema[keyword].as_array());
            match among.filter(|_| depth < MAX_DEPTH) {
                Some(among) => self.collect(among, all, depth + 1)?,
                None => all.extend(values_of(schema)?),
            }
        }
        Some(())
    }
}

/// A choice within a choice, and a reference that leads to one.
const MAX_DEPTH: usize = 4;

/// The values that a schema takes, where they are named.
fn values_of(schema: &Value) -> Option<Vec<String>> {
    match (schema.get("const"), schema["enum"].as_array()) {
        (Some(value), _) => Some(vec![value.to_string()]),
        (None, Some(values)) => Some(values.iter().map(Value::to_string).collect()),
        _ if schema["type"] == "null" => Some(vec!["null".to_owned()]),
        _ => None,
    }
}

/// What was expected, in words made from the schema alone.
fn expected(kind: &ValidationErrorKind, place: Place<'_>) -> String {
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
            let named = |name: &String| format!("`{}`{}", shown(name), did_you_mean(name, place.names()));
            let names: Vec<String> = unexpected.iter().take(5).map(named).collect();
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
        Kind::PropertyNames { error } => format!("property names that fit: {}", expected(error.kind(), place)),
        Kind::FalseSchema => "nothing here".to_owned(),
        Kind::Not { .. } => "something that the schema does not exclude".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => match place.values() {
            Some(values) => format!("one of {values}"),
            None => "one of the shapes that the schema names".to_owned(),
        },
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
