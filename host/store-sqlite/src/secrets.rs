//! Sealed values, the origins that each may go to, and sign-ins that failed. A removed secret's row stays, without its
//! value.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Digest, Name, SignInFailure, Timestamp};
use sluse_store::{MAX_SIGN_IN_FAILURES, SealedSecret, SecretOrigin, Secrets, StoreError};

use crate::{SqliteStore, error::Failure, values::Kept, writer::Write};

#[async_trait]
impl Secrets for SqliteStore {
    async fn put_secret(&self, secret: SealedSecret) -> Result<(), StoreError> {
        self.writer.write(move |write| put_secret(write, &secret)).await
    }

    async fn last_secret_version(&self, name: &Name) -> Result<u64, StoreError> {
        let name = name.clone();
        self.readers.read(move |connection| Ok(last_version(connection, &name)?)).await
    }

    async fn secret(&self, name: &Name) -> Result<Option<SealedSecret>, StoreError> {
        let name = name.clone();
        let read = move |connection: &Connection| {
            let sql = "SELECT name, version, sealed, changed_at FROM secrets WHERE name = ?1 AND sealed IS NOT NULL";
            Ok(connection.prepare_cached(sql)?.query_row([name.as_str()], sealed_secret).optional()?)
        };
        self.readers.read(read).await
    }

    async fn secrets(&self) -> Result<Vec<SealedSecret>, StoreError> {
        let read = |connection: &Connection| {
            let sql = "SELECT name, version, sealed, changed_at FROM secrets WHERE sealed IS NOT NULL ORDER BY name";
            Ok(connection.prepare_cached(sql)?.query_map([], sealed_secret)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn remove_secret(&self, name: &Name) -> Result<bool, StoreError> {
        let name = name.clone();
        let remove = move |write: &Write<'_>| {
            let sql = "UPDATE secrets SET sealed = NULL WHERE name = ?1 AND sealed IS NOT NULL";
            Ok(write.prepare_cached(sql)?.execute([name.as_str()])? > 0)
        };
        self.writer.write(remove).await
    }

    async fn confirm_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<(), StoreError> {
        let (secret, origin) = (secret.clone(), origin.to_owned());
        let confirm = move |write: &Write<'_>| {
            let sql = "INSERT INTO secret_origins (secret, origin, confirmed_at) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET confirmed_at = excluded.confirmed_at, withdrawn_at = NULL
                WHERE withdrawn_at IS NOT NULL";
            let values = params![secret.as_str(), origin, now.as_millis()];
            Ok(write.prepare_cached(sql)?.execute(values).map(drop)?)
        };
        self.writer.write(confirm).await
    }

    async fn confirm_origin_unless_withdrawn(
        &self,
        secret: &Name,
        origin: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (secret, origin) = (secret.clone(), origin.to_owned());
        let confirm = move |write: &Write<'_>| {
            let sql = "INSERT INTO secret_origins (secret, origin, confirmed_at) VALUES (?1, ?2, ?3)
                ON CONFLICT DO NOTHING";
            write.prepare_cached(sql)?.execute(params![secret.as_str(), origin, now.as_millis()])?;
            let sql = "SELECT withdrawn_at IS NULL FROM secret_origins WHERE secret = ?1 AND origin = ?2";
            Ok(write.prepare_cached(sql)?.query_row(params![secret.as_str(), origin], |row| row.get(0))?)
        };
        self.writer.write(confirm).await
    }

