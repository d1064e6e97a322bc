//! Who may ask for what: every route with every scope, and with no token at all.

use axum::body::Body;
use serde_json::json;
use sluse_model::Scope;
use sluse_tests::host::{Host, HostOptions};

/// A path with something in its places that is not there.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "nobody" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_asks_for_its_scope() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let mut tokens = Vec::new();
    for scope in Scope::ALL {
        let created = host.done(&["token", "create", "test", "--scope", scope.as_str()], None).await?;
        tokens.push((scope, created["secret"].as_str().unwrap_or("").to_owned()));
    }
    for route in sluse_api::routes() {
        let (method, path) = (route.method.as_str(), filled(route.path));
        let without = host.api_as(None, method, &path, "", Body::empty()).await?;
        if route.scopes.is_empty() {
            assert!(without.status.is_success(), "{route:?} {}", without.status);
            continue;
        }
        assert_eq!(without.status, 401, "{route:?}");
        assert_eq!(without.header("content-type"), "application/problem+json");
        let unknown = host.api_as(Some("sluse_wrong"), method, &path, "", Body::empty()).await?;
        assert_eq!(unknown.status, 401, "{route:?}");
        for (scope, token) in &tokens {
            let allowed = *scope == Scope::Admin || route.scopes.contains(scope);
            let reply = host.api_as(Some(token), method, &path, "", Body::empty()).await?;
            assert_eq!(reply.status == 403, !allowed, "{route:?} with {scope}: {}", reply.status);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_in_does_not_call_and_who_calls_does_not_hand_in() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let (submit, call) = ("/v1/flows/nobody/runs", "/v1/connections/nobody/operations/nothing");
    let (delivery, list) = ("/v1/deliveries/del-00000000000000000000000000000000", "/v1/deliveries");
    for (scope, allowed) in [("submit", [true, false, true, true]), ("call", [false, true, true, false])] {
        let created = host.done(&["token", "create", scope, "--scope", scope], None).await?;
        let token = created["secret"].as_str();
        for ((method, path), allowed) in
            [("POST", submit), ("POST", call), ("GET", delivery), ("GET", list)].into_iter().zip(allowed)
        {
            let reply = host.api_as(token, method, path, "application/json", Body::from("{}")).await?;
            assert_eq!(reply.status != 403, allowed, "{method} {path} with {scope}: {}", reply.status);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_opens_nothing() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let created = host.done(&["token", "create", "clerk", "--scope", "submit"], None).await?;
    let (id, token) = (created["id"].as_str().unwrap_or(""), created["secret"].as_str().unwrap_or(""));
    assert_eq!(host.api_as(Some(token), "GET", "/v1/runs", "", Body::empty()).await?.status, 200);
    host.done(&["token", "revoke", id], None).await?;
    assert_eq!(host.api_as(Some(token), "GET", "/v1/runs", "", Body::empty()).await?.status, 401);
    let list = host.get("/v1/tokens").await?;
    assert!(!list.to_string().contains(token), "a list shows a token");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_admin_token_is_not_revoked() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let tokens = host.get("/v1/tokens").await?;
    let first = format!("/v1/tokens/{}", tokens["items"][0]["id"].as_str().unwrap_or(""));
    let refused = host.api("DELETE", &first, "", Body::empty()).await?;
    assert_eq!(
        (refused.status.as_u16(), refused.json()?["type"].as_str()),
        (409, Some("urn:sluse:problem:not-possible"))
    );
    assert!(refused.text().contains("create another first"), "{}", refused.text());
    let second = host.done(&["token", "create", "second", "--scope", "admin"], None).await?;
    let second = second["secret"].as_str();
    assert_eq!(host.api_as(second, "DELETE", &first, "", Body::empty()).await?.status, 204);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_problem() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let post = host.post("/v1/flows/nobody/runs", &json!({})).await?;
    assert_eq!((post.status.as_u16(), post.header("content-type")), (404, "application/problem+json"));
    assert_eq!(post.json()?["type"], "urn:sluse:problem:unknown-flow");
    let unreadable = sluse_api::routes().into_iter().filter(|route| route.path.contains('{')).map(|route| {
        let path = route.path.split('/').map(|part| if part.starts_with('{') { "%FF" } else { part });
        (route.method.to_string(), path.collect::<Vec<_>>().join("/"), 400)
    });
    let others = [
        ("GET", "/v1/nothing", 404),
        ("PATCH", "/v1/runs", 405),
        ("GET", "/v1/runs?after=made-up", 400),
        ("GET", "/v1/deliveries?after=made-up", 400),
        ("GET", "/v1/runs?limit=many", 400),
        ("GET", "/v1/runs?conection=workzone", 400),
        ("GET", "/v1/deliveries?conection=workzone", 400),
        ("GET", "/v1/bulk?limits=1", 400),
        ("GET", "/readyz?feed=true", 400),
    ];
    let others = others.map(|(method, path, status)| (method.to_owned(), path.to_owned(), status));
    for (method, path, status) in others.into_iter().chain(unreadable) {
        let reply = host.api(&method, &path, "", Body::empty()).await?;
        let said = (reply.status.as_u16(), reply.header("content-type"));
        assert_eq!(said, (status, "application/problem+json"), "{method} {path}: {}", reply.text());
    }
    let page = host.api("GET", "/v1/runs?after=made-up", "", Body::empty()).await?;
    assert_eq!(page.json()?["type"], "urn:sluse:problem:bad-page");
    Ok(())
}
