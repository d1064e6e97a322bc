//! Holds what is sent and taken against the API's document, more strictly than a client should: what is not described
//! may not be there.

use jsonschema::Draft;
use serde_json::{Map, Value, json};

/// The API's document, with every object closed.
pub(crate) struct Contract {
    paths: Map<String, Value>,
    components: Value,
}

impl Contract {
    pub(crate) fn of(document: &Value) -> Self {
        let mut document = document.clone();
        let schemas = document["components"]["schemas"].as_object_mut().expect("the document has schemas");
        // Whoever refers to one closes it, together with what stands beside the reference.
        schemas.values_mut().for_each(close_inside);
        let paths = document["paths"].as_object().expect("the document has paths").clone();
        Self { paths, components: document["components"].take() }
    }

    /// What is described of a method of a path, which may have something in its places.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Result<&Value, String> {
        let place = |part: &str| part.starts_with('{');
        let fits = |described: &str| {
            let (described, parts): (Vec<_>, Vec<_>) = (described.split('/').collect(), path.split('/').collect());
            described.len() == parts.len()
                && described.iter().zip(parts).all(|(one, other)| place(one) || *one == other)
        };
        let methods = self.paths.iter().find(|(described, _)| fits(described)).map(|(_, methods)| methods);
        methods
            .and_then(|methods| methods.get(method.to_ascii_lowercase()))
            .ok_or_else(|| format!("{method} {path} is not described"))
    }

    /// Whether an answer is described: its status, its type, and all that is in it.
    pub(crate) fn check_answer(
        &self,
        (method, path): (&str, &str),
        status: u16,
        media_type: &str,
        body: &[u8],
    ) -> Result<(), String> {
        let at = |error: String| format!("{method} {path}, answer {status}: {error}");
        let answer = &self.operation(method, path)?["responses"][status.to_string()];
        if answer.is_null() {
            return Err(at(format!("the status is not described: {}", String::from_utf8_lossy(body))));
        }
        let Some(content) = answer["content"].as_object() else {
            return if body.is_empty() { Ok(()) } else { Err(at("no body is described".into())) };
        };
        let content = content.get(media_type).ok_or_else(|| at(format!("type `{media_type}` is not described")))?;
        if content["schema"].is_null() {
            return Ok(());
        }
        let body = serde_json::from_slice(body).map_err(|error| at(format!("no JSON: {error}")))?;
        self.check(&content["schema"], &body).map_err(at)
    }

    /// Whether a value has everything that a schema wants, and nothing else.
    pub(crate) fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let mut schema = schema.clone();
        close(&mut schema);
        let whole = json!({"components": self.components, "allOf": [schema]});
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .should_validate_formats(true)
            .build(&whole)
            .map_err(|error| format!("the schema cannot be compiled: {error}"))?;
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if errors.is_empty() { Ok(()) } else { Err(format!("{} in {value:#}", errors.join("\n"))) }
    }
}

/// Lets nothing fit that the schema does not name, here and in everything inside.
fn close(schema: &mut Value) {
    close_inside(schema);
    let Some(keywords) = schema.as_object_mut() else { return };
    let names = |keyword: &str| keywords.contains_key(keyword);
    let describes = ["$ref", "properties", "allOf", "oneOf", "anyOf"].into_iter().any(names);
    if describes && !names("additionalProperties") {
        keywords.insert("unevaluatedProperties".into(), false.into());
    }
}

/// The same in everything inside, but not for the properties of the object itself: others may be added beside it.
fn close_inside(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else { return };
    for (keyword, value) in keywords {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items" | "additionalProperties", value) => close(value),
            ("allOf" | "oneOf" | "anyOf", Value::Array(schemas)) => schemas.iter_mut().for_each(close_inside),
            _ => {}
        }
    }
}
