//! What a test may see and move: ledger, request log, clock, seeds.

use super::*;

async fn control(bench: &Bench, method: &str, route: &str, body: Value) -> Value {
    let body = (!body.is_null()).then(|| body.to_string());
    client::control(&bench.workzone.origin(), method, route, body).await.unwrap()
}

#[tokio::test]
async fn the_ledger_counts_per_key() {
    let bench = Bench::new().await;
    bench.case("a").await;
    bench.case("b").await;
    let ledger = control(&bench, "GET", "ledger", Value::Null).await;
    assert_eq!((&ledger["cases"], &ledger["by_key"]["a"]["cases"]), (&json!(2), &json!(1)));
    for name in ["parties", "documents", "custom_tabs", "contacts", "orphan_documents"] {
        assert_eq!(ledger[name], json!(0), "{name}");
    }
}

#[tokio::test]
async fn the_log_shows_headers_and_connections_and_never_the_credential() {
    let bench = Bench::new().await;
    let headers = [("uselog-application", "Sluse"), ("onbehalfof", "User=X"), ("accept", "application/json")];
    for _ in 0..2 {
        bench.send("GET", "/OData4/Files?$top=1", &headers, Value::Null).await;
    }
    let log = control(&bench, "GET", "requests", Value::Null).await;
    let entry = &log[1];
    assert_eq!(
        (&entry["method"], &entry["path"], &entry["query"]),
        (&json!("GET"), &json!("/OData4/Files"), &json!("$top=1"))
    );
    assert_eq!(
        (&entry["headers"]["uselog-application"], &entry["headers"]["onbehalfof"]),
        (&json!("Sluse"), &json!("User=X"))
    );
    assert_eq!((&entry["authorization"]["scheme"], &entry["status"]), (&json!("Bearer"), &json!(200)));
    assert_ne!(log[1]["connection"], log[2]["connection"]);
    assert_eq!(log[1]["authorization"], log[2]["authorization"]);
    let token = bench.authorization.trim_start_matches("Bearer ");
    assert!(!log.to_string().contains(token) && !log.to_string().contains(&bench.workzone.settings().client_secret));
}

#[tokio::test]
async fn the_clock_moves_when_told() {
    let bench = Bench::new().await;
    let before = bench.workzone.now_unix_ms();
    control(&bench, "POST", "clock", json!({ "advance_ms": 1500 })).await;
    assert_eq!(bench.workzone.now_unix_ms(), before + 1500);
    control(&bench, "POST", "clock", json!({ "unix_ms": 5 })).await;
    assert_eq!(control(&bench, "GET", "clock", Value::Null).await, json!({ "unix_ms": 5 }));
}

#[tokio::test]
async fn seeds_may_break_the_rules_of_writing() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        control(&bench, "POST", "seed", json!({ "set": "Files", "row": { "Title": "x", "EXTREF": "twice" } })).await;
    }
    assert_eq!(bench.workzone.ledger().by_key["twice"].cases, 2);
    assert_eq!(control(&bench, "GET", "rows/Files", Value::Null).await.as_array().unwrap().len(), 2);
    let unknown = json!({ "set": "Files", "row": { "NOPE": "x" } }).to_string();
    assert!(client::control(&bench.workzone.origin(), "POST", "seed", Some(unknown)).await.is_err());
}

#[tokio::test]
async fn faults_are_planted_seen_and_forgotten_over_http() {
    let bench = Bench::new().await;
    let fault = json!([{ "path": "/OData4/", "action": { "kind": "html", "status": 503 } }]);
    assert_eq!(control(&bench, "POST", "faults", fault).await, json!({ "planted": 1 }));
    assert_eq!(control(&bench, "GET", "faults", Value::Null).await[0]["action"]["kind"], "html");
    control(&bench, "DELETE", "faults", Value::Null).await;
    assert_eq!(bench.send("GET", "/OData4/Files", &[], Value::Null).await.status, 200);
    let wrong = json!({ "path": "/", "action": { "kind": "nonsense" } }).to_string();
    assert!(client::control(&bench.workzone.origin(), "POST", "faults", Some(wrong)).await.is_err());
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let bench = Bench::new().await;
    bench.case("a").await;
    control(&bench, "POST", "reset", Value::Null).await;
    assert_eq!((bench.workzone.ledger().cases, bench.workzone.requests().len()), (0, 0));
    assert_eq!(bench.send("GET", "/OData4/Files", &[], Value::Null).await.status, 401);
}

#[tokio::test]
async fn many_at_once_get_one_case_per_key() {
    let bench = Bench::new().await;
    let tries = (0..20).map(|_| bench.send("POST", "/OData4/Files", &[], case("one")));
    let replies = futures_util::future::join_all(tries).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert_eq!(bench.workzone.ledger().by_key["one"].cases, 1);
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let workzone = SimulatedWorkZone::start(Settings::default()).await.unwrap();
    let origin = workzone.origin();
    drop(workzone);
    // The listener closes with its task, which ends as soon as the runtime comes to it.
    for _ in 0..100 {
        if client::control(&origin, "GET", "ledger", None).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("still listening");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let bench = Bench::new().await;
    let port = bench.workzone.origin().rsplit(':').next().unwrap().parse().unwrap();
    let error = SimulatedWorkZone::start(Settings { port, ..Settings::default() }).await.unwrap_err();
    assert!(error.to_string().contains(&port.to_string()));
}
