//! Who may ask: bearer tokens, kept as hashes and compared in constant time.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use sluse_engine::Engine;
use sluse_model::{Digest, Scope, Token, TokenId};
use sluse_store::StoreError;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// Begins every token, so that a scanner for leaked secrets knows one.
const PREFIX: &str = "sluse_";

/// Another host on the same database may have revoked a token; after this long it is noticed.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// The tokens, as they were lately in the store.
#[derive(Debug, Default)]
pub struct Access {
    book: RwLock<Option<Book>>,
}

#[derive(Debug, Clone)]
struct Book {
    tokens: Arc<Vec<(Token, Digest)>>,
    read_at: Instant,
}

/// Why somebody may not ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("send `Authorization: Bearer TOKEN` with a token from `sluse token create`")]
    NoToken,
    #[error(
        "this token is unknown or revoked: `sluse token list` says which there are, `sluse token create` makes one"
    )]
    UnknownToken,
    /// The scopes, any of which would do.
    #[error("this token does not allow it: scope {} is needed", names(.0))]
    NotAllowed(&'static [Scope]),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(" or ")
}

impl Access {
    /// The token that the request carries, if it allows one of the scopes.
    pub(crate) async fn check(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        scopes: &'static [Scope],
    ) -> Result<Token, AccessError> {
        let text = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or(AccessError::NoToken)?;
        let token = self.find(engine, &Digest::of(text)).await?.ok_or(AccessError::UnknownToken)?;
        if scopes.iter().any(|scope| token.allows(*scope)) { Ok(token) } else { Err(AccessError::NotAllowed(scopes)) }
    }

    /// Forgets what was read: tokens have changed.
    pub(crate) fn refresh(&self) {
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn find(&self, engine: &Engine, hash: &Digest) -> Result<Option<Token>, StoreError> {
        let tokens = self.tokens(engine).await?;
        let mut found = None;
        // Every token is compared, so that the time taken says nothing.
        for (token, known) in tokens.iter() {
            if bool::from(known.as_bytes().ct_eq(hash.as_bytes())) && token.revoked_at.is_none() {
                found = Some(token.clone());
            }
        }
        Ok(found)
    }

    async fn tokens(&self, engine: &Engine) -> Result<Arc<Vec<(Token, Digest)>>, StoreError> {
        let known = self.book.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(book) = known.filter(|book| book.read_at.elapsed() < FRESH_FOR) {
            return Ok(book.tokens);
        }
        let read_at = Instant::now();
        let tokens = Arc::new(engine.store().tokens().await?);
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Some(Book { tokens: tokens.clone(), read_at });
        Ok(tokens)
    }
}

/// A token at the only moment at which its text is known.
pub struct NewToken {
    pub token: Token,
    /// What the holder sends. Never kept.
    pub text: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Makes a token of 32 random bytes and keeps its hash.
pub async fn create_token(engine: &Engine, name: String, scopes: Vec<Scope>) -> Result<NewToken, StoreError> {
    let mut bytes = [0; 32];
    engine.dice().fill(&mut bytes);
    let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let now = engine.clock().now();
    let id = TokenId::new(now, &**engine.dice());
    let token = Token { id, name, scopes, created_at: now, revoked_at: None };
    engine.store().create_token(token.clone(), Digest::of(&text)).await?;
    Ok(NewToken { token, text })
}
