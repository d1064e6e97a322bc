//! What waits at each connection, counted in indices alone and only so far: however much it is, it costs the same.

use rusqlite::{Connection, Row, params};
use sluse_model::{Name, Timestamp};
use sluse_store::{Backlog, MAX_BACKLOG};

use crate::values::Kept;

/// What is queued or retrying and due. An index without the state does: what waits for an answer is due later.
const DUE: &str = "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_waiting
    WHERE due_at IS NOT NULL AND claimable = ?1 AND connection = ?2 AND due_at <= ?3 LIMIT ?4)";

const OLDEST: &str = "SELECT min(due_at) FROM deliveries INDEXED BY deliveries_waiting
    WHERE due_at IS NOT NULL AND claimable = ?1 AND connection = ?2 AND due_at <= ?3";

const ATTENTION: &str = "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_attention
    WHERE state = 'attention' AND connection = ?1 LIMIT ?2)";

pub(super) fn backlogs(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Backlog>> {
    let mut all = connection.prepare_cached("SELECT key, name FROM connections ORDER BY name")?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1).map(|Kept(name)| name)?));
    all.query_map([], read)?.map(|found| backlog(connection, found?, now)).collect()
}

fn backlog(connection: &Connection, (key, name): (i64, Name), now: Timestamp) -> rusqlite::Result<Backlog> {
    let (mut due, mut oldest) = (0_u64, None);
    // Those that can be claimed, and those that are behind others or have no active revision.
    for claimable in [1, 0] {
        let values = params![claimable, key, now.as_millis(), MAX_BACKLOG];
        due += count(connection, DUE, values)?;
        let values = params![claimable, key, now.as_millis()];
        let found: Option<Kept<Timestamp>> = connection.prepare_cached(OLDEST)?.query_row(values, |row| row.get(0))?;
        oldest = [oldest, found.map(|Kept(due)| due)].into_iter().flatten().min();
    }
    let attention = count(connection, ATTENTION, params![key, MAX_BACKLOG])?;
    Ok(Backlog { connection: name, due: due.min(MAX_BACKLOG.into()), oldest_due: oldest, attention })
}

fn count(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<u64> {
    let count: i64 = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
