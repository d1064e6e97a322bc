//! `POST /v1/flows/{flow}/runs`: hand in a submission, as JSON or as a form with files.
//!
//! JSON: the body is the submission. Form (`multipart/form-data`): the part `submission` is the JSON, and comes
//! first; every other part is a file. A file may say its SHA-256 as `Content-Digest: sha-256=:…:` (RFC 9530).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value;
use sluse_engine::{Submission, SubmitError, Submitted, SubmittedFile};
use sluse_model::{Digest, Name};
use sluse_store::Store;
use tokio::runtime::Handle;

use crate::{
    Api, ApiError,
    body::{MAX_JSON_BYTES, is_media_type, parse, read},
    form::{Form, Part},
    path::Path,
};

/// Files of one submission.
const MAX_FILES: usize = 200;

/// A file's name and media type are short.
const MAX_NAME_BYTES: usize = 255;

#[derive(Debug, Serialize)]
struct SubmittedBody {
    run: String,
    /// The same submission came before, under the same key.
    before: bool,
}

pub(super) async fn submit(
    State(api): State<Arc<Api>>,
    Path(flow): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let flow: Name = flow.parse().map_err(|_| ApiError::NotFound(format!("flow `{flow}`")))?;
    let idempotency_key = idempotency_key(request.headers())?;
    // Whatever ends this gives up the files, but for an acceptance.
    let mut uploads = Uploads { store: api.engine.store().clone(), digests: Vec::new() };
    let (data, files) = if is_media_type(request.headers(), "application/json") {
        (parse(&read(request.into_body(), MAX_JSON_BYTES, "; send files as parts of a form").await?)?, Vec::new())
    } else if is_media_type(request.headers(), "multipart/form-data") {
        form(&api, &flow, request, &mut uploads).await?
    } else {
        return Err(ApiError::UnsupportedMediaType(
            "send the submission as `application/json`, or as `multipart/form-data` with a part `submission` and files"
                .into(),
        ));
    };
    // Held back while it may be committed: whoever sent it may be gone by then, and the run is there all the same.
    let digests = std::mem::take(&mut uploads.digests);
    let submitted = api.engine.submit(Submission { flow, data, files, idempotency_key }).await;
    if is_refused(&submitted) {
        uploads.digests = digests;
    }
    let submitted = submitted?;
    let location = format!("/v1/runs/{}", submitted.run);
    let status = if submitted.before { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = SubmittedBody { run: submitted.run.to_string(), before: submitted.before };
    Ok((status, [(header::LOCATION, location)], Json(body)).into_response())
}

/// Whether nothing was and nothing will be accepted. What a failing store did with it is not known.
fn is_refused(submitted: &Result<Submitted, SubmitError>) -> bool {
    match submitted {
        Ok(submitted) => submitted.before,
        Err(error) => !matches!(error, SubmitError::Store(_)),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::BadRequest("`Idempotency-Key` has to be plain ASCII".into()))?;
    Ok(Some(text.to_owned()))
}

/// What was taken in for a submission. Dropped, it is given up: the submission was refused, or whoever sent it is gone.
struct Uploads {
    store: Arc<dyn Store>,
    digests: Vec<Digest>,
}

impl Drop for Uploads {
    fn drop(&mut self) {
        let (store, digests) = (self.store.clone(), std::mem::take(&mut self.digests));
        let Ok(runtime) = Handle::try_current() else { return };
        if digests.is_empty() {
            return;
        }
        runtime.spawn(async move {
            for digest in digests {
                if let Err(error) = store.discard_content(&digest).await {
                    tracing::warn!(%error, content = %digest, "a file of a refused submission could not be removed");
                }
            }
        });
    }
}

async fn form(
    api: &Api,
    flow: &Name,
    request: Request,
    uploads: &mut Uploads,
) -> Result<(Value, Vec<SubmittedFile>), ApiError> {
    let limit_bytes = api.engine.max_attachment_bytes(flow).await.map_err(SubmitError::from)?;
    let mut form = Form::of(request).await?;
    let mut data = None;
    let mut files = Vec::new();
    while let Some(part) = form.next_part().await? {
        if part.name() == Some("submission") && data.is_none() {
            let submission = submission(part).await?;
            // Before the files: nobody sends gigabytes to hear that the first lines were wrong.
            api.engine.check_submission(flow, &submission).await?;
            data = Some(submission);
        } else if data.is_none() {
            return Err(ApiError::BadBody("the part `submission` has to come before the files".into()));
        } else if files.len() == MAX_FILES {
            return Err(ApiError::BadBody(format!("a submission carries at most {MAX_FILES} files")));
        } else {
            files.push(file(api, part, flow, limit_bytes, uploads).await?);
        }
    }
    let data = data.ok_or_else(|| ApiError::BadBody("the form has no part `submission`".into()))?;
    Ok((data, files))
}

async fn submission(mut part: Part<'_>) -> Result<Value, ApiError> {
    let mut text = Vec::new();
    while let Some(piece) = part.piece().await? {
        if text.len() as u64 + piece.len() as u64 > MAX_JSON_BYTES {
            return Err(ApiError::TooLarge { limit_bytes: MAX_JSON_BYTES, advice: " in its part `submission`".into() });
        }
        text.extend_from_slice(&piece);
    }
    parse(&text)
}

/// Streams a file into the store. One that is refused leaves nothing behind.
async fn file(
    api: &Api,
    mut part: Part<'_>,
    flow: &Name,
    limit_bytes: u64,
    uploads: &mut Uploads,
) -> Result<SubmittedFile, ApiError> {
    let name = part.file_name().or(part.name()).unwrap_or("unnamed").to_owned();
    let media_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
    if name.is_empty() || name.len() > MAX_NAME_BYTES || media_type.len() > MAX_NAME_BYTES {
        return Err(ApiError::BadBody(format!("a file's name and type have at most {MAX_NAME_BYTES} bytes")));
    }
    let expected = content_digest(part.headers(), &name)?;
    let mut writer = api.engine.store().write_content().await?;
    let mut size_bytes = 0;
    while let Some(piece) = part.piece().await? {
        size_bytes += piece.len() as u64;
        if size_bytes > limit_bytes {
            let flow = flow.clone();
            return Err(SubmitError::FileTooLarge { flow, name, size_bytes, limit_bytes }.into());
        }
        writer.write(piece).await?;
    }
    let content = writer.finish().await?;
    uploads.digests.push(content.digest);
    match expected {
        Some(expected) if expected != content.digest => Err(ApiError::WrongDigest { name }),
        _ => Ok(SubmittedFile { name, media_type, content }),
    }
}

/// What `Content-Digest: sha-256=:…:` says; other algorithms are passed over.
fn content_digest(headers: &HeaderMap, name: &str) -> Result<Option<Digest>, ApiError> {
    let Some(value) = headers.get("content-digest").and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Some(text) = value.split(',').find_map(|entry| entry.trim().strip_prefix("sha-256=:")) else { return Ok(None) };
    let bytes = BASE64_STANDARD.decode(text.trim_end_matches(':')).ok();
    let digest: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let unreadable = || ApiError::BadBody(format!("`Content-Digest` of file `{name}` is no `sha-256=:BASE64:`"));
    digest.map(|bytes| Some(Digest::from_bytes(bytes))).ok_or_else(unreadable)
}
