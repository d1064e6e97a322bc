//! What must not come back: the values that a connection can meet are known to its scrubber.

use std::sync::Arc;

use serde_json::json;
use sluse_egress::REDACTED;
use tokio::sync::Semaphore;

use crate::common::{TokenServer, Used, World, bearer, connection, name};

#[tokio::test]
async fn every_value_of_a_connection_is_known_with_what_is_derived() {
    let world = World::new();
    world.set("password", "open sesame").await;
    world.set("key", "hunter22").await;
    world.set("unrelated", "unrelated-value").await;
    let mut connection = connection(
        "workzone",
        "https://a.test",
        json!({ "kind": "basic", "username": "Aladdin", "password": { "secret": "password" } }),
    );
    let other = crate::common::connection("x", "https://b.test", bearer("key"))
        .endpoints
        .remove("default")
        .expect("an endpoint");
    connection.endpoints.insert(name("other"), other);
    let scrubber = world.vault.scrubber(&connection).await.expect("a scrubber");
    let text = "open sesame, QWxhZGRpbjpvcGVuIHNlc2FtZQ==, hunter22, unrelated-value";
    assert_eq!(scrubber.scrub_text(text), format!("{REDACTED}, {REDACTED}, {REDACTED}, unrelated-value"));
}

#[tokio::test]
async fn a_new_value_is_known_at_once_and_the_old_one_for_a_while() {
    let world = World::new();
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    assert!(world.vault.scrubber(&used.connection).await.expect("a scrubber").is_empty());
    world.set("api", "hunter22").await;
    used.credential(&world.vault).await.expect("a credential");
    world.set("api", "hunter33").await;
    let scrub = async |text: &str| {
        world.vault.scrubber(&used.connection).await.expect("a scrubber").scrub_text(text).into_owned()
    };
    assert_eq!(scrub("hunter22 hunter33").await, format!("{REDACTED} {REDACTED}"));
    world.vault.remove(&name("api")).await.expect("removed");
    assert_eq!(scrub("hunter22 hunter33").await, format!("{REDACTED} {REDACTED}"));
    world.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(scrub("hunter22 hunter33").await, "hunter22 hunter33");
}

/// However often the value changes meanwhile: what a request carries, its scrubber knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_known_whenever_it_is_used() {
    let world = World::new();
    let used = Used::new("https://a.test", bearer("api"));
    world.set("api", "value-first").await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    // Only the latest old values are remembered: the changes wait for those who look.
    let permitted = Arc::new(Semaphore::new(0));
    let changing = tokio::spawn({
        let (vault, permitted) = (world.vault.clone(), permitted.clone());
        async move {
            for number in 0..8_000 {
                permitted.acquire().await.expect("never closed").forget();
                vault.set(&name("api"), format!("value-{number:06}").as_str().into()).await.expect("written");
            }
        }
    });
    while !changing.is_finished() {
        if permitted.available_permits() < 4 {
            permitted.add_permits(4);
        }
        let value = used.token(&world.vault).await.expect("a credential");
        let scrubber = world.vault.scrubber(&used.connection).await.expect("a scrubber");
        assert_eq!(scrubber.scrub_text(&value), REDACTED, "{value}");
    }
    changing.await.expect("no panic");
}

#[tokio::test]
async fn tokens_are_known_as_soon_as_they_are_used_and_after_they_were_refused() {
    let server = TokenServer::start([]).await;
    let world = World::new();
    world.set("client", "hunter22").await;
    let used = Used::oauth(&server);
    world.apply(std::slice::from_ref(&used.connection)).await;
    let scrub = async |text: &str| {
        world.vault.scrubber(&used.connection).await.expect("a scrubber").scrub_text(text).into_owned()
    };
    assert_eq!(scrub("hunter22 token-1 token-2").await, format!("{REDACTED} token-1 token-2"));
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    assert_eq!(scrub("hunter22 token-1 token-2").await, format!("{REDACTED} {REDACTED} token-2"));
    used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    assert_eq!(scrub("hunter22 token-1 token-2").await, format!("{REDACTED} {REDACTED} {REDACTED}"));
    world.set("client", "hunter33").await;
    used.token(&world.vault).await.expect("a token");
    let all = scrub("hunter22 hunter33 token-1 token-2 token-3").await;
    assert_eq!(all, [REDACTED; 5].join(" "));
}

#[tokio::test]
async fn a_connection_that_changed_has_a_scrubber_that_changed() {
    let world = World::new();
    world.set("one", "hunter22").await;
    world.set("two", "hunter33").await;
    let scrub = async |secret: &str| {
        let scrubber =
            world.vault.scrubber(&connection("workzone", "https://a.test", bearer(secret))).await.expect("a scrubber");
        scrubber.scrub_text("hunter22 hunter33").into_owned()
    };
    assert_eq!(scrub("one").await, format!("{REDACTED} hunter33"));
    assert_eq!(scrub("two").await, format!("hunter22 {REDACTED}"));
}
