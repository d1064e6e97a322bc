//! Telling the host what came of an action, at the address that it gave.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use super::ledger::CallbackEntry;
use super::script::Callback;
use super::server::Shared;
use crate::client;

/// A host that does not answer within this time is tried again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an API says came of an action.
pub(super) fn verdict(success: bool, reason: Option<&str>, data: &Map<String, Value>) -> Value {
    json!({ "success": success, "rejectedReason": reason, "dataFields": data })
}

/// Makes the callbacks one after the other, and writes down how each was answered.
pub(super) async fn make(shared: Arc<Shared>, reference: String, url: String, callbacks: Vec<Callback>) {
    for (number, callback) in callbacks.into_iter().enumerate() {
        sleep(Duration::from_millis(callback.after_ms)).await;
        let entry = one(&shared, &format!("{reference}-{number}"), &url, &callback).await;
        shared.ledger().actions.entry(reference.clone()).or_default().callbacks.push(entry);
    }
}

async fn one(shared: &Shared, id: &str, url: &str, callback: &Callback) -> CallbackEntry {
    let url = if callback.wrong_token { altered(url) } else { url.to_owned() };
    let mut entry = CallbackEntry { tries: 0, status: None, wrong_token: callback.wrong_token };
    while entry.tries < callback.tries {
        if entry.tries > 0 {
            sleep(Duration::from_millis(callback.pause_ms)).await;
        }
        entry.tries += 1;
        entry.status = send(shared, id, &url, callback).await;
        if entry.status.is_some_and(|status| (200..300).contains(&status)) {
            break;
        }
    }
    entry
}

async fn send(shared: &Shared, id: &str, url: &str, callback: &Callback) -> Option<u16> {
    let said = || verdict(callback.success, callback.reason.as_deref(), &callback.data).to_string();
    let body = callback.body.clone().unwrap_or_else(said);
    let mut request = Request::post(url).header("content-type", "application/json");
    for (name, value) in shared.settings.signing.iter().flat_map(|signing| signing.headers(id, body.as_bytes())) {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body)).ok()?;
    let reply = timeout(PATIENCE, client::send(request)).await.ok()?.ok()?;
    Some(reply.status.as_u16())
}

/// Another address of the same length.
fn altered(url: &str) -> String {
    let mut characters: Vec<char> = url.chars().collect();
    if let Some(last) = characters.last_mut() {
        *last = if *last == 'A' { 'B' } else { 'A' };
    }
    characters.into_iter().collect()
}
