//! `POST /v1/configuration`: apply files of connections, flows and schedules, all of them or none.

use std::sync::Arc;

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sluse_engine::{Applied, ApplyOptions, Change, ConfigurationFile, ConfigurationFinding};
use sluse_model::{Scope, Token};

use super::schemas;
use crate::{
    Api, ApiError,
    body::JsonBody,
    openapi::{
        Operation,
        schema::{boolean, list, name, number, object, text},
    },
    problem::kind,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyBody {
    files: Vec<FileBody>,
    /// Write nothing; only say what would change.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBody {
    name: String,
    /// TOML.
    text: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AppliedBody {
    changes: Vec<Change>,
    /// What is applied all the same, and is seldom meant.
    warnings: Vec<ConfigurationFinding>,
    /// Secrets that may not go where the configuration sends them, until somebody confirms it.
    unconfirmed: Vec<UnconfirmedBody>,
}

#[derive(Debug, Serialize)]
struct UnconfirmedBody {
    secret: String,
    origin: String,
    connection: String,
    endpoint: String,
    /// It was confirmed once, and that was taken back.
    withdrawn: bool,
}

pub(super) async fn apply(
    State(api): State<Arc<Api>>,
    Extension(token): Extension<Token>,
    JsonBody(body): JsonBody<ApplyBody>,
) -> Result<Json<AppliedBody>, ApiError> {
    let files: Vec<_> =
        body.files.into_iter().map(|file| ConfigurationFile { name: file.name, text: file.text }).collect();
    let options = ApplyOptions { dry_run: body.dry_run, confirm_origins: token.allows(Scope::Secrets) };
    let Applied { changes, warnings, unconfirmed } = api.engine.configure(&files, options).await?;
    let unconfirmed = unconfirmed
        .into_iter()
        .map(|one| UnconfirmedBody {
            withdrawn: one.is_withdrawn(),
            secret: one.secret.to_string(),
            origin: one.origin,
            connection: one.connection.to_string(),
            endpoint: one.endpoint.to_string(),
        })
        .collect();
    Ok(Json(AppliedBody { changes, warnings, unconfirmed }))
}

pub(super) fn describe() -> Operation {
    let about = "All of it is written, or nothing. What is not named stays as it is. With the scope `secrets`, too, the \
                 caller thereby confirms where secrets go.";
    let file = object()
        .with("name", text().about("What findings call it."))
        .with("text", text().about("TOML: `[[connection]]`, `[[flow]]` and `[[schedule]]` tables."))
        .and_nothing_else();
    let body = object()
        .with("files", list(file))
        .may_have("dry_run", boolean().about("Write nothing; only say what would change."))
        .and_nothing_else();
    let toml = "[[connection]]\nname = \"workzone\"\nconnector = \"workzone\"\n";
    let unconfirmed = object()
        .with("secret", name())
        .with("origin", text().example("https://workzone.example.dk:443"))
        .with("connection", name())
        .with("endpoint", name())
        .with("withdrawn", boolean().about("It was confirmed once, and that was taken back."))
        .named("UnconfirmedSecret");
    let finding = object()
        .with("file", text())
        .with("line", number())
        .with("path", text())
        .with("message", text())
        .named("ConfigurationWarning");
    let about_unconfirmed = "Secrets that may not go where the configuration sends them, until somebody confirms it.";
    let applied = object()
        .with("changes", list(schemas::change()))
        .with("warnings", list(finding).about("What is applied all the same, and is seldom meant."))
        .with("unconfirmed", list(unconfirmed).about(about_unconfirmed))
        .named("Applied");
    Operation::new("apply", "Apply files of connections, flows and schedules", about)
        .takes_json(body, json!({"files": [{"name": "connection.toml", "text": toml}], "dry_run": true}))
        .answers(StatusCode::OK, "Applied, or what would be.", applied)
        .problems(&[kind::CONFIGURATION_REFUSED, kind::DISK_FULL])
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::described;

    #[test]
    fn it_is_as_described() {
        let name = || "workzone".parse().expect("a name");
        let changes = vec![
            Change::Added { kind: "connection", name: name() },
            Change::Added { kind: "schedule", name: name() },
            Change::Changed { kind: "flow", name: name(), paths: vec!["steps[0].input".into()] },
        ];
        let unconfirmed = UnconfirmedBody {
            secret: "workzone-client-secret".into(),
            origin: "https://workzone.example.dk:443".into(),
            connection: "workzone".into(),
            endpoint: "default".into(),
            withdrawn: true,
        };
        let warnings = vec![ConfigurationFinding {
            file: "connection.toml".into(),
            line: 4,
            path: "connection[0].settings.WatchInterval".into(),
            message: "every 5 seconds is unusual".into(),
        }];
        let body = AppliedBody { changes, warnings, unconfirmed: vec![unconfirmed] };
        described::answer(Method::POST, "/v1/configuration", StatusCode::OK, &body);
        described::request::<ApplyBody>(Method::POST, "/v1/configuration");
    }
}
