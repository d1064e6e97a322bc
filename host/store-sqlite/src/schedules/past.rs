//! What has become of a schedule's ticks lately. Ticks that failed stand in an index of their own, and few of them are
//! counted.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{InARow, LastFailure, Past, Problem, Timestamp};

use crate::values::{Json, Kept};

/// So many tries in a row are as many as any number.
const MAX_TRIES: u32 = 100;

/// A schedule, and which of its ticks last did what it was to do.
pub(super) struct Success {
    pub(super) schedule_key: i64,
    succeeded_at: Option<Timestamp>,
    /// 0 when there was none: every tick is later.
    succeeded_key: i64,
}

impl Success {
    /// From `key` in the first column, `succeeded_at` and `succeeded_key` in the sixth and seventh.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let succeeded_at = row.get::<_, Option<Kept<Timestamp>>>(5)?.map(|Kept(at)| at);
        let succeeded_key = row.get::<_, Option<i64>>(6)?.unwrap_or(0);
        Ok(Self { schedule_key: row.get(0)?, succeeded_at, succeeded_key })
    }
}

/// A poll that has not ended, and was tried.
struct Open {
    tries: u32,
    fired_at: Timestamp,
    failure: Option<LastFailure>,
}

pub(super) fn past(connection: &Connection, success: Success) -> rusqlite::Result<Past> {
    let open = open(connection, &success)?;
    let in_a_row = in_a_row(connection, &success, open.as_ref())?;
    let failure = match open.and_then(|open| open.failure) {
        Some(failure) => Some(failure),
        None => last_failed(connection, success.schedule_key)?,
    };
    Ok(Past { succeeded_at: success.succeeded_at, failure, in_a_row })
}

/// The try that is under way has not come to nothing.
fn open(connection: &Connection, success: &Success) -> rusqlite::Result<Option<Open>> {
    let sql = "SELECT attempts - (state = 'running'), at, due_from, problem FROM ticks INDEXED BY ticks_open
        WHERE schedule = ?1 AND (state = 'queued' OR state = 'running' OR state = 'retrying') AND key > ?2
            AND attempts > (state = 'running') ORDER BY key LIMIT 1";
    let read = |row: &Row<'_>| {
        let problem = row.get::<_, Option<Json<Problem>>>(3)?.map(|Json(problem)| problem);
        let at = row.get::<_, Option<Kept<Timestamp>>>(2)?.map(|Kept(at)| at);
        let failure = at.zip(problem).map(|(at, problem)| LastFailure { at, problem });
        let Kept(fired_at) = row.get(1)?;
        Ok(Open { tries: row.get(0)?, fired_at, failure })
    };
    let values = params![success.schedule_key, success.succeeded_key];
    connection.prepare_cached(sql)?.query_row(values, read).optional()
}

fn in_a_row(connection: &Connection, success: &Success, open: Option<&Open>) -> rusqlite::Result<Option<InARow>> {
    let first = "SELECT ended_at FROM ticks INDEXED BY ticks_failed
        WHERE schedule = ?1 AND state = 'failed' AND key > ?2 ORDER BY key LIMIT 1";
    let values = params![success.schedule_key, success.succeeded_key];
    let read = |row: &Row<'_>| row.get(0).map(|Kept(at): Kept<Timestamp>| at);
    let first = connection.prepare_cached(first)?.query_row(values, read).optional()?;
    let Some(since) = first.or(open.map(|open| open.fired_at)) else { return Ok(None) };
    let sql = "SELECT coalesce(sum(tries), 0) FROM (SELECT max(attempts, 1) AS tries FROM ticks INDEXED BY ticks_failed
        WHERE schedule = ?1 AND state = 'failed' AND key > ?2 ORDER BY key DESC LIMIT ?3)";
    let values = params![success.schedule_key, success.succeeded_key, MAX_TRIES];
    let tries: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    let tries = u32::try_from(tries).unwrap_or(MAX_TRIES).saturating_add(open.map_or(0, |open| open.tries));
    Ok(Some(InARow { tries: tries.min(MAX_TRIES), since, gave_up: first.is_some() }))
}

fn last_failed(connection: &Connection, schedule_key: i64) -> rusqlite::Result<Option<LastFailure>> {
    let sql = "SELECT ended_at, problem FROM ticks INDEXED BY ticks_failed
        WHERE schedule = ?1 AND state = 'failed' ORDER BY key DESC LIMIT 1";
    let read = |row: &Row<'_>| {
        let (Kept(at), Json(problem)) = (row.get(0)?, row.get(1)?);
        Ok(LastFailure { at, problem })
    };
    connection.prepare_cached(sql)?.query_row([schedule_key], read).optional()
}
