//! Files that were published, or are about to be.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};
use sluse_model::Digest;
use sluse_store::{NewPublication, Publication, Publications, PublishedName, StoreError};

use crate::{SqliteStore, deliveries::held, error::Failure, values::Kept, writer::Write};

const FIND: &str = "SELECT p.digest, p.published FROM connections c JOIN publications p ON p.connection = c.key
    WHERE c.name = ?1 AND p.folder = ?2 AND p.name = ?3";

#[async_trait]
impl Publications for SqliteStore {
    async fn publication(&self, file: &PublishedName) -> Result<Option<Publication>, StoreError> {
        let file = file.clone();
        let find = move |connection: &rusqlite::Connection| {
            let named = params![file.connection.as_str(), file.folder.as_str(), file.name];
            Ok(connection.prepare_cached(FIND)?.query_row(named, publication).optional()?)
        };
        self.readers.read(find).await
    }

    async fn begin_publication(&self, new: NewPublication) -> Result<(), StoreError> {
        self.writer.write(move |write| begin(write, &new)).await
    }

    async fn end_publication(&self, file: PublishedName, digest: Digest) -> Result<(), StoreError> {
        let sql = "UPDATE publications SET published = 1 WHERE folder = ?2 AND name = ?3 AND digest = ?4
            AND connection = (SELECT key FROM connections WHERE name = ?1)";
        self.writer.write(move |write| change(write, sql, &file, digest)).await
    }

    async fn withdraw_publication(&self, file: PublishedName, digest: Digest) -> Result<(), StoreError> {
        let sql = "DELETE FROM publications WHERE folder = ?2 AND name = ?3 AND digest = ?4 AND published = 0
            AND connection = (SELECT key FROM connections WHERE name = ?1)";
        self.writer.write(move |write| change(write, sql, &file, digest)).await
    }
}

fn publication(row: &Row<'_>) -> rusqlite::Result<Publication> {
    let Kept(digest) = row.get(0)?;
    Ok(Publication { digest, is_published: row.get(1)? })
}

fn begin(write: &Write<'_>, new: &NewPublication) -> Result<(), Failure> {
    held(write, new.delivery, new.lease)?;
    let PublishedName { connection, folder, name } = &new.file;
    let sql = "INSERT INTO publications (connection, folder, name, digest, began_at, published)
        SELECT key, ?2, ?3, ?4, ?5, 0 FROM connections WHERE name = ?1
        ON CONFLICT (connection, folder, name) DO UPDATE SET digest = digest
        WHERE digest = excluded.digest AND published = 0";
    let digest = new.digest.as_bytes().as_slice();
    let values = params![connection.as_str(), folder.as_str(), name, digest, new.now.as_millis()];
    if write.prepare_cached(sql)?.execute(values)? == 0 {
        return Err(StoreError::Stale(format!("file `{name}`")).into());
    }
    Ok(())
}

fn change(write: &Write<'_>, sql: &str, file: &PublishedName, digest: Digest) -> Result<(), Failure> {
    let PublishedName { connection, folder, name } = file;
    let values = params![connection.as_str(), folder.as_str(), name, digest.as_bytes().as_slice()];
    write.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
