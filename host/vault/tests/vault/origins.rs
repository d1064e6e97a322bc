//! Where secrets may go: the first origin, every further one by the word of somebody.

use sluse_model::Connection;
use sluse_vault::{Standing, VaultError};

use crate::common::{TokenServer, Used, World, bearer, connection, name, oauth};

#[tokio::test]
async fn nothing_goes_anywhere_before_it_was_applied() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    let error = used.credential(&world.vault).await.expect_err("refused");
    assert_eq!(error, VaultError::Unconfirmed { secret: name("api"), origin: "https://a.test:443".to_owned() });
    world.apply(std::slice::from_ref(&used.connection)).await;
    used.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn a_changed_host_drops_the_credential_until_somebody_confirms() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let before = Used::new("https://a.test/odata", bearer("api"));
    world.apply(std::slice::from_ref(&before.connection)).await;
    before.credential(&world.vault).await.expect("a credential");

    let after = Used::new("https://b.test/odata", bearer("api"));
    let plan = world.vault.apply_origins(std::slice::from_ref(&after.connection), false).await.expect("applied");
    assert_eq!(plan[0].standing, Standing::Unconfirmed);
    let error = after.credential(&world.vault).await.expect_err("refused");
    assert!(error.to_string().contains("`sluse secret confirm api https://b.test:443`"), "{error}");
    assert!(!error.is_temporary());

    assert_eq!(world.vault.confirm(&name("api"), "https://B.test").await.expect("confirmed"), "https://b.test:443");
    after.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn scheme_and_port_are_parts_of_an_origin_and_the_path_is_not() {
    let world = World::new();
    world.set("api", "hunter22").await;
    world.apply(&[connection("workzone", "https://a.test", bearer("api"))]).await;
    for url in ["http://a.test", "https://a.test:8443", "https://www.a.test"] {
        assert!(
            matches!(Used::new(url, bearer("api")).credential(&world.vault).await, Err(VaultError::Unconfirmed { .. })),
            "{url}"
        );
    }
    Used::new("https://a.test:443/other", bearer("api")).credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn another_connection_does_not_lend_a_secret_elsewhere() {
    let world = World::new();
    world.set("api", "hunter22").await;
    world.apply(&[connection("workzone", "https://a.test", bearer("api"))]).await;
    let thief = Used::of(connection("thief", "https://evil.test", bearer("api")));
    world.apply(std::slice::from_ref(&thief.connection)).await;
    assert!(matches!(thief.credential(&world.vault).await, Err(VaultError::Unconfirmed { .. })));
}

#[tokio::test]
async fn a_changed_token_url_gets_neither_secret_nor_request() {
    let (server, other) = (TokenServer::start([]).await, TokenServer::start([]).await);
    let world = World::new();
    world.set("client", "hunter22").await;
    let used = Used::oauth(&server);
    world.apply(std::slice::from_ref(&used.connection)).await;
    used.token(&world.vault).await.expect("a token");

    let moved = Used::oauth(&other);
    world.apply(std::slice::from_ref(&moved.connection)).await;
    let error = moved.token(&world.vault).await.expect_err("refused");
    assert_eq!(error, VaultError::Unconfirmed { secret: name("client"), origin: other.origin() });
    assert_eq!(other.count(), 0);
    world.vault.confirm(&name("client"), &other.origin()).await.expect("confirmed");
    moved.token(&world.vault).await.expect("a token");
}

#[tokio::test]
async fn a_token_does_not_go_where_its_secret_may_not() {
    let server = TokenServer::start([]).await;
    let world = World::new();
    world.set("client", "hunter22").await;
    let used = Used::oauth(&server);
    world.apply(std::slice::from_ref(&used.connection)).await;
    used.token(&world.vault).await.expect("a token");
    let moved = Used::new("https://evil.test", oauth(&server.url(), "sluse"));
    assert!(
        matches!(moved.token(&world.vault).await, Err(VaultError::Unconfirmed { origin, .. }) if origin == "https://evil.test:443")
    );
}

#[tokio::test]
async fn a_confirmation_that_is_not_durable_does_not_count() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.store.set_broken(true);
    assert!(world.vault.apply_origins(std::slice::from_ref(&used.connection), false).await.is_err());
    assert!(world.vault.confirm(&name("api"), "https://a.test").await.is_err());
    world.store.set_broken(false);
    assert!(matches!(used.credential(&world.vault).await, Err(VaultError::Unconfirmed { .. })));
}

#[tokio::test]
async fn confirmations_outlive_the_vault_and_the_value() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    world.apply(std::slice::from_ref(&used.connection)).await;
    world.vault.remove(&name("api")).await.expect("removed");
    let next = World::over(world.store.clone(), 1);
    next.set("api", "hunter33").await;
    used.credential(&next.vault).await.expect("a credential");
    let elsewhere = Used::new("https://b.test", bearer("api"));
    next.apply(std::slice::from_ref(&elsewhere.connection)).await;
    assert!(elsewhere.credential(&next.vault).await.is_err(), "a new value is no new secret");
}

#[tokio::test]
async fn of_two_applications_at_once_one_is_the_first() {
    for _ in 0..20 {
        let world = World::new();
        world.set("api", "hunter22").await;
        let apply = async |connection: Connection| {
            world.vault.apply_origins(&[connection], false).await.expect("applied")[0].standing
        };
        let (one, other) = tokio::join!(
            apply(connection("one", "https://a.test", bearer("api"))),
            apply(connection("two", "https://b.test", bearer("api")))
        );
        assert_eq!([one, other].iter().filter(|standing| **standing == Standing::First).count(), 1);
    }
}

#[tokio::test]
async fn planning_changes_nothing() {
    let world = World::new();
    world.set("api", "hunter22").await;
    let used = Used::new("https://a.test", bearer("api"));
    for _ in 0..2 {
        let plan = world.vault.plan_origins(std::slice::from_ref(&used.connection)).await.expect("a plan");
        assert_eq!((plan.len(), plan[0].standing), (1, Standing::First));
    }
    assert!(used.credential(&world.vault).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_confirmed_is_told() {
    let world = World::new();
    assert!(matches!(world.vault.confirm(&name("api"), "https://a.test").await, Err(VaultError::NoSuchSecret { .. })));
    world.set("api", "hunter22").await;
    let error = world.vault.confirm(&name("api"), "a.test").await.expect_err("refused").to_string();
    assert!(error.contains("`a.test` is no origin"), "{error}");
}
