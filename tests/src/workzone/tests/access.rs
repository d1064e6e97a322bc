//! Who is let in, and how the others are told.

use super::*;
use crate::workzone::{BasicAccount, OnBehalfOf};

async fn status_of(bench: &Bench) -> u16 {
    bench.send("GET", "/OData4/Files", &[], Value::Null).await.status.as_u16()
}

#[tokio::test]
async fn a_token_has_the_shape_of_entra() {
    let bench = Bench::new().await;
    let reply = ask_token(&bench.workzone.token_url(), &token_form(bench.workzone.settings())).await;
    let body = reply.json().unwrap();
    assert_eq!(
        (reply.status.as_u16(), &body["token_type"], &body["expires_in"]),
        (200, &json!("Bearer"), &json!(3599))
    );
}

#[tokio::test]
async fn each_mistake_at_the_token_url_has_its_own_error() {
    let bench = Bench::new().await;
    for (field, value, status, error, number) in [
        ("client_secret", "wrong", 401, "invalid_client", 7_000_215),
        ("client_secret", "", 401, "invalid_client", 7_000_218),
        ("client_id", "nobody", 400, "unauthorized_client", 700_016),
        ("scope", "other", 400, "invalid_scope", 70_011),
        ("grant_type", "password", 400, "unsupported_grant_type", 70_003),
    ] {
        let mut form = token_form(bench.workzone.settings());
        form.iter_mut().find(|(name, _)| *name == field).unwrap().1 = value.to_owned();
        let reply = ask_token(&bench.workzone.token_url(), &form).await;
        let body = reply.json().unwrap();
        assert_eq!(
            (reply.status.as_u16(), &body["error"], &body["error_codes"]),
            (status, &json!(error), &json!([number]))
        );
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
    }
}

#[tokio::test]
async fn another_tenant_is_not_served_and_the_path_of_entra_is() {
    let bench = Bench::new().await;
    let form = token_form(bench.workzone.settings());
    let entra = format!("{}/{}/oauth2/v2.0/token", bench.workzone.origin(), bench.workzone.settings().tenant);
    assert_eq!(ask_token(&entra, &form).await.status, 200);
    let other = format!("{}/oauth2/other/v2.0/token", bench.workzone.origin());
    assert_eq!(ask_token(&other, &form).await.json().unwrap()["error_codes"], json!([90_002]));
}

#[tokio::test]
async fn without_a_token_the_answer_is_a_challenge() {
    let mut bench = Bench::new().await;
    bench.authorization = "Bearer nonsense".to_owned();
    let reply = bench.send("GET", "/OData4/Files", &[], Value::Null).await;
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").starts_with("Bearer "));
    assert!(reply.header("www-authenticate").contains("invalid_token"));
    assert!(reply.text().contains("401.1"));
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let bench = Bench::with(Settings { token_life_s: 60, ..Settings::default() }).await;
    bench.workzone.advance_clock_ms(59_000);
    assert_eq!(status_of(&bench).await, 200);
    bench.workzone.advance_clock_ms(1_000);
    assert_eq!(status_of(&bench).await, 401);
}

#[tokio::test]
async fn a_token_may_end_in_the_middle_of_a_sequence() {
    let bench = Bench::with(Settings { token_uses: Some(2), ..Settings::default() }).await;
    assert_eq!([status_of(&bench).await, status_of(&bench).await, status_of(&bench).await], [200, 200, 401]);
}

#[tokio::test]
async fn revoked_tokens_are_refused_and_new_ones_served() {
    let mut bench = Bench::new().await;
    bench.workzone.revoke_tokens();
    assert_eq!(status_of(&bench).await, 401);
    bench.authorization = format!("Bearer {}", token(&bench.workzone).await);
    assert_eq!((status_of(&bench).await, bench.workzone.tokens_given()), (200, 2));
}

#[tokio::test]
async fn basic_is_served_where_the_installation_has_it_and_locks() {
    let account = BasicAccount { user: "KOM\\sluse".to_owned(), password: "sommer".to_owned(), lock_after: Some(2) };
    let mut bench = Bench::with(Settings { basic: Some(account), ..Settings::default() }).await;
    bench.authorization = basic("KOM\\sluse", "sommer");
    assert_eq!(status_of(&bench).await, 200);
    bench.authorization = basic("KOM\\sluse", "vinter");
    assert_eq!([status_of(&bench).await, status_of(&bench).await], [401, 401]);
    bench.authorization = basic("KOM\\sluse", "sommer");
    assert_eq!(status_of(&bench).await, 401, "the account is locked");
    let mut other = Bench::new().await;
    other.authorization = basic("KOM\\sluse", "sommer");
    assert_eq!(status_of(&other).await, 401, "no Basic here");
}

async fn on_behalf(setting: OnBehalfOf, path: &str) -> u16 {
    let bench = Bench::with(Settings { on_behalf_of: setting, ..Settings::default() }).await;
    let body = json!({ "requests": [] });
    let method = if path.ends_with("$batch") { "POST" } else { "GET" };
    bench
        .send(method, path, &[("onbehalfof", "User=SAGSBEH")], if method == "POST" { body } else { Value::Null })
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn on_behalf_of_is_allowed_or_denied() {
    assert_eq!(on_behalf(OnBehalfOf::Allowed, "/OData4/Files").await, 200);
    assert_eq!(on_behalf(OnBehalfOf::Denied, "/OData4/Files").await, 403);
    assert_eq!(on_behalf(OnBehalfOf::DeniedInBatch, "/OData4/Files").await, 200);
    assert_eq!(on_behalf(OnBehalfOf::DeniedInBatch, "/OData4/$batch").await, 403);
}
