//! Searches, creations, and what goes wrong with them.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::Bench;
use crate::client;
use crate::cxone::{Tenant, ids};

fn names(found: &Value) -> Vec<&str> {
    let records = found["result"][0]["records"].as_array().expect("records");
    records.iter().filter_map(|record| record["display"].as_str()).collect()
}

#[tokio::test]
async fn a_search_finds_by_phone_by_mail_and_by_anything_else() {
    let bench = Bench::new().await;
    for (input, expected) in [
        (json!({ "phoneNumber": "+4530112233" }), vec!["Søren Ærø", "Åse Ærø"]),
        (json!({ "email": "aase@aeroe.example" }), vec!["Åse Ærø"]),
        (json!({ "search": { "Kundenummer": 4711 }, "timeoutMilliSec": "6000" }), vec!["Søren Ærø"]),
        (json!({ "phoneNumber": "+4500000000" }), vec![]),
    ] {
        let found = bench.execute(ids::SEARCH, input).await.expect("an answer").json().expect("JSON");
        assert_eq!(names(&found), expected);
    }
}

#[tokio::test]
async fn what_was_found_is_kept_under_its_key() {
    let bench = Bench::new().await;
    let input = json!({ "email": "aase@aeroe.example" });
    let found = bench.execute(ids::SEARCH, input).await.expect("an answer").json().expect("JSON");
    let key = found["cacheKey"].as_str().expect("a key");
    let interactions = "v30.0/agent-integration/workflow-execution/interaction";
    let kept = bench.get(&format!("{interactions}/{key}?types=default")).await.json().expect("JSON");
    assert_eq!(names(&kept), ["Åse Ærø"]);
    assert_eq!(bench.get(&format!("{interactions}/another")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn unknown_ids_and_odd_bodies_are_refused() {
    let bench = Bench::new().await;
    let refused = async |workflow: &str, input: Value| bench.execute(workflow, input).await.expect("an answer");
    assert_eq!(refused(ids::DISABLED, json!({})).await.json().expect("JSON")["code"], "InvalidWorkflow");
    assert_eq!(refused("nobody", json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(refused(ids::CREATE, json!({ "name": "no entity" })).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused(ids::SEARCH, json!("text")).await.status, StatusCode::BAD_REQUEST);
    let elsewhere = format!("v27.0/agent-integration/configuration/{}/workflow/{}", ids::SEARCH, ids::SEARCH);
    let reply = bench.send("POST", &elsewhere, json!({})).await.expect("an answer");
    assert!(!reply.text().to_lowercase().contains("workflow"), "{}", reply.text());
    bench.cxone.change(Tenant { agent_integrations: false, ..Tenant::default() });
    assert_eq!(refused(ids::SEARCH, json!({})).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn each_creation_is_a_record_and_is_found_by_its_reference() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        assert_eq!(bench.create("Ærø-1").await.expect("an answer").status, StatusCode::OK);
    }
    assert_eq!(bench.created("Ærø-1"), (2, 2));
    let input = json!({ "search": { "externalRef": "Ærø-1" } });
    let found = bench.execute(ids::SEARCH, input).await.expect("an answer").json().expect("JSON");
    assert_eq!(names(&found).len(), 2);
}

#[tokio::test]
async fn refusals_have_no_effect_and_then_end() {
    let bench = Bench::new().await;
    for fault in [
        json!({ "kind": "refuse", "status": 429, "retry_after": "7" }),
        json!({ "kind": "html", "status": 502 }),
        json!({ "kind": "empty" }),
        json!({ "kind": "drop-before-commit" }),
    ] {
        bench.plant(json!({ "on": "create", "fault": fault }));
    }
    let first = bench.create("r").await.expect("an answer");
    assert_eq!((first.status, first.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "7"));
    let second = bench.create("r").await.expect("an answer");
    assert_eq!((second.status, second.header("content-type")), (StatusCode::BAD_GATEWAY, "text/html"));
    assert!(names(&bench.create("r").await.expect("an answer").json().expect("JSON")).is_empty());
    assert!(bench.create("r").await.is_err(), "the connection ends");
    assert_eq!(bench.created("r"), (4, 0));
    assert_eq!(bench.create("r").await.expect("an answer").status, StatusCode::OK);
    assert_eq!(bench.created("r"), (5, 1));
}

#[tokio::test]
async fn an_effect_is_counted_also_when_the_answer_hides_it() {
    let bench = Bench::new().await;
    for (fault, status) in [
        (json!({ "kind": "partial" }), Some(206)),
        (json!({ "kind": "with-errors" }), Some(200)),
        (json!({ "kind": "no-json" }), Some(200)),
        (json!({ "kind": "commit-then-status", "status": 504 }), Some(504)),
        (json!({ "kind": "drop-after-commit" }), None),
    ] {
        bench.plant(json!({ "fault": fault }));
        let reply = bench.create("h").await;
        assert_eq!(reply.ok().map(|reply| reply.status.as_u16()), status, "{fault}");
    }
    assert_eq!(bench.created("h"), (5, 5));
}

#[tokio::test]
async fn a_slow_creation_comes_although_its_caller_has_gone() {
    let bench = Bench::new().await;
    bench.plant(json!({ "on": "create", "fault": { "kind": "slow", "delay_ms": 200 } }));
    assert!(timeout(Duration::from_millis(50), bench.create("late")).await.is_err(), "nobody waits that long");
    assert_eq!(bench.created("late"), (1, 0));
    let waiting = async {
        while bench.created("late") != (1, 1) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("it comes");
}

#[tokio::test]
async fn lists_are_read_whole_or_in_pages() {
    let bench = Bench::new().await;
    let path = format!("v26.0/agent-integration/configuration/{}/workflow", ids::CONFIGURATION);
    let listed = async |query: &str| {
        let list = bench.get(&format!("{path}{query}")).await.json().expect("JSON");
        list["workflows"].as_array().expect("a list").len()
    };
    assert_eq!((listed("").await, listed("?top=2&skip=0").await, listed("?top=2&skip=2").await), (3, 2, 1));
}

#[tokio::test]
async fn scripts_come_in_by_the_control_route_and_go_with_a_reset() {
    let bench = Bench::new().await;
    let origin = bench.cxone.origin();
    let script = json!([{ "on": "search", "times": 3, "fault": { "kind": "empty" } }]).to_string();
    let planted = client::control(&origin, "POST", "scripts", Some(script)).await;
    assert_eq!(planted.expect("planted"), json!({ "planted": 1 }));
    let odd = json!({ "fault": { "kind": "unheard-of" } }).to_string();
    assert!(client::control(&origin, "POST", "scripts", Some(odd)).await.is_err());
    client::control(&origin, "POST", "reset", None).await.expect("reset");
    assert_eq!(client::control(&origin, "GET", "scripts", None).await.expect("scripts"), json!([]));
    let ledger = client::control(&origin, "GET", "ledger", None).await.expect("a ledger");
    assert_eq!((&ledger["tokens"], &ledger["records"]), (&json!(0), &json!({})));
}
