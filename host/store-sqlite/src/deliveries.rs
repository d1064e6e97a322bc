//! Deliveries: where each stands is a short row, and only live ones stand in an index that a claim reads.

mod act; // what people do about them
mod backlog; // how much waits
mod begin; // a new delivery, claimed at once or waiting
mod claim; // due deliveries, and leases
mod handled; // what needs nobody any more
mod list; // those that somebody looks for
mod order; // one after the other
mod rows; // from rows to deliveries
mod settle; // how an attempt ended, and what follows

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use sluse_model::{Attempt, AttemptResult, DeliveryId, Lease, TimelineLine, Timestamp};
use sluse_store::{
    Backlog, Claim, Claimed, Deliveries, DeliveryDetail, DeliveryFilter, ListedDelivery, Page, PageRequest, Rooms,
    Settlement, StoreError,
};

use crate::{
    SqliteStore, callbacks,
    error::Failure,
    journal,
    pages::{List, Part},
    values::{Json, Kept, signed},
    writer::Write,
};

pub(crate) use begin::{RunOf, begin, claimed, run_state};
pub(crate) use list::rest as rest_of_deliveries;
pub(crate) use rows::of_run;

#[async_trait]
impl Deliveries for SqliteStore {
    async fn claim(&self, claim: Claim, limit: u32, rooms: Rooms) -> Result<Vec<Claimed>, StoreError> {
        let turn = claim::Turn {
            stepped_back: claim.now.as_millis() < self.claimed_at_ms.load(Ordering::Relaxed),
            after_connection: self.claimed_connection.load(Ordering::Relaxed),
        };
        let (claimed, last_connection) =
            self.writer.write(move |write| claim::claim(write, claim, limit, &rooms, turn)).await?;
        // Only once it is done: a step that was seen and not dealt with is seen again.
        self.claimed_at_ms.store(claim.now.as_millis(), Ordering::Relaxed);
        self.claimed_connection.store(last_connection, Ordering::Relaxed);
        Ok(claimed)
    }

    async fn renew(&self, leases: Vec<(DeliveryId, Lease)>, until: Timestamp) -> Result<Vec<DeliveryId>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.write(move |write| claim::renew(write, &leases, until)).await
    }

    async fn settle(&self, settlement: Settlement, claim: Option<Claim>) -> Result<Option<Box<Claimed>>, StoreError> {
        settle::settle(&self.writer, settlement, claim).await
    }

    async fn lapsed(&self, now: Timestamp, limit: u32) -> Result<Vec<Claimed>, StoreError> {
        self.readers.read(move |connection| claim::lapsed(connection, now, limit)).await
    }

    async fn next_due(&self, rooms: Rooms) -> Result<Option<Timestamp>, StoreError> {
        let read = move |connection: &Connection| {
            let waiting = claim::connections_waiting(connection, &rooms)?;
            Ok(waiting.into_iter().map(|connection| connection.due).min())
        };
        self.readers.read(read).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, StoreError> {
        self.readers.read(move |connection| detail(connection, id)).await
    }

    async fn deliveries(&self, filter: DeliveryFilter, page: PageRequest) -> Result<Page<ListedDelivery>, StoreError> {
        let part = Part::of(List::Deliveries, &page)?;
        self.readers.read(move |connection| Ok(list::list(connection, &filter, part)?)).await
    }

    async fn count_deliveries(&self, filter: DeliveryFilter) -> Result<u64, StoreError> {
        self.readers.read(move |connection| Ok(list::count(connection, &filter)?)).await
    }

    async fn backlogs(&self, now: Timestamp) -> Result<Vec<Backlog>, StoreError> {
        self.readers.read(move |connection| Ok(backlog::backlogs(connection, now)?)).await
    }
}

/// The key of a delivery that is worked on under this lease; `Stale` when it is not.
pub(crate) fn held(write: &Write<'_>, delivery: DeliveryId, lease: Lease) -> Result<i64, Failure> {
    let sql = "SELECT key FROM deliveries WHERE id = ?1 AND state = 'running' AND lease_number = ?2";
    let values = params![delivery.as_bytes().as_slice(), signed(lease.number)];
    let key: Option<i64> = write.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(key.ok_or_else(|| StoreError::Stale(format!("delivery `{delivery}`")))?)
}

/// Notes anew which waiting deliveries can be claimed, after a connector got its first active revision or a
/// connection its connector.
pub(crate) fn refresh_claimable(write: &Write<'_>) -> Result<(), Failure> {
    let sql = "UPDATE deliveries SET claimable = NOT claimable
        WHERE due_at IS NOT NULL AND behind = 0 AND claimable <> EXISTS (
            SELECT 1 FROM connections JOIN revisions USING (connector)
            WHERE connections.key = deliveries.connection AND standing = 'active')";
    if write.prepare_cached(sql)?.execute([])? > 0 {
        write.wake();
    }
    Ok(())
}

fn detail(connection: &Connection, id: DeliveryId) -> Result<Option<DeliveryDetail>, Failure> {
    let Some((key, delivery)) = rows::find(connection, id)? else { return Ok(None) };
    let (mut attempts, mut timeline) = (Vec::new(), Vec::new());
    for ended in ended_attempts(connection, key)? {
        attempts.push(ended.0);
        timeline.extend(ended.1);
    }
    attempts.extend(attempt_under_way(connection, key)?);
    timeline.sort_by_key(|line| line.at);
    let journal = journal::of_delivery(connection, key)?;
    let behind = order::head_of(connection, key)?;
    let callbacks = callbacks::of_delivery(connection, key)?;
    let leads_its_key = order::leads(connection, key)?;
    let acts = act::done(connection, key)?;
    Ok(Some(DeliveryDetail { delivery, attempts, timeline, journal, callbacks, behind, leads_its_key, acts }))
}

fn ended_attempts(connection: &Connection, key: i64) -> rusqlite::Result<Vec<(Attempt, Vec<TimelineLine>)>> {
    let sql = "SELECT number, digest, began_at, ended_at, kind, problem, timeline, resumed
        FROM attempts JOIN revisions ON revisions.key = revision WHERE delivery = ?1 ORDER BY lease";
    let read = |row: &rusqlite::Row<'_>| {
        let (Kept(revision), Kept(began_at), Kept(ended_at)) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let problem: Option<Json<_>> = row.get(5)?;
        let result = AttemptResult { ended_at, kind: row.get(4)?, problem: problem.map(|Json(problem)| problem) };
        let timeline: Option<Json<_>> = row.get(6)?;
        let timeline = timeline.map(|Json(lines)| lines).unwrap_or_default();
        Ok((Attempt { number: row.get(0)?, resumed: row.get(7)?, revision, began_at, result: Some(result) }, timeline))
    };
    connection.prepare_cached(sql)?.query_map([key], read)?.collect()
}

fn attempt_under_way(connection: &Connection, key: i64) -> rusqlite::Result<Option<Attempt>> {
    let sql = "SELECT attempts, digest, attempt_began_at, phase > 0 AND deliveries.key IN (SELECT delivery FROM waits)
        FROM deliveries JOIN revisions ON revisions.key = attempt_revision WHERE deliveries.key = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let (Kept(revision), Kept(began_at)) = (row.get(1)?, row.get(2)?);
        Ok(Attempt { number: row.get(0)?, resumed: row.get(3)?, revision, began_at, result: None })
    };
    connection.prepare_cached(sql)?.query_row(params![key], read).optional()
}
