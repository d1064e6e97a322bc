//! Secrets written, replaced, removed and opened, under the right key and the wrong one.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sluse_egress::{Credential, Secret};
use sluse_vault::{MAX_SECRET_BYTES, UnsealError, VaultError};

use crate::common::{MemorySecrets, Used, World, bearer, bearer_text, name};

#[tokio::test]
async fn what_is_kept_does_not_show_the_value() {
    let world = World::new();
    world.set("api", "hunter22-hunter22").await;
    let kept = world.store.bytes();
    assert!(!String::from_utf8_lossy(&kept).contains("hunter22"));
    assert!(!kept.windows(6).any(|window| window == b"hunter"));
}

#[tokio::test]
async fn values_without_bytes_or_with_too_many_are_refused() {
    let world = World::new();
    let set = async |size: usize| world.vault.set(&name("api"), Secret::new(vec![b'x'; size])).await;
    assert!(matches!(set(0).await, Err(VaultError::Empty { .. })));
    assert!(
        matches!(set(MAX_SECRET_BYTES + 1).await, Err(VaultError::TooLarge { size_bytes, .. }) if size_bytes == MAX_SECRET_BYTES + 1)
    );
    assert_eq!(world.vault.list().await.expect("a list"), []);
    assert!(set(MAX_SECRET_BYTES).await.expect("written").is_recognised);
    assert!(!set(5).await.expect("written").is_recognised);
}

#[tokio::test]
async fn a_list_names_secrets_and_shows_none() {
    let world = World::new();
    world.set("b", "hunter22").await;
    world.set("a", "hunter22").await;
    world.set("a", "hunter33").await;
    world.apply(&[Used::new("https://a.test/odata", bearer("a")).connection]).await;
    let list = world.vault.list().await.expect("a list");
    assert_eq!(
        list.iter().map(|one| (one.name.as_str(), one.version, one.opens)).collect::<Vec<_>>(),
        [("a", 2, true), ("b", 1, true)]
    );
    assert_eq!(list[0].origins, ["https://a.test:443"]);
    assert!(!format!("{list:?}").contains("hunter"));
}

#[tokio::test]
async fn a_secret_that_nobody_wrote_is_named_with_what_to_write() {
    let world = World::new();
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    assert_eq!(world.vault.missing([&name("api")]).await.expect("an answer"), [name("api")]);
    let error = used.credential(&world.vault).await.expect_err("refused");
    assert!(error.to_string().contains("`sluse secret set api`") && !error.is_temporary(), "{error}");
    world.set("api", "hunter22").await;
    assert_eq!(world.vault.missing([&name("api")]).await.expect("an answer"), []);
    used.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn a_removed_secret_is_gone_at_once_and_may_be_written_again() {
    let world = World::new();
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    for value in ["hunter22", "hunter33", "hunter44"] {
        world.set("api", value).await;
        assert_eq!(used.token(&world.vault).await.expect("a token"), value);
    }
    assert!(world.vault.remove(&name("api")).await.expect("removed"));
    assert!(!world.vault.remove(&name("api")).await.expect("nothing to remove"));
    assert!(matches!(used.credential(&world.vault).await, Err(VaultError::NoSuchSecret { .. })));
    let written = world.vault.set(&name("api"), "hunter55".into()).await.expect("written");
    assert_eq!(written.version, 4, "an old seal must not fit again");
    assert_eq!(used.token(&world.vault).await.expect("a token"), "hunter55");
}

#[tokio::test]
async fn every_static_kind_becomes_its_credential() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let issue = async |auth: serde_json::Value| {
        let used = Used::new("https://a.test", auth);
        world.apply(std::slice::from_ref(&used.connection)).await;
        used.credential(&world.vault).await.map(|issued| issued.map(|issued| issued.credential().clone()))
    };
    let value = json!({ "secret": "api" });
    assert!(issue(json!({ "kind": "nothing" })).await.expect("nothing").is_none());
    let issued = issue(json!({ "kind": "basic", "username": "sluse", "password": value })).await;
    assert!(
        matches!(issued, Ok(Some(Credential::Basic { username, password, version: Some(1) })) if username == "sluse" && password.expose() == b"hunter22")
    );
    let issued = issue(json!({ "kind": "bearer", "token": value })).await;
    assert!(matches!(issued, Ok(Some(Credential::Bearer(token))) if token.expose() == b"hunter22"));
    let issued = issue(json!({ "kind": "api-key", "header": "X-Api-Key", "value": value })).await;
    assert!(
        matches!(issued, Ok(Some(Credential::Header { name, value })) if name == "X-Api-Key" && value.expose() == b"hunter22")
    );
    let issued = issue(json!({ "kind": "api-key", "query": "key", "value": value })).await;
    assert!(
        matches!(issued, Ok(Some(Credential::Query { name, value })) if name == "key" && value.expose() == b"hunter22")
    );
    let issued = issue(json!({ "kind": "signature", "secret": value })).await;
    assert!(matches!(issued, Ok(Some(Credential::Signature(key))) if key.expose() == b"hunter22"));
    for auth in [
        json!({ "kind": "api-key", "value": value }),
        json!({ "kind": "api-key", "header": "a", "query": "b", "value": value }),
    ] {
        let error = issue(auth).await.expect_err("refused").to_string();
        assert!(
            error.contains("endpoint `default` of connection `workzone`") && error.contains("`header` or `query`"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_credential_at_hand_asks_nobody() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    used.credential(&world.vault).await.expect("a credential");
    let reads = world.store.reads();
    world.store.set_broken(true);
    for _ in 0..1000 {
        used.credential(&world.vault).await.expect("a credential");
        world.vault.scrubber(&used.connection).await.expect("a scrubber");
    }
    assert_eq!(world.store.reads(), reads);
}

#[tokio::test]
async fn what_another_host_wrote_is_seen_within_a_minute() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    assert_eq!(used.token(&world.vault).await.expect("a token"), "hunter22");
    World::over(world.store.clone(), 1).set("api", "hunter33").await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "hunter33");
}

#[tokio::test]
async fn an_old_reading_is_not_used_when_the_store_is_gone() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    world.clock.advance(Duration::from_secs(60));
    world.store.set_broken(true);
    let error = used.credential(&world.vault).await.expect_err("refused");
    assert!(error.is_temporary(), "{error}");
    world.store.set_broken(false);
    used.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn many_who_find_a_reading_old_ask_the_store_once() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    world.clock.advance(Duration::from_secs(60));
    let reads = world.store.reads();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn({
                let (used, vault) = (used.clone(), world.vault.clone());
                async move { used.token(&vault).await }
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("a task").expect("a token"), "hunter22");
    }
    assert_eq!(world.store.reads(), reads + 1);
}

