//! The way of one request: what it asks for, whether it may, what goes wrong with it, and its answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;
use url::form_urlencoded;

use super::access::Grant;
use super::control;
use super::faulty::{broken, told, unauthorized};
use super::script::Fault;
use super::settings::ids;
use super::shared::Shared;
use super::workflows::{Answer, Execution, refusal};
use crate::simulated::{self, Dropped, plain, with_json};

/// Where tokens are fetched.
pub(super) const TOKEN_PATH: &str = "/auth/token";

/// Where the tenant's addresses are found.
pub(super) const DISCOVERY_PATH: &str = "/.well-known/cxone-configuration";

const SERVICES: &str = "/InContactAPI/services/";

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 4 << 20;

/// What a request to the API asks for.
#[derive(Debug)]
enum Asked {
    Execution { configuration: String, workflow: String },
    Cache { key: String },
    Configurations,
    Workflows { configuration: String },
}

/// Serves until the future is dropped; connections end with it.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    simulated::serve(listener, move |_, request| answer(Arc::clone(&shared), request)).await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/_control/") {
        let control = control::router(shared).oneshot(Request::from_parts(parts, Body::new(body)));
        return Ok(control.await.unwrap_or_else(|never| match never {}));
    }
    let Ok(body) = axum::body::to_bytes(Body::new(body), MAX_BODY_BYTES).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, TOKEN_PATH) => token(&shared, &parts, &body).await,
        (&Method::GET, DISCOVERY_PATH) => discovery(&shared, &parts).await,
        (method, path) => match asked(method, path) {
            Some(asked) => served(shared, asked, &parts, &body).await,
            None => Ok(plain(StatusCode::NOT_FOUND)),
        },
    }
}

/// What stands below the services, whatever version.
fn asked(method: &Method, path: &str) -> Option<Asked> {
    let (_version, below) = path.strip_prefix(SERVICES)?.split_once('/')?;
    let segments: Vec<&str> = below.split('/').collect();
    let text = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    match (method, segments.as_slice()) {
        (&Method::POST, ["agent-integration", "configuration", configuration, "workflow", workflow]) => {
            Some(Asked::Execution { configuration: text(configuration), workflow: text(workflow) })
        }
        (&Method::GET, ["agent-integration", "workflow-execution", "interaction", key]) => {
            Some(Asked::Cache { key: text(key) })
        }
        (&Method::GET, ["agent-integration", "configuration"]) => Some(Asked::Configurations),
        (&Method::GET, ["agent-integration", "configuration", configuration, "workflow"]) => {
            Some(Asked::Workflows { configuration: text(configuration) })
        }
        _ => None,
    }
}

async fn token(shared: &Arc<Shared>, parts: &Parts, body: &Bytes) -> Result<Response<Body>, Dropped> {
    if let Some(fault) = shared.count("token") {
        return broken(shared, fault, None).await;
    }
    let tenant = shared.tenant().clone();
    let form = String::from_utf8_lossy(body);
    let given = shared.access().token(&shared.settings, &tenant, &parts.headers, &form);
    let mut ledger = shared.ledger();
    Ok(match given {
        Ok((grant, token)) => {
            match grant {
                Grant::Password => ledger.tokens += 1,
                Grant::Refresh => ledger.refreshes += 1,
            }
            with_json(StatusCode::OK, &token)
        }
        Err(refused) => {
            ledger.refused_sign_ins += 1;
            with_json(refused.status(), &refused.body())
        }
    })
}

async fn discovery(shared: &Arc<Shared>, parts: &Parts) -> Result<Response<Body>, Dropped> {
    if let Some(fault) = shared.count("discovery") {
        return broken(shared, fault, None).await;
    }
    if parameter(parts, "tenantId").as_deref() != Some(ids::TENANT) {
        return Ok(plain(StatusCode::NOT_FOUND));
    }
    let api_endpoint = shared.tenant().api_endpoint.clone().unwrap_or_else(|| shared.origin());
    let found = json!({
        "api_endpoint": api_endpoint,
        "area": "eu1",
        "domain": "simulated.example",
        "acdDomain": "simulated.example",
        "uhDomain": "uh.simulated.example",
    });
    Ok(with_json(StatusCode::OK, &found))
}

