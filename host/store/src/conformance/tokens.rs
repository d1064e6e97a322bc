//! Who may ask.

use std::sync::Arc;

use sluse_model::{Digest, Scope, Timestamp, Token};

use super::fixtures::{NOW, later, token_id};
use crate::{Store, StoreError};

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
    assert_eq!(store.revoke_token(token_id(), later(1)).await, Ok(false));
    assert_eq!(store.revoke_token(id, later(1)).await, Ok(true));
    assert_eq!(store.revoke_token(id, later(2)).await, Ok(false));
    let listed = store.tokens().await.expect("read");
    assert_eq!(listed[0].0.revoked_at, Some(later(1)));
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
