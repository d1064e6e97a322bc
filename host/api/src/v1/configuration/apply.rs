//! `POST /v1/configuration`: apply files of connections and flows, all of them or none.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use sluse_engine::{Applied, ApplyOptions, Change, ConfigurationFile};
use sluse_model::{Scope, Token};

use crate::{Api, ApiError, body::JsonBody};

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
    let Applied { changes, unconfirmed } = api.engine.configure(&files, options).await?;
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
    Ok(Json(AppliedBody { changes, unconfirmed }))
}
