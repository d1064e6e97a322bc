//! Stories about the simulated tenant itself, told over HTTP on loopback.

mod access; // tokens and the discovery
mod workflows; // searches, creations, and what goes wrong with them

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Script, Settings, SimulatedCxone, ids};
use crate::client::{self, Reply};

/// A tenant, and one who may call it.
struct Bench {
    cxone: SimulatedCxone,
    token: String,
}

impl Bench {
    async fn new() -> Bench {
        let cxone = SimulatedCxone::start(Settings::default()).await.expect("a tenant");
        let token = sign_in(&cxone, &password_form(&cxone)).await.json().expect("JSON");
        Bench { token: token["access_token"].as_str().expect("a token").to_owned(), cxone }
    }

    fn plant(&self, script: Value) {
        self.cxone.script(serde_json::from_value::<Script>(script).expect("a script"));
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Reply> {
        let url = format!("{}/InContactAPI/services/{path}", self.cxone.origin());
        let request =
            Request::builder().method(method).uri(url).header("authorization", format!("Bearer {}", self.token));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        client::send(request.body(body)?).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Value::Null).await.expect("an answer")
    }

    async fn execute(&self, workflow: &str, input: Value) -> anyhow::Result<Reply> {
        let path = format!("v27.0/agent-integration/configuration/{}/workflow/{workflow}", ids::CONFIGURATION);
        self.send("POST", &path, json!({ "workflowInput": input, "interactionID": "i-1" })).await
    }

    async fn create(&self, reference: &str) -> anyhow::Result<Reply> {
        self.execute(ids::CREATE, json!({ "entity": "case", "externalRef": reference })).await
    }

    fn created(&self, reference: &str) -> (u32, u32) {
        let ledger = self.cxone.ledger();
        ledger.records.get(reference).map_or((0, 0), |entry| (entry.received, entry.created))
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn password_form(cxone: &SimulatedCxone) -> String {
    let settings = cxone.settings();
    let (id, secret) = (encoded(&settings.access_key_id), encoded(&settings.access_key_secret));
    format!("grant_type=password&username={id}&password={secret}")
}

async fn sign_in(cxone: &SimulatedCxone, form: &str) -> Reply {
    let settings = cxone.settings();
    let client = STANDARD.encode(format!("{}:{}", settings.client_id, settings.client_secret));
    let request = Request::post(cxone.token_url())
        .header("authorization", format!("Basic {client}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form.to_owned())).expect("a request");
    client::send(request).await.expect("an answer")
}
