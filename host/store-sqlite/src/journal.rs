//! The effect journal. Its rows belong to a delivery and are written under the delivery's lease.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sluse_model::{DeliveryId, Intent, Standing};
use sluse_store::{ClosedIntent, Journal, JournalEntry, NewIntent, NotedIntent, StoreError};

use crate::{
    SqliteStore,
    deliveries::held,
    error::Failure,
    values::{Kept, Word},
    writer::Write,
};

#[async_trait]
impl Journal for SqliteStore {
    async fn note(&self, entry: JournalEntry) -> Result<(), StoreError> {
        self.writer.write(move |write| note(write, &entry)).await
    }

    async fn journal(&self, delivery: DeliveryId) -> Result<Vec<NotedIntent>, StoreError> {
        self.readers.read(move |connection| Ok(noted(connection, delivery)?)).await
    }
}

fn note(write: &Write<'_>, entry: &JournalEntry) -> Result<(), Failure> {
    let key = held(write, entry.delivery, entry.lease)?;
    close(write, key, &entry.closed)?;
    entry.opened.iter().try_for_each(|intent| open(write, key, entry, intent))
}

fn open(write: &Write<'_>, delivery_key: i64, entry: &JournalEntry, intent: &NewIntent) -> Result<(), Failure> {
    let sql = "INSERT INTO intents (delivery, number, attempt, identity, destination, request, opened_at, standing)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open')";
    write.prepare_cached(sql)?.execute(params![
        delivery_key,
        intent.number,
        entry.attempt,
        intent.identity.as_bytes().as_slice(),
        intent.destination.as_bytes().as_slice(),
        intent.request,
        entry.now.as_millis(),
    ])?;
    Ok(())
}

/// Notes what became of requests. The caller holds the delivery's lease.
pub(crate) fn close(write: &Write<'_>, delivery_key: i64, closed: &[ClosedIntent]) -> Result<(), Failure> {
    let sql = "UPDATE intents SET standing = ?3, answer = ?4 WHERE delivery = ?1 AND number = ?2";
    for intent in closed {
        let values = params![delivery_key, intent.number, intent.standing.as_str(), intent.answer];
        write.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

/// Notes what somebody found out about requests of which nobody knew.
pub(crate) fn answer_doubts(write: &Write<'_>, delivery_key: i64, standing: Standing) -> Result<(), Failure> {
    let sql = "UPDATE intents SET standing = ?2 WHERE delivery = ?1 AND standing = 'open'";
    write.prepare_cached(sql)?.execute(params![delivery_key, standing.as_str()])?;
    Ok(())
}

/// Whether a request may have happened, and nobody knows.
pub(crate) fn is_in_doubt(connection: &Connection, delivery_key: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM intents WHERE delivery = ?1 AND standing = 'open'";
    connection.prepare_cached(sql)?.exists([delivery_key])
}

/// The columns that [`intent`] reads.
macro_rules! columns {
    () => {
        "n.number, n.attempt, n.request, n.opened_at, n.standing"
    };
}

fn intent(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let (Kept(opened_at), Word(standing)) = (row.get(3)?, row.get(4)?);
    Ok(Intent { number: row.get(0)?, attempt: row.get(1)?, request: row.get(2)?, opened_at, standing })
}

fn noted(connection: &Connection, delivery: DeliveryId) -> rusqlite::Result<Vec<NotedIntent>> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", n.identity, n.destination, n.answer FROM deliveries d CROSS JOIN intents n ON n.delivery = d.key
        WHERE d.id = ?1 ORDER BY n.number"
    );
    let read = |row: &Row<'_>| {
        let (Kept(identity), Kept(destination)) = (row.get(5)?, row.get(6)?);
        Ok(NotedIntent { intent: intent(row)?, identity, destination, answer: row.get(7)? })
    };
    connection.prepare_cached(sql)?.query_map([delivery.as_bytes().as_slice()], read)?.collect()
}

/// The journal of a delivery, as people see it.
pub(crate) fn of_delivery(connection: &Connection, delivery_key: i64) -> rusqlite::Result<Vec<Intent>> {
    let sql = concat!("SELECT ", columns!(), " FROM intents n WHERE n.delivery = ?1 ORDER BY n.number");
    connection.prepare_cached(sql)?.query_map([delivery_key], intent)?.collect()
}
