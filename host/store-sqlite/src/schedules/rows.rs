//! From rows to ticks: one selection for single ones and lists.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Actor, Found, Name, RunId, Tick, TickState, Timestamp};

use crate::{
    pages::Part,
    values::{Json, Kept, Word},
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.key, t.id, s.name, t.planned_at, t.until, t.count, t.at, t.late, t.token, t.by_name, t.state, t.why,
                t.due_at, t.ended_at, t.problem, t.attempts, t.lease_until, t.started, t.known, t.held, r.id, t.timeline
            FROM ticks t CROSS JOIN schedules s ON s.key = t.schedule LEFT JOIN runs r ON r.key = t.run ",
            $rest
        )
    };
}

/// What was written down last.
pub(super) fn latest(connection: &Connection, schedule_key: i64) -> rusqlite::Result<Option<Tick>> {
    let sql = select!("WHERE t.schedule = ?1 ORDER BY t.key DESC LIMIT 1");
    let found = connection.prepare_cached(sql)?.query_row([schedule_key], tick).optional()?;
    Ok(found.map(|(_, tick)| tick))
}

/// The latest first, with their keys.
pub(super) fn list(connection: &Connection, schedule: &Name, part: Part) -> rusqlite::Result<Vec<(i64, Tick)>> {
    let sql = select!(
        "WHERE t.schedule = (SELECT key FROM schedules WHERE name = ?1) AND t.key < ?2 ORDER BY t.key DESC LIMIT ?3"
    );
    let values = params![schedule.as_str(), part.before_key, part.rows()];
    connection.prepare_cached(sql)?.query_map(values, tick)?.collect()
}

fn tick(row: &Row<'_>) -> rusqlite::Result<(i64, Tick)> {
    let (Kept(id), Kept(schedule)) = (row.get(1)?, row.get(2)?);
    let token = row.get::<_, Option<Kept<_>>>(8)?.map(|Kept(token)| token);
    let by = token.zip(row.get(9)?).map(|(token, name)| Actor { token, name });
    let run: Option<Kept<RunId>> = row.get(20)?;
    let timeline: Option<Json<_>> = row.get(21)?;
    let tick = Tick {
        id,
        schedule,
        planned_at: time(row, 3)?,
        until: time(row, 4)?,
        count: row.get(5)?,
        at: time(row, 6)?,
        is_late: row.get(7)?,
        by,
        state: state(row)?,
        attempts: row.get(15)?,
        found: Found { started: row.get(17)?, known: row.get(18)?, held: row.get(19)? },
        run: run.map(|Kept(run)| run),
        timeline: timeline.map(|Json(lines)| lines).unwrap_or_default(),
    };
    Ok((row.get(0)?, tick))
}

fn state(row: &Row<'_>) -> rusqlite::Result<TickState> {
    let problem = || row.get(14).map(|Json(problem)| problem);
    Ok(match row.get_ref(10)?.as_str()? {
        "queued" => TickState::Queued { due: time(row, 12)? },
        "running" => TickState::Running { until: time(row, 16)? },
        "retrying" => TickState::Retrying { due: time(row, 12)?, problem: problem()? },
        "done" => TickState::Done { at: time(row, 13)? },
        "failed" => TickState::Failed { at: time(row, 13)?, problem: problem()? },
        _ => TickState::Skipped { why: row.get(11).map(|Word(why)| why)? },
    })
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(|Kept(time)| time)
}
