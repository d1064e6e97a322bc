//! `GET /v1/secrets`: names, versions and where each may go.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use sluse_engine::ListedSecret;
use sluse_model::{Name, Timestamp};

use super::super::list::items;
use crate::{
    Api, ApiError,
    openapi::{
        Operation,
        schema::{boolean, list as list_of, name, number, object, text, timestamp},
    },
};

#[derive(Debug, Serialize)]
pub(super) struct SecretsBody {
    items: Vec<SecretBody>,
}

#[derive(Debug, Serialize)]
struct SecretBody {
    name: String,
    version: u64,
    changed_at: Timestamp,
    origins: Vec<String>,
    /// Where it may no longer go.
    withdrawn: Vec<String>,
    /// The connections that name it.
    used_by: Vec<Name>,
    /// Whether the host's master key opens it.
    opens: bool,
}

pub(super) async fn list(State(api): State<Arc<Api>>) -> Result<Json<SecretsBody>, ApiError> {
    let secrets = api.engine.secrets().await?;
    let items = secrets
        .into_iter()
        .map(|ListedSecret { summary: secret, used_by }| SecretBody {
            name: secret.name.to_string(),
            version: secret.version,
            changed_at: secret.changed_at,
            origins: secret.origins,
            withdrawn: secret.withdrawn,
            used_by,
            opens: secret.opens,
        })
        .collect();
    Ok(Json(SecretsBody { items }))
}

pub(super) fn describe() -> Operation {
    let secret = object()
        .with("name", name())
        .with("version", number().about("Grows whenever the value is written."))
        .with("changed_at", timestamp())
        .with("origins", list_of(text()).about("Where it may go."))
        .with("withdrawn", list_of(text()).about("Where it may no longer go."))
        .with("used_by", list_of(name()).about("The connections that name it."))
        .with("opens", boolean().about("Whether the host's master key opens it."))
        .named("Secret");
    Operation::new("list-secrets", "Names of secrets, and where each may go", "No answer ever has a value in it.")
        .answers(StatusCode::OK, "The secrets.", items(secret))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        let secret = SecretBody {
            name: "workzone-client-secret".into(),
            version: 2,
            changed_at: samples::moment(),
            origins: vec!["https://workzone.example.dk:443".into()],
            withdrawn: vec!["https://old.example.dk:443".into()],
            used_by: vec!["workzone".parse().expect("a name")],
            opens: true,
        };
        described::answer(Method::GET, "/v1/secrets", StatusCode::OK, &SecretsBody { items: vec![secret] });
    }
}
