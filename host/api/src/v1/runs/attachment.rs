//! `GET /v1/runs/{run}/attachments/{attachment}`: the bytes of a file, streamed.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use sluse_model::{AttachmentId, RunId};
use tokio_util::io::ReaderStream;

use crate::{Api, ApiError, path::Path};

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
