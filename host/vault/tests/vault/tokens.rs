//! Tokens got, shared, replaced and refused, against a token server on loopback.

use std::time::Duration;

use serde_json::json;
use sluse_vault::{Vault, VaultError};
use tokio::{net::TcpListener, task::JoinSet};

use crate::common::{Reply, TokenServer, Used, World, bearer_text, connection, oauth};

const SECRET: &str = "hunter22-hunter22";

/// A vault that may use the server, with the secret written.
async fn world_for(used: &Used) -> World {
    let world = World::new();
    world.set("client", SECRET).await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    world
}

async fn ready(script: impl IntoIterator<Item = Reply>) -> (TokenServer, Used, World) {
    let server = TokenServer::start(script).await;
    let used = Used::oauth(&server);
    let world = world_for(&used).await;
    (server, used, world)
}

#[tokio::test]
async fn a_token_is_asked_for_as_the_standard_says() {
    let (server, used, world) = ready([]).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    let form = server.latest_form();
    let expected = [
        ("client_id", "sluse"),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "api://workzone/.default"),
    ];
    assert!(form.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected), "{form:?}");
    let head = &server.heads()[0];
    assert!(
        head.starts_with("post /tenant/oauth2/v2.0/token http/1.1")
            && head.contains("content-type: application/x-www-form-urlencoded"),
        "{head}"
    );
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn strange_letters_arrive_intact() {
    let strange = "a+b=c==&d %2B/\\\"'<æøå>;:@~";
    let server = TokenServer::start([]).await;
    let used = Used::new("https://api.test", oauth(&server.url(), "id+1=&x y"));
    let world = world_for(&used).await;
    world.set("client", strange).await;
    used.token(&world.vault).await.expect("a token");
    let form = server.latest_form();
    assert_eq!((form["client_secret"].as_str(), form["client_id"].as_str(), form.len()), (strange, "id+1=&x y", 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_who_need_a_token_send_one_request() {
    let (server, used, world) = ready([Reply::token("shared", 3600).after(Duration::from_millis(200))]).await;
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (used, vault) = (used.clone(), world.vault.clone());
        tasks.spawn(async move { used.token(&vault).await });
    }
    for token in tasks.join_all().await {
        assert_eq!(token.expect("a token"), "shared");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_who_wait_for_a_failure_send_one_request() {
    let (server, used, world) = ready([Reply::error(503, "", "").after(Duration::from_millis(200))]).await;
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (used, vault) = (used.clone(), world.vault.clone());
        tasks.spawn(async move { used.token(&vault).await });
    }
    for token in tasks.join_all().await {
        assert!(token.expect_err("no token").is_temporary());
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn who_goes_away_does_not_take_the_token_along() {
    let (server, used, world) = ready([Reply::token("shared", 3600).after(Duration::from_millis(200))]).await;
    let first = tokio::spawn({
        let (used, vault) = (used.clone(), world.vault.clone());
        async move { used.token(&vault).await }
    });
    until(|| server.count() == 1).await;
    let second = used.token(&world.vault);
    first.abort();
    assert_eq!(second.await.expect("a token"), "shared");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn connections_with_the_same_client_share_a_token_and_others_do_not() {
    let (server, used, world) = ready([]).await;
    let same = Used::of(connection("other", "https://api.test/other", oauth(&server.url(), "sluse")));
    let other_client = Used::new("https://api.test", oauth(&server.url(), "another"));
    let mut auth = oauth(&server.url(), "sluse");
    auth["scope"] = json!("api://else/.default");
    let other_scope = Used::new("https://api.test", auth);
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    assert_eq!(same.token(&world.vault).await.expect("a token"), "token-1");
    assert_eq!(other_client.token(&world.vault).await.expect("a token"), "token-2");
    assert_eq!(other_scope.token(&world.vault).await.expect("a token"), "token-3");
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
}

#[tokio::test]
async fn a_token_is_used_until_a_minute_before_it_expires() {
    let (server, used, world) = ready([Reply::token("first", 3600), Reply::token("second", 3600)]).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "first");
    world.clock.advance(Duration::from_millis(3_539_999));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "first");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "second");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_token_without_a_life_is_used_for_a_few_minutes() {
    let (server, used, world) = ready([Reply::json(200, r#"{"access_token":"first","token_type":"Bearer"}"#)]).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "first");
    world.clock.advance(Duration::from_secs(239));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "first");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_token_that_expires_at_once_serves_those_who_waited() {
    let (server, used, world) = ready([Reply::token("first", 0), Reply::token("second", 0)]).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "first");
    assert_eq!(used.token(&world.vault).await.expect("a token"), "second");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_token_outlives_readings_of_the_store() {
    let (server, used, world) = ready([]).await;
    for _ in 0..30 {
        assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
        world.clock.advance(Duration::from_secs(61));
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_new_value_of_the_secret_gets_a_new_token() {
    let (server, used, world) = ready([]).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-1");
    world.set("client", "hunter33-hunter33").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
    assert_eq!(server.latest_form()["client_secret"], "hunter33-hunter33");
    world.set("unrelated", "hunter44").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_401_one_new_token_is_fetched_for_all_and_repeated_once() {
    let (server, used, world) = ready([]).await;
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (used, vault, refused) = (used.clone(), world.vault.clone(), refused.clone());
        tasks.spawn(async move { used.refreshed(&vault, &refused).await });
    }
    for second in tasks.join_all().await {
        let second = second.expect("an answer").expect("a credential");
        assert_eq!(bearer_text(&second), "token-2");
        assert!(used.refreshed(&world.vault, &second).await.expect("an answer").is_none(), "one repetition only");
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_late_401_does_not_drop_the_newer_token() {
    let (server, used, world) = ready([]).await;
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    let late = used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    assert_eq!(bearer_text(&late), "token-2");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn an_endpoint_may_give_the_same_token_again() {
    let (_server, used, world) =
        ready([Reply::token("the-same-token", 3600), Reply::token("the-same-token", 3600)]).await;
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let second = used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    assert_eq!(bearer_text(&second), "the-same-token", "it must not be scrubbed from its own answer");
}

async fn failure(reply: Reply) -> (VaultError, TokenServer, Used, World) {
    let (server, used, world) = ready([reply]).await;
    let error = used.token(&world.vault).await.expect_err("no token");
    assert!(!error.to_string().contains(SECRET), "{error}");
    (error, server, used, world)
}

#[tokio::test]
async fn a_refusal_stands_for_a_moment_and_ends_with_a_new_value() {
    let reply = Reply::error(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 4711");
    let (error, server, used, world) = failure(reply).await;
    assert!(
        matches!(&error, VaultError::Refused { reason, .. } if reason.starts_with("`invalid_client` (401): AADSTS7000215")),
        "{error}"
    );
    assert!(!error.is_temporary() && !error.to_string().contains("4711"), "{error}");
    assert_eq!(used.token(&world.vault).await.expect_err("still refused"), error);
    assert_eq!(server.count(), 1, "a thousand deliveries must not lock the client out");
    world.set("client", "hunter33").await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
}

#[tokio::test]
async fn a_refusal_is_asked_again_after_a_while() {
    let (_, server, used, world) = failure(Reply::error(400, "unauthorized_client", "")).await;
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_busy_endpoint_is_left_alone_as_long_as_it_asks() {
    let reply = Reply::json(429, "{}").with_header("retry-after", "30");
    let (error, server, used, world) = failure(reply).await;
    assert_eq!((error.is_temporary(), error.retry_after()), (true, Some(Duration::from_secs(30))));
    world.clock.advance(Duration::from_secs(20));
    let again = used.token(&world.vault).await.expect_err("still busy");
    assert_eq!(again.retry_after(), Some(Duration::from_secs(10)));
    assert_eq!(server.count(), 1);
    world.clock.advance(Duration::from_secs(10));
    used.token(&world.vault).await.expect("a token");
}

#[tokio::test]
async fn a_broken_endpoint_is_left_alone_for_a_second() {
    let (error, server, used, world) = failure(Reply::json(500, "<html>")).await;
    assert_eq!((error.is_temporary(), error.retry_after()), (true, None));
    used.token(&world.vault).await.expect_err("still broken");
    assert_eq!(server.count(), 1);
    world.clock.advance(Duration::from_secs(1));
    used.token(&world.vault).await.expect("a token");
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_not_used() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"access_token":"a b","token_type":"Bearer"}"#,
        r#"{"access_token":"abc","token_type":"mac"}"#,
    ] {
        let (error, ..) = failure(Reply::json(200, body)).await;
        assert!(matches!(error, VaultError::Unavailable { .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn an_oversized_answer_is_refused() {
    let (error, ..) = failure(Reply::token(&"x".repeat(70_000), 3600)).await;
    assert!(error.is_temporary() && error.to_string().contains("larger than 65536 bytes"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = TokenServer::start([]).await;
    let (error, ..) = failure(Reply::json(307, "").with_header("location", &other.url())).await;
    assert!(
        matches!(&error, VaultError::Refused { reason, .. } if reason.contains("redirects are not followed")),
        "{error}"
    );
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn a_slow_endpoint_is_given_up() {
    let (server, mut used, world) = ready([Reply::token("late", 3600).after(Duration::from_secs(30))]).await;
    let default = used.connection.endpoints.values_mut().next().expect("an endpoint");
    default.timeout_ms = 200;
    let used = Used::of(used.connection);
    let error = used.token(&world.vault).await.expect_err("no token");
    assert!(error.is_temporary() && error.to_string().contains("no answer in time"), "{error}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/token", listener.local_addr().expect("an address"));
    drop(listener);
    let used = Used::new("https://api.test", oauth(&url, "sluse"));
    let world = world_for(&used).await;
    let error = used.token(&world.vault).await.expect_err("no token");
    assert!(error.is_temporary() && error.to_string().contains("was not reached"), "{error}");
}

#[tokio::test]
async fn a_token_endpoint_outside_the_grant_is_not_asked() {
    use sluse_egress::{Ceiling, Egress};
    use sluse_vault::TokenEndpoint;
    let build = |ceiling: Ceiling, url: &str| {
        let connection = connection("workzone", "https://api.test", oauth(url, "sluse"));
        TokenEndpoint::build(&Egress::new(ceiling), &connection, &"default".parse().expect("a name"))
            .map(|_| ())
            .map_err(|refusal| refusal.rule)
    };
    let open = || Ceiling { hosts: vec!["*".parse().expect("a pattern")], ..Ceiling::default() };
    assert_eq!(build(Ceiling::default(), "https://login.test/t"), Err("host"));
    assert_eq!(build(open(), "https://login.test/t"), Ok(()));
    assert_eq!(build(open(), "https://127.0.0.1/t"), Err("address"));
    assert_eq!(build(open(), "http://login.test/t"), Err("plaintext-credential"));
    assert_eq!(build(open(), "nonsense"), Err("base-url"));
}

#[tokio::test]
async fn a_token_endpoint_of_an_older_configuration_is_not_used() {
    let (server, used, world) = ready([]).await;
    let mut stale = used.clone();
    stale.connection =
        connection("workzone", "https://api.test", oauth(&format!("{}?tenant=2", server.url()), "sluse"));
    let error = stale.token(&world.vault).await.expect_err("refused");
    assert!(matches!(error, VaultError::Unusable { .. }), "{error}");
    assert_eq!(server.count(), 0);
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not happen within five seconds");
}

#[test]
fn a_vault_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Vault>();
}
