//! Who may ask.

use std::sync::Arc;

use sluse_model::{Digest, Scope, Timestamp, Token};

use super::fixtures::{NOW, later, token_id};
use crate::{Revocation, Store, StoreError};

fn token(holder: &str, created_at: Timestamp) -> Token {
    let scopes = vec![Scope::Submit, Scope::Operate];
    Token { id: token_id(), name: holder.to_owned(), scopes, created_at, revoked_at: None }
}

pub async fn a_token_is_read_back(store: Arc<dyn Store>) {
    let token = token("XFlow", NOW);
    store.create_token(token.clone(), Digest::of("text")).await.expect("created");
    assert_eq!(store.tokens().await, Ok(vec![(token, Digest::of("text"))]));
}

pub async fn tokens_are_listed_the_oldest_first(store: Arc<dyn Store>) {
    let (newer, older) = (token("newer", later(1)), token("older", NOW));
    store.create_token(newer.clone(), Digest::of("1")).await.expect("created");
    store.create_token(older.clone(), Digest::of("2")).await.expect("created");
    let listed = store.tokens().await.expect("read").into_iter().map(|(token, _)| token);
    assert_eq!(listed.collect::<Vec<_>>(), [older, newer]);
}

pub async fn a_token_is_revoked_once(store: Arc<dyn Store>) {
    let token = token("XFlow", NOW);
    let id = token.id;
    store.create_token(token, Digest::of("text")).await.expect("created");
    assert_eq!(store.revoke_token(token_id(), later(1)).await, Ok(Revocation::Unknown));
    assert_eq!(store.revoke_token(id, later(1)).await, Ok(Revocation::Revoked));
    assert_eq!(store.revoke_token(id, later(2)).await, Ok(Revocation::Unknown));
    let listed = store.tokens().await.expect("read");
    assert_eq!(listed[0].0.revoked_at, Some(later(1)));
}

/// A revoked admin token and one of another scope are no way back in.
pub async fn the_last_admin_token_is_not_revoked(store: Arc<dyn Store>) {
    let admin = |holder: &str| Token { scopes: vec![Scope::Admin], ..token(holder, NOW) };
    let (first, second, other) = (admin("first"), admin("second"), token("XFlow", NOW));
    for token in [&first, &second, &other] {
        store.create_token(token.clone(), Digest::of(&token.name)).await.expect("created");
    }
    assert_eq!(store.revoke_token(first.id, later(1)).await, Ok(Revocation::Revoked));
    assert_eq!(store.revoke_token(second.id, later(2)).await, Ok(Revocation::LastAdmin));
    assert_eq!(store.revoke_token(first.id, later(3)).await, Ok(Revocation::Unknown));
    assert_eq!(store.revoke_token(other.id, later(4)).await, Ok(Revocation::Revoked));
    let listed = store.tokens().await.expect("read");
    let live = listed.into_iter().map(|(token, _)| token).filter(|token| token.revoked_at.is_none());
    assert_eq!(live.collect::<Vec<_>>(), [second]);
}

pub async fn of_two_revocations_at_once_one_leaves_an_admin_token(store: Arc<dyn Store>) {
    let admin = |holder: &str| Token { scopes: vec![Scope::Admin], ..token(holder, NOW) };
    let (first, second) = (admin("first"), admin("second"));
    for token in [&first, &second] {
        store.create_token(token.clone(), Digest::of(&token.name)).await.expect("created");
    }
    let (one, other) = tokio::join!(store.revoke_token(first.id, later(1)), store.revoke_token(second.id, later(1)));
    let refused = [one, other].into_iter().filter(|revocation| *revocation == Ok(Revocation::LastAdmin));
    assert_eq!(refused.count(), 1);
}

pub async fn a_token_is_not_created_twice(store: Arc<dyn Store>) {
    let first = token("XFlow", NOW);
    store.create_token(first.clone(), Digest::of("text")).await.expect("created");
    for (token, hash) in [(first.clone(), "another"), (token("XFlow", NOW), "text")] {
        let refused = store.create_token(token, Digest::of(hash)).await;
        assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    }
    assert_eq!(store.tokens().await, Ok(vec![(first, Digest::of("text"))]));
}
