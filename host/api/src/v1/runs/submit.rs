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
use serde_json::{Value, json};
use sluse_engine::{MAX_KEY_BYTES, Submission, SubmitError, Submitted, SubmittedFile};
use sluse_model::{Digest, Name};
use sluse_store::Store;
use tokio::runtime::Handle;

use crate::{
    Api, ApiError,
    body::{MAX_JSON_BYTES, is_media_type, parse, read},
    form::{Form, Part},
    idempotency,
    openapi::{
        Operation,
        schema::{boolean, name, object, text},
    },
    path::Path,
    problem::kind,
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
    let idempotency_key = idempotency::key(request.headers())?;
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

pub(super) fn describe() -> Operation {
    let about = "As JSON, when it comes without files; as a form otherwise. Accepted means that it is on disk and will \
                 be carried through its flow. The same `Idempotency-Key` with the same body is the same submission, \
                 however often it is sent.";
    let key = "Chosen by whoever submits. With another body than before it is refused.";
    let key_schema = text().keyword("minLength", 1).keyword("maxLength", MAX_KEY_BYTES);
    let body = object()
        .with("run", super::schemas::run_id())
        .with("before", boolean().about("The same submission came before, under the same key."))
        .named("Submitted");
    let described = Operation::new("submit", "Hand in a submission", about)
        .place("flow", "The flow that it goes through.", name())
        .header("Idempotency-Key", key, key_schema)
        .takes("application/json", json!({"schema": submission_schema(), "example": {"reference": "XF-2026-004711"}}))
        .takes("multipart/form-data", form_content())
        .answers(StatusCode::ACCEPTED, "Accepted, and a new run.", body.clone())
        .answers(StatusCode::OK, "It was accepted before, under the same key.", body);
    [StatusCode::ACCEPTED, StatusCode::OK]
        .into_iter()
        .fold(described, |described, status| described.answers_header(status, "Location", "The path of the run."))
        .problems(&[
            kind::BAD_REQUEST,
            kind::BAD_KEY,
            kind::NOT_FOUND,
            kind::UNKNOWN_FLOW,
            kind::FLOW_NOT_USABLE,
            kind::KEY_TAKEN,
            kind::FILE_TOO_LARGE,
            kind::UNSUPPORTED_MEDIA_TYPE,
            kind::DOES_NOT_FIT,
            kind::NOT_MAPPED,
            kind::WRONG_DIGEST,
            kind::STOPPING,
            kind::DISK_FULL,
        ])
}

fn submission_schema() -> Value {
    json!({"description": format!("The submission, as the flow's schema has it; at most {MAX_JSON_BYTES} bytes.")})
}

/// Programs that read this send every file as a part `files`; any other name will do.
fn form_content() -> Value {
    let files = format!("Parts of any name; each is a file with a file name and a type. At most {MAX_FILES}.");
    let digest = "`sha-256=:BASE64:` (RFC 9530) of the file. One that was damaged on the way is refused.";
    json!({
        "schema": {
            "type": "object",
            "description": "The part `submission` comes first.",
            "required": ["submission"],
            "properties": {
                "submission": submission_schema(),
                "files": {"type": "array", "maxItems": MAX_FILES, "items": {}, "description": files},
            },
        },
        "encoding": {
            "submission": {"contentType": "application/json"},
            "files": {
                "contentType": "*/*",
                "headers": {"Content-Digest": {"description": digest, "schema": {"type": "string"}}},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::openapi::{described, samples};

    #[test]
    fn it_is_as_described() {
        for (status, before) in [(StatusCode::ACCEPTED, false), (StatusCode::OK, true)] {
            let body = SubmittedBody { run: samples::run_id().to_string(), before };
            described::answer(Method::POST, "/v1/flows/{flow}/runs", status, &body);
        }
    }
}
