//! Schedules and their ticks. What has not ended stands in an index of its own; what has is only read by people.

mod fire; // ticks that have come
mod past; // what has become of them lately
mod rows; // from rows to ticks

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Name, Planned, Problem, Schedule, Tick, TickId, Timestamp};
use sluse_store::{Firing, NewRun, Page, PageRequest, Schedules, StoreError, StoredSchedule};

use past::Success;

use crate::{
    SqliteStore,
    error::Failure,
    pages::{List, Part},
    values::{Json, Kept, json},
    writer::Write,
};

/// Far more than are fired while a clock is ahead.
const MAX_HANDLED: u32 = 10_000;

#[async_trait]
impl Schedules for SqliteStore {
    async fn schedules(&self) -> Result<Vec<StoredSchedule>, StoreError> {
        self.readers.read(|connection| Ok(all(connection, None)?)).await
    }

    async fn schedule(&self, name: &Name) -> Result<Option<StoredSchedule>, StoreError> {
        let name = name.clone();
        self.readers.read(move |connection| Ok(all(connection, Some(&name))?.pop())).await
    }

    async fn ticks(&self, schedule: &Name, page: PageRequest) -> Result<Page<Tick>, StoreError> {
        let (name, part) = (schedule.clone(), Part::of(List::Ticks, &page)?);
        self.readers.read(move |connection| Ok(part.page(rows::list(connection, &name, part)?))).await
    }

