//! The simulated Interact itself: what it lists, what it takes, and whom it lets in.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Certificates, Settings, Shape, SimulatedInteract, Submission};
use crate::client::{self, Reply};
use crate::simulated::{Fault, Planted};

async fn start() -> SimulatedInteract {
    SimulatedInteract::start(Settings::default()).await.expect("a service")
}

async fn get(interact: &SimulatedInteract, path: &str) -> anyhow::Result<Reply> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let url = format!("{}{path}{separator}clientId=mycompany-workzone", interact.origin());
    client::send(Request::get(url).body(Body::empty())?).await
}

async fn tell(interact: &SimulatedInteract, id: &str, status: &str) -> StatusCode {
    let url = format!("{}/submissions/{id}/status?clientId=mycompany-workzone", interact.origin());
    let request = Request::put(url).body(Body::from(json!({ "status": status }).to_string())).expect("a request");
    client::send(request).await.expect("an answer").status
}

async fn listed(interact: &SimulatedInteract, query: &str) -> Value {
    get(interact, &format!("/submissions?status=Delivered{query}")).await.expect("an answer").json().expect("JSON")
}

#[tokio::test]
async fn what_waits_is_listed_in_pages_until_it_is_imported() {
    let interact = start().await;
    for id in ["a", "b", "c"] {
        interact.submit(Submission::new(id));
    }
    let page = listed(&interact, "&pageSize=2").await;
    assert_eq!((page["submissions"].as_array().map(Vec::len), &page["next"]), (Some(2), &json!("1")));
    let page = listed(&interact, "&pageSize=2&page=1").await;
    assert_eq!((page["submissions"][0]["id"].as_str(), &page["next"]), (Some("c"), &Value::Null));
    assert_eq!(tell(&interact, "a", "Imported").await, StatusCode::NO_CONTENT);
    assert_eq!(tell(&interact, "b", "Temporary blocked").await, StatusCode::NO_CONTENT);
    assert_eq!(listed(&interact, "").await["submissions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_imported_stays_so() {
    let interact = start().await;
    interact.submit(Submission::new("a"));
    assert_eq!(tell(&interact, "a", "Temporary blocked").await, StatusCode::NO_CONTENT);
    assert_eq!(tell(&interact, "a", "Imported").await, StatusCode::NO_CONTENT);
    assert_eq!(tell(&interact, "a", "Imported").await, StatusCode::CONFLICT);
    assert_eq!(tell(&interact, "a", "Ukendt").await, StatusCode::BAD_REQUEST);
    let entry = &interact.ledger().submissions["a"];
    assert_eq!((entry.status.as_str(), entry.imported, entry.told.len()), ("Imported", 1, 3));
}

#[tokio::test]
async fn a_form_that_nobody_has_is_not_known() {
    let interact = start().await;
    interact.submit(Submission::new("a"));
    assert_eq!(get(&interact, "/submissions?formId=1").await.expect("an answer").status, StatusCode::NOT_FOUND);
    assert_eq!(get(&interact, "/submissions?formId=800636").await.expect("an answer").status, StatusCode::OK);
}

#[tokio::test]
async fn disorder_lists_each_twice_and_the_newest_first() {
    let interact = start().await;
    for id in ["a", "b"] {
        interact.submit(Submission::new(id));
    }
    client::control(&interact.origin(), "POST", "disorder", Some("true".into())).await.expect("disorder");
    let page = listed(&interact, "").await;
    let ids: Vec<_> = page["submissions"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["b", "b", "a", "a"]);
}

#[tokio::test]
async fn files_come_as_they_were_shaped() {
    let interact = start().await;
    interact.submit(Submission { shape: Shape::MissingAttachment, attachments: vec![3, 4], ..Submission::new("a") });
    interact.submit(Submission { shape: Shape::EntityBomb, ..Submission::new("b") });
    let status = async |path: &str| get(&interact, path).await.expect("an answer").status;
    assert_eq!(status("/submissions/a/files/0").await, StatusCode::OK);
    assert_eq!(status("/submissions/a/files/1").await, StatusCode::NOT_FOUND);
    let bomb = get(&interact, "/submissions/b/files/xml").await.expect("an answer").text();
    assert!(bomb.contains("<!ENTITY h \"&g;&g;"), "{bomb}");
}

#[tokio::test]
async fn a_lost_acknowledgement_has_had_its_effect() {
    let interact = start().await;
    interact.submit(Submission::new("a"));
    let fault = Fault::DropAfterCommit;
    interact.plant(Planted { route: "status".into(), key: Some("a".into()), times: 1, fault });
    let url = format!("{}/submissions/a/status?clientId=x", interact.origin());
    let body = Body::from(json!({ "status": "Imported" }).to_string());
    assert!(client::send(Request::put(url).body(body).expect("a request")).await.is_err());
    assert_eq!(interact.ledger().submissions["a"].imported, 1);
}

/// Who comes in over TLS with these certificates, and is answered.
async fn comes_in(interact: &SimulatedInteract, root_pem: &str, identity_pem: &str) -> bool {
    #[expect(clippy::disallowed_types, reason = "a client of the simulation, as the host has one inside `egress`")]
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(root_pem.as_bytes()).expect("a root")])
        .identity(reqwest::Identity::from_pem(identity_pem.as_bytes()).expect("an identity"))
        .build()
        .expect("a client");
    let answer = client.get(format!("{}/submissions?clientId=x", interact.origin())).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test]
async fn only_the_certificate_that_is_known_and_good_comes_in() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificates = Certificates::new().expect("certificates");
    let root = certificates.root_pem.clone();
    let pem = |one: &super::ClientCertificate| format!("{}{}", one.certificate_pem, one.key_pem);
    let good = pem(&certificates.known);
    let others = [&certificates.unknown, &certificates.expired, &certificates.not_yet_valid].map(pem);
    let interact = SimulatedInteract::start(Settings { port: 0, certificates: Some(certificates) }).await;
    let interact = interact.expect("a service");
    assert!(comes_in(&interact, &root, &good).await);
    for other in others {
        assert!(!comes_in(&interact, &root, &other).await);
    }
    client::control(&interact.control_origin(), "GET", "ledger", None).await.expect("the ledger, without one");
}
