//! The way of one request. A script may end its connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::Settings;
use super::callback::{self, verdict};
use super::control;
use super::ledger::Ledger;
use super::script::{Answer, Script, Scripts};
use crate::simulated::{self, Dropped, plain, with_json};

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 4 << 20;

const UNPOISONED: &str = "no route panics while it holds this lock";

/// All that the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    address: SocketAddr,
    ledger: Mutex<Ledger>,
    scripts: Mutex<Scripts>,
    /// Callbacks that are under way; they end with the simulation.
    calling: Mutex<JoinSet<()>>,
}

/// An action as it arrived.
struct Trigger {
    reference: String,
    guid: String,
    key: Option<String>,
    callback_url: String,
    body: Value,
}

impl Shared {
    pub(super) fn new(settings: Settings, address: SocketAddr) -> Shared {
        Shared {
            settings,
            address,
            ledger: Mutex::default(),
            scripts: Mutex::default(),
            calling: Mutex::new(JoinSet::new()),
        }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect(UNPOISONED)
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().expect(UNPOISONED)
    }

    pub(super) fn reset(&self) {
        *self.ledger() = Ledger::default();
        *self.scripts() = Scripts::default();
        self.stop_calling();
    }

    /// Ends the callbacks that are under way.
    pub(super) fn stop_calling(&self) {
        self.calling.lock().expect(UNPOISONED).abort_all();
    }

    /// Writes down that a trigger arrived, and whether it has its effect.
    fn note(&self, trigger: &Trigger, commits: bool) {
        let mut ledger = self.ledger();
        let entry = ledger.actions.entry(trigger.reference.clone()).or_default();
        let known = trigger.key.as_ref().is_some_and(|key| entry.committed > 0 && entry.keys.contains(key));
        entry.received += 1;
        entry.committed += u32::from(commits && !(self.settings.deduplicates && known));
        entry.guids.insert(trigger.guid.clone());
        entry.keys.extend(trigger.key.clone());
        entry.callback_urls.insert(trigger.callback_url.clone());
        entry.last = trigger.body.clone();
    }
}

/// Serves until the future is dropped; connections end with it.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    simulated::serve(listener, move |_, request| answer(Arc::clone(&shared), request)).await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path.starts_with("/_control/") {
        let control = control::router(shared).oneshot(Request::from_parts(parts, Body::new(body)));
        return Ok(control.await.unwrap_or_else(|never| match never {}));
    }
    let Ok(body) = axum::body::to_bytes(Body::new(body), MAX_BODY_BYTES).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    match (&parts.method, path) {
        (&Method::GET, "/health") => Ok(plain(StatusCode::OK)),
        (&Method::GET, path) if path.starts_with("/status/") => Ok(status(&shared, &path["/status/".len()..])),
        (&Method::POST, "/hooks") => Ok(notice(&shared, &parts.headers, &body)),
        (&Method::POST | &Method::PUT, "/trigger") => match read(&parts.headers, &body) {
            Some(trigger) => triggered(shared, trigger).await,
            None => Ok(plain(StatusCode::BAD_REQUEST)),
        },
        _ => Ok(plain(StatusCode::NOT_FOUND)),
    }
}

/// An action in Enate's form.
fn read(headers: &HeaderMap, body: &[u8]) -> Option<Trigger> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let [action] = body.get("Action")?.as_array()?.as_slice() else { return None };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Trigger {
        reference: text(action.get("Reference")?)?,
        guid: text(action.get("GUID")?)?,
        key: headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned),
        callback_url: text(body.get("CallBackURL")?)?,
        body,
    })
}

async fn triggered(shared: Arc<Shared>, trigger: Trigger) -> Result<Response<Body>, Dropped> {
    let Script { answer, callbacks, .. } = shared.scripts().take(&trigger.reference);
    shared.note(&trigger, answer.commits());
    if answer.commits() && !trigger.callback_url.is_empty() {
        let (early, late): (Vec<_>, Vec<_>) = callbacks.into_iter().partition(|callback| callback.before_answer);
        let make = |callbacks| {
            callback::make(shared.clone(), trigger.reference.clone(), trigger.callback_url.clone(), callbacks)
        };
        make(early).await;
        shared.calling.lock().expect(UNPOISONED).spawn(make(late));
    }
    respond(answer).await
}

async fn respond(answer: Answer) -> Result<Response<Body>, Dropped> {
    match answer {
        Answer::Accept { delay_ms } => {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            Ok(with_json(StatusCode::ACCEPTED, &json!({ "accepted": true })))
        }
        Answer::AtOnce { success, reason, data } => {
            Ok(with_json(StatusCode::OK, &verdict(success, reason.as_deref(), &data)))
        }
        Answer::Drip { chunk_bytes, every_ms } => Ok(drip(chunk_bytes, every_ms)),
        Answer::Refuse { status, retry_after } => {
            let mut response = plain(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE));
            if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
                response.headers_mut().insert("retry-after", value);
            }
            Ok(response)
        }
        Answer::CommitThenStatus { status } => {
            Ok(plain(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
        }
        Answer::Redirect { location } => {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT);
            response.headers_mut().extend(location.parse().ok().map(|location| (http::header::LOCATION, location)));
            Ok(response)
        }
        Answer::DropBeforeCommit | Answer::DropAfterCommit => Err(Dropped),
    }
}

/// A 200 whose body takes its time.
fn drip(chunk_bytes: usize, every_ms: u64) -> Response<Body> {
    let whole = Bytes::from(verdict(true, None, &serde_json::Map::new()).to_string());
    let pieces = stream::unfold(whole, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        let piece = left.split_to(chunk_bytes.clamp(1, left.len()));
        Some((Ok::<Bytes, Dropped>(piece), left))
    });
    Response::new(Body::from_stream(pieces))
}

/// Whether an action was done, by reference or id.
fn status(shared: &Shared, wanted: &str) -> Response<Body> {
    let wanted = percent_decode_str(wanted).decode_utf8_lossy();
    let ledger = shared.ledger();
    let is_done = ledger.actions.iter().any(|(reference, entry)| {
        entry.committed > 0 && (*reference == *wanted || entry.guids.contains(wanted.as_ref()))
    });
    if is_done { with_json(StatusCode::OK, &json!({ "success": true })) } else { plain(StatusCode::NOT_FOUND) }
}

fn notice(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let (Some(id), Ok(last)) = (id, serde_json::from_slice(body)) else { return plain(StatusCode::BAD_REQUEST) };
    let signed = shared.settings.signing.as_ref().map(|signing| signing.judges(headers, body));
    let mut ledger = shared.ledger();
    let entry = ledger.notices.entry(id.to_owned()).or_default();
    entry.received += 1;
    entry.signed = signed;
    entry.last = last;
    plain(StatusCode::NO_CONTENT)
}
