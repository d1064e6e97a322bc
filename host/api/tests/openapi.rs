//! The API's document describes every endpoint and nothing else, and the committed copy is the present one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::{Value, json};
use sluse_api::{openapi, routes};

/// By method and path.
fn operations() -> BTreeMap<(String, String), Value> {
    let document = openapi();
    let paths = document["paths"].as_object().expect("paths").clone();
    let of_path = |(path, methods): (String, Value)| {
        let methods = methods.as_object().expect("methods").clone();
        methods.into_iter().map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[test]
fn every_endpoint_is_described_once_and_nothing_else_is() {
    let described: Vec<_> = operations().into_keys().collect();
    let mut there: Vec<_> = routes().iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    there.sort();
    assert_eq!(described, there);
}

#[test]
fn every_place_of_a_path_is_described() {
    for ((method, path), operation) in operations() {
        let places: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().expect("parameters");
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let described: BTreeSet<&str> = in_path
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{method} {path}");
                parameter["name"].as_str().expect("a name")
            })
            .collect();
        assert_eq!(described, places, "{method} {path}");
    }
}

/// Any one of the scopes will do, so each is a way in of its own.
#[test]
fn the_scopes_are_those_of_the_endpoint() {
    let operations = operations();
    for route in routes() {
        let operation = &operations[&(route.method.to_string(), route.path.to_owned())];
        let scopes: Vec<Value> = route.scopes.iter().map(|scope| json!({"token": [scope.to_string()]})).collect();
        assert_eq!(operation["security"], Value::from(scopes), "{route:?}");
        assert_eq!(operation["responses"]["401"].is_object(), !route.scopes.is_empty(), "{route:?}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_an_answer() {
    let operations = operations();
    let ids: BTreeSet<&str> = operations.values().filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), operations.len());
    for (endpoint, operation) in &operations {
        assert!(!operation["summary"].as_str().unwrap_or("").is_empty(), "{endpoint:?}");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{endpoint:?}");
        assert!(responses.contains_key("default"), "{endpoint:?}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
    let document = openapi();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "`{reference}` leads nowhere");
    }
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for name in schemas.keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "nothing refers to `{name}`");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Object(entries) => {
            references.extend(entries.get("$ref").and_then(Value::as_str).map(str::to_owned));
            entries.values().for_each(|entry| collect(entry, references));
        }
        _ => {}
    }
}

#[test]
fn the_committed_document_is_the_present_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == format!("{:#}\n", openapi()),
        "docs/openapi.json is not what the API is: run `cargo xtask openapi`"
    );
}
