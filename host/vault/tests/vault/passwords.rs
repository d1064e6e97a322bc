//! Users with passwords: exchanged for a token, as CXone has it, or handed on for NTLM.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sluse_egress::Credential;
use sluse_vault::VaultError;

use crate::common::{Reply, TokenServer, Used, World, bearer_text, name};

/// As NICE makes them.
const CLIENT_SECRET: &str = "q+8F/w==";
const KEY: &str = "5RS5Z+W4==&%2B æøå";

fn auth(server: &TokenServer) -> Value {
    json!({
        "kind": "oauth2-password", "token_url": server.url(), "client_id": "sluse@cxone",
        "client_secret": { "secret": "client" }, "username": "KEY+ID=", "password": { "secret": "key" },
    })
}

async fn ready(auth: impl FnOnce(&TokenServer) -> Value, script: Vec<Reply>) -> (TokenServer, Used, World) {
    let server = TokenServer::start(script).await;
    let used = Used::new("https://api.test", auth(&server));
    let world = World::new();
    world.set("client", CLIENT_SECRET).await;
    world.set("key", KEY).await;
    world.set("key-id", "id-from-a-secret+=").await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    (server, used, world)
}

#[tokio::test]
async fn a_token_is_asked_for_with_a_password_and_the_client_in_the_header() {
    let (server, used, world) = ready(auth, Vec::new()).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    let form = server.latest_form();
    let expected = [("grant_type", "password"), ("password", KEY), ("username", "KEY+ID=")];
    assert!(form.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected), "{form:?}");
    let body = server.latest_body();
    assert!(body.contains("username=KEY%2BID%3D&password=5RS5Z%2BW4%3D%3D%26%252B%20"), "{body}");
    let client = BASE64_STANDARD.encode(format!("sluse@cxone:{CLIENT_SECRET}"));
    let header = format!("authorization: basic {client}").to_ascii_lowercase();
    assert!(server.heads()[0].contains(&header), "{}", server.heads()[0]);
}

#[tokio::test]
async fn the_client_may_stand_in_the_body_and_the_user_be_a_secret() {
    let in_body = |server: &TokenServer| {
        let mut auth = auth(server);
        auth["client_in"] = json!("body");
        auth["username"] = json!({ "secret": "key-id" });
        auth["scope"] = json!("openid a+b");
        auth
    };
    let (server, used, world) = ready(in_body, Vec::new()).await;
    used.token(&world.vault).await.expect("a token");
    let form = server.latest_form();
    let expected = [
        ("client_id", "sluse@cxone"),
        ("client_secret", CLIENT_SECRET),
        ("grant_type", "password"),
        ("password", KEY),
        ("scope", "openid a+b"),
        ("username", "id-from-a-secret+="),
    ];
    assert!(form.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected), "{form:?}");
    assert!(!server.heads()[0].contains("authorization"), "{}", server.heads()[0]);
}

#[tokio::test]
async fn users_have_tokens_of_their_own_and_a_new_value_of_any_secret_gets_a_new_one() {
    let (server, used, world) = ready(auth, Vec::new()).await;
    let other = {
        let mut auth = auth(&server);
        auth["username"] = json!("another");
        Used::new("https://api.test", auth)
    };
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    assert_eq!(other.token(&world.vault).await.expect("a token"), "token-2");
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    world.set("key", "another key").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-3");
    world.set("client", "another secret").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-4");
    world.set("unrelated", "hunter44").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-4");
}

