//! The way of one request: noted, hit by a fault or not, routed, answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::access::{self, Access, Denied};
use super::clock::VirtualClock;
use super::entities::Earlier;
use super::errors::{Refusal, iis_page};
use super::faults::FaultQueue;
use super::model::Model;
use super::odata::{self, Answer, ODataRequest, Surroundings, Version};
use super::requests::RequestLog;
use super::settings::Settings;
use super::state::State;
use super::target::{self, Target};
use super::{batch, control, documents, inject, ntlm};
use crate::simulated::{self, Dropped};

/// All that the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The installation.
    pub(super) settings: Settings,
    /// Its time.
    pub(super) clock: VirtualClock,
    address: SocketAddr,
    state: Mutex<State>,
    access: Mutex<Access>,
    /// Who is signed in on each connection: NTLM says it once for all of its requests.
    users: Mutex<BTreeMap<u64, ntlm::Connection>>,
    faults: Mutex<FaultQueue>,
    log: Mutex<RequestLog>,
    folder: TempDir,
    uploads: AtomicU64,
}

/// Position of a request in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestNumber(pub usize);

/// Largest JSON or batch body; uploads have their own limit.
const MAX_BODY_BYTES: usize = 16 << 20;

const UNPOISONED: &str = "no route panics while it holds this lock";

impl Shared {
    /// An empty installation at an address.
    pub(super) fn new(settings: Settings, address: SocketAddr) -> std::io::Result<Shared> {
        Ok(Shared {
            clock: VirtualClock::new(settings.clock),
            state: Mutex::new(State::new(Arc::new(Model::new(&settings)))),
            access: Mutex::default(),
            users: Mutex::default(),
            faults: Mutex::default(),
            log: Mutex::default(),
            folder: tempfile::Builder::new().prefix("simulated-workzone-").tempdir()?,
            uploads: AtomicU64::new(0),
            address,
            settings,
        })
    }

    /// The tables.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(UNPOISONED)
    }

    /// Tokens and passwords.
    pub(super) fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().expect(UNPOISONED)
    }

    /// Who is signed in on a connection.
    fn user_of(&self, connection: u64) -> ntlm::Connection {
        self.users.lock().expect(UNPOISONED).entry(connection).or_default().clone()
    }

    /// Forgets who is signed in, on every connection.
    pub(super) fn forget_users(&self) {
        self.users.lock().expect(UNPOISONED).clear();
    }

    /// Planted faults.
    pub(super) fn faults(&self) -> MutexGuard<'_, FaultQueue> {
        self.faults.lock().expect(UNPOISONED)
    }

    /// Requests so far.
    pub(super) fn log(&self) -> MutexGuard<'_, RequestLog> {
        self.log.lock().expect(UNPOISONED)
    }

    /// Where the next upload is written.
    pub(super) fn next_upload(&self) -> PathBuf {
        self.folder.path().join(format!("document-{}", self.uploads.fetch_add(1, Ordering::Relaxed)))
    }

    /// `http://127.0.0.1:PORT`.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where tokens are fetched.
    pub(super) fn token_url(&self) -> String {
        format!("{}/oauth2/{}/v2.0/token", self.origin(), self.settings.tenant)
    }

    /// Empties tables, tokens, faults and log; the settings stay.
    pub(super) fn reset(&self) {
        *self.state() = State::new(Arc::new(Model::new(&self.settings)));
        *self.access() = Access::default();
        self.faults().clear();
        *self.log() = RequestLog::default();
    }
}

/// Serves until the future is dropped; connections end with it.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    simulated::serve(listener, move |connection, request| answer(Arc::clone(&shared), connection, request)).await;
}

async fn answer(shared: Arc<Shared>, connection: u64, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/_control/") {
        let control = control::router(Arc::clone(&shared)).oneshot(Request::from_parts(parts, Body::new(body)));
        return Ok(control.await.unwrap_or_else(|never| match never {}));
    }
    let number = shared.log().begin(connection, &parts);
    let fault = shared.faults().take(&parts.method, parts.uri.path(), false);
    let mut request = Request::from_parts(parts, Body::new(body));
    request.extensions_mut().insert(RequestNumber(number));
    request.extensions_mut().insert(shared.user_of(connection));
    let outcome = fault.as_ref().map_or_else(|| "answered".to_owned(), |fault| fault.action.kind());
    let result = match fault {
        Some(fault) => inject::answer(&shared, fault, request).await,
        None => Ok(route(&shared, request).await),
    };
    let status = result.as_ref().ok().map(|response| response.status().as_u16());
    shared.log().finish(number, status, &outcome);
    result
}

