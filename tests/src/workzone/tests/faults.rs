//! Each kind of fault, and what it leaves in the tables.

use std::time::{Duration, Instant};

use super::*;
use crate::workzone::{Fault, FaultAction, PlantedShape, ScriptedStatus};

async fn hit(action: FaultAction) -> (Bench, anyhow::Result<Reply>) {
    let bench = Bench::new().await;
    bench.workzone.fault(Fault::next("/OData4/Files", action).on("POST"));
    let headers = [("content-type", "application/json")];
    let reply = bench.try_send("POST", "/OData4/Files", &headers, Body::from(case("a").to_string())).await;
    assert!(bench.workzone.waiting_faults().is_empty());
    (bench, reply)
}

fn cases(bench: &Bench) -> usize {
    bench.workzone.ledger().cases
}

#[tokio::test]
async fn a_drop_before_the_commit_leaves_nothing() {
    let (bench, reply) = hit(FaultAction::DropBeforeCommit).await;
    assert!(reply.is_err());
    assert_eq!(cases(&bench), 0);
    let logged = bench.workzone.requests().pop().unwrap();
    assert_eq!((logged.status, logged.outcome.as_str()), (None, "drop-before-commit"));
}

#[tokio::test]
async fn a_drop_after_the_commit_leaves_the_case() {
    let (bench, reply) = hit(FaultAction::DropAfterCommit).await;
    assert!(reply.is_err());
    assert_eq!(cases(&bench), 1);
    bench.case("b").await;
}

#[tokio::test]
async fn a_500_may_hide_a_commit() {
    let (bench, reply) = hit(FaultAction::commit_then(500)).await;
    assert_eq!((reply.unwrap().status.as_u16(), cases(&bench)), (500, 1));
    let (bench, reply) = hit(FaultAction::status(500)).await;
    assert_eq!((reply.unwrap().status.as_u16(), cases(&bench)), (500, 0));
}

#[tokio::test]
async fn retry_after_is_a_number_or_a_date() {
    let (_, reply) = hit(FaultAction::RetryAfter { status: 429, seconds: Some(7), date_in_s: None }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, "7"));
    let (_, reply) = hit(FaultAction::RetryAfter { status: 503, seconds: None, date_in_s: Some(90) }).await;
    assert_eq!(reply.unwrap().header("retry-after"), "Mon, 02 Mar 2026 08:01:30 GMT");
}

#[tokio::test]
async fn a_cut_body_ends_with_the_connection() {
    let (bench, reply) = hit(FaultAction::CutBody { keep_bytes: 10 }).await;
    assert!(reply.is_err());
    assert_eq!(cases(&bench), 1);
}

#[tokio::test]
async fn truncated_json_is_whole_for_http() {
    let (bench, reply) = hit(FaultAction::TruncatedJson { keep_bytes: 10 }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), reply.body.len(), cases(&bench)), (201, 10, 1));
    assert!(reply.json().is_err());
}

#[tokio::test]
async fn a_dripping_answer_arrives_whole_and_late() {
    let started = Instant::now();
    let (_, reply) = hit(FaultAction::Drip { chunk_bytes: 40, every_ms: 20 }).await;
    assert!(reply.unwrap().json().unwrap()["ID"].is_string());
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_delay_comes_before_the_effect() {
    let bench = Bench::new().await;
    bench.workzone.fault(Fault { delay_ms: 60_000, ..Fault::next("/OData4/Files", FaultAction::Pass) });
    let late =
        tokio::time::timeout(Duration::from_millis(200), bench.send("POST", "/OData4/Files", &[], case("a"))).await;
    assert!(late.is_err());
    assert_eq!(cases(&bench), 0);
}

#[tokio::test]
async fn another_media_type_hides_good_json() {
    let (_, reply) = hit(FaultAction::WrongContentType { content_type: "text/plain".to_owned() }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.header("content-type"), reply.json().is_ok()), ("text/plain", true));
}

#[tokio::test]
async fn a_redirect_points_to_a_foreign_host_and_does_nothing() {
    let (bench, reply) = hit(FaultAction::Redirect { location: "https://evil.example/".to_owned(), status: 307 }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), reply.header("location"), cases(&bench)), (307, "https://evil.example/", 0));
}

#[tokio::test]
async fn iis_answers_with_a_page() {
    let (_, reply) = hit(FaultAction::Html { status: 503 }).await;
    let reply = reply.unwrap();
    assert_eq!((reply.status.as_u16(), reply.text().starts_with("<!DOCTYPE html>")), (503, true));
}

#[tokio::test]
async fn a_scripted_status_has_its_headers_code_and_shape() {
    let scripted = ScriptedStatus {
        status: 400,
        headers: [("x-request-id".to_owned(), "7".to_owned())].into(),
        shape: PlantedShape::V3Light,
        code: Some("1.2;X".to_owned()),
        message: Some("nej".to_owned()),
    };
    let (_, reply) = hit(FaultAction::Status(scripted)).await;
    let reply = reply.unwrap();
    let body = reply.json().unwrap();
    assert_eq!((reply.header("x-request-id"), &body["odata.error"]["code"]), ("7", &json!("1.2;X")));
}

#[tokio::test]
async fn the_token_route_fails_in_the_shape_of_entra() {
    let bench = Bench::new().await;
    bench.workzone.fault(Fault::next("/oauth2/", FaultAction::status(503)));
    let reply = ask_token(&bench.workzone.token_url(), &token_form(bench.workzone.settings())).await;
    assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["error"]), (503, &json!("temporarily_unavailable")));
}

#[tokio::test]
async fn a_part_of_a_batch_fails_on_demand() {
    let bench = Bench::new().await;
    let fault = Fault { in_batch: true, ..Fault::next("/OData4/Files", FaultAction::status(409)) };
    bench.workzone.fault(fault);
    let body = json!({ "requests": [{ "id": "1", "atomicityGroup": "g", "method": "post", "url": "Files", "body": case("a") }] });
    let reply = bench.send("POST", "/OData4/$batch", &[], body).await;
    assert_eq!((reply.status.as_u16(), &reply.json().unwrap()["responses"][0]["status"]), (200, &json!(409)));
    assert_eq!(cases(&bench), 0);
}