#[tokio::test]
async fn after_a_401_a_new_token_is_fetched_once() {
    let (server, used, world) = ready(auth, Vec::new()).await;
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let second = used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    assert_eq!(bearer_text(&second), "token-2");
    assert!(used.refreshed(&world.vault, &second).await.expect("an answer").is_none(), "one repetition only");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn every_secret_must_be_there_and_may_be_withdrawn() {
    let (server, used, world) = ready(auth, Vec::new()).await;
    used.token(&world.vault).await.expect("a token");
    world.vault.withdraw(&name("key"), &server.origin()).await.expect("withdrawn");
    let error = used.token(&world.vault).await.expect_err("withdrawn");
    assert!(matches!(&error, VaultError::Withdrawn { secret, .. } if *secret == name("key")), "{error}");
    world.vault.confirm(&name("key"), &server.origin()).await.expect("confirmed");
    used.token(&world.vault).await.expect("a token");
    world.vault.remove(&name("key")).await.expect("removed");
    let error = used.token(&world.vault).await.expect_err("missing");
    assert_eq!(error, VaultError::NoSuchSecret { secret: name("key") });
    assert_eq!(server.count(), 2, "the token before the withdrawal is used by nobody");
}

#[tokio::test]
async fn a_refusal_names_the_secrets_and_shows_neither() {
    let echo = format!("wrong: {KEY} of {CLIENT_SECRET}");
    let (_server, used, world) = ready(auth, vec![Reply::error(400, "invalid_grant", &echo)]).await;
    let error = used.token(&world.vault).await.expect_err("refused");
    assert!(matches!(error, VaultError::Refused { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("set the secrets `client` and `key` again") && told.contains("`username`"), "{told}");
    assert!(!told.contains(KEY) && !told.contains(CLIENT_SECRET), "{told}");
}

fn refusals(count: usize) -> Vec<Reply> {
    vec![Reply::error(400, "invalid_grant", "wrong"); count]
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

async fn refused(used: &Used, world: &World) -> String {
    let error = used.token(&world.vault).await.expect_err("refused");
    assert!(matches!(error, VaultError::Refused { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_refused_password_waits_like_one_of_a_directory() {
    let (server, used, world) = ready(auth, refusals(1)).await;
    let used = used.counting(&world.vault);
    refused(&used, &world).await;
    for _ in 0..10 {
        world.clock.advance(minutes(1));
        let told = refused(&used, &world).await;
        assert!(told.contains("is not tried for") && told.contains("`sluse secret set`"), "{told}");
    }
    assert_eq!(server.count(), 1);
    world.clock.advance(minutes(5));
    assert_eq!(used.token(&world.vault).await.expect("it is right again"), "token-2");
}

#[tokio::test]
async fn a_refused_password_is_tried_again_once_it_is_set_again() {
    let (server, used, world) = ready(auth, refusals(1)).await;
    let used = used.counting(&world.vault);
    refused(&used, &world).await;
    world.set("key", KEY).await;
    assert_eq!(used.token(&world.vault).await.expect("unlocked meanwhile"), "token-2");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_restart_forgets_no_refusal() {
    let (server, used, world) = ready(auth, refusals(9)).await;
    refused(&used.clone().counting(&world.vault), &world).await;
    for _ in 0..5 {
        let restarted = World::over(world.store.clone(), 1);
        let told = refused(&used.clone().counting(&restarted.vault), &restarted).await;
        assert!(told.contains("is not tried for 15 minutes"), "{told}");
    }
    assert_eq!(server.count(), 1);
    let kept = world.store.bytes();
    assert!(!kept.windows(7).any(|window| window.eq_ignore_ascii_case(b"KEY+ID=")), "who it is stays unknown");
}

#[tokio::test]
async fn an_account_is_not_locked_by_secrets_that_are_set_wrong_again_and_again() {
    let (server, used, world) = ready(auth, refusals(9)).await;
    let used = used.counting(&world.vault);
    for number in 0..7 {
        world.set("key", &format!("wrong password {number}")).await;
        refused(&used, &world).await;
    }
    assert_eq!(server.count(), 4);
    let told = refused(&used, &world).await;
    assert!(told.contains("4 sign-ins of this account failed"), "{told}");
}

#[tokio::test]
async fn what_says_nothing_of_the_password_costs_no_trial() {
    let script = vec![Reply::json(503, ""), Reply::error(400, "invalid_scope", ""), Reply::json(404, "")];
    let (server, used, world) = ready(auth, script).await;
    let used = used.counting(&world.vault);
    for _ in 0..3 {
        used.token(&world.vault).await.expect_err("no token");
        world.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-4");
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn a_user_of_a_domain_is_handed_over_as_written() {
    let auth = json!({ "kind": "ntlm", "username": "svc-xflow", "password": { "secret": "key" }, "domain": "ÅBY" });
    let used = Used::new("https://workzone.test", auth);
    let world = World::new();
    world.set("key", KEY).await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    let issued = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let Credential::Ntlm { username, domain, password, .. } = issued.credential() else { panic!("{issued:?}") };
    assert_eq!((username.as_str(), domain.as_str(), password.expose()), ("svc-xflow", "ÅBY", KEY.as_bytes()));
}

#[tokio::test]
async fn a_token_is_known_among_the_values_that_must_not_come_back() {
    let (_server, used, world) = ready(auth, vec![Reply::token("token-of-a-user", 3600)]).await;
    used.token(&world.vault).await.expect("a token");
    let scrubber = world.vault.scrubber(&used.connection).await.expect("a scrubber");
    let said = scrubber.scrub_text(&format!("token-of-a-user {KEY} {CLIENT_SECRET}")).into_owned();
    assert!(!said.contains("token-of-a-user") && !said.contains("5RS5Z") && !said.contains("q+8F"), "{said}");
}