    async fn withdraw_origin(&self, secret: &Name, origin: &str, now: Timestamp) -> Result<bool, StoreError> {
        let (secret, origin) = (secret.clone(), origin.to_owned());
        let withdraw = move |write: &Write<'_>| {
            let sql = "UPDATE secret_origins SET withdrawn_at = ?3
                WHERE secret = ?1 AND origin = ?2 AND withdrawn_at IS NULL";
            Ok(write.prepare_cached(sql)?.execute(params![secret.as_str(), origin, now.as_millis()])? > 0)
        };
        self.writer.write(withdraw).await
    }

    async fn origins(&self) -> Result<Vec<SecretOrigin>, StoreError> {
        let read = |connection: &Connection| {
            let sql = "SELECT secret, origin, confirmed_at, withdrawn_at FROM secret_origins ORDER BY secret, origin";
            Ok(connection.prepare_cached(sql)?.query_map([], secret_origin)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn note_sign_in_failure(&self, account: Digest, failure: SignInFailure) -> Result<(), StoreError> {
        self.writer.write(move |write| note_sign_in_failure(write, &account, &failure)).await
    }

    async fn sign_in_failures(&self, account: Digest) -> Result<Vec<SignInFailure>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT password, at, is_refused FROM sign_in_failures WHERE account = ?1 ORDER BY at";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_map([account.as_bytes()], sign_in_failure)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn forget_sign_in_failures(
        &self,
        account: Digest,
        password: Digest,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let forget = move |write: &Write<'_>| {
            let sql = "DELETE FROM sign_in_failures WHERE account = ?1 AND password = ?2 AND at >= ?3";
            let values = params![account.as_bytes(), password.as_bytes(), since.as_millis()];
            Ok(write.prepare_cached(sql)?.execute(values).map(drop)?)
        };
        self.writer.write(forget).await
    }
}

fn sign_in_failure(row: &Row<'_>) -> rusqlite::Result<SignInFailure> {
    let (Kept(password), Kept(at)) = (row.get(0)?, row.get(1)?);
    Ok(SignInFailure { password, at, is_refused: row.get(2)? })
}

fn note_sign_in_failure(write: &Write<'_>, account: &Digest, failure: &SignInFailure) -> Result<(), Failure> {
    let sql = "INSERT INTO sign_in_failures (account, password, at, is_refused) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET is_refused = excluded.is_refused";
    let SignInFailure { password, at, is_refused } = failure;
    write.prepare_cached(sql)?.execute(params![account.as_bytes(), password.as_bytes(), at.as_millis(), is_refused])?;
    let sql = "DELETE FROM sign_in_failures WHERE account = ?1 AND at <
        (SELECT at FROM sign_in_failures WHERE account = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)";
    let last = i64::try_from(MAX_SIGN_IN_FAILURES - 1).expect("it is a small number");
    write.prepare_cached(sql)?.execute(params![account.as_bytes(), last])?;
    Ok(())
}

fn sealed_secret(row: &Row<'_>) -> rusqlite::Result<SealedSecret> {
    let Kept(name) = row.get(0)?;
    let (Kept(version), Kept(changed_at)) = (row.get(1)?, row.get(3)?);
    Ok(SealedSecret { name, version, sealed: row.get(2)?, changed_at })
}

fn secret_origin(row: &Row<'_>) -> rusqlite::Result<SecretOrigin> {
    let Kept(secret) = row.get(0)?;
    let Kept(confirmed_at) = row.get(2)?;
    let withdrawn_at = row.get::<_, Option<Kept<Timestamp>>>(3)?.map(|Kept(at)| at);
    Ok(SecretOrigin { secret, origin: row.get(1)?, confirmed_at, withdrawn_at })
}

fn last_version(connection: &Connection, name: &Name) -> rusqlite::Result<u64> {
    let sql = "SELECT version FROM secrets WHERE name = ?1";
    let version = connection.prepare_cached(sql)?.query_row([name.as_str()], |row| row.get(0)).optional()?;
    Ok(version.map_or(0, |Kept(version)| version))
}

fn put_secret(write: &Write<'_>, secret: &SealedSecret) -> Result<(), Failure> {
    if last_version(write, &secret.name)?.checked_add(1) != Some(secret.version) {
        return Err(StoreError::Stale(format!("secret `{}`", secret.name)).into());
    }
    let sql = "INSERT INTO secrets (name, version, sealed, changed_at) VALUES (?1, 1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE
        SET version = version + 1, sealed = excluded.sealed, changed_at = excluded.changed_at";
    let values = params![secret.name.as_str(), secret.sealed, secret.changed_at.as_millis()];
    write.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
