//! Due deliveries, and the leases under which they are worked on.

use rusqlite::{Connection, OptionalExtension, ToSql, params};
use sluse_model::{DeliveryId, DeliveryState, Lease, Timestamp};
use sluse_store::{Claim, Claimed, Rooms};

use super::rows::{self, columns, joins};
use crate::{
    callbacks,
    error::Failure,
    values::{Kept, signed},
    writer::Write,
};

/// The most that one claim gives: a claim is one piece of work among others in a commit.
const MAX_CLAIMED: u32 = 1000;

/// The next connection for which something waits that can be claimed, and when the first of it is due: one look into
/// the index, whatever waits.
const NEXT_CONNECTION: &str = "SELECT d.connection, c.name, d.due_at FROM deliveries d INDEXED BY deliveries_waiting
    CROSS JOIN connections c ON c.key = d.connection
    WHERE d.due_at IS NOT NULL AND d.claimable = 1 AND d.connection > ?1
    ORDER BY d.connection, d.due_at LIMIT 1";

/// Due deliveries of a connection, with the active revision of its connector.
const DUE: &str = concat!(
    "SELECT ",
    columns!(),
    ", v.key, v.digest, r.flow, f.digest FROM deliveries d INDEXED BY deliveries_waiting",
    joins!(),
    "CROSS JOIN revisions v ON v.connector = c.connector AND v.standing = 'active'
    CROSS JOIN flow_versions f ON f.key = r.flow_version
    WHERE d.claimable = 1 AND d.connection = ?3 AND d.due_at <= ?1
    ORDER BY d.due_at, d.key LIMIT ?2"
);

/// Running deliveries whose lease has lapsed, with the revision of the attempt that was lost.
const LAPSED: &str = concat!(
    "SELECT ",
    columns!(),
    ", v.key, v.digest, r.flow, f.digest FROM deliveries d INDEXED BY deliveries_running
    CROSS JOIN revisions v ON v.key = d.attempt_revision",
    joins!(),
    "CROSS JOIN flow_versions f ON f.key = r.flow_version
    WHERE d.state = 'running' AND d.lease_until <= ?1 ORDER BY d.lease_until, d.key LIMIT ?2"
);

/// Moves the end of a lease that is held.
const RENEW: &str = "UPDATE deliveries SET lease_until = ?3 WHERE id = ?1 AND state = 'running' AND lease_number = ?2";

/// What began to wait at a time that is still to come: a clock that was ahead said so. How long it was to wait is
/// known all the same, and that wait begins now.
const WAIT_ANEW: &str = "UPDATE deliveries
    SET due_at = ?1 + max(0, due_at - changed_at), changed_at = ?1
    WHERE claimable IN (0, 1)
        AND connection IN (SELECT key FROM connections) AND due_at > ?1 AND changed_at > ?1";

/// Where a claim begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// The clock stepped back since the claim before.
    pub(super) stepped_back: bool,
    /// The key of the connection whose turn it was last.
    pub(super) after_connection: i64,
}

/// A connection for which something waits.
pub(super) struct Waiting {
    key: i64,
    room: u32,
    /// When the first of it is due.
    pub(super) due: Timestamp,
}

/// Gives what is claimed, and the connection that it ends with.
pub(super) fn claim(
    write: &Write<'_>,
    claim: Claim,
    limit: u32,
    rooms: &Rooms,
    turn: Turn,
) -> Result<(Vec<Claimed>, i64), Failure> {
    if turn.stepped_back {
        write.prepare_cached(WAIT_ANEW)?.execute([claim.now.as_millis()])?;
    }
    let mut ready = connections_waiting(write, rooms)?;
    ready.retain(|connection| connection.due <= claim.now);
    let behind = ready.partition_point(|connection| connection.key <= turn.after_connection);
    ready.rotate_left(behind);
    let (mut claimed, mut last_connection) = (Vec::new(), turn.after_connection);
    let mut left = limit.min(MAX_CLAIMED);
    // Each takes its share, and those who could use more share what the others leave.
    while left > 0 && !ready.is_empty() {
        let mut hungry = Vec::new();
        let mut sharing = u32::try_from(ready.len()).unwrap_or(u32::MAX);
        for mut connection in ready {
            let share = left.div_ceil(sharing.max(1)).min(connection.room);
            sharing -= 1;
            let found = find(write, DUE, params![claim.now.as_millis(), share, connection.key], claim.now)?;
            let count = u32::try_from(found.len()).unwrap_or(share);
            for found in found {
                claimed.push(take(write, claim, found)?);
            }
            (left, connection.room) = (left - count, connection.room - count);
            if count > 0 {
                last_connection = connection.key;
            }
            if count == share && connection.room > 0 {
                hungry.push(connection);
            }
        }
        ready = hungry;
    }
    Ok((claimed, last_connection))
}

/// The connections that have room and something that waits, by key.
pub(super) fn connections_waiting(connection: &Connection, rooms: &Rooms) -> rusqlite::Result<Vec<Waiting>> {
    let mut next = connection.prepare_cached(NEXT_CONNECTION)?;
    let (mut waiting, mut after) = (Vec::new(), 0);
    let read = |row: &rusqlite::Row<'_>| {
        let (Kept(name), Kept(due)) = (row.get(1)?, row.get(2)?);
        Ok(Waiting { key: row.get(0)?, room: rooms.of(&name), due })
    };
    while let Some(found) = next.query_row([after], read).optional()? {
        after = found.key;
        if found.room > 0 {
            waiting.push(found);
        }
    }
    Ok(waiting)
}

