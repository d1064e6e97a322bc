//! Tokens and the discovery.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

use super::{Bench, encoded, password_form, sign_in};
use crate::client;
use crate::cxone::{Settings, SimulatedCxone, Tenant, ids};

async fn tenant(tenant: Tenant) -> SimulatedCxone {
    SimulatedCxone::start(Settings { tenant, ..Settings::default() }).await.expect("a tenant")
}

#[tokio::test]
async fn a_token_is_given_for_an_access_key_and_for_its_refresh_token() {
    let cxone = tenant(Tenant::default()).await;
    let token = sign_in(&cxone, &password_form(&cxone)).await.json().expect("JSON");
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let form = format!("grant_type=refresh_token&refresh_token={}", token["refresh_token"].as_str().expect("a token"));
    assert_eq!(sign_in(&cxone, &form).await.status, StatusCode::OK);
    cxone.change(Tenant { refuses_refresh: true, ..Tenant::default() });
    assert_eq!(sign_in(&cxone, &form).await.status, StatusCode::UNAUTHORIZED);
    let ledger = cxone.ledger();
    assert_eq!((ledger.tokens, ledger.refreshes, ledger.refused_sign_ins), (1, 1, 1));
}

#[tokio::test]
async fn a_secret_that_is_not_percent_encoded_is_refused() {
    let cxone = tenant(Tenant::default()).await;
    let settings = cxone.settings();
    let id = encoded(&settings.access_key_id);
    for secret in [settings.access_key_secret.as_str(), "A%2Bb%2FC%26d=%C3%86r%C3%B8%3D%3D", "A+b%2FC%26d%3D"] {
        let form = format!("grant_type=password&username={id}&password={secret}");
        assert_eq!(sign_in(&cxone, &form).await.status, StatusCode::UNAUTHORIZED, "{secret}");
    }
}

#[tokio::test]
async fn the_client_may_stand_in_the_body_and_must_be_the_right_one() {
    let cxone = tenant(Tenant::default()).await;
    let settings = cxone.settings();
    for (secret, expected) in [(settings.client_secret.as_str(), StatusCode::OK), ("x", StatusCode::UNAUTHORIZED)] {
        let client = format!("client_id={}&client_secret={}", encoded(&settings.client_id), encoded(secret));
        let request = Request::post(cxone.token_url()).body(Body::from(format!("{}&{client}", password_form(&cxone))));
        let reply = client::send(request.expect("a request")).await.expect("an answer");
        assert_eq!(reply.status, expected);
    }
}

#[tokio::test]
async fn a_token_ends_with_its_life_or_when_all_are_revoked() {
    let bench = Bench::new().await;
    bench.plant(json!({ "fault": { "kind": "revoke" } }));
    let list = "v26.0/agent-integration/configuration";
    assert_eq!(bench.get(list).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bench.get(list).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(bench.cxone.ledger().refused_tokens, 1, "the first one was alive before");

    let cxone = tenant(Tenant { token_life_s: 1, ..Tenant::default() }).await;
    let token = sign_in(&cxone, &password_form(&cxone)).await.json().expect("JSON");
    let bench = Bench { token: token["access_token"].as_str().expect("a token").to_owned(), cxone };
    assert_eq!(bench.get(list).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(bench.get(list).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_discovery_names_the_api_or_whatever_it_was_told() {
    let cxone = tenant(Tenant::default()).await;
    let ask = async |tenant: &str| {
        let url = format!("{}?tenantId={tenant}", cxone.discovery_url());
        client::send(Request::get(url).body(Body::empty()).expect("a request")).await.expect("an answer")
    };
    assert_eq!(ask(ids::TENANT).await.json().expect("JSON")["api_endpoint"], json!(cxone.origin()));
    assert_eq!(ask("another").await.status, StatusCode::NOT_FOUND);
    let change = json!({ "api_endpoint": "https://api.evil.example" }).to_string();
    client::control(&cxone.origin(), "POST", "tenant", Some(change)).await.expect("changed");
    assert_eq!(ask(ids::TENANT).await.json().expect("JSON")["api_endpoint"], "https://api.evil.example");
}
