//! Files that were published, or are about to be. A row has its delivery as long as something may be left in the folder.

use async_trait::async_trait;
use rusqlite::{
    OptionalExtension, Row, params,
    types::{FromSql, FromSqlError, FromSqlResult, ValueRef},
};
use sluse_model::{DeliveryId, Lease, PublicationId};
use sluse_store::{NewPublication, Publication, PublicationState, Publications, PublishedName, StoreError};

use crate::{SqliteStore, deliveries::held, error::Failure, values::Kept, writer::Write};

const FIND: &str = "SELECT p.id, p.digest, p.state FROM connections c JOIN publications p ON p.connection = c.key
    WHERE c.name = ?1 AND p.folder = ?2 AND p.name = ?3";

const BEGIN: &str = "UPDATE publications SET state = 'begun' WHERE id = ?1 AND state = 'staged'";
const END: &str = "UPDATE publications SET state = 'published' WHERE id = ?1 AND state <> 'staged'";
const WITHDRAW: &str = "UPDATE publications SET state = 'staged' WHERE id = ?1 AND state <> 'published'";
const FORGET: &str = "DELETE FROM publications WHERE id = ?1 AND state = 'staged'";
const TIDIED: &str = "UPDATE publications SET delivery = NULL WHERE id = ?1 AND state = 'published'";

/// What a doubt is answered with leaves the rest to be tidied away.
const ANSWER: &str = "UPDATE publications SET state = ?2 WHERE delivery = ?1 AND state = 'in-doubt'";

const TO_TIDY: &str = "SELECT p.id, p.digest, p.state, c.name, p.folder, p.name
    FROM publications p JOIN connections c ON c.key = p.connection LEFT JOIN deliveries d ON d.id = p.delivery
    WHERE p.delivery IS NOT NULL AND (?1 IS NULL OR p.id > ?1)
      AND (p.state = 'published' OR d.state IS NULL OR d.state = 'closed')
    ORDER BY p.id LIMIT ?2";

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

    async fn stage_publication(&self, new: NewPublication) -> Result<(), StoreError> {
        self.writer.write(move |write| stage(write, &new)).await
    }

    async fn begin_publication(&self, delivery: DeliveryId, lease: Lease, id: PublicationId) -> Result<(), StoreError> {
        let begin = move |write: &Write<'_>| {
            held(write, delivery, lease)?;
            change(write, BEGIN, id)
        };
        self.writer.write(begin).await
    }

    async fn end_publication(&self, id: PublicationId) -> Result<(), StoreError> {
        self.writer.write(move |write| change(write, END, id)).await
    }

    async fn withdraw_publication(&self, id: PublicationId) -> Result<(), StoreError> {
        self.writer.write(move |write| change(write, WITHDRAW, id)).await
    }

    async fn doubt_publication(&self, delivery: DeliveryId, lease: Lease, id: PublicationId) -> Result<(), StoreError> {
        let doubt = move |write: &Write<'_>| {
            held(write, delivery, lease)?;
            let sql = "UPDATE publications SET state = 'in-doubt', delivery = ?2
                WHERE id = ?1 AND state IN ('begun', 'in-doubt')";
            let values = params![id.as_bytes().as_slice(), delivery.as_bytes().as_slice()];
            is_changed(write.prepare_cached(sql)?.execute(values)?, id)
        };
        self.writer.write(doubt).await
    }

    async fn tidied_publication(&self, id: PublicationId) -> Result<(), StoreError> {
        let tidy = move |write: &Write<'_>| {
            for sql in [FORGET, TIDIED] {
                write.prepare_cached(sql)?.execute([id.as_bytes().as_slice()])?;
            }
            Ok(())
        };
        self.writer.write(tidy).await
    }

    async fn publications_to_tidy(
        &self,
        after: Option<PublicationId>,
        limit: u32,
    ) -> Result<Vec<(PublishedName, Publication)>, StoreError> {
        let find = move |connection: &rusqlite::Connection| {
            let after = after.as_ref().map(|after| after.as_bytes().as_slice());
            let mut statement = connection.prepare_cached(TO_TIDY)?;
            let found = statement.query_map(params![after, limit], |row| Ok((name(row)?, publication(row)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        };
        self.readers.read(find).await
    }
}

/// Notes what somebody found out about files of which nobody knew.
pub(crate) fn answer_doubts(write: &Write<'_>, delivery: DeliveryId, was_published: bool) -> Result<(), Failure> {
    let state = if was_published { "published" } else { "staged" };
    write.prepare_cached(ANSWER)?.execute(params![delivery.as_bytes().as_slice(), state])?;
    Ok(())
}

fn publication(row: &Row<'_>) -> rusqlite::Result<Publication> {
    let (Kept(id), Kept(digest), Kept(state)) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Publication { id, digest, state })
}

fn name(row: &Row<'_>) -> rusqlite::Result<PublishedName> {
    let (Kept(connection), Kept(folder)) = (row.get(3)?, row.get(4)?);
    Ok(PublishedName { connection, folder, name: row.get(5)? })
}

impl FromSql for Kept<PublicationState> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(match value.as_str()? {
            "staged" => PublicationState::Staged,
            "begun" => PublicationState::Begun,
            "in-doubt" => PublicationState::InDoubt,
            "published" => PublicationState::Published,
            _ => return Err(FromSqlError::InvalidType),
        }))
    }
}

fn stage(write: &Write<'_>, new: &NewPublication) -> Result<(), Failure> {
    held(write, new.delivery, new.lease)?;
    let PublishedName { connection, folder, name } = &new.file;
    let sql = "INSERT INTO publications (connection, folder, name, id, digest, delivery, began_at, state)
        SELECT key, ?2, ?3, ?4, ?5, ?6, ?7, 'staged' FROM connections WHERE name = ?1
        ON CONFLICT (connection, folder, name) DO UPDATE
        SET id = excluded.id, digest = excluded.digest, delivery = excluded.delivery, began_at = excluded.began_at
        WHERE state = 'staged' AND id = ?8";
    let changed = write.prepare_cached(sql)?.execute(params![
        connection.as_str(),
        folder.as_str(),
        name,
        new.id.as_bytes().as_slice(),
        new.digest.as_bytes().as_slice(),
        new.delivery.as_bytes().as_slice(),
        new.now.as_millis(),
        new.instead_of.as_ref().map(|before| before.as_bytes().as_slice()),
    ])?;
    is_changed(changed, new.id)
}

fn change(write: &Write<'_>, sql: &str, id: PublicationId) -> Result<(), Failure> {
    is_changed(write.prepare_cached(sql)?.execute([id.as_bytes().as_slice()])?, id)
}

/// A row that is not there, or stands otherwise, is never passed over in silence.
fn is_changed(rows: usize, id: PublicationId) -> Result<(), Failure> {
    if rows == 0 {
        return Err(StoreError::Stale(format!("publication `{id}`")).into());
    }
    Ok(())
}