pub(super) fn lapsed(connection: &Connection, now: Timestamp, limit: u32) -> Result<Vec<Claimed>, Failure> {
    let found = find(connection, LAPSED, params![now.as_millis(), limit.min(MAX_CLAIMED)], now)?;
    let resumed = |Found { key, mut claimed, .. }| {
        claimed.resumption = callbacks::resumption(connection, key, claimed.delivery.id, claimed.phase)?;
        Ok(claimed)
    };
    found.into_iter().map(resumed).collect()
}

/// Gives those whose lease is not held.
pub(super) fn renew(
    write: &Write<'_>,
    leases: &[(DeliveryId, Lease)],
    until: Timestamp,
) -> Result<Vec<DeliveryId>, Failure> {
    let mut renew = write.prepare_cached(RENEW)?;
    let mut lost = Vec::new();
    for (id, lease) in leases {
        if renew.execute(params![id.as_bytes().as_slice(), signed(lease.number), until.as_millis()])? == 0 {
            lost.push(*id);
        }
    }
    Ok(lost)
}

/// A delivery as it stands, with its keys.
struct Found {
    key: i64,
    revision_key: i64,
    claimed: Claimed,
}

fn find(connection: &Connection, sql: &str, values: &[&dyn ToSql], now: Timestamp) -> rusqlite::Result<Vec<Found>> {
    let read = |row: &rusqlite::Row<'_>| {
        let (key, delivery) = rows::delivery(row)?;
        let lease = match delivery.state {
            DeliveryState::Running { lease } => lease,
            _ => Lease { number: rows::lease_number(row)?, until: now },
        };
        let Kept(revision) = row.get(rows::COUNT + 1)?;
        let (Kept(flow), Kept(flow_digest)) = (row.get(rows::COUNT + 2)?, row.get(rows::COUNT + 3)?);
        let (attempt, phase) = (delivery.attempts, rows::phase(row)?);
        let (waited, resumption) = (None, None);
        let claimed = Claimed { delivery, flow, flow_digest, lease, attempt, revision, waited, phase, resumption };
        Ok(Found { key, revision_key: row.get(rows::COUNT)?, claimed })
    };
    connection.prepare_cached(sql)?.query_map(values, read)?.collect()
}

fn take(write: &Write<'_>, claim: Claim, found: Found) -> Result<Claimed, Failure> {
    let Found { key, revision_key, mut claimed } = found;
    let sql = "UPDATE deliveries SET state = 'running', due_at = NULL, problem = NULL, attempts = ?2,
            lease_number = ?3, lease_until = ?4, attempt_revision = ?5, attempt_began_at = ?6, changed_at = ?6,
            phase = ?7
        WHERE key = ?1";
    let lease = Lease { number: claimed.lease.number + 1, until: claim.until };
    let ends_wait = u32::from(matches!(claimed.delivery.state, DeliveryState::Waiting { .. }));
    let attempt = claimed.attempt + 1 - ends_wait;
    claimed.phase += ends_wait;
    write.prepare_cached(sql)?.execute(params![
        key,
        attempt,
        signed(lease.number),
        claim.until.as_millis(),
        revision_key,
        claim.now.as_millis(),
        claimed.phase,
    ])?;
    claimed.resumption = callbacks::resumption(write, key, claimed.delivery.id, claimed.phase)?;
    claimed.lease = lease;
    claimed.attempt = attempt;
    claimed.delivery.attempts = attempt;
    claimed.waited = Some(std::mem::replace(&mut claimed.delivery.state, DeliveryState::Running { lease }));
    claimed.delivery.changed_at = claim.now;
    Ok(claimed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluse_model::fakes::SimClock;

    use super::*;
    use crate::{SqliteStore, deliveries::settle::HELD};

    /// What SQLite does for a statement, line by line.
    async fn plan(store: &SqliteStore, sql: &'static str) -> Vec<String> {
        let explain = move |connection: &Connection| {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            for parameter in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(parameter, 1)?;
            }
            Ok(statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>()?)
        };
        store.readers.read(explain).await.expect("a plan")
    }

    #[tokio::test]
    async fn what_every_delivery_needs_reads_no_table_from_end_to_end() {
        let clock = Arc::new(SimClock::at(Timestamp::from_millis(0)));
        let store = SqliteStore::temporary(clock).expect("a store");
        for (sql, index) in [
            (DUE, "deliveries_waiting (claimable=? AND connection=? AND due_at<?)"),
            (NEXT_CONNECTION, "deliveries_waiting (claimable=? AND connection>?)"),
            (WAIT_ANEW, "deliveries_waiting (claimable=? AND connection=? AND due_at>?)"),
            (LAPSED, "deliveries_running"),
            (RENEW, "sqlite_autoindex_deliveries_1"),
            (HELD, "sqlite_autoindex_deliveries_1"),
        ] {
            let plan = plan(&store, sql).await;
            assert!(plan.iter().any(|line| line.starts_with("SEARCH") && line.contains(index)), "{sql}: {plan:#?}");
            let slow = |line: &String| line.starts_with("SCAN") || line.contains("TEMP B-TREE");
            assert!(!plan.iter().any(slow), "{sql}: {plan:#?}");
        }
    }
}
