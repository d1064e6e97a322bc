//! The simulated API itself: what its scripts promise, and what its ledger counts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as Incoming, State};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::{Ledger, Settings, Signing, SimulatedExternalApi};
use crate::client::{self, Reply};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Where callbacks arrive: path and body, in order. Only `/callbacks/good` is known.
#[derive(Clone, Default)]
struct Host(Arc<Mutex<Vec<(String, String)>>>);

impl Host {
    async fn start() -> (Host, String) {
        let host = Host::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(Self::take).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (host, origin)
    }

    async fn take(State(host): State<Host>, request: Incoming) -> StatusCode {
        let path = request.uri().path().to_owned();
        let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
        let status = if path == "/callbacks/good" { StatusCode::OK } else { StatusCode::NOT_FOUND };
        host.0.lock().expect("unpoisoned").push((path, String::from_utf8_lossy(&body).into_owned()));
        status
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.0.lock().expect("unpoisoned").clone()
    }
}

async fn start() -> SimulatedExternalApi {
    SimulatedExternalApi::start(Settings::default()).await.expect("an API")
}

fn plant(api: &SimulatedExternalApi, script: Value) {
    api.script(serde_json::from_value(script).expect("a script"));
}

async fn trigger(api: &SimulatedExternalApi, callback_url: &str, key: &str) -> anyhow::Result<Reply> {
    let body =
        json!({ "Action": [{ "Reference": "202234-C", "Title": "Ærø", "GUID": "g-1" }], "CallBackURL": callback_url });
    let request = Request::post(format!("{}/trigger", api.origin())).header("idempotency-key", key);
    client::send(request.body(Body::from(body.to_string()))?).await
}

/// Waits until so many callbacks of the one action were answered or given up.
async fn called_back(api: &SimulatedExternalApi, callbacks: usize) -> Ledger {
    let waiting = async {
        loop {
            let ledger = api.ledger();
            if ledger.actions.get("202234-C").is_some_and(|entry| entry.callbacks.len() >= callbacks) {
                return ledger;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("in time")
}

#[tokio::test]
async fn a_trigger_is_accepted_and_called_back_once() {
    let (host, origin) = Host::start().await;
    let api = start().await;
    let reply = trigger(&api, &format!("{origin}/callbacks/good"), "k").await.expect("an answer");
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    let entry = &called_back(&api, 1).await.actions["202234-C"];
    assert_eq!((entry.received, entry.committed, entry.callbacks[0].status), (1, 1, Some(200)));
    let (path, body) = host.seen().remove(0);
    let said: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((path.as_str(), &said["success"]), ("/callbacks/good", &json!(true)));
}

#[tokio::test]
async fn refusals_have_no_effect_and_then_end() {
    let api = start().await;
    let refuse = json!({ "kind": "refuse", "status": 503, "retry_after": "7" });
    plant(&api, json!({ "reference": "other", "answer": { "kind": "drop-before-commit" } }));
    plant(&api, json!({ "times": 2, "answer": refuse }));
    for _ in 0..2 {
        let reply = trigger(&api, "", "k").await.expect("an answer");
        assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "7"));
    }
    assert_eq!(trigger(&api, "", "k").await.expect("an answer").status, StatusCode::ACCEPTED);
    let entry = &api.ledger().actions["202234-C"];
    assert_eq!((entry.received, entry.committed), (3, 1));
}

#[tokio::test]
async fn it_may_call_back_before_it_answers() {
    let (host, origin) = Host::start().await;
    let api = start().await;
    plant(&api, json!({ "callbacks": [{ "before_answer": true }] }));
    trigger(&api, &format!("{origin}/callbacks/good"), "k").await.expect("an answer");
    assert_eq!(host.seen().len(), 1, "it was there before the answer");
}

#[tokio::test]
async fn it_calls_back_twice_to_the_wrong_address_and_with_anything() {
    let (host, origin) = Host::start().await;
    let api = start().await;
    let script = json!({ "callbacks": [
        { "wrong_token": true, "tries": 2, "pause_ms": 1 },
        { "success": false, "reason": "<p>Nej</p>" },
        { "body": "no JSON", "after_ms": 1 },
    ] });
    plant(&api, script);
    trigger(&api, &format!("{origin}/callbacks/good"), "k").await.expect("an answer");
    let callbacks = called_back(&api, 3).await.actions["202234-C"].callbacks.clone();
    let statuses: Vec<_> = callbacks.iter().map(|callback| (callback.tries, callback.status)).collect();
    assert_eq!(statuses, [(2, Some(404)), (1, Some(200)), (1, Some(200))]);
    let seen = host.seen();
    assert_ne!(seen[0].0, "/callbacks/good");
    assert!(seen[2].1.contains("<p>Nej</p>") && seen[3].1 == "no JSON", "{seen:?}");
}

#[tokio::test]
async fn an_effect_is_counted_also_when_the_answer_hides_it() {
    let api = start().await;
    for answer in [json!({ "kind": "commit-then-status", "status": 500 }), json!({ "kind": "drop-after-commit" })] {
        plant(&api, json!({ "answer": answer }));
    }
    assert_eq!(trigger(&api, "", "k").await.expect("an answer").status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(trigger(&api, "", "k").await.is_err(), "the connection ends");
    assert_eq!(api.ledger().actions["202234-C"].committed, 2);
    let status = Request::get(format!("{}/status/g-1", api.origin())).body(Body::empty()).expect("a request");
    assert_eq!(client::send(status).await.expect("an answer").status, StatusCode::OK);
}

#[tokio::test]
async fn an_api_that_knows_keys_does_nothing_twice() {
    let api =
        SimulatedExternalApi::start(Settings { deduplicates: true, ..Settings::default() }).await.expect("an API");
    for key in ["a", "a", "b"] {
        trigger(&api, "", key).await.expect("an answer");
    }
    let entry = &api.ledger().actions["202234-C"];
    assert_eq!((entry.received, entry.committed), (3, 2));
}

#[tokio::test]
async fn scripts_come_in_by_the_control_route_and_go_with_a_reset() {
    let api = start().await;
    let planted = client::control(&api.origin(), "POST", "scripts", Some(r#"[{"times":3}]"#.into())).await;
    assert_eq!(planted.expect("planted"), json!({ "planted": 1 }));
    assert!(client::control(&api.origin(), "POST", "scripts", Some(r#"{"tims":3}"#.into())).await.is_err());
    client::control(&api.origin(), "POST", "reset", None).await.expect("reset");
    assert_eq!(client::control(&api.origin(), "GET", "scripts", None).await.expect("scripts"), json!([]));
}

#[test]
fn a_signature_is_that_of_the_specification() {
    let signing = Signing::new(SECRET, 1_614_265_330).expect("a secret");
    let [_, _, (_, signature)] = signing.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}
