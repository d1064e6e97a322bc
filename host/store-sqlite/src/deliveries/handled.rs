//! What needs nobody any more: of a failed run, once the run that stands for it has succeeded.

use rusqlite::{OptionalExtension, Row};
use sluse_model::{Delivery, Event, Position, RetryPolicy, RunState, Timestamp};

use super::{act, order, rows, settle};
use crate::{error::Failure, journal, writer::Write};

/// Closes what of the failed run waits for a person, when that was wanted, together with that run. What may have
/// happened goes on waiting: nobody else can find out.
pub(super) fn close(write: &Write<'_>, stands_for_it: i64, at: Timestamp) -> Result<(), Failure> {
    let Some(Waiting { run_key, key, delivery, ordering_key }) = waiting(write, stands_for_it)? else { return Ok(()) };
    let Delivery { state, attempts, accepted_at, .. } = delivery;
    let position = Position { state, attempts, lease_number: 0, accepted_at };
    let event = Event::Handled { in_doubt: journal::is_in_doubt(write, key)? };
    let Ok(after) = position.after(&event, &RetryPolicy::default(), at, 0.0) else { return Ok(()) };
    act::move_to(write, key, &after.state, at)?;
    if let Some(ordering_key) = ordering_key {
        order::move_head(write, &ordering_key)?;
    }
    settle::move_run(write, run_key, RunState::Failed, at)
}

/// What waits for a person, of a run that is to be closed.
struct Waiting {
    run_key: i64,
    key: i64,
    delivery: Delivery,
    ordering_key: Option<Vec<u8>>,
}

/// What it was started for, unless that was tried again since.
fn waiting(write: &Write<'_>, stands_for_it: i64) -> Result<Option<Waiting>, Failure> {
    let sql = "SELECT failed.key, d.key FROM runs CROSS JOIN runs failed ON failed.id = runs.stands_for
        CROSS JOIN deliveries d ON d.id = runs.caused_by AND d.run = failed.key
        WHERE runs.key = ?1 AND runs.resolves = 1 AND d.state = 'attention' AND d.attention_since <= runs.accepted_at";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let failed: Option<(i64, i64)> = write.prepare_cached(sql)?.query_row([stands_for_it], read).optional()?;
    let Some((run_key, key)) = failed else { return Ok(None) };
    let sql =
        concat!("SELECT ", rows::columns!(), ", d.ordering_key FROM deliveries d", rows::joins!(), "WHERE d.key = ?1");
    let read = |row: &Row<'_>| {
        let (_, delivery) = rows::delivery(row)?;
        Ok(Waiting { run_key, key, delivery, ordering_key: row.get(rows::COUNT)? })
    };
    Ok(write.prepare_cached(sql)?.query_row([key], read).optional()?)
}
