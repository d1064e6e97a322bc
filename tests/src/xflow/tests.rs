//! The simulated XFlow itself: what it gives out, how it misleads, and what its ledger counts.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Delivery, DeliveryState, Settings, SimulatedXFlow};
use crate::client::{self, Reply};

async fn start(misleads: bool) -> SimulatedXFlow {
    SimulatedXFlow::start(Settings { misleads, ..Settings::default() }).await.expect("an XFlow")
}

async fn ask(xflow: &SimulatedXFlow, method: &str, path: &str, body: Value) -> Reply {
    let request = Request::builder().method(method).uri(format!("{}{path}", xflow.origin()));
    let request = request.header("publicApiToken", "xflow-token-1").body(Body::from(body.to_string()));
    client::send(request.expect("a request")).await.expect("an answer")
}

fn delivery(id: &str, sd: &[&str], prisme: &[&str]) -> Delivery {
    let records = |ids: &[&str]| ids.iter().map(|id| json!({ "id": id })).collect();
    Delivery { id: id.to_owned(), sd: records(sd), prisme: records(prisme), twice: false }
}

#[tokio::test]
async fn one_answer_has_what_waits_for_both_systems() {
    let xflow = start(true).await;
    xflow.deliver(delivery("8842", &["1"], &["2", "3"]));
    xflow.deliver(delivery("8843", &[], &["4"]));
    let answer = ask(&xflow, "GET", "/delivery", Value::Null).await.json().expect("JSON");
    assert_eq!(answer["sd"], json!([{ "id": "1", "batch": "8842" }]));
    assert_eq!(answer["prisme"].as_array().map(Vec::len), Some(3));
    ask(&xflow, "POST", "/delivery/8842/acknowledge", json!({})).await;
    let answer = ask(&xflow, "GET", "/delivery", Value::Null).await.json().expect("JSON");
    assert_eq!(answer, json!({ "sd": [], "prisme": [{ "id": "4", "batch": "8843" }] }));
}

#[tokio::test]
async fn a_record_may_come_twice() {
    let xflow = start(true).await;
    xflow.deliver(Delivery { twice: true, ..delivery("8842", &["1", "2"], &[]) });
    let answer = ask(&xflow, "GET", "/delivery", Value::Null).await.json().expect("JSON");
    let ids: Vec<_> = answer["sd"].as_array().expect("a list").iter().map(|record| record["id"].clone()).collect();
    assert_eq!(ids, ["1", "1", "2"]);
}

#[tokio::test]
async fn it_answers_500_although_it_has_done_it() {
    let xflow = start(true).await;
    xflow.deliver(delivery("8842", &["1"], &[]));
    let reply = ask(&xflow, "POST", "/delivery/8842/acknowledge", json!({})).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    let entry = &xflow.ledger().deliveries["8842"];
    assert_eq!((entry.state, entry.acknowledged, entry.told), (DeliveryState::Acknowledged, 1, 1));
    let state = ask(&xflow, "GET", "/delivery/8842", Value::Null).await.json().expect("JSON");
    assert_eq!(state["state"], "acknowledged");
}

#[tokio::test]
async fn what_is_closed_is_not_closed_otherwise() {
    let xflow = start(false).await;
    xflow.deliver(delivery("8842", &["1"], &[]));
    let reject = ask(&xflow, "POST", "/delivery/8842/reject", json!({ "note": "Prisme svarede ikke" })).await;
    let acknowledge = ask(&xflow, "POST", "/delivery/8842/acknowledge", json!({})).await;
    assert_eq!((reject.status, acknowledge.status), (StatusCode::OK, StatusCode::CONFLICT));
    let entry = &xflow.ledger().deliveries["8842"];
    assert_eq!((entry.acknowledged, entry.note.as_deref()), (0, Some("Prisme svarede ikke")));
}

#[tokio::test]
async fn another_token_makes_the_old_one_worthless() {
    let xflow = start(true).await;
    xflow.rotate("xflow-token-2");
    assert_eq!(ask(&xflow, "GET", "/delivery", Value::Null).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(xflow.ledger().refused, 1);
}

#[tokio::test]
async fn a_process_moves_on_and_back() {
    let xflow = start(true).await;
    let wanted = json!({ "id": "P-1", "fields": { "Navn": "Åse" } }).to_string();
    client::control(&xflow.origin(), "POST", "processes", Some(wanted)).await.expect("a process");
    let back = json!({ "rejectedToActivityId": "1", "note": "Mangler bilag" });
    assert_eq!(ask(&xflow, "POST", "/Process/P-1/Reject", back).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&xflow, "POST", "/Process/P-1/Advance", Value::Null).await.status, StatusCode::OK);
    let process = ask(&xflow, "GET", "/Process/P-1", Value::Null).await.json().expect("JSON");
    assert_eq!(process["activities"][1], json!({ "activityId": "2", "activityName": "Behandl", "current": true }));
    let found = ask(&xflow, "POST", "/Process/Search", json!({ "text": "Åse" })).await.json().expect("JSON");
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let entry = &xflow.ledger().processes["P-1"];
    assert_eq!((entry.advanced, entry.sent_back, entry.notes.len()), (1, 1, 1));
}
