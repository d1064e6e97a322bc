//! From rows to deliveries: one selection for single ones, lists and claims.

use rusqlite::{Connection, OptionalExtension, Row};
use sluse_model::{Attention, Delivery, DeliveryId, DeliveryState, Lease, Timestamp};
use sluse_store::ListedDelivery;

use crate::values::{Json, Kept, Word};

/// The columns that [`listed`] reads, of `d`, and of its run and connection.
macro_rules! listed_columns {
    () => {
        "d.key, d.id, r.id, d.step_index, d.step, c.name, d.operation, d.state, d.attempts, d.accepted_at,
        d.changed_at, d.due_at, d.lease_number, d.lease_until, d.problem, d.reason, d.attention_since,
        d.resolution, d.closed_at, d.phase, d.queue"
    };
}

/// The columns that [`delivery`] reads, of `d`.
macro_rules! columns {
    () => {
        concat!($crate::deliveries::rows::listed_columns!(), ", i.input, o.output")
    };
}

/// The run and the connection of the rows of `d`.
macro_rules! listed_joins {
    () => {
        " CROSS JOIN runs r ON r.key = d.run CROSS JOIN connections c ON c.key = d.connection "
    };
}

/// What belongs to the rows of `d`. Cross joins keep the order: the texts are looked up for each, never before.
macro_rules! joins {
    () => {
        concat!(
            $crate::deliveries::rows::listed_joins!(),
            "CROSS JOIN inputs i ON i.delivery = d.key LEFT JOIN outputs o ON o.delivery = d.key "
        )
    };
}
pub(super) use {columns, joins, listed_columns, listed_joins};

/// How many columns [`delivery`] reads; what a statement selects beyond them follows.
pub(super) const COUNT: usize = 23;

/// A delivery without its texts, with its key.
pub(super) fn listed(row: &Row<'_>) -> rusqlite::Result<(i64, ListedDelivery)> {
    let (Kept(id), Kept(run)) = (row.get(1)?, row.get(2)?);
    let (Kept(step), Kept(connection), Kept(operation)) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let (Kept(accepted_at), Kept(changed_at)) = (row.get(9)?, row.get(10)?);
    let delivery = ListedDelivery {
        id,
        run,
        step_index: row.get(3)?,
        step,
        connection,
        operation,
        state: state(row)?,
        attempts: row.get(8)?,
        accepted_at,
        changed_at,
    };
    Ok((row.get(0)?, delivery))
}

/// A delivery, with its key.
pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<(i64, Delivery)> {
    let (key, listed) = listed(row)?;
    let ListedDelivery { id, run, step_index, step, connection, operation, state, .. } = listed;
    let ListedDelivery { attempts, accepted_at, changed_at, .. } = listed;
    let (input, output) = (row.get(21)?, row.get(22)?);
    let delivery = Delivery {
        id,
        run,
        step_index,
        step,
        connection,
        operation,
        input,
        output,
        state,
        attempts,
        accepted_at,
        changed_at,
    };
    Ok((key, delivery))
}

fn state(row: &Row<'_>) -> rusqlite::Result<DeliveryState> {
    let time = |column| row.get(column).map(|Kept::<Timestamp>(time)| time);
    Ok(match row.get_ref(7)?.as_str()? {
        "queued" => DeliveryState::Queued { due: time(11)? },
        "running" => DeliveryState::Running { lease: Lease { number: lease_number(row)?, until: time(13)? } },
        "retrying" => DeliveryState::Retrying { due: time(11)?, problem: row.get(14).map(|Json(problem)| problem)? },
        "waiting" => DeliveryState::Waiting { until: time(11)? },
        "attention" => DeliveryState::Attention(Attention {
            reason: row.get(15).map(|Word(reason)| reason)?,
            problem: row.get(14).map(|Json(problem)| problem)?,
            since: time(16)?,
            queue: row.get(20).map(|queue: Option<Kept<_>>| queue.map(|Kept(queue)| queue))?,
        }),
        _ => DeliveryState::Closed { resolution: row.get(17).map(|Word(resolution)| resolution)?, at: time(18)? },
    })
}

/// How many of its waits for an answer have ended.
pub(super) fn phase(row: &Row<'_>) -> rusqlite::Result<u32> {
    row.get(19)
}

/// The number of the latest lease; 0 when there was none.
pub(super) fn lease_number(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get(12).map(|Kept(number)| number)
}

pub(super) fn find(connection: &Connection, id: DeliveryId) -> rusqlite::Result<Option<(i64, Delivery)>> {
    let sql = concat!("SELECT ", columns!(), " FROM deliveries d", joins!(), "WHERE d.id = ?1");
    connection.prepare_cached(sql)?.query_row([id.as_bytes().as_slice()], delivery).optional()
}

/// The deliveries of a run, by step.
pub(crate) fn of_run(connection: &Connection, run_key: i64) -> rusqlite::Result<Vec<Delivery>> {
    let sql = concat!("SELECT ", columns!(), " FROM deliveries d", joins!(), "WHERE d.run = ?1 ORDER BY d.step_index");
    let rows = connection.prepare_cached(sql)?.query_map([run_key], delivery)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(rows.into_iter().map(|(_, delivery)| delivery).collect())
}
