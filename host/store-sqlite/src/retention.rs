//! What is given up in time. The oldest rows are looked at first, by their keys, and a look ends at the first page on
//! which all are younger: no index has to be kept for it, and what stays long costs one look in each pass.

use async_trait::async_trait;
use rusqlite::{Row, params};
use sluse_model::{Digest, Timestamp};
use sluse_store::{Aged, Expired, Expiring, PageRequest, Retention, StoreError};

use crate::{SqliteStore, error::Failure, error::explain_io, pages::OldestFirst, values::Kept, writer::Write};

#[async_trait]
impl Retention for SqliteStore {
    async fn expire(&self, what: Expiring, aged: Aged, page: PageRequest) -> Result<Expired, StoreError> {
        let page = OldestFirst::of(&page)?;
        let (expired, digests) = self.writer.write(move |write| expire(write, what, aged, page)).await?;
        self.release(digests).await?;
        Ok(expired)
    }

    async fn note_time(&self, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE host SET noted_at = ?1";
        self.writer.write(move |write| Ok(write.prepare_cached(sql)?.execute([now.as_millis()]).map(drop)?)).await
    }

    async fn noted_time(&self) -> Result<Option<Timestamp>, StoreError> {
        let read = |row: &Row<'_>| Ok(row.get::<_, Option<Kept<Timestamp>>>(0)?.map(|Kept(noted)| noted));
        let sql = "SELECT noted_at FROM host";
        self.readers.read(move |connection| Ok(connection.prepare_cached(sql)?.query_row([], read)?)).await
    }
}

impl SqliteStore {
    /// Removes the contents to which nothing refers any more. What a crash keeps from going goes with a later sweep.
    async fn release(&self, mut digests: Vec<Digest>) -> Result<(), StoreError> {
        digests.sort_unstable();
        digests.dedup();
        for digest in digests {
            let folder = self.contents.clone();
            let path = folder.path_of(&digest);
            let removed = self.readers.read(move |connection| Ok(folder.release(connection, &digest)?)).await?;
            removed.map_err(|error| explain_io(&error, &path))?;
        }
        Ok(())
    }
}

/// A row that was looked at.
struct Looked {
    key: i64,
    accepted_at: Timestamp,
    closed_at: Option<Timestamp>,
}

impl Looked {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (Kept(accepted_at), closed_at) = (row.get(1)?, row.get::<_, Option<Kept<Timestamp>>>(2)?);
        Ok(Self { key: row.get(0)?, accepted_at, closed_at: closed_at.map(|Kept(at)| at) })
    }

    /// And so is what came after it.
    fn is_young(&self, aged: Aged) -> bool {
        (aged.before..=aged.now).contains(&self.accepted_at)
    }

    fn is_over(&self, before: Timestamp) -> bool {
        self.closed_at.is_some_and(|closed_at| closed_at < before)
    }
}

fn expire(write: &Write<'_>, what: Expiring, aged: Aged, page: OldestFirst) -> Result<(Expired, Vec<Digest>), Failure> {
    let looked = look(write, what, page)?;
    let mut digests = Vec::new();
    let mut given_up = 0;
    for row in looked.iter().filter(|row| row.is_over(aged.before)) {
        given_up += 1;
        match what {
            Expiring::Journal => give_up_journal(write, row.key)?,
            Expiring::Files => digests.push(give_up_file(write, row.key)?),
            Expiring::Runs => digests.extend(give_up_run(write, row.key)?),
            Expiring::Ticks => delete(write, &TICK, row.key)?,
            Expiring::Batches => delete(write, &BATCH, row.key)?,
        }
    }
    let is_last = looked.len() < page.limit || looked.iter().all(|row| row.is_young(aged));
    let next = looked.last().filter(|_| !is_last).map(|row| OldestFirst::next(row.key));
    Ok((Expired { given_up, next }, digests))
}

/// When the run `r` closed, unless another one that stands for it is still open: that one looks at it, and so does
/// whoever works on that one. One that is gone holds nothing.
macro_rules! settled_at {
    () => {
        "CASE WHEN EXISTS (SELECT 1 FROM runs h WHERE h.id = r.handled_by AND h.closed_at IS NULL) THEN NULL
            ELSE r.closed_at END"
    };
}