fn parameter(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A request to the API.
async fn served(shared: Arc<Shared>, asked: Asked, parts: &Parts, body: &Bytes) -> Result<Response<Body>, Dropped> {
    if !shared.access().admits(&parts.headers) {
        shared.ledger().refused_tokens += 1;
        return Ok(unauthorized());
    }
    if !shared.tenant().agent_integrations {
        let message = "Agent integrations are not enabled for this tenant";
        return Ok(told(refusal(StatusCode::FORBIDDEN, "FeatureDisabled", message)));
    }
    match asked {
        Asked::Execution { configuration, workflow } => match Execution::read(&configuration, &workflow, body) {
            Ok(execution) => {
                let fault = shared.count(execution.asked());
                execution.note(&shared);
                executed(&shared, execution, fault).await
            }
            Err(refused) => match shared.count("execute") {
                Some(fault) => broken(&shared, fault, None).await,
                None => Ok(told(refused)),
            },
        },
        Asked::Cache { key } => read(&shared, "cache", cached(&shared, &key)).await,
        Asked::Configurations => read(&shared, "configurations", configurations(parts)).await,
        Asked::Workflows { configuration } => read(&shared, "workflows", workflows(&configuration, parts)).await,
    }
}

async fn read(shared: &Arc<Shared>, asked: &str, answer: Answer) -> Result<Response<Body>, Dropped> {
    match shared.count(asked) {
        Some(fault) => broken(shared, fault, Some(answer.1)).await,
        None => Ok(told(answer)),
    }
}

async fn executed(shared: &Arc<Shared>, execution: Execution, fault: Option<Fault>) -> Result<Response<Body>, Dropped> {
    let Some(fault) = fault else { return Ok(with_json(StatusCode::OK, &execution.run(shared))) };
    if let Fault::Slow { delay_ms } = fault {
        return late(shared, execution, delay_ms).await;
    }
    let results = fault.commits().then(|| execution.run(shared));
    broken(shared, fault, results).await
}

/// A task of its own does the work, because that of the connection ends when the caller goes.
async fn late(shared: &Arc<Shared>, execution: Execution, delay_ms: u64) -> Result<Response<Body>, Dropped> {
    let (done, results) = tokio::sync::oneshot::channel();
    let worker = Arc::clone(shared);
    shared.work(async move {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        // Nobody may be there to hear it.
        let _ = done.send(execution.run(&worker));
    });
    results.await.map(|results| with_json(StatusCode::OK, &results)).map_err(|_| Dropped)
}

fn cached(shared: &Shared, key: &str) -> Answer {
    match shared.cache().get(key) {
        Some(results) => (StatusCode::OK, results.clone()),
        None => refusal(StatusCode::NOT_FOUND, "NotFound", "Nothing is kept under this key"),
    }
}

fn configurations(parts: &Parts) -> Answer {
    let configuration =
        json!({ "id": ids::CONFIGURATION, "name": "Borgerservice Ærø", "status": "active", "system": "salesforce" });
    (StatusCode::OK, json!({ "configurations": paged(vec![configuration], parts) }))
}

fn workflows(configuration: &str, parts: &Parts) -> Answer {
    if configuration != ids::CONFIGURATION {
        return refusal(StatusCode::NOT_FOUND, "ConfigurationNotFound", "Configuration was not found");
    }
    let workflow = |id: &str, name: &str, enabled: bool| json!({ "id": id, "name": name, "enabled": enabled });
    let all = vec![
        workflow(ids::SEARCH, "Søg borger", true),
        workflow(ids::CREATE, "Opret sag", true),
        workflow(ids::DISABLED, "Gammel søgning", false),
    ];
    (StatusCode::OK, json!({ "workflows": paged(all, parts) }))
}

/// The part that `top` and `skip` ask for.
fn paged(items: Vec<Value>, parts: &Parts) -> Vec<Value> {
    let number = |name: &str| parameter(parts, name).and_then(|value| value.parse().ok());
    items.into_iter().skip(number("skip").unwrap_or(0)).take(number("top").unwrap_or(usize::MAX)).collect()
}
