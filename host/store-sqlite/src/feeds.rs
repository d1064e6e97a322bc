//! Polls of feeds and their items. A poll is a tick that is worked on under a lease.

mod page; // what a poll found
mod reports; // what sources are told

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Found, ItemOrigin, Lease, Name, Origin, RunId, TickId, Timestamp, item_digest};
use sluse_store::{Claim, ClaimedPoll, DuePoll, Feeds, PollSettlement, StoreError};

use crate::{
    SqliteStore,
    error::Failure,
    schedules,
    values::{Json, Kept, signed},
    writer::Write,
};

pub(crate) use reports::run_moved;

#[async_trait]
impl Feeds for SqliteStore {
    async fn next_polls(&self) -> Result<Vec<DuePoll>, StoreError> {
        self.readers.read(|connection| Ok(next_polls(connection)?)).await
    }

    async fn begin_poll(&self, tick: TickId, claim: Claim) -> Result<Option<ClaimedPoll>, StoreError> {
        self.writer.write(move |write| begin_poll(write, tick, claim)).await
    }

    async fn renew_poll(&self, tick: TickId, lease: Lease, until: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE ticks SET lease_until = ?3 WHERE id = ?1 AND state = 'running' AND lease_number = ?2";
        let renew = move |write: &Write<'_>| {
            let values = params![tick.as_bytes().as_slice(), signed(lease.number), until.as_millis()];
            Ok(write.prepare_cached(sql)?.execute(values)? > 0)
        };
        self.writer.write(renew).await
    }

    async fn known_items(&self, connection: &Name, feed: &Name, keys: Vec<String>) -> Result<Vec<String>, StoreError> {
        let digest = |key: &String| item_digest(connection, feed, key);
        let items: Vec<_> = keys.into_iter().map(|key| (digest(&key), key)).collect();
        let read = move |connection: &Connection| {
            let mut known = Vec::new();
            let mut statement = connection.prepare_cached("SELECT 1 FROM items WHERE digest = ?1")?;
            for (digest, key) in &items {
                if statement.exists([digest.as_bytes().as_slice()])? {
                    known.push(key.clone());
                }
            }
            Ok(known)
        };
        self.readers.read(read).await
    }

    async fn settle_poll(&self, settlement: PollSettlement) -> Result<Found, StoreError> {
        let pages = settlement.page.iter().flat_map(|page| &page.items);
        let digests: Vec<_> = pages.flat_map(|item| &item.run.attachments).map(|file| file.digest).collect();
        self.contents.require(digests.clone()).await?;
        let found = self.writer.write(move |write| page::settle(write, &settlement)).await?;
        self.contents.arrived(&digests);
        Ok(found)
    }

    async fn release_polls(&self, now: Timestamp, held: Vec<TickId>) -> Result<u32, StoreError> {
        self.writer.write(move |write| release(write, now, &held)).await
    }

    async fn origin(&self, run: RunId) -> Result<Option<Origin>, StoreError> {
        self.readers.read(move |connection| Ok(origin(connection, run)?)).await
    }
}

fn next_polls(connection: &Connection) -> rusqlite::Result<Vec<DuePoll>> {
    let sql = "SELECT t.id, c.name, min(t.due_at) FROM ticks t INDEXED BY ticks_due
        CROSS JOIN connections c ON c.key = t.connection
        WHERE t.due_at IS NOT NULL AND t.connection IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM ticks o WHERE o.connection = t.connection AND o.state = 'running')
            AND EXISTS (SELECT 1 FROM revisions v WHERE v.connector = c.connector AND v.standing = 'active')
        GROUP BY t.connection";
    let read = |row: &Row<'_>| {
        let (Kept(tick), Kept(connection), Kept(due)) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(DuePoll { tick, connection, due })
    };
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn begin_poll(write: &Write<'_>, tick: TickId, claim: Claim) -> Result<Option<ClaimedPoll>, Failure> {
    let sql = "SELECT t.key, s.definition, t.lease_number, t.attempts, t.at, v.digest, f.cursor FROM ticks t
        CROSS JOIN schedules s ON s.key = t.schedule CROSS JOIN connections c ON c.key = t.connection
        CROSS JOIN revisions v ON v.connector = c.connector AND v.standing = 'active'
        LEFT JOIN feeds f ON f.connection = t.connection AND f.name = s.definition ->> '$.feed'
        WHERE t.id = ?1 AND t.due_at <= ?2 AND s.connection = t.connection
            AND NOT EXISTS (SELECT 1 FROM ticks o WHERE o.connection = t.connection AND o.state = 'running')";
    let read = |row: &Row<'_>| {
        let (Json(schedule), Kept(number), Kept(accepted_at)): (_, Kept<u64>, _) =
            (row.get(1)?, row.get(2)?, row.get(4)?);
        let Kept(revision) = row.get(5)?;
        let lease = Lease { number: number + 1, until: claim.until };
        let attempt: u32 = row.get::<_, u32>(3)? + 1;
        let claimed = ClaimedPoll { tick, schedule, lease, attempt, accepted_at, cursor: row.get(6)?, revision };
        Ok((row.get(0)?, claimed))
    };
    let values = params![tick.as_bytes().as_slice(), claim.now.as_millis()];
    let found: Option<(i64, ClaimedPoll)> = write.prepare_cached(sql)?.query_row(values, read).optional()?;
    let Some((key, claimed)) = found.filter(|(_, claimed)| claimed.schedule.feed().is_some()) else { return Ok(None) };
    let sql = "UPDATE ticks SET state = 'running', due_at = NULL, attempts = ?2, lease_number = ?3,
            lease_until = ?4 WHERE key = ?1";
    let values = params![key, claimed.attempt, signed(claimed.lease.number), claim.until.as_millis()];
    write.prepare_cached(sql)?.execute(values)?;
    Ok(Some(claimed))
}

