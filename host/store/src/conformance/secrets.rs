//! Sealed values.

use std::sync::Arc;

use sluse_model::{Digest, SignInFailure};

use super::fixtures::{NOW, at_once, later, name};
use crate::{MAX_SIGN_IN_FAILURES, SealedSecret, SecretOrigin, Store, StoreError};

fn sealed(secret: &str, version: u64) -> SealedSecret {
    SealedSecret { name: name(secret), version, sealed: vec![0, 255, version as u8], changed_at: later(version) }
}

fn origin(secret: &str, host: &str) -> SecretOrigin {
    SecretOrigin { secret: name(secret), origin: url(host), confirmed_at: NOW, withdrawn_at: None }
}

fn url(host: &str) -> String {
    format!("https://{host}:443")
}

pub async fn a_secret_is_read_back(store: Arc<dyn Store>) {
    store.put_secret(sealed("b", 1)).await.expect("kept");
    store.put_secret(sealed("a", 1)).await.expect("kept");
    store.put_secret(sealed("b", 2)).await.expect("kept");
    assert_eq!(store.secret(&name("b")).await, Ok(Some(sealed("b", 2))));
    assert_eq!(store.secret(&name("c")).await, Ok(None));
    assert_eq!(store.secrets().await, Ok(vec![sealed("a", 1), sealed("b", 2)]));
    assert_eq!(store.last_secret_version(&name("b")).await, Ok(2));
    assert_eq!(store.last_secret_version(&name("c")).await, Ok(0));
}

pub async fn a_secret_version_must_follow_the_last_one(store: Arc<dyn Store>) {
    for version in [0, 2, u64::MAX] {
        assert!(matches!(store.put_secret(sealed("a", version)).await, Err(StoreError::Stale(_))));
    }
    store.put_secret(sealed("a", 1)).await.expect("kept");
    for version in [0, 1, 3] {
        assert!(matches!(store.put_secret(sealed("a", version)).await, Err(StoreError::Stale(_))));
    }
    assert_eq!(store.secret(&name("a")).await, Ok(Some(sealed("a", 1))));
}

pub async fn a_secret_version_is_never_reused(store: Arc<dyn Store>) {
    store.put_secret(sealed("a", 1)).await.expect("kept");
    assert_eq!(store.remove_secret(&name("a")).await, Ok(true));
    assert!(matches!(store.put_secret(sealed("a", 1)).await, Err(StoreError::Stale(_))));
    assert_eq!(store.last_secret_version(&name("a")).await, Ok(1));
    store.put_secret(sealed("a", 2)).await.expect("kept");
    assert_eq!(store.secret(&name("a")).await, Ok(Some(sealed("a", 2))));
}

pub async fn a_removed_secret_is_gone_and_its_origins_stay(store: Arc<dyn Store>) {
    store.put_secret(sealed("a", 1)).await.expect("kept");
    store.confirm_origin(&name("a"), &url("workzone.example"), NOW).await.expect("confirmed");
    assert_eq!(store.remove_secret(&name("a")).await, Ok(true));
    assert_eq!(store.remove_secret(&name("a")).await, Ok(false));
    assert_eq!((store.secret(&name("a")).await, store.secrets().await), (Ok(None), Ok(Vec::new())));
    assert_eq!(store.origins().await, Ok(vec![origin("a", "workzone.example")]));
}

pub async fn one_of_two_writers_of_a_secret_wins(store: Arc<dyn Store>) {
    let written = at_once(&store, 8, |store, _| async move { store.put_secret(sealed("a", 1)).await }).await;
    assert_eq!(written.iter().filter(|one| one.is_ok()).count(), 1, "{written:?}");
}

pub async fn confirming_an_origin_again_changes_nothing(store: Arc<dyn Store>) {
    store.confirm_origin(&name("a"), &url("one.example"), NOW).await.expect("confirmed");
    store.confirm_origin(&name("a"), &url("one.example"), later(1)).await.expect("confirmed");
    assert_eq!(store.confirm_origin_unless_withdrawn(&name("a"), &url("one.example"), later(2)).await, Ok(true));
    assert_eq!(store.confirm_origin_unless_withdrawn(&name("a"), &url("two.example"), NOW).await, Ok(true));
    assert_eq!(store.origins().await, Ok(vec![origin("a", "one.example"), origin("a", "two.example")]));
}

