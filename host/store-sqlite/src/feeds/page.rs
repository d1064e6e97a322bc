//! What a call of a poll came to: the cursor, the items and their runs, and where its tick goes, in one transaction and
//! under its lease.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use sluse_model::{Found, RunState, TickState, Timestamp, item_digest};
use sluse_store::{NewItem, NewPage, PollSettlement, StoreError};

use super::{feed_key, reports};
use crate::{
    deliveries::run_state,
    error::Failure,
    runs, schedules,
    values::{json, signed},
    writer::Write,
};

/// Only the holder of the lease gets past this.
const HELD: &str = "SELECT key, connection FROM ticks
    WHERE id = ?1 AND state = 'running' AND lease_number = ?2 AND connection IS NOT NULL";

/// The tick of a lease that is held.
struct Held {
    tick_key: i64,
    connection_key: i64,
}

pub(super) fn settle(write: &Write<'_>, settlement: &PollSettlement) -> Result<Found, Failure> {
    let held = held(write, settlement)?;
    let found = match &settlement.page {
        Some(page) => keep_page(write, &held, page, settlement.at)?,
        None => Found::default(),
    };
    let sql = "UPDATE ticks SET started = started + ?2, known = known + ?3, held = held + ?4, timeline = ?5,
            attempts = attempts - ?6 WHERE key = ?1";
    let timeline = (!settlement.timeline.is_empty()).then(|| json(&settlement.timeline));
    let taken_back = u32::from(settlement.is_taken_back);
    let values = params![held.tick_key, found.started, found.known, found.held, timeline, taken_back];
    write.prepare_cached(sql)?.execute(values)?;
    if let Some(state) = &settlement.state {
        move_to(write, held.tick_key, state, settlement.at)?;
        schedules::end_if_changed(write, held.tick_key, settlement.at)?;
    }
    Ok(found)
}

fn held(write: &Write<'_>, settlement: &PollSettlement) -> Result<Held, Failure> {
    let values = params![settlement.tick.as_bytes().as_slice(), signed(settlement.lease.number)];
    let read = |row: &rusqlite::Row<'_>| Ok(Held { tick_key: row.get(0)?, connection_key: row.get(1)? });
    let found = write.prepare_cached(HELD)?.query_row(values, read).optional()?;
    found.ok_or_else(|| StoreError::Stale(format!("tick `{}`", settlement.tick)).into())
}

fn keep_page(write: &Write<'_>, held: &Held, page: &NewPage, now: Timestamp) -> Result<Found, Failure> {
    let feed_key = feed_key(write, held.connection_key, &page.feed)?;
    let mut found = Found { known: page.known, ..Found::default() };
    // Each group is told once, whatever is on the page.
    let mut untold = BTreeMap::new();
    for item in &page.items {
        let (kept, to_tell) = keep_item(write, held, (feed_key, page), item)?;
        found = found.plus(kept);
        untold.extend(to_tell.map(|item| (item.group.clone(), item)));
    }
    untold.values().try_for_each(|item| reports::tell(write, item, now))?;
    let sql = "UPDATE feeds SET cursor = ?2 WHERE key = ?1";
    write.prepare_cached(sql)?.execute(params![feed_key, page.cursor])?;
    Ok(found)
}

fn keep_item(
    write: &Write<'_>,
    held: &Held,
    (feed_key, page): (i64, &NewPage),
    item: &NewItem,
) -> Result<(Found, Option<reports::Item>), Failure> {
    let sql = "INSERT INTO items (digest, feed, tick, name, \"group\") VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (digest) DO NOTHING";
    let digest = item_digest(&page.connection, &page.feed, &item.key);
    let values = params![digest.as_bytes().as_slice(), feed_key, held.tick_key, item.key, item.group];
    if write.prepare_cached(sql)?.execute(values)? == 0 {
        return Ok((Found { known: 1, ..Found::default() }, None));
    }
    let item_key = write.last_insert_rowid();
    let run_key = runs::begin_run(write, &item.run)?;
    write.prepare_cached("UPDATE items SET run = ?2 WHERE key = ?1")?.execute(params![item_key, run_key])?;
    let state = run_state(item.run.first.as_ref());
    let is_held = u32::from(state == RunState::Attention);
    Ok((Found { started: 1, known: 0, held: is_held }, reports::note(write, run_key)?))
}

fn move_to(write: &Write<'_>, tick_key: i64, state: &TickState, now: Timestamp) -> Result<(), Failure> {
    let (word, due, ended_at, problem) = match state {
        TickState::Queued { due } => ("queued", Some(due), None, None),
        TickState::Retrying { due, problem } => ("retrying", Some(due), None, Some(problem)),
        TickState::Done { at } => ("done", None, Some(at), None),
        TickState::Failed { at, problem } => ("failed", None, Some(at), Some(problem)),
        TickState::Running { .. } | TickState::Skipped { .. } => {
            return Err(StoreError::Unavailable("a poll that has ended is not running".into()).into());
        }
    };
    let sql = "UPDATE ticks SET state = ?2, due_at = ?3, due_from = ?6, ended_at = ?4, problem = ?5, lease_until = NULL
        WHERE key = ?1";
    let (due, ended_at) = (due.map(|due| due.as_millis()), ended_at.map(|at| at.as_millis()));
    write.prepare_cached(sql)?.execute(params![tick_key, word, due, ended_at, problem.map(json), now.as_millis()])?;
    match state {
        TickState::Done { at } => schedules::succeeded(write, tick_key, *at),
        _ => Ok(()),
    }
}