    async fn handled(&self, schedule: &Name, from: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        let name = schedule.clone();
        let read = move |connection: &Connection| {
            let sql = "SELECT planned_at FROM ticks
                WHERE schedule = (SELECT key FROM schedules WHERE name = ?1) AND planned_at >= ?2
                    AND token IS NULL AND why IS NOT 'missed' ORDER BY planned_at LIMIT ?3";
            let read = |row: &Row<'_>| row.get(0).map(|Kept(at)| at);
            let values = params![name.as_str(), from.as_millis(), MAX_HANDLED];
            Ok(connection.prepare_cached(sql)?.query_map(values, read)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn fire(&self, firing: Firing) -> Result<(), StoreError> {
        self.writer.write(move |write| fire::fire(write, &firing)).await
    }

    async fn start(&self, tick: TickId, run: NewRun) -> Result<(), StoreError> {
        self.writer.write(move |write| fire::start(write, tick, &run)).await
    }
}

/// One of them, or all.
fn all(connection: &Connection, name: Option<&Name>) -> rusqlite::Result<Vec<StoredSchedule>> {
    let sql = "SELECT key, definition, changed_at, next_at, fires_at, succeeded_at, succeeded_key FROM schedules
        WHERE ?1 IS NULL OR name = ?1 ORDER BY name";
    let read = |row: &Row<'_>| {
        let (Json(schedule), Kept(changed_at)) = (row.get(1)?, row.get(2)?);
        Ok((Success::of(row)?, schedule, changed_at, planned(row, 3)?))
    };
    let mut statement = connection.prepare_cached(sql)?;
    let found: Vec<(Success, Schedule, Timestamp, Option<Planned>)> =
        statement.query_map([name.map(Name::as_str)], read)?.collect::<Result<_, _>>()?;
    let stored = |(success, schedule, changed_at, next): (Success, _, _, _)| {
        let key = success.schedule_key;
        let (at_work, waiting) = (at_work(connection, key)?, waiting(connection, key)?);
        let latest = rows::latest(connection, key)?;
        let past = past::past(connection, success)?;
        Ok(StoredSchedule { schedule, changed_at, next, at_work, waiting, latest, past })
    };
    found.into_iter().map(stored).collect()
}

/// What is to come, in this column and the next.
fn planned(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Planned>> {
    let at: Option<Kept<Timestamp>> = row.get(column)?;
    let fires_at: Option<Kept<Timestamp>> = row.get(column + 1)?;
    Ok(at.zip(fires_at).map(|(Kept(at), Kept(fires_at))| Planned { at, fires_at }))
}

/// A poll that has not ended, or the latest run when it is not closed.
fn at_work(connection: &Connection, schedule_key: i64) -> rusqlite::Result<Option<TickId>> {
    let read = |row: &Row<'_>| row.get(0).map(|Kept(id)| id);
    let polled = "SELECT id FROM ticks INDEXED BY ticks_open
        WHERE schedule = ?1 AND (state = 'queued' OR state = 'running' OR state = 'retrying') AND connection IS NOT NULL
        ORDER BY key LIMIT 1";
    if let Some(id) = connection.prepare_cached(polled)?.query_row([schedule_key], read).optional()? {
        return Ok(Some(id));
    }
    let started = "SELECT id, run FROM ticks INDEXED BY ticks_started WHERE schedule = ?1 AND run IS NOT NULL
        ORDER BY key DESC LIMIT 1";
    let sql = format!("SELECT t.id FROM ({started}) t CROSS JOIN runs r ON r.key = t.run WHERE r.closed_at IS NULL");
    connection.prepare_cached(&sql)?.query_row([schedule_key], read).optional()
}

fn waiting(connection: &Connection, schedule_key: i64) -> rusqlite::Result<Option<TickId>> {
    let sql = "SELECT id FROM ticks INDEXED BY ticks_open
        WHERE schedule = ?1 AND (state = 'queued' OR state = 'running' OR state = 'retrying') AND state = 'queued'
        ORDER BY key LIMIT 1";
    connection.prepare_cached(sql)?.query_row([schedule_key], |row| row.get(0).map(|Kept(id)| id)).optional()
}

/// A tick has done what it was to do.
pub(crate) fn succeeded(write: &Write<'_>, tick_key: i64, at: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE schedules SET succeeded_at = ?2, succeeded_key = ?1
        WHERE key = (SELECT schedule FROM ticks WHERE key = ?1)";
    write.prepare_cached(sql)?.execute(params![tick_key, at.as_millis()])?;
    Ok(())
}

/// Writes a schedule that is applied. What is unchanged stays as it is.
pub(crate) fn apply(write: &Write<'_>, schedule: &Schedule, now: Timestamp) -> Result<(), Failure> {
    let before: Option<Json<Schedule>> = write
        .prepare_cached("SELECT definition FROM schedules WHERE name = ?1")?
        .query_row([schedule.name.as_str()], |row| row.get(0))
        .optional()?;
    let before = before.map(|Json(before)| before);
    if before.as_ref() == Some(schedule) {
        return Ok(());
    }
    let does_another_thing = before.as_ref().is_some_and(|before| before.task != schedule.task);
    let goes_on =
        before.is_some_and(|before| (&before.cadence, before.enabled) == (&schedule.cadence, schedule.enabled));
    let sql = "INSERT INTO schedules (name, connection, changed_at, definition)
        VALUES (?1, (SELECT key FROM connections WHERE name = ?2), ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET connection = excluded.connection, changed_at = excluded.changed_at,
            definition = excluded.definition,
            next_at = CASE WHEN ?5 THEN next_at END, fires_at = CASE WHEN ?5 THEN fires_at END";
    let connection = schedule.feed().map(|(connection, _)| connection.as_str());
    let values = params![schedule.name.as_str(), connection, now.as_millis(), json(schedule), goes_on];
    write.prepare_cached(sql)?.execute(values)?;
    if !schedule.enabled || does_another_thing {
        end_open(write, schedule, now)?;
    }
    Ok(())
}

/// A poll that would be made again, though its schedule polls elsewhere by now, or is switched off, comes to nothing:
/// it would be at work for good. One that somebody fired by hand is made while its schedule is switched off, too.
pub(crate) fn end_if_changed(write: &Write<'_>, tick_key: i64, now: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE ticks SET state = 'failed', due_at = NULL, ended_at = ?2, problem = ?3
        WHERE key = ?1 AND (state = 'queued' OR state = 'retrying') AND EXISTS (SELECT 1 FROM schedules s
            WHERE s.key = ticks.schedule AND (s.connection IS NOT ticks.connection
                OR NOT (s.definition ->> '$.enabled') AND ticks.token IS NULL))";
    write.prepare_cached(sql)?.execute(params![tick_key, now.as_millis(), json(&changed())])?;
    Ok(())
}

fn changed() -> Problem {
    Problem::new("schedule-changed", "The schedule was changed or switched off before this tick was through.")
}

/// Ticks that have not begun come to nothing: what they were to do is not asked for any more.
fn end_open(write: &Write<'_>, schedule: &Schedule, now: Timestamp) -> Result<(), Failure> {
    let sql = "UPDATE ticks SET state = 'failed', due_at = NULL, ended_at = ?2, problem = ?3
        WHERE schedule = (SELECT key FROM schedules WHERE name = ?1) AND (state = 'queued' OR state = 'retrying')";
    write.prepare_cached(sql)?.execute(params![schedule.name.as_str(), now.as_millis(), json(&changed())])?;
    Ok(())
}
