//! What the endpoints take and answer, as OpenAPI 3.1: put together from what each of them says of itself. The
//! committed copy is `docs/openapi.json`.

mod operation; // one endpoint
pub(crate) mod schema; // bodies and what is in them

#[cfg(test)]
pub(crate) mod described; // what is sent, held against the document
#[cfg(test)]
pub(crate) mod samples; // something of each kind that is sent

use serde_json::{Map, Value, json};
use sluse_model::Scope;

pub(crate) use operation::Operation;

use crate::{
    Route,
    problem::{self, kind},
    routes,
};
use operation::Common;
use schema::{Named, take_in};

/// What holds for the whole API.
const ABOUT: &str = "\
Hand in submissions, see what became of them, and set the host up.

Every endpoint but `/healthz` and `/readyz` needs a token as `Authorization: Bearer …`; each says which scope the token \
must have, and one with the scope `admin` may do everything. Every error is a problem (RFC 9457) whose `type` is \
stable. Times are RFC 3339 in UTC, and sizes are in bytes. Lists come in pages: send `next` as `after` to get what \
follows.

A later release may add properties and values to what is answered; pass over what you do not know.";

/// The API as an OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut named = Named::new();
    let (problem, more) = problem::describe().into_parts();
    take_in(&mut named, more);
    let mut paths = Map::new();
    for route in routes() {
        let (operation, more) = (route.describe)().into_parts(common(&route));
        take_in(&mut named, more);
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sluse",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:7580", "description": "Unless `api.listen` says otherwise."}],
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": {"Problem": {
                "description": "Any other problem.",
                "content": {"application/problem+json": {"schema": problem}},
            }},
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": format!(
                    "A token from `sluse token create`. Its scopes are of {}.",
                    quoted(&Scope::ALL, ", ")
                ),
            }},
        },
    })
}

/// What is true of a route because of the scopes that it needs.
fn common(route: &Route) -> Common<'static> {
    if route.scopes.is_empty() {
        return Common { description: "Anybody may ask.".into(), security: json!([]), problems: &[] };
    }
    let any: Vec<Value> = route.scopes.iter().map(|scope| json!({"token": [scope.as_str()]})).collect();
    Common {
        description: format!("Needs a token with the scope {}.", quoted(route.scopes, " or ")),
        security: any.into(),
        // Tokens are in the store.
        problems: &[kind::NO_TOKEN, kind::UNKNOWN_TOKEN, kind::NOT_ALLOWED, kind::STORE_UNAVAILABLE],
    }
}

fn quoted(scopes: &[Scope], between: &str) -> String {
    scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(between)
}