/// The version and the rest of the path, if it is one of the service roots.
pub(super) fn service_root(path: &str) -> Option<(Version, &str)> {
    let below = |root: &str| path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let v4 = below("/OData4").map(|rest| (Version::V4, rest));
    let rest = v4.or_else(|| Some((Version::V3, below("/odata").or_else(|| below("/OData.svc"))?)));
    rest.map(|(version, rest)| (version, rest.trim_start_matches('/')))
}

/// Answers as a WorkZone without faults would.
pub(super) async fn route(shared: &Shared, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if let Some(tenant) = token_tenant(parts.uri.path()).filter(|_| parts.method == http::Method::POST) {
        let form = collect(body).await.unwrap_or_default();
        return access::token(shared, tenant, &parts.headers, &form);
    }
    let Some((version, path)) = service_root(parts.uri.path()) else {
        return html_not_found();
    };
    let user = parts.extensions.get::<ntlm::Connection>().cloned().unwrap_or_default();
    match access::admit(shared, &user, &parts.headers, path == "$batch") {
        Err(Denied::Unknown { token_sent }) => return access::unauthorized(shared, token_sent),
        Err(Denied::Challenged { offer }) => return access::challenged(&offer),
        Err(Denied::Refused(refusal)) => {
            let shape = odata::shape_for(version, odata::text_header(&parts.headers, "accept"));
            return respond(Answer::refusal(&refusal, shape).of_version(version));
        }
        Ok(()) => {}
    }
    let number = parts.extensions.get::<RequestNumber>().copied();
    let request = ODataRequest {
        version,
        root: root_url(shared, &parts, path),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        method: parts.method.clone(),
        body: Bytes::new(),
    };
    if documents::is_stream(&parts, path) {
        stream(shared, request, body).await
    } else {
        tables(shared, request, body, number).await
    }
}

async fn tables(shared: &Shared, request: ODataRequest, body: Body, number: Option<RequestNumber>) -> Response<Body> {
    let Some(body) = collect(body).await else {
        return respond(Answer::refusal(&Refusal::too_large(), request.shape()));
    };
    let request = ODataRequest { body, ..request };
    if request.path == "$batch" && request.method == http::Method::POST {
        return respond(batch::answer(shared, &request, number).of_version(request.version));
    }
    let now = shared.clock.now_text();
    let earlier = Earlier::new();
    let around = Surroundings { settings: &shared.settings, now: &now, earlier: &earlier };
    respond(odata::perform(&mut shared.state(), around, &request))
}

async fn stream(shared: &Shared, request: ODataRequest, body: Body) -> Response<Body> {
    let answer = match (stream_target(shared, &request), request.method.as_str()) {
        (Ok(Target::Content { key }), "GET") => match documents::read(shared, &key).await {
            Ok(response) => return response,
            Err(refusal) => Err(refusal),
        },
        (Ok(Target::Content { key }), "PUT") => documents::replace(shared, &request, &key, body).await,
        (Ok(Target::Collection { .. }), "POST") => documents::upload(shared, &request, body).await,
        (Ok(_), _) => Err(Refusal::method_not_allowed()),
        (Err(refusal), _) => Err(refusal),
    };
    let answer = answer.unwrap_or_else(|refusal| Answer::refusal(&refusal, request.shape()));
    respond(answer.of_version(request.version))
}

fn stream_target(shared: &Shared, request: &ODataRequest) -> Result<Target, Refusal> {
    let state = shared.state();
    target::resolve(&state.model(), &state, &request.path)
}

/// Links carry the host that the caller used, as behind a reverse proxy that keeps it.
fn root_url(shared: &Shared, parts: &http::request::Parts, path: &str) -> String {
    let host =
        odata::text_header(&parts.headers, "host").map_or_else(|| shared.origin(), |host| format!("http://{host}"));
    let whole = parts.uri.path();
    let root = whole.strip_suffix(path).unwrap_or(whole).trim_end_matches('/');
    format!("{host}{root}/")
}

fn token_tenant(path: &str) -> Option<&str> {
    let own = path.strip_prefix("/oauth2/").and_then(|rest| rest.strip_suffix("/v2.0/token"));
    own.or_else(|| path.strip_prefix('/')?.strip_suffix("/oauth2/v2.0/token")).filter(|tenant| !tenant.contains('/'))
}

async fn collect(body: Body) -> Option<Bytes> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.ok()
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

fn html_not_found() -> Response<Body> {
    let answer = Answer::body("text/html; charset=utf-8", iis_page(http::StatusCode::NOT_FOUND, ".0"));
    respond(Answer { status: http::StatusCode::NOT_FOUND, ..answer })
}
