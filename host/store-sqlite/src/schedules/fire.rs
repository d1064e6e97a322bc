//! Ticks that have come, in one transaction with what they start.

use rusqlite::{OptionalExtension, params};
use sluse_model::{Planned, SkipReason, Skipped, TickId, Timestamp};
use sluse_store::{Firing, NewRun, NewTick, NewTurn, StoreError};

use super::{at_work, planned, succeeded, waiting};
use crate::{error::Failure, runs, writer::Write};

pub(super) fn fire(write: &Write<'_>, firing: &Firing) -> Result<(), Failure> {
    let sql = "SELECT key, connection, next_at, fires_at FROM schedules WHERE name = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, planned(row, 2)?));
    let found: Option<(i64, Option<i64>, Option<Planned>)> =
        write.prepare_cached(sql)?.query_row([firing.schedule.as_str()], read).optional()?;
    let of = || format!("schedule `{}`", firing.schedule);
    let (schedule_key, connection_key, present) = found.ok_or_else(|| StoreError::NotFound(of()))?;
    if present != firing.planned {
        return Err(StoreError::Stale(of()).into());
    }
    let seen = || Ok::<_, rusqlite::Error>((at_work(write, schedule_key)?, waiting(write, schedule_key)?));
    if firing.fired.is_some() && seen()? != firing.seen {
        return Err(StoreError::Stale(of()).into());
    }
    let row = Row { schedule_key, connection_key, at: firing.at };
    if let Some((id, skipped)) = &firing.missed {
        row.missed(write, *id, skipped)?;
    }
    if let Some(tick) = &firing.fired {
        row.fired(write, tick)?;
    }
    let sql = "UPDATE schedules SET next_at = ?2, fires_at = ?3 WHERE key = ?1";
    let (next_at, fires_at) =
        (firing.next.map(|next| next.at.as_millis()), firing.next.map(|next| next.fires_at.as_millis()));
    write.prepare_cached(sql)?.execute(params![schedule_key, next_at, fires_at])?;
    Ok(())
}

/// A queued tick has its turn.
pub(super) fn start(write: &Write<'_>, tick: TickId, run: &NewRun) -> Result<(), Failure> {
    let run_key = runs::begin_run(write, run)?;
    let sql = "UPDATE ticks SET state = 'done', due_at = NULL, ended_at = ?2, run = ?3
        WHERE id = ?1 AND state = 'queued' RETURNING key";
    let values = params![tick.as_bytes().as_slice(), run.accepted_at.as_millis(), run_key];
    let tick_key = write.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let tick_key = tick_key.ok_or_else(|| StoreError::Stale(format!("tick `{tick}`")))?;
    succeeded(write, tick_key, run.accepted_at)
}

/// What the ticks of one firing share.
struct Row {
    schedule_key: i64,
    connection_key: Option<i64>,
    at: Timestamp,
}

impl Row {
    fn missed(&self, write: &Write<'_>, id: TickId, skipped: &Skipped) -> Result<(), Failure> {
        let sql = "INSERT INTO ticks (id, schedule, connection, planned_at, until, count, at, late, state, why)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 'skipped', ?8)";
        write.prepare_cached(sql)?.execute(params![
            id.as_bytes().as_slice(),
            self.schedule_key,
            self.connection_key,
            skipped.from.as_millis(),
            skipped.until.as_millis(),
            skipped.count,
            self.at.as_millis(),
            SkipReason::Missed.as_str(),
        ])?;
        Ok(())
    }

    fn fired(&self, write: &Write<'_>, tick: &NewTick) -> Result<(), Failure> {
        let at = self.at.as_millis();
        let (state, due_at, ended_at, why, run_key) = match &tick.turn {
            NewTurn::Queue => ("queued", Some(at), None, None, None),
            NewTurn::Start(run) => ("done", None, Some(at), None, Some(runs::begin_run(write, run)?)),
            NewTurn::Overlapped => ("skipped", None, None, Some(SkipReason::Overlap.as_str()), None),
        };
        let sql =
            "INSERT INTO ticks (id, schedule, connection, planned_at, until, count, at, late, token, by_name, state,
                due_at, due_from, ended_at, why, run)
            VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10, ?5, ?11, ?12, ?13)";
        write.prepare_cached(sql)?.execute(params![
            tick.id.as_bytes().as_slice(),
            self.schedule_key,
            self.connection_key,
            tick.planned_at.as_millis(),
            at,
            tick.is_late,
            tick.by.as_ref().map(|by| by.token.as_bytes().as_slice()),
            tick.by.as_ref().map(|by| &by.name),
            state,
            due_at,
            ended_at,
            why,
            run_key,
        ])?;
        if run_key.is_some() {
            succeeded(write, write.last_insert_rowid(), self.at)?;
        }
        Ok(())
    }
}
