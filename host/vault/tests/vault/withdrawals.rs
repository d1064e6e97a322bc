//! Where secrets may no longer go: at once, also with what was at hand, and whatever configuration says later.

use std::{sync::Arc, time::Duration};

use sluse_egress::REDACTED;
use sluse_vault::{SecretUse, Standing, VaultError};
use tokio::sync::Semaphore;

use crate::common::{Reply, TokenServer, Used, World, bearer, name, oauth};

const SECRET: &str = "hunter22-hunter22";

/// A world in which a secret was written, and confirmed by being applied.
async fn world_for(secret: &str, used: &Used) -> World {
    let world = World::new();
    world.set(secret, SECRET).await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    world
}

async fn applied(world: &World, used: &Used, may_write_secrets: bool) -> Vec<SecretUse> {
    world.vault.apply_origins(std::slice::from_ref(&used.connection), may_write_secrets).await.expect("applied")
}

async fn withdraw(world: &World, secret: &str, origin: &str) {
    world.vault.withdraw(&name(secret), origin).await.expect("withdrawn");
}

#[tokio::test]
async fn a_withdrawn_origin_holds_at_once() {
    let used = Used::new("https://a.test/odata", bearer("api"));
    let world = world_for("api", &used).await;
    let issued = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let kept = world.vault.withdraw(&name("api"), " https://A.test ").await.expect("withdrawn");
    assert_eq!(kept, "https://a.test:443");
    let error = used.credential(&world.vault).await.expect_err("refused");
    assert_eq!(error, VaultError::Withdrawn { secret: name("api"), origin: kept });
    assert!(error.to_string().contains("`sluse secret confirm api https://a.test:443`"), "{error}");
    assert!(!error.is_temporary());
    let again = used.refreshed(&world.vault, &issued).await.expect_err("refused");
    assert_eq!(again, error, "a 401 gets no second credential");
    let list = world.vault.list().await.expect("a list");
    assert_eq!((list[0].origins.len(), &list[0].withdrawn[..]), (0, &["https://a.test:443".to_owned()][..]));
}

#[tokio::test]
async fn other_origins_and_other_secrets_are_left_alone() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    world.set("other", SECRET).await;
    let other_secret = Used::new("https://a.test", bearer("other"));
    world.apply(std::slice::from_ref(&other_secret.connection)).await;
    let other_origin = Used::new("https://b.test", bearer("api"));
    world.vault.confirm(&name("api"), "https://b.test").await.expect("confirmed");
    withdraw(&world, "api", "https://a.test").await;
    assert!(used.credential(&world.vault).await.is_err());
    other_secret.credential(&world.vault).await.expect("a credential");
    other_origin.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn no_configuration_confirms_again_what_was_withdrawn() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    withdraw(&world, "api", "https://a.test").await;
    let restarted = World::over(world.store.clone(), 1);
    for host in [&world, &restarted] {
        for may_write_secrets in [false, true] {
            let plan = applied(host, &used, may_write_secrets).await;
            assert_eq!((plan[0].standing, plan[0].is_withdrawn()), (Standing::Withdrawn, true));
            assert!(matches!(used.credential(&host.vault).await, Err(VaultError::Withdrawn { .. })));
        }
    }
    assert_eq!(world.vault.confirm(&name("api"), "https://a.test").await.expect("confirmed"), "https://a.test:443");
    used.credential(&world.vault).await.expect("a credential");
    assert_eq!(applied(&world, &used, false).await[0].standing, Standing::Confirmed);
}

#[tokio::test]
async fn a_secret_without_any_origin_left_has_no_first_one_again() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    withdraw(&world, "api", "https://a.test").await;
    let elsewhere = Used::new("https://b.test", bearer("api"));
    assert_eq!(applied(&world, &elsewhere, false).await[0].standing, Standing::Unconfirmed);
    assert!(matches!(elsewhere.credential(&world.vault).await, Err(VaultError::Unconfirmed { .. })));
    assert_eq!(applied(&world, &elsewhere, true).await[0].standing, Standing::Confirmed);
    elsewhere.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn a_withdrawal_outlives_the_value() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    world.vault.remove(&name("api")).await.expect("removed");
    withdraw(&world, "api", "https://a.test").await;
    world.set("api", "hunter33").await;
    assert_eq!(applied(&world, &used, true).await[0].standing, Standing::Withdrawn);
    assert!(used.credential(&world.vault).await.is_err());
}

