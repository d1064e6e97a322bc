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

fn waiting(write: &Write<'_>, stands_for_it: i64) -> Result<Option<Waiting>, Failure> {
    let sql = "SELECT failed.key FROM runs JOIN runs failed ON failed.id = runs.stands_for
        WHERE runs.key = ?1 AND runs.resolves = 1";
    let failed: Option<i64> = write.prepare_cached(sql)?.query_row([stands_for_it], |row| row.get(0)).optional()?;
    let Some(run_key) = failed else { return Ok(None) };
    let sql = concat!(
        "SELECT ",
        rows::columns!(),
        ", d.ordering_key FROM deliveries d",
        rows::joins!(),
        "WHERE d.run = ?1 AND d.state = 'attention'"
    );
    let read = |row: &Row<'_>| {
        let (key, delivery) = rows::delivery(row)?;
        Ok(Waiting { run_key, key, delivery, ordering_key: row.get(rows::COUNT)? })
    };
    Ok(write.prepare_cached(sql)?.query_row([run_key], read).optional()?)
}
