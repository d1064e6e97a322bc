//! The bytes of documents: streamed to a file as they arrive and back from it, never held as a whole.

use std::path::{Path, PathBuf};

use axum::body::Body;
use futures_util::StreamExt;
use http::request::Parts;
use http::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::entities::{Earlier, Writer};
use super::errors::{Refusal, iis_page};
use super::model::EntitySet;
use super::odata::{self, Answer, ODataRequest, text_header};
use super::query::Query;
use super::requests::hex;
use super::server::Shared;
use super::settings::TooLarge;
use super::state::{Content, Row, State};

/// `POST Documents`: the stream becomes a document without a record.
pub(super) async fn upload(shared: &Shared, request: &ODataRequest, body: Body) -> Result<Answer, Refusal> {
    let file_name = slug(request)?;
    let content_type = content_type(request)?;
    let content = match receive(shared, body).await? {
        Received::Whole(content) => content,
        Received::TooLarge => return too_large(shared),
    };
    let mut fields = Map::new();
    fields.insert("FileName".to_owned(), Value::from(file_name));
    fields.insert("ContentType".to_owned(), Value::from(content_type));
    fields.insert("Size".to_owned(), Value::from(content.size_bytes));
    fields.insert("State_Value".to_owned(), Value::from(decoded(request, "state")?.unwrap_or_else(|| "UÅ".to_owned())));
    fields.insert("ArchiveID".to_owned(), decoded(request, "archiveid")?.map_or(Value::Null, Value::from));
    let mut state = shared.state();
    record(shared, &mut state, request, fields, content)
}

fn record(
    shared: &Shared,
    state: &mut State,
    request: &ODataRequest,
    fields: Map<String, Value>,
    content: Content,
) -> Result<Answer, Refusal> {
    let model = state.model();
    let set = documents(&model)?;
    let query = Query::parse(request.version, set, &request.query)?;
    let earlier = Earlier::new();
    let mut writer = Writer { state, settings: &shared.settings, now: shared.clock.now_text(), earlier: &earlier };
    let id = writer.insert(set, fields);
    let row = state.row(&set.name, id).cloned().ok_or_else(|| Refusal::not_found("Documents"))?;
    let row = Row { content: Some(content), ..row };
    let answer = odata::made(state, &shared.settings, request, set, &row, &query);
    state.store(&set.name, row);
    Ok(answer)
}

fn documents(model: &super::model::Model) -> Result<&EntitySet, Refusal> {
    model.set("Documents").ok_or_else(|| Refusal::not_found("Documents"))
}

/// `PUT Documents('ID')/$value`: other bytes for the same document.
pub(super) async fn replace(shared: &Shared, request: &ODataRequest, key: &str, body: Body) -> Result<Answer, Refusal> {
    let content_type = content_type(request)?;
    existing(&shared.state(), key)?;
    let content = match receive(shared, body).await? {
        Received::Whole(content) => content,
        Received::TooLarge => return too_large(shared),
    };
    let mut state = shared.state();
    let mut row = existing(&state, key)?;
    row.fields.insert("ContentType".to_owned(), Value::from(content_type));
    row.fields.insert("Size".to_owned(), Value::from(content.size_bytes));
    if let Some(archive) = decoded(request, "archiveid")? {
        row.fields.insert("ArchiveID".to_owned(), Value::from(archive));
    }
    let row = Row { version: row.version + 1, content: Some(content), ..row };
    let answer = Answer::empty(StatusCode::NO_CONTENT).with_etag(&shared.settings, &row);
    state.store("Documents", row);
    Ok(answer)
}

/// `GET Documents('ID')/$value`: the bytes as they arrived.
pub(super) async fn read(shared: &Shared, key: &str) -> Result<Response<Body>, Refusal> {
    let row = existing(&shared.state(), key)?;
    let content = row.content.clone().ok_or_else(|| Refusal::not_found("Indholdet"))?;
    let file = File::open(&content.file).await.map_err(|_| broken_store())?;
    let response = Response::builder()
        .header("content-type", row.text("ContentType"))
        .header("content-length", content.size_bytes)
        .header("etag", row.etag())
        .body(Body::from_stream(ReaderStream::new(file)));
    response.map_err(|_| broken_store())
}

fn existing(state: &State, key: &str) -> Result<Row, Refusal> {
    state.row_by_key("Documents", key).cloned().ok_or_else(|| Refusal::not_found("Documents"))
}

enum Received {
    Whole(Content),
    TooLarge,
}

async fn receive(shared: &Shared, body: Body) -> Result<Received, Refusal> {
    let path = shared.next_upload();
    let received = write(&path, body, shared.settings.max_document_bytes).await;
    if !matches!(received, Ok(Received::Whole(_))) {
        // Nothing of a broken upload stays; a file that cannot be removed goes with the folder.
        let _ = tokio::fs::remove_file(&path).await;
    }
    received
}

async fn write(path: &Path, body: Body, max_bytes: u64) -> Result<Received, Refusal> {
    let mut file = File::create(path).await.map_err(|_| broken_store())?;
    let mut chunks = body.into_data_stream();
    let (mut size_bytes, mut digest) = (0_u64, Sha256::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::bad_request("Overførslen blev afbrudt."))?;
        size_bytes += chunk.len() as u64;
        if size_bytes > max_bytes {
            continue; // read to the end, so that the refusal reaches the sender
        }
        digest.update(&chunk);
        file.write_all(&chunk).await.map_err(|_| broken_store())?;
    }
    file.flush().await.map_err(|_| broken_store())?;
    if size_bytes > max_bytes {
        return Ok(Received::TooLarge);
    }
    Ok(Received::Whole(Content { file: PathBuf::from(path), size_bytes, sha256: hex(&digest.finalize()) }))
}

fn too_large(shared: &Shared) -> Result<Answer, Refusal> {
    match shared.settings.too_large {
        TooLarge::Status413 => Err(Refusal::too_large()),
        TooLarge::Iis40413 => {
            let page = Answer::body("text/html; charset=utf-8", iis_page(StatusCode::NOT_FOUND, ".13"));
            Ok(Answer { status: StatusCode::NOT_FOUND, ..page })
        }
    }
}

fn broken_store() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "10001.1;SOM_STORE", "Dokumentlageret svarer ikke.")
}

fn slug(request: &ODataRequest) -> Result<String, Refusal> {
    decoded(request, "slug")?
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Refusal::bad_request("Slug med filnavnet mangler."))
}

fn content_type(request: &ODataRequest) -> Result<String, Refusal> {
    let content_type = text_header(&request.headers, "content-type");
    content_type.map(str::to_owned).ok_or_else(|| Refusal::bad_request("Content-Type mangler."))
}

/// A header in percent-encoded UTF-8; bytes beyond ASCII are refused, as header values cannot carry them.
fn decoded(request: &ODataRequest, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = request.headers.get(name) else { return Ok(None) };
    let text = value.to_str().map_err(|_| Refusal::bad_request(format!("{name} skal være ASCII.")))?;
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| Some(text.into_owned())).map_err(|_| Refusal::bad_request(format!("{name} er ikke UTF-8.")))
}

/// Whether this request carries or fetches bytes, and so does not fit into memory.
pub(super) fn is_stream(parts: &Parts, path: &str) -> bool {
    let uploads = parts.method == http::Method::POST && path.trim_end_matches('/') == "Documents";
    uploads && !parts.headers.contains_key("x-http-method") || path.ends_with("/$value")
}
