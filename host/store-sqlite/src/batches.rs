//! One act on many deliveries. How far it has come is a key: what stands below it is still to come. It moves in the
//! transaction of each act.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Actor, BatchEnd, BatchId, BatchRefusal, DeliveryId};
use sluse_store::{Batch, Batches, DeliveryFilter, Page, PageRequest, StoreError};

use crate::{
    SqliteStore,
    deliveries::rest_of_deliveries,
    error::Failure,
    pages::{List, Part},
    values::{Json, Kept, json, signed},
    writer::Write,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, id, act, filter, per_second, token, name, why, began_at, found, done, refused, ended_at,
                stopped_token, stopped_name
            FROM batches ",
            $rest
        )
    };
}
#[async_trait]
impl Batches for SqliteStore {
    async fn begin_batch(&self, batch: Batch) -> Result<(), StoreError> {
        self.writer.write(move |write| begin(write, &batch)).await
    }

    async fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        let sql = select!("WHERE id = ?1");
        let read = move |connection: &Connection| {
            let found = connection.prepare_cached(sql)?.query_row([id.as_bytes().as_slice()], batch).optional()?;
            Ok(found.map(|(_, batch)| batch))
        };
        self.readers.read(read).await
    }

    async fn batches(&self, page: PageRequest) -> Result<Page<Batch>, StoreError> {
        let part = Part::of(List::Batches, &page)?;
        let sql = select!("WHERE key < ?1 ORDER BY key DESC LIMIT ?2");
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([part.before_key, part.rows()], batch)?;
            Ok(part.page(rows.collect::<rusqlite::Result<_>>()?))
        };
        self.readers.read(read).await
    }

    async fn open_batches(&self) -> Result<Vec<Batch>, StoreError> {
        let sql = select!("WHERE ended_at IS NULL ORDER BY key");
        let read = |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], batch)?;
            Ok(rows.map(|row| row.map(|(_, batch)| batch)).collect::<rusqlite::Result<_>>()?)
        };
        self.readers.read(read).await
    }

    async fn rest_of_batch(&self, id: BatchId, limit: u32) -> Result<Vec<DeliveryId>, StoreError> {
        self.readers.read(move |connection| rest(connection, id, limit)).await
    }

    async fn pass_by(&self, id: BatchId, delivery: DeliveryId, why: BatchRefusal) -> Result<(), StoreError> {
        self.writer.write(move |write| pass_by(write, id, delivery, why)).await
    }

    async fn end_batch(&self, id: BatchId, end: BatchEnd) -> Result<bool, StoreError> {
        let sql = "UPDATE batches SET ended_at = ?2, stopped_token = ?3, stopped_name = ?4
            WHERE id = ?1 AND ended_at IS NULL";
        let end = move |write: &Write<'_>| {
            let token = end.stopped_by.as_ref().map(|by| by.token.as_bytes().as_slice());
            let name = end.stopped_by.as_ref().map(|by| &by.name);
            let values = params![id.as_bytes().as_slice(), end.at.as_millis(), token, name];
            Ok(write.prepare_cached(sql)?.execute(values)? > 0)
        };
        self.writer.write(end).await
    }
}

fn batch(row: &Row<'_>) -> rusqlite::Result<(i64, Batch)> {
    let (Kept(id), Kept(token), Kept(began_at)) = (row.get(1)?, row.get(5)?, row.get(8)?);
    let (Json(act), Json(filter), Json(refused)) = (row.get(2)?, row.get(3)?, row.get(11)?);
    let (Kept(found), Kept(done)) = (row.get(9)?, row.get(10)?);
    let ended_at: Option<Kept<_>> = row.get(12)?;
    let stopped: Option<Kept<_>> = row.get(13)?;
    let stopped_by = match stopped {
        Some(Kept(token)) => Some(Actor { token, name: row.get(14)? }),
        None => None,
    };
    let batch = Batch {
        id,
        act,
        filter,
        per_second: row.get(4)?,
        by: Actor { token, name: row.get(6)? },
        why: row.get(7)?,
        began_at,
        found,
        done,
        refused,
        end: ended_at.map(|Kept(at)| BatchEnd { at, stopped_by }),
    };
    Ok((row.get(0)?, batch))
}

fn begin(write: &Write<'_>, batch: &Batch) -> Result<(), Failure> {
    let sql = "INSERT INTO batches
            (id, act, filter, per_second, token, name, why, began_at, found, done, refused, before_key)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, '{}', coalesce(max(key), 0) + 1 FROM deliveries";
    write.prepare_cached(sql)?.execute(params![
        batch.id.as_bytes().as_slice(),
        json(&batch.act),
        json(&batch.filter),
        batch.per_second,
        batch.by.token.as_bytes().as_slice(),
        batch.by.name,
        batch.why,
        batch.began_at.as_millis(),
        signed(batch.found),
    ])?;
    Ok(())
}

fn rest(connection: &Connection, id: BatchId, limit: u32) -> Result<Vec<DeliveryId>, Failure> {
    let sql = "SELECT filter, before_key FROM batches WHERE id = ?1";
    let read = |row: &Row<'_>| row.get(0).and_then(|Json(filter)| Ok((filter, row.get(1)?)));
    let found: Option<(DeliveryFilter, i64)> =
        connection.prepare_cached(sql)?.query_row([id.as_bytes().as_slice()], read).optional()?;
    let (filter, before_key) = found.ok_or_else(|| StoreError::NotFound(format!("batch `{id}`")))?;
    let page = rest_of_deliveries(connection, &filter, Part::below(List::Deliveries, before_key, limit))?;
    Ok(page.items.into_iter().map(|delivery| delivery.id).collect())
}

/// The batch has done it to this delivery: the act and this are one transaction.
pub(crate) fn done(write: &Write<'_>, id: BatchId, delivery_key: i64) -> Result<(), Failure> {
    let sql = "UPDATE batches SET done = done + 1, before_key = ?2
        WHERE id = ?1 AND ended_at IS NULL AND before_key > ?2";
    if write.prepare_cached(sql)?.execute(params![id.as_bytes().as_slice(), delivery_key])? == 0 {
        return Err(StoreError::Stale(format!("batch `{id}`")).into());
    }
    Ok(())
}

fn pass_by(write: &Write<'_>, id: BatchId, delivery: DeliveryId, why: BatchRefusal) -> Result<(), Failure> {
    let sql = "SELECT b.refused, d.key FROM batches b JOIN deliveries d
        WHERE b.id = ?1 AND d.id = ?2 AND b.ended_at IS NULL AND b.before_key > d.key";
    let ids = params![id.as_bytes().as_slice(), delivery.as_bytes().as_slice()];
    let read = |row: &Row<'_>| row.get(0).and_then(|Json(refused)| Ok((refused, row.get(1)?)));
    let found: Option<(BTreeMap<BatchRefusal, u64>, i64)> =
        write.prepare_cached(sql)?.query_row(ids, read).optional()?;
    let (mut refused, delivery_key) = found.ok_or_else(|| StoreError::Stale(format!("batch `{id}`")))?;
    *refused.entry(why).or_default() += 1;
    let sql = "UPDATE batches SET refused = ?2, before_key = ?3 WHERE id = ?1";
    write.prepare_cached(sql)?.execute(params![id.as_bytes().as_slice(), json(&refused), delivery_key])?;
    Ok(())
}