#[tokio::test]
async fn another_master_key_is_told_as_such_and_repaired_by_writing_again() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    let other = World::over(world.store.clone(), 2);
    let error = used.credential(&other.vault).await.expect_err("refused");
    assert!(matches!(&error, VaultError::Sealed { cause: UnsealError::OtherKey { .. }, .. }), "{error}");
    assert!(error.to_string().contains("secret `api`") && error.to_string().contains("another master key"), "{error}");
    assert_eq!(other.vault.check().await.expect_err("refused"), error);
    assert!(!other.vault.list().await.expect("a list")[0].opens);
    other.set("api", "hunter33").await;
    other.vault.check().await.expect("all open");
    assert_eq!(used.token(&other.vault).await.expect("a token"), "hunter33");
}

#[tokio::test]
async fn rows_that_were_moved_or_set_back_do_not_open() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let mut old = Vec::new();
    world.store.tamper(&name("api"), |secret| old.clone_from(&secret.sealed));
    world.set("api", "hunter33").await;
    world.set("other", "hunter44").await;
    for secret in ["api", "other"] {
        world.store.tamper(&name(secret), |secret| secret.sealed.clone_from(&old));
        let vault = World::over(world.store.clone(), 1).vault;
        let used = Used::new("https://a.test", bearer(secret));
        vault.apply_origins(std::slice::from_ref(&used.connection), false).await.expect("applied");
        let error = used.credential(&vault).await.expect_err("refused");
        assert!(matches!(error, VaultError::Sealed { cause: UnsealError::Broken, .. }), "{error}");
    }
}

#[tokio::test]
async fn two_hosts_that_write_at_once_both_succeed() {
    let store = Arc::new(MemorySecrets::default());
    let (one, other) = (World::over(store.clone(), 1), World::over(store, 1));
    for number in 1..=20 {
        let secret = name("api");
        let (a, b) =
            tokio::join!(one.vault.set(&secret, "hunter22".into()), other.vault.set(&secret, "hunter33".into()));
        let mut versions = [a.expect("written").version, b.expect("written").version];
        versions.sort_unstable();
        assert_eq!(versions, [2 * number - 1, 2 * number]);
    }
}

#[tokio::test]
async fn a_refused_static_secret_is_repeated_only_when_it_changed() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    let refused = used.credential(&world.vault).await.expect("issued").expect("a credential");
    assert!(used.refreshed(&world.vault, &refused).await.expect("an answer").is_none());
    world.set("api", "hunter33").await;
    let second = used.refreshed(&world.vault, &refused).await.expect("an answer").expect("a credential");
    assert_eq!(bearer_text(&second), "hunter33");
    assert!(used.refreshed(&world.vault, &second).await.expect("an answer").is_none());
}
