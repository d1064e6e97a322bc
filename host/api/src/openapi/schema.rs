//! JSON Schemas of what is sent and taken, put together by hand: the bodies hold types of the model, which knows
//! nothing of HTTP. What has a name of its own stands once, among the document's components.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A JSON Schema (2020-12), and those that it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    json: Map<String, Value>,
    named: Named,
}

/// Schemas by name.
pub(crate) type Named = BTreeMap<&'static str, Value>;

/// Takes schemas in that something refers to.
pub(crate) fn take_in(named: &mut Named, more: Named) {
    for (name, schema) in more {
        let before = named.insert(name, schema.clone());
        assert!(before.is_none_or(|before| before == schema), "two schemas are called `{name}`");
    }
}

fn of(json: Value) -> Schema {
    let Value::Object(json) = json else { unreachable!("every schema here is written as an object") };
    Schema { json, named: Named::new() }
}

/// Any JSON at all.
pub(crate) fn anything() -> Schema {
    of(json!({}))
}

pub(crate) fn text() -> Schema {
    of(json!({"type": "string"}))
}

pub(crate) fn boolean() -> Schema {
    of(json!({"type": "boolean"}))
}

/// A whole number, from 0.
pub(crate) fn number() -> Schema {
    of(json!({"type": "integer", "minimum": 0}))
}

/// One of these texts.
pub(crate) fn one_of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Schema {
    of(json!({"type": "string", "enum": texts.into_iter().collect::<Vec<_>>()}))
}

/// This text and no other.
pub(crate) fn constant(text: &str) -> Schema {
    of(json!({"const": text}))
}

/// A text that fits a regular expression.
pub(crate) fn pattern(pattern: &str) -> Schema {
    of(json!({"type": "string", "pattern": pattern}))
}

/// What people call things.
pub(crate) fn name() -> Schema {
    let about = "A name in kebab-case.";
    of(json!({"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64}))
        .about(about)
        .example("building-permit")
        .named("Name")
}

/// An id with its prefix: `run-` and 32 hex digits.
pub(crate) fn id(prefix: &str) -> Schema {
    pattern(&format!("^{prefix}-[0-9a-f]{{32}}$"))
}

/// The SHA-256 of some bytes.
pub(crate) fn digest() -> Schema {
    pattern("^[0-9a-f]{64}$").about("SHA-256 in lower-case hex digits.").named("Digest")
}

/// A point in time.
pub(crate) fn timestamp() -> Schema {
    of(json!({"type": "string", "format": "date-time"}))
        .about("RFC 3339, in UTC.")
        .example("2026-03-01T09:30:00.250Z")
        .named("Timestamp")
}

pub(crate) fn list(item: Schema) -> Schema {
    Schema { json: Map::from_iter([("type".into(), json!("array")), ("items".into(), item.json.into())]), ..item }
}

/// An object whose keys are names.
pub(crate) fn map(value: Schema) -> Schema {
    let json = [("type".into(), json!("object")), ("additionalProperties".into(), value.json.into())];
    Schema { json: Map::from_iter(json), ..value }
}

/// An object; [`Schema::with`] and [`Schema::may_have`] say what is in it.
pub(crate) fn object() -> Schema {
    of(json!({"type": "object", "properties": {}, "required": []}))
}

/// Exactly one of these.
pub(crate) fn one_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    combined("oneOf", schemas)
}

fn combined(keyword: &str, schemas: impl IntoIterator<Item = Schema>) -> Schema {
    let mut named = Named::new();
    let mut all = Vec::new();
    for schema in schemas {
        take_in(&mut named, schema.named);
        all.push(Value::from(schema.json));
    }
    Schema { json: Map::from_iter([(keyword.to_owned(), all.into())]), named }
}

impl Schema {
    /// Says what it is.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.json.insert("description".into(), text.into());
        self
    }

    /// Shows what it may look like.
    pub(crate) fn example(mut self, example: impl Into<Value>) -> Self {
        self.json.insert("examples".into(), Value::Array(vec![example.into()]));
        self
    }

    /// Narrows it by another keyword.
    pub(crate) fn keyword(mut self, keyword: &str, value: impl Into<Value>) -> Self {
        self.json.insert(keyword.into(), value.into());
        self
    }

    /// A property that is always there.
    pub(crate) fn with(mut self, name: &str, property: Schema) -> Self {
        if let Some(Value::Array(required)) = self.json.get_mut("required") {
            required.push(name.into());
        }
        self.may_have(name, property)
    }

    /// A property that may be absent.
    pub(crate) fn may_have(mut self, name: &str, property: Schema) -> Self {
        if let Some(Value::Object(properties)) = self.json.get_mut("properties") {
            properties.insert(name.into(), property.json.into());
        }
        take_in(&mut self.named, property.named);
        self
    }

    /// Whoever sends anything else is refused.
    pub(crate) fn and_nothing_else(self) -> Self {
        self.keyword("additionalProperties", false)
    }

    /// This and that in one object.
    pub(crate) fn and(self, other: Schema) -> Self {
        combined("allOf", [self, other])
    }

    /// This or `null`.
    pub(crate) fn or_null(self) -> Self {
        combined("anyOf", [self, of(json!({"type": "null"}))])
    }

    /// Stands once among the components, and is referred to from here.
    pub(crate) fn named(self, name: &'static str) -> Self {
        let Self { json, mut named } = self;
        take_in(&mut named, Named::from([(name, json.into())]));
        Self { named, ..of(json!({"$ref": format!("#/components/schemas/{name}")})) }
    }

    /// The schema, and those that it refers to.
    pub(crate) fn into_parts(self) -> (Value, Named) {
        (self.json.into(), self.named)
    }
}