pub async fn a_withdrawn_origin_is_remembered_as_such(store: Arc<dyn Store>) {
    for host in ["one.example", "two.example"] {
        store.confirm_origin(&name("a"), &url(host), NOW).await.expect("confirmed");
    }
    store.confirm_origin(&name("b"), &url("one.example"), NOW).await.expect("confirmed");
    assert_eq!(store.withdraw_origin(&name("a"), &url("one.example"), later(1)).await, Ok(true));
    assert_eq!(store.withdraw_origin(&name("a"), &url("one.example"), later(2)).await, Ok(false));
    store.put_secret(sealed("a", 1)).await.expect("kept");
    assert_eq!(store.remove_secret(&name("a")).await, Ok(true));
    let withdrawn = SecretOrigin { withdrawn_at: Some(later(1)), ..origin("a", "one.example") };
    let others = [origin("a", "two.example"), origin("b", "one.example")];
    assert_eq!(store.origins().await, Ok([vec![withdrawn], others.to_vec()].concat()));
}

pub async fn withdrawing_what_was_never_confirmed_changes_nothing(store: Arc<dyn Store>) {
    assert_eq!(store.withdraw_origin(&name("a"), &url("one.example"), NOW).await, Ok(false));
    assert_eq!(store.origins().await, Ok(Vec::new()));
}

pub async fn a_withdrawn_origin_is_confirmed_again_only_when_meant(store: Arc<dyn Store>) {
    let (secret, one) = (name("a"), url("one.example"));
    store.confirm_origin(&secret, &one, NOW).await.expect("confirmed");
    assert_eq!(store.withdraw_origin(&secret, &one, later(1)).await, Ok(true));
    assert_eq!(store.confirm_origin_unless_withdrawn(&secret, &one, later(2)).await, Ok(false));
    let withdrawn = SecretOrigin { withdrawn_at: Some(later(1)), ..origin("a", "one.example") };
    assert_eq!(store.origins().await, Ok(vec![withdrawn]));
    store.confirm_origin(&secret, &one, later(3)).await.expect("confirmed");
    let again = SecretOrigin { confirmed_at: later(3), ..origin("a", "one.example") };
    assert_eq!(store.origins().await, Ok(vec![again]));
}

fn failed(password: &str, millis: u64, is_refused: bool) -> SignInFailure {
    SignInFailure { password: Digest::of(password), at: later(millis), is_refused }
}

pub async fn what_failed_to_sign_in_is_known_until_it_is_forgotten(store: Arc<dyn Store>) {
    let (account, another) = (Digest::of("kommune\\svc-sluse"), Digest::of("kommune\\svc-anden"));
    for failure in [failed("a", 1, false), failed("b", 2, true), failed("a", 3, true), failed("a", 1, true)] {
        store.note_sign_in_failure(account, failure).await.expect("noted");
    }
    store.note_sign_in_failure(another, failed("a", 2, true)).await.expect("noted");
    let known = vec![failed("a", 1, true), failed("b", 2, true), failed("a", 3, true)];
    assert_eq!(store.sign_in_failures(account).await, Ok(known));
    store.forget_sign_in_failures(account, Digest::of("a"), later(3)).await.expect("forgotten");
    assert_eq!(store.sign_in_failures(account).await, Ok(vec![failed("a", 1, true), failed("b", 2, true)]));
    store.forget_sign_in_failures(account, Digest::of("a"), later(0)).await.expect("forgotten");
    assert_eq!(store.sign_in_failures(account).await, Ok(vec![failed("b", 2, true)]));
    assert_eq!(store.sign_in_failures(another).await, Ok(vec![failed("a", 2, true)]));
}

pub async fn of_what_failed_to_sign_in_the_latest_are_kept(store: Arc<dyn Store>) {
    let account = Digest::of("kommune\\svc-sluse");
    let most = MAX_SIGN_IN_FAILURES as u64;
    for millis in 0..most + 3 {
        store.note_sign_in_failure(account, failed("a", millis, true)).await.expect("noted");
    }
    let known = store.sign_in_failures(account).await.expect("read");
    let kept: Vec<_> = (3..most + 3).map(|millis| failed("a", millis, true)).collect();
    assert_eq!(known, kept);
}
