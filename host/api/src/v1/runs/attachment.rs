//! `GET /v1/runs/{run}/attachments/{attachment}`: the bytes of a file, streamed.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use sluse_model::{AttachmentId, RunId};
use tokio_util::io::ReaderStream;

use super::schemas;
use crate::{Api, ApiError, openapi::Operation, path::Path, problem::kind};

pub(super) async fn download(
    State(api): State<Arc<Api>>,
    Path((run, attachment)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::NotFound(format!("attachment `{attachment}` of run `{run}`"));
    let run_id: RunId = run.parse().map_err(|_| unknown())?;
    let id: AttachmentId = attachment.parse().map_err(|_| unknown())?;
    let files = api.engine.store().attachments(run_id).await?;
    let file = files.into_iter().find(|file| file.id == id).ok_or_else(unknown)?;
    let reader = api.engine.store().read_content(&file.digest, 0).await?.ok_or_else(unknown)?;
    // A stranger chose type and content: the browser is told to keep its hands off.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_LENGTH, file.size_bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(reader))).into_response())
}

pub(super) fn describe() -> Operation {
    let about = "Always as `application/octet-stream` and for download, whatever type it was submitted with.";
    let bytes = json!({"description": "The bytes of the file.", "content": {"application/octet-stream": {}}});
    Operation::new("download-attachment", "The bytes of a file of a run", about)
        .place("run", "The run.", schemas::run_id())
        .place("attachment", "The file.", schemas::attachment_id())
        .answer(StatusCode::OK, bytes)
        .answers_header(StatusCode::OK, "Content-Disposition", "`attachment`")
        .problems(&[kind::NOT_FOUND])
}
