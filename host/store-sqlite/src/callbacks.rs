//! Answers that targets give. Their rows belong to a delivery; no lease is needed, as they change nothing that its
//! holder works with.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use sluse_model::{Callback, DeliveryId, address_number, phase_of};
use sluse_store::{Answer, Arrived, Callbacks, Resumption, StoreError};

use crate::{
    SqliteStore,
    error::Failure,
    values::{Kept, Word},
    writer::Write,
};

#[async_trait]
impl Callbacks for SqliteStore {
    async fn arrive(&self, answer: Answer) -> Result<Arrived, StoreError> {
        self.writer.write(move |write| arrive(write, &answer)).await
    }
}

fn arrive(write: &Write<'_>, answer: &Answer) -> Result<Arrived, Failure> {
    let sql = "SELECT key, phase, state FROM deliveries WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let id = answer.delivery.as_bytes().as_slice();
    let found: Option<(i64, u32, String)> = write.prepare_cached(sql)?.query_row([id], read).optional()?;
    let Some((key, phase, state)) = found.filter(|found| phase_of(answer.number) <= found.1) else {
        return Ok(Arrived::Unknown);
    };
    if let Some(message) = &answer.message
        && was_taken(write, key, message)?
    {
        return Ok(Arrived::Again);
    }
    if let Some(body) = taken(write, key, answer.number)? {
        return Ok(Arrived::Before(body));
    }
    let is_over = phase_of(answer.number) < phase || matches!(state.as_str(), "attention" | "closed");
    if is_over || is_answered(write, key, phase)? {
        keep(write, key, answer, "late")?;
        return Ok(Arrived::Late);
    }
    keep(write, key, answer, "taken")?;
    if state != "waiting" {
        return Ok(Arrived::Kept);
    }
    end_wait(write, key, answer.arrived_at.as_millis())?;
    Ok(Arrived::Taken)
}

/// The body of the answer that this address has had.
fn taken(write: &Write<'_>, key: i64, number: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = "SELECT body FROM arrivals WHERE delivery = ?1 AND number = ?2 AND standing = 'taken'";
    write.prepare_cached(sql)?.query_row(params![key, number], |row| row.get(0)).optional()
}

/// Whether this message was taken before, at any address of the delivery's connection.
fn was_taken(write: &Write<'_>, key: i64, message: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM arrivals CROSS JOIN deliveries d ON d.key = arrivals.delivery
        WHERE message = ?1 AND standing = 'taken' AND d.connection = (SELECT connection FROM deliveries WHERE key = ?2)";
    write.prepare_cached(sql)?.exists(params![message, key])
}

/// Whether the wait of this phase has its answer.
fn is_answered(connection: &Connection, key: i64, phase: u32) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM arrivals WHERE delivery = ?1 AND number >= ?2 AND number < ?3 AND standing = 'taken'";
    let values = params![key, address_number(phase, 0), address_number(phase + 1, 0)];
    connection.prepare_cached(sql)?.exists(values)
}

/// Keeps an answer, instead of one that came there too late.
fn keep(write: &Write<'_>, key: i64, answer: &Answer, standing: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO arrivals (delivery, number, arrived_at, standing, media_type, body, message)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (delivery, number) DO UPDATE SET arrived_at = excluded.arrived_at, standing = excluded.standing,
            media_type = excluded.media_type, body = excluded.body, message = excluded.message
        WHERE excluded.standing = 'taken'";
    let said = (standing == "taken").then_some((&answer.media_type, &answer.body));
    let (media_type, body) = said.unzip();
    let arrived_at = answer.arrived_at.as_millis();
    let values = params![key, answer.number, arrived_at, standing, media_type, body, answer.message];
    write.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn end_wait(write: &Write<'_>, key: i64, now_ms: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE deliveries SET due_at = min(due_at, ?2) WHERE key = ?1";
    write.prepare_cached(sql)?.execute(params![key, now_ms])?;
    write.wake();
    Ok(())
}

/// The delivery begins to wait, with what its connector left. Its answer may have come already.
pub(crate) fn begin_wait(write: &Write<'_>, key: i64, state: &str, now_ms: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO waits (delivery, state) VALUES (?1, ?2)
        ON CONFLICT (delivery) DO UPDATE SET state = excluded.state";
    write.prepare_cached(sql)?.execute(params![key, state])?;
    let phase =
        write.prepare_cached("SELECT phase FROM deliveries WHERE key = ?1")?.query_row([key], |row| row.get(0))?;
    if is_answered(write, key, phase)? {
        end_wait(write, key, now_ms)?;
    }
    Ok(())
}

/// Forgets the wait of a delivery that is to begin again from the start.
///
/// Usually that is the same round once more: what happened is answered from the journal, the addresses are those of
/// before, and an answer that came is found again. It is another round when somebody said that nothing of it happened:
/// with addresses of its own, and what was sent stays to be seen and answers no request any more.
pub(crate) fn begin_again(write: &Write<'_>, key: i64, nothing_happened: bool) -> Result<(), Failure> {
    if write.prepare_cached("DELETE FROM waits WHERE delivery = ?1")?.execute([key])? == 0 {
        return Ok(());
    }
    if nothing_happened {
        let sql = "UPDATE intents SET identity = randomblob(32) WHERE delivery = ?1";
        write.prepare_cached(sql)?.execute([key])?;
        let sql = "UPDATE deliveries SET first_phase = phase + 1 WHERE key = ?1";
        write.prepare_cached(sql)?.execute([key])?;
    }
    write.prepare_cached("UPDATE deliveries SET phase = first_phase WHERE key = ?1")?.execute([key])?;
    Ok(())
}

/// The wait with which a delivery came into this phase; `None` when it begins with nothing.
pub(crate) fn resumption(
    connection: &Connection,
    key: i64,
    delivery: DeliveryId,
    phase: u32,
) -> rusqlite::Result<Option<Resumption>> {
    let Some(ended) = phase.checked_sub(1) else { return Ok(None) };
    let sql = "SELECT state FROM waits WHERE delivery = ?1";
    let state: Option<String> = connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
    let Some(state) = state else { return Ok(None) };
    let sql = "SELECT number, arrived_at, media_type, body, message FROM arrivals
        WHERE delivery = ?1 AND number >= ?2 AND number < ?3 AND standing = 'taken'";
    let values = params![key, address_number(ended, 0), address_number(phase, 0)];
    let read = |row: &rusqlite::Row<'_>| {
        let Kept(arrived_at) = row.get(1)?;
        let (media_type, body, message) = (row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Answer { delivery, number: row.get(0)?, arrived_at, message, media_type, body })
    };
    let answer = connection.prepare_cached(sql)?.query_row(values, read).optional()?;
    Ok(Some(Resumption { state, answer }))
}

/// The answers that came for a delivery, as people see them.
pub(crate) fn of_delivery(connection: &Connection, key: i64) -> rusqlite::Result<Vec<Callback>> {
    let sql = "SELECT number, arrived_at, standing FROM arrivals WHERE delivery = ?1 ORDER BY number";
    let read = |row: &rusqlite::Row<'_>| {
        let (Kept(arrived_at), Word(standing)) = (row.get(1)?, row.get(2)?);
        Ok(Callback { number: row.get(0)?, arrived_at, standing })
    };
    connection.prepare_cached(sql)?.query_map([key], read)?.collect()
}