/// The oldest rows behind those that the pages before looked at.
fn look(write: &Write<'_>, what: Expiring, page: OldestFirst) -> rusqlite::Result<Vec<Looked>> {
    let sql = match what {
        Expiring::Journal => {
            "SELECT d.key, d.accepted_at, CASE WHEN EXISTS (SELECT 1 FROM runs r CROSS JOIN runs h ON h.id = r.handled_by
                WHERE r.key = d.run AND h.closed_at IS NULL) THEN NULL ELSE d.closed_at END
            FROM (SELECT delivery FROM intents WHERE delivery > ?1 UNION SELECT delivery FROM arrivals WHERE delivery > ?1
                UNION SELECT delivery FROM waits WHERE delivery > ?1 ORDER BY 1 LIMIT ?2) noted
            CROSS JOIN deliveries d ON d.key = noted.delivery"
        }
        Expiring::Files => concat!(
            "SELECT a.key, r.accepted_at, ",
            settled_at!(),
            " FROM attachments a CROSS JOIN runs r ON r.key = a.run WHERE a.key > ?1 ORDER BY a.key LIMIT ?2"
        ),
        Expiring::Runs => concat!(
            "SELECT r.key, r.accepted_at, ",
            settled_at!(),
            " FROM runs r WHERE r.key > ?1 ORDER BY r.key LIMIT ?2"
        ),
        Expiring::Ticks => {
            // With an open run it is still at work.
            "SELECT t.key, t.at, CASE WHEN t.state = 'skipped' THEN t.at WHEN t.run IS NULL THEN t.ended_at
                ELSE (SELECT r.closed_at FROM runs r WHERE r.key = t.run) END
            FROM ticks t WHERE t.key > ?1 ORDER BY t.key LIMIT ?2"
        }
        Expiring::Batches => "SELECT key, began_at, ended_at FROM batches WHERE key > ?1 ORDER BY key LIMIT ?2",
    };
    let limit = i64::try_from(page.limit).expect("a page has at most a thousand rows");
    write.prepare_cached(sql)?.query_map(params![page.after_key, limit], Looked::of)?.collect()
}

fn give_up_journal(write: &Write<'_>, delivery: i64) -> rusqlite::Result<()> {
    delete(write, &JOURNAL, delivery)
}

fn give_up_file(write: &Write<'_>, attachment: i64) -> rusqlite::Result<Digest> {
    let sql = "DELETE FROM attachments WHERE key = ?1 RETURNING digest";
    let Kept(digest) = write.prepare_cached(sql)?.query_row([attachment], |row| row.get(0))?;
    Ok(digest)
}

fn give_up_run(write: &Write<'_>, run: i64) -> rusqlite::Result<Vec<Digest>> {
    let digests = write
        .prepare_cached("DELETE FROM attachments WHERE run = ?1 RETURNING digest")?
        .query_map([run], |row| row.get(0).map(|Kept(digest)| digest))?
        .collect::<rusqlite::Result<_>>()?;
    let mut deliveries = write.prepare_cached("SELECT key FROM deliveries WHERE run = ?1")?;
    for delivery in deliveries.query_map([run], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()? {
        delete(write, &JOURNAL, delivery)?;
        delete(write, &HISTORY, delivery)?;
    }
    delete(write, &RUN, run)?;
    Ok(digests)
}

/// What was sent for a delivery, and what targets answered.
const JOURNAL: [&str; 3] = [
    "DELETE FROM intents WHERE delivery = ?1",
    "DELETE FROM arrivals WHERE delivery = ?1",
    "DELETE FROM waits WHERE delivery = ?1",
];

/// What else belongs to a delivery, and itself.
const HISTORY: [&str; 7] = [
    "DELETE FROM reservations WHERE delivery = ?1",
    "DELETE FROM settles WHERE delivery = ?1",
    "DELETE FROM attempts WHERE delivery = ?1",
    "DELETE FROM acts WHERE delivery = ?1",
    "DELETE FROM inputs WHERE delivery = ?1",
    "DELETE FROM outputs WHERE delivery = ?1",
    "DELETE FROM deliveries WHERE key = ?1",
];

/// What else belongs to a run, and itself. That an item has started one stays known.
const RUN: [&str; 5] = [
    "UPDATE items SET run = NULL, tick = NULL, name = NULL, \"group\" = NULL, message = NULL WHERE run = ?1",
    "UPDATE ticks SET run = NULL WHERE run = ?1",
    "DELETE FROM submissions WHERE run = ?1",
    "DELETE FROM skips WHERE run = ?1",
    "DELETE FROM runs WHERE key = ?1",
];

/// A tick, which items may name.
const TICK: [&str; 2] = ["UPDATE items SET tick = NULL WHERE tick = ?1", "DELETE FROM ticks WHERE key = ?1"];

/// A batch, which acts may name.
const BATCH: [&str; 2] = ["UPDATE acts SET batch = NULL WHERE batch = ?1", "DELETE FROM batches WHERE key = ?1"];

fn delete(write: &Write<'_>, statements: &[&str], key: i64) -> rusqlite::Result<()> {
    for sql in statements {
        write.prepare_cached(sql)?.execute([key])?;
    }
    Ok(())
}
