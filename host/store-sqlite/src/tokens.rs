//! Who may ask the host for what.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sluse_model::{Digest, Scope, Timestamp, Token, TokenId};
use sluse_store::{Revocation, StoreError, Tokens};

use crate::{
    SqliteStore,
    values::{Json, Kept, json},
    writer::Write,
};

#[async_trait]
impl Tokens for SqliteStore {
    async fn create_token(&self, token: Token, hash: Digest) -> Result<(), StoreError> {
        let create = move |write: &Write<'_>| {
            let sql = "INSERT INTO tokens (id, hash, name, scopes, created_at, revoked_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let created = write.prepare_cached(sql)?.execute(params![
                token.id.as_bytes().as_slice(),
                hash.as_bytes().as_slice(),
                token.name,
                json(&token.scopes),
                token.created_at.as_millis(),
                token.revoked_at.map(Timestamp::as_millis),
            ])?;
            if created == 0 { Err(StoreError::Stale(format!("token `{}`", token.id)).into()) } else { Ok(()) }
        };
        self.writer.write(create).await
    }

    async fn tokens(&self) -> Result<Vec<(Token, Digest)>, StoreError> {
        self.readers.read(|connection: &Connection| Ok(all(connection)?)).await
    }

    async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<Revocation, StoreError> {
        let revoke = move |write: &Write<'_>| {
            let mut live: Vec<Token> = all(write)?.into_iter().map(|(token, _)| token).collect();
            live.retain(|token| token.revoked_at.is_none());
            let Some(at) = live.iter().position(|token| token.id == id) else { return Ok(Revocation::Unknown) };
            let revoked = live.remove(at);
            if revoked.allows(Scope::Admin) && !live.iter().any(|token| token.allows(Scope::Admin)) {
                return Ok(Revocation::LastAdmin);
            }
            let sql = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
            write.prepare_cached(sql)?.execute(params![id.as_bytes().as_slice(), now.as_millis()])?;
            Ok(Revocation::Revoked)
        };
        self.writer.write(revoke).await
    }
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<(Token, Digest)>> {
    let sql = "SELECT id, hash, name, scopes, created_at, revoked_at FROM tokens ORDER BY created_at, key";
    connection.prepare_cached(sql)?.query_map([], token)?.collect()
}

fn token(row: &Row<'_>) -> rusqlite::Result<(Token, Digest)> {
    let Kept(id) = row.get(0)?;
    let Kept(hash) = row.get(1)?;
    let Json(scopes) = row.get(3)?;
    let Kept(created_at) = row.get(4)?;
    let revoked_at: Option<Kept<Timestamp>> = row.get(5)?;
    let revoked_at = revoked_at.map(|Kept(at)| at);
    Ok((Token { id, name: row.get(2)?, scopes, created_at, revoked_at }, hash))
}
