//! What is sent and taken, held against the document: the tests of the endpoints ask here.

#[path = "../../tests/support/contract.rs"]
mod contract;

use http::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::schema;
use contract::Contract;

/// What is sent is what is described, and nothing else.
#[track_caller]
pub(crate) fn answer(method: Method, path: &str, status: StatusCode, body: &impl Serialize) {
    let media_type = "application/json";
    try_answer(method, path, status, media_type, body).unwrap_or_else(|error| panic!("{error}"));
}

/// A problem that is sent is one that is described.
#[track_caller]
pub(crate) fn problem(method: Method, path: &str, status: StatusCode, body: &impl Serialize) {
    let media_type = "application/problem+json";
    try_answer(method, path, status, media_type, body).unwrap_or_else(|error| panic!("{error}"));
}

fn try_answer(
    method: Method,
    path: &str,
    status: StatusCode,
    media_type: &str,
    body: &impl Serialize,
) -> Result<(), String> {
    let body = serde_json::to_vec(body).expect("it is JSON");
    contract().check_answer((method.as_str(), path), status.as_u16(), media_type, &body)
}

/// The example is as its schema says, and the handler can read it.
#[track_caller]
pub(crate) fn request<T: DeserializeOwned>(method: Method, path: &str) {
    let contract = contract();
    let operation = contract.operation(method.as_str(), path).expect("it is described");
    let content = &operation["requestBody"]["content"]["application/json"];
    contract.check(&content["schema"], &content["example"]).unwrap_or_else(|error| panic!("{error}"));
    let read: Result<T, _> = serde_json::from_value(content["example"].clone());
    if let Err(error) = read {
        panic!("the handler of {method} {path} cannot read the example: {error}");
    }
    let mut surplus = content["example"].clone();
    surplus["surplus"] = true.into();
    let told = contract.check(&content["schema"], &surplus).is_err();
    assert_eq!(told, serde_json::from_value::<T>(surplus).is_err(), "what the handler refuses, the schema does too");
}

fn contract() -> Contract {
    Contract::of(&super::document())
}

/// A contract that lets everything through would prove nothing.
#[test]
fn what_is_not_described_is_told_wherever_it_stands() {
    let inner = || schema::object().with("size_bytes", schema::number()).named("Inner");
    let state = schema::one_of([
        schema::object().with("state", schema::constant("open")).with("due", schema::timestamp()),
        schema::object().with("state", schema::constant("closed")),
    ]);
    let outer = schema::object()
        .with("items", schema::list(inner()))
        .with("or_null", inner().or_null())
        .with("by_name", schema::map(inner()))
        .and(state.named("State"));
    let (schema, named) = outer.into_parts();
    let contract = Contract::of(&json!({"paths": {}, "components": {"schemas": named}}));
    let inner = json!({"size_bytes": 1});
    let value = json!({
        "items": [inner], "or_null": inner, "by_name": {"a": inner}, "state": "open", "due": "2026-03-01T09:30:00Z",
    });
    contract.check(&schema, &value).expect("nothing is wrong with it");
    for place in ["", "/items/0", "/or_null", "/by_name/a"] {
        let mut surplus = value.clone();
        surplus.pointer_mut(place).expect("it is there")["surplus"] = true.into();
        assert!(contract.check(&schema, &surplus).is_err(), "`{place}` may have anything in it");
    }
    for (key, wrong) in [("due", json!("tomorrow")), ("state", json!("closed")), ("or_null", json!(1))] {
        let mut changed = value.clone();
        changed[key] = wrong;
        assert!(contract.check(&schema, &changed).is_err(), "`{key}` may be anything");
    }
}
