//! Installed revisions. Which one is active is read by every claim, in the claim's transaction.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Digest, Name, Revision, RevisionStanding, Timestamp};
use sluse_store::{Connectors, StoreError};

use crate::{
    SqliteStore,
    deliveries::refresh_claimable,
    error::Failure,
    values::{Json, Kept, json, signed},
    writer::Write,
};

macro_rules! select {
    () => {
        "SELECT connector, digest, size_bytes, description, installed_at, standing, since FROM revisions"
    };
}

#[async_trait]
impl Connectors for SqliteStore {
    async fn install(&self, revision: Revision) -> Result<(), StoreError> {
        self.contents.require(vec![revision.digest]).await?;
        let (digest, description) = (revision.digest, json(&revision.description));
        let install = move |write: &Write<'_>| {
            let sql = "INSERT INTO revisions (digest, connector, size_bytes, standing, installed_at, description)
                VALUES (?1, ?2, ?3, 'installed', ?4, ?5) ON CONFLICT DO NOTHING";
            write.prepare_cached(sql)?.execute(params![
                revision.digest.as_bytes().as_slice(),
                revision.connector.as_str(),
                signed(revision.size_bytes),
                revision.installed_at.as_millis(),
                description,
            ])?;
            Ok(())
        };
        self.writer.write(install).await?;
        self.contents.arrived(&[digest]);
        Ok(())
    }

    async fn activate(&self, connector: &Name, digest: &Digest, now: Timestamp) -> Result<Option<Digest>, StoreError> {
        let (connector, digest) = (connector.clone(), *digest);
        self.writer.write(move |write| activate(write, &connector, &digest, now)).await
    }

    async fn revisions(&self) -> Result<Vec<Revision>, StoreError> {
        let read = |connection: &Connection| {
            let sql = concat!(select!(), " ORDER BY connector, installed_at DESC, key DESC");
            Ok(connection.prepare_cached(sql)?.query_map([], revision)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn active(&self, connector: &Name) -> Result<Option<Revision>, StoreError> {
        let connector = connector.clone();
        let read = move |connection: &Connection| {
            let sql = concat!(select!(), " WHERE connector = ?1 AND standing = 'active'");
            Ok(connection.prepare_cached(sql)?.query_row([connector.as_str()], revision).optional()?)
        };
        self.readers.read(read).await
    }

    async fn revision(&self, digest: &Digest) -> Result<Option<Revision>, StoreError> {
        let digest = *digest;
        let read = move |connection: &Connection| {
            let sql = concat!(select!(), " WHERE digest = ?1");
            Ok(connection.prepare_cached(sql)?.query_row([digest.as_bytes().as_slice()], revision).optional()?)
        };
        self.readers.read(read).await
    }
}

fn revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    let Kept(connector) = row.get(0)?;
    let (Kept(digest), Kept(size_bytes)) = (row.get(1)?, row.get(2)?);
    let Json(description) = row.get(3)?;
    let Kept(installed_at) = row.get(4)?;
    let standing = match row.get_ref(5)?.as_str()? {
        "active" => RevisionStanding::Active { since: row.get::<_, Kept<_>>(6)?.0 },
        "retired" => RevisionStanding::Retired { since: row.get::<_, Kept<_>>(6)?.0 },
        _ => RevisionStanding::Installed,
    };
    Ok(Revision { connector, digest, size_bytes, description, installed_at, standing })
}

fn activate(write: &Write<'_>, connector: &Name, digest: &Digest, now: Timestamp) -> Result<Option<Digest>, Failure> {
    let before: Option<Kept<Digest>> = write
        .prepare_cached("SELECT digest FROM revisions WHERE connector = ?1 AND standing = 'active'")?
        .query_row([connector.as_str()], |row| row.get(0))
        .optional()?;
    let before = before.map(|Kept(before)| before);
    if before == Some(*digest) {
        return Ok(before);
    }
    write
        .prepare_cached(
            "UPDATE revisions SET standing = 'retired', since = ?2 WHERE connector = ?1 AND standing = 'active'",
        )?
        .execute(params![connector.as_str(), now.as_millis()])?;
    let activated = write
        .prepare_cached("UPDATE revisions SET standing = 'active', since = ?3 WHERE digest = ?1 AND connector = ?2")?
        .execute(params![digest.as_bytes().as_slice(), connector.as_str(), now.as_millis()])?;
    if activated == 0 {
        let missing = format!("revision {} of connector `{connector}`", digest.short());
        return Err(StoreError::NotFound(missing).into());
    }
    if before.is_none() {
        refresh_claimable(write)?;
    }
    Ok(before)
}