fn release(write: &Write<'_>, now: Timestamp, held: &[TickId]) -> Result<u32, Failure> {
    let sql = "SELECT key, id FROM ticks WHERE state = 'running' AND lease_until <= ?1";
    let read =
        |row: &Row<'_>| row.get(1).map(|Kept(id): Kept<TickId>| id).and_then(|id| Ok((row.get::<_, i64>(0)?, id)));
    let lapsed: Vec<_> = write.prepare_cached(sql)?.query_map([now.as_millis()], read)?.collect::<Result<_, _>>()?;
    let sql = "UPDATE ticks SET state = 'queued', lease_until = NULL, problem = NULL, due_at = ?2, due_from = ?2
        WHERE key = ?1";
    let mut released = 0;
    for (key, _) in lapsed.iter().filter(|(_, id)| !held.contains(id)) {
        write.prepare_cached(sql)?.execute(params![key, now.as_millis()])?;
        schedules::end_if_changed(write, *key, now)?;
        released += 1;
    }
    // What a clock said that was ahead. How long it is to wait is known all the same.
    let sql = "UPDATE ticks SET due_at = ?1 + max(0, due_at - due_from), due_from = ?1
        WHERE due_at > ?1 AND due_from > ?1 AND connection IS NOT NULL";
    let moved = write.prepare_cached(sql)?.execute([now.as_millis()])?;
    Ok(released + u32::try_from(moved).unwrap_or(u32::MAX))
}

fn origin(connection: &Connection, run: RunId) -> rusqlite::Result<Option<Origin>> {
    let of_tick = "SELECT s.name, t.id, t.planned_at FROM runs r CROSS JOIN ticks t ON t.run = r.key
        CROSS JOIN schedules s ON s.key = t.schedule WHERE r.id = ?1";
    let of_item = "SELECT s.name, t.id, t.planned_at, c.name, f.name, i.name, i.\"group\" FROM runs r
        CROSS JOIN items i ON i.run = r.key CROSS JOIN ticks t ON t.key = i.tick
        CROSS JOIN schedules s ON s.key = t.schedule CROSS JOIN feeds f ON f.key = i.feed
        CROSS JOIN connections c ON c.key = f.connection WHERE r.id = ?1";
    let read = |row: &Row<'_>, item| {
        let (Kept(schedule), Kept(tick), Kept(planned_at)) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Origin { schedule, tick, planned_at, item })
    };
    let read_item = |row: &Row<'_>| {
        let (Kept(connection), Kept(feed)) = (row.get(3)?, row.get(4)?);
        let text = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        read(row, Some(ItemOrigin { connection, feed, key: text(5)?, group: text(6)? }))
    };
    let id = run.as_bytes().as_slice();
    match connection.prepare_cached(of_item)?.query_row([id], read_item).optional()? {
        Some(origin) => Ok(Some(origin)),
        None => connection.prepare_cached(of_tick)?.query_row([id], |row| read(row, None)).optional(),
    }
}

/// The key of a connection's feed, which is noted when it is first polled.
fn feed_key(write: &Write<'_>, connection_key: i64, feed: &Name) -> Result<i64, Failure> {
    let sql = "INSERT INTO feeds (connection, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    write.prepare_cached(sql)?.execute(params![connection_key, feed.as_str()])?;
    let sql = "SELECT key FROM feeds WHERE connection = ?1 AND name = ?2";
    Ok(write.prepare_cached(sql)?.query_row(params![connection_key, feed.as_str()], |row| row.get(0))?)
}
