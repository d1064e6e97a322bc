//! Numbers that are handed out once. What a delivery was given stays with it, as long as it is kept.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use sluse_store::{Numbers, Reservation, Reserved, StoreError};

use crate::{
    SqliteStore,
    deliveries::held,
    error::Failure,
    values::{Kept, signed},
    writer::Write,
};

#[async_trait]
impl Numbers for SqliteStore {
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        self.writer.write(move |write| reserve(write, &reservation)).await
    }
}

fn reserve(write: &Write<'_>, asked: &Reservation) -> Result<Reserved, Failure> {
    let delivery = held(write, asked.delivery, asked.lease)?;
    let sequence = sequence(write, delivery, asked)?;
    let before = "SELECT first FROM reservations WHERE delivery = ?1 AND sequence = ?2 AND purpose = ?3 AND count = ?4";
    let named = params![delivery, sequence, asked.purpose, asked.count];
    if let Some(Kept(first)) = write.prepare_cached(before)?.query_row(named, |row| row.get(0)).optional()? {
        return Ok(Reserved::From(first));
    }
    let next = "SELECT next FROM sequences WHERE key = ?1";
    let Kept(next): Kept<u64> = write.prepare_cached(next)?.query_row([sequence], |row| row.get(0))?;
    let first = next.max(asked.sequence.first);
    let left = (asked.sequence.last + 1).saturating_sub(first);
    if left < asked.count.into() {
        return Ok(Reserved::TooFew(left));
    }
    let then = signed(first + u64::from(asked.count));
    write.prepare_cached("UPDATE sequences SET next = ?2 WHERE key = ?1")?.execute(params![sequence, then])?;
    let sql = "INSERT INTO reservations (delivery, sequence, purpose, count, first) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![delivery, sequence, asked.purpose, asked.count, signed(first)];
    write.prepare_cached(sql)?.execute(values)?;
    Ok(Reserved::From(first))
}

fn sequence(write: &Write<'_>, delivery: i64, asked: &Reservation) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO sequences (connection, name, next) SELECT connection, ?2, ?3 FROM deliveries WHERE key = ?1
        ON CONFLICT (connection, name) DO NOTHING";
    let first = signed(asked.sequence.first);
    write.prepare_cached(sql)?.execute(params![delivery, asked.name.as_str(), first])?;
    let sql = "SELECT s.key FROM sequences s JOIN deliveries d ON d.connection = s.connection
        WHERE d.key = ?1 AND s.name = ?2";
    write.prepare_cached(sql)?.query_row(params![delivery, asked.name.as_str()], |row| row.get(0))
}