#[tokio::test]
async fn a_token_that_was_at_hand_is_forgotten_and_still_known() {
    let server = TokenServer::start([]).await;
    let used = Used::oauth(&server);
    let world = world_for("client", &used).await;
    let scrub = async |text: &str| {
        world.vault.scrubber(&used.connection).await.expect("a scrubber").scrub_text(text).into_owned()
    };
    for (number, origin) in [server.origin(), "https://api.test".to_owned()].into_iter().enumerate() {
        let token = used.token(&world.vault).await.expect("a token");
        assert_eq!(token, format!("token-{}", number + 1), "the one before was forgotten");
        withdraw(&world, "client", &origin).await;
        assert!(matches!(used.token(&world.vault).await, Err(VaultError::Withdrawn { .. })));
        assert_eq!(server.count(), number + 1, "nobody was asked");
        assert_eq!(scrub(&format!("{SECRET} {token}")).await, format!("{REDACTED} {REDACTED}"));
        world.vault.confirm(&name("client"), &origin).await.expect("confirmed");
    }
    // A token that had gone to one place is not used at another either.
    let elsewhere = Used::new("https://b.test", oauth(&server.url(), "sluse"));
    world.vault.confirm(&name("client"), "https://b.test").await.expect("confirmed");
    assert_eq!(elsewhere.token(&world.vault).await.expect("a token"), "token-3");
    withdraw(&world, "client", "https://api.test").await;
    assert_eq!(elsewhere.token(&world.vault).await.expect("a token"), "token-4");
}

#[tokio::test]
async fn a_token_that_arrives_too_late_goes_nowhere_and_is_known() {
    let gate = Arc::new(Semaphore::new(0));
    let server = TokenServer::start([Reply::token("late-token", 3600).behind(&gate)]).await;
    let used = Used::oauth(&server);
    let world = world_for("client", &used).await;
    let waiting = tokio::spawn({
        let (used, vault) = (used.clone(), world.vault.clone());
        async move { used.token(&vault).await }
    });
    server.was_asked().await;
    withdraw(&world, "client", "https://api.test").await;
    gate.add_permits(1);
    let error = waiting.await.expect("no panic").expect_err("refused");
    assert_eq!(error, VaultError::Withdrawn { secret: name("client"), origin: "https://api.test:443".to_owned() });
    let scrubber = world.vault.scrubber(&used.connection).await.expect("a scrubber");
    assert_eq!(scrubber.scrub_text("late-token"), REDACTED);
    world.vault.confirm(&name("client"), "https://api.test").await.expect("confirmed");
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2", "the late one is not used");
}

#[tokio::test]
async fn what_another_host_withdrew_holds_within_a_minute() {
    let server = TokenServer::start([]).await;
    let used = Used::oauth(&server);
    let world = world_for("client", &used).await;
    used.token(&world.vault).await.expect("a token");
    let other = World::over(world.store.clone(), 1);
    withdraw(&other, "client", "https://api.test").await;
    world.clock.advance(Duration::from_secs(60));
    assert!(matches!(used.token(&world.vault).await, Err(VaultError::Withdrawn { .. })));
    other.vault.confirm(&name("client"), "https://api.test").await.expect("confirmed");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(used.token(&world.vault).await.expect("a token"), "token-2");
}

#[tokio::test]
async fn a_withdrawal_that_is_not_durable_is_told() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    world.store.set_broken(true);
    assert!(matches!(world.vault.withdraw(&name("api"), "https://a.test").await, Err(VaultError::Store(_))));
    world.store.set_broken(false);
    used.credential(&world.vault).await.expect("a credential");
}

#[tokio::test]
async fn what_cannot_be_withdrawn_is_told() {
    let used = Used::new("https://a.test", bearer("api"));
    let world = world_for("api", &used).await;
    let refused = async |secret: &str, origin: &str| {
        world.vault.withdraw(&name(secret), origin).await.expect_err("refused").to_string()
    };
    assert!(refused("api", "a.test").await.contains("`a.test` is no origin"));
    for (secret, origin) in [("api", "https://b.test"), ("nobody", "https://a.test")] {
        assert!(refused(secret, origin).await.contains("`sluse secret list`"));
    }
    withdraw(&world, "api", "https://a.test").await;
    assert!(refused("api", "https://a.test").await.contains("may not go to `https://a.test:443` anyway"));
}

/// Another host is faster: what it withdrew between the question and the answer stays withdrawn.
#[tokio::test]
async fn applying_while_another_host_withdraws_confirms_nothing() {
    let used = Used::new("https://a.test", bearer("api"));
    let elsewhere = Used::new("https://b.test", bearer("api"));
    let world = World::new();
    world.set("api", SECRET).await;
    world.store.withdraw_behind_the_next_answer(&name("api"), "https://a.test:443");
    assert_eq!(applied(&world, &used, false).await[0].standing, Standing::Withdrawn);
    world.store.withdraw_behind_the_next_answer(&name("api"), "https://b.test:443");
    assert_eq!(applied(&world, &elsewhere, true).await[0].standing, Standing::Withdrawn);
    for used in [used, elsewhere] {
        assert!(matches!(used.credential(&world.vault).await, Err(VaultError::Withdrawn { .. })));
    }
}
