//! Stories about the simulator itself, told over HTTP on loopback.

mod access; // tokens, passwords, OnBehalfOf
mod batches; // change sets in both spellings
mod cases; // cases, parties, custom tabs
mod documents; // uploads and records
mod errors; // shapes and the planted secret
mod faults; // each kind of fault
mod ntlm; // users of a directory
mod pages; // pages, filters, navigation
mod version_three;
mod watching; // ledger, request log, control routes // what v3 does its own way

use axum::body::Body;
use base64::Engine;
use http::Request;
use serde_json::{Value, json};

use super::{Settings, SimulatedWorkZone};
use crate::client::{self, Reply};

/// A simulator and one who may call it.
struct Bench {
    workzone: SimulatedWorkZone,
    authorization: String,
}

impl Bench {
    async fn new() -> Bench {
        Bench::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Bench {
        let workzone = SimulatedWorkZone::start(settings).await.unwrap();
        let authorization = format!("Bearer {}", token(&workzone).await);
        Bench { workzone, authorization }
    }

    /// A request below the origin; `path` may have a query with spaces and quotes.
    async fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> anyhow::Result<Reply> {
        let url = format!("{}{}", self.workzone.origin(), path.replace(' ', "%20"));
        let mut request = Request::builder().method(method).uri(url).header("authorization", &self.authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        client::send(request.body(body)?).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.try_send(method, path, &headers, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.send("GET", path, &[("accept", "application/json")], Value::Null).await.json().unwrap()
    }

    /// Makes a row over v4; gives its `ID`.
    async fn make(&self, set: &str, row: Value) -> String {
        let reply = self.send("POST", &format!("/OData4/{set}"), &[], row).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json().unwrap()["ID"].as_str().unwrap().to_owned()
    }

    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let reply = self.send(method, path, &[], body).await;
        let error = reply.json().unwrap();
        (reply.status.as_u16(), error["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    async fn case(&self, key: &str) -> String {
        self.make("Files", case(key)).await
    }

    async fn upload(&self, slug: &str, bytes: &'static str) -> String {
        let headers = [("content-type", "application/pdf"), ("slug", slug)];
        let reply = self.try_send("POST", "/OData4/Documents", &headers, Body::from(bytes)).await.unwrap();
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json().unwrap()["ID"].as_str().unwrap().to_owned()
    }
}

fn case(key: &str) -> Value {
    json!({ "Title": "Ansøgning om byggetilladelse", "FileClass_Value": "27.36.04", "EXTREF": key })
}

fn record(case: &str, document: &str, title: &str) -> Value {
    json!({ "Title": title, "RecordType_Value": "I", "State_Value": "UÅ", "FileKey_Value": case, "DocumentKey_Value": document })
}

fn token_form(settings: &Settings) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", settings.client_id.clone()),
        ("client_secret", settings.client_secret.clone()),
        ("scope", settings.scope.clone()),
    ]
}

async fn ask_token(url: &str, form: &[(&'static str, String)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::post(url).header("content-type", "application/x-www-form-urlencoded");
    client::send(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn token(workzone: &SimulatedWorkZone) -> String {
    let reply = ask_token(&workzone.token_url(), &token_form(workzone.settings())).await;
    reply.json().unwrap()["access_token"].as_str().unwrap().to_owned()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}
