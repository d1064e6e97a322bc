//! What people do about deliveries: conditional on where each was seen to stand, and kept with who did it.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sluse_model::{Act, Actor, DeliveryId, DeliveryState, DoneAct, Standing, Timestamp};
use sluse_store::{Acts, NewAct, StoreError};

use super::{begin::StateColumns, order, rows, settle};
use crate::{
    SqliteStore, batches, callbacks,
    error::Failure,
    journal, publications, runs,
    values::{Json, Kept, Word, json},
    writer::Write,
};

#[async_trait]
impl Acts for SqliteStore {
    async fn act(&self, act: NewAct) -> Result<(), StoreError> {
        self.writer.write(move |write| do_it(write, &act)).await
    }
}

fn do_it(write: &Write<'_>, act: &NewAct) -> Result<(), Failure> {
    let unknown = || StoreError::NotFound(format!("delivery `{}`", act.delivery));
    let (key, delivery) = rows::find(write, act.delivery)?.ok_or_else(unknown)?;
    if delivery.state != act.before || delivery.attempts != act.attempts {
        return Err(StoreError::Stale(format!("delivery `{}`", act.delivery)).into());
    }
    let (run_key, ordering_key) = run_and_order(write, key)?;
    if !move_to(write, key, &act.after, act.at)? {
        return Err(StoreError::Stale(format!("delivery `{}`", act.delivery)).into());
    }
    let input_before = matches!(act.act, Act::Edit { .. }).then_some(delivery.input);
    write_texts(write, key, &act.act)?;
    say_of_doubts(write, key, act.delivery, &act.act)?;
    begin_again(write, key, act)?;
    if act.act == Act::Skip {
        order::skip(write, key)?;
    }
    let lets_go = act.act == Act::Skip || matches!(act.after, DeliveryState::Closed { .. });
    if let Some(ordering_key) = ordering_key.filter(|_| lets_go) {
        order::move_head(write, &ordering_key)?;
    }
    if let Some(batch) = act.batch {
        batches::done(write, batch, key)?;
    }
    keep(write, key, act, input_before.as_deref())?;
    runs::admit_along(write, &act.along)?;
    settle::follow(write, run_key, &act.follow, act.at, None)?;
    if matches!(act.after, DeliveryState::Queued { .. }) {
        write.wake();
    }
    Ok(())
}

fn run_and_order(connection: &Connection, key: i64) -> rusqlite::Result<(i64, Option<Vec<u8>>)> {
    let sql = "SELECT run, ordering_key FROM deliveries WHERE key = ?1";
    connection.prepare_cached(sql)?.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Moves what nobody works on, unless it is closed: then `false`.
pub(super) fn move_to(write: &Write<'_>, key: i64, state: &DeliveryState, at: Timestamp) -> Result<bool, Failure> {
    let sql = "UPDATE deliveries SET state = ?2, due_at = ?3, reason = ?4, attention_since = ?5, problem = ?6,
            resolution = ?7, closed_at = ?8, changed_at = ?9, queue = ?10, behind = behind AND ?2 <> 'closed',
            claimable = behind = 0 AND EXISTS (SELECT 1 FROM connections JOIN revisions USING (connector)
                WHERE connections.key = deliveries.connection AND standing = 'active')
        WHERE key = ?1 AND state <> 'running' AND state <> 'closed'";
    let state = StateColumns::of(state);
    let moved = write.prepare_cached(sql)?.execute(params![
        key,
        state.state,
        state.due_at,
        state.reason,
        state.attention_since,
        state.problem,
        state.resolution,
        state.closed_at,
        at.as_millis(),
        state.queue,
    ])?;
    Ok(moved > 0)
}

fn write_texts(write: &Write<'_>, key: i64, act: &Act) -> Result<(), Failure> {
    let (sql, text) = match act {
        Act::Edit { input, .. } => ("UPDATE inputs SET input = ?2 WHERE delivery = ?1", input),
        Act::Resolve { output } => ("INSERT INTO outputs (delivery, output) VALUES (?1, ?2)", output),
        Act::Retry { .. } | Act::Close | Act::Skip | Act::Assign { .. } => return Ok(()),
    };
    write.prepare_cached(sql)?.execute(params![key, text])?;
    Ok(())
}

/// What went on after a wait and then needed a person begins again from the start.
fn begin_again(write: &Write<'_>, key: i64, act: &NewAct) -> Result<(), Failure> {
    let is_asked_for = matches!(act.act, Act::Retry { .. } | Act::Edit { .. });
    if is_asked_for && matches!(act.before, DeliveryState::Attention(_)) {
        callbacks::begin_again(write, key, act.act.says_did_not_happen())?;
    }
    Ok(())
}

fn say_of_doubts(write: &Write<'_>, key: i64, delivery: DeliveryId, act: &Act) -> Result<(), Failure> {
    let standing = match act {
        Act::Resolve { .. } => Standing::Happened,
        act if act.says_did_not_happen() => Standing::DidNotHappen,
        _ => return Ok(()),
    };
    journal::answer_doubts(write, key, standing)?;
    publications::answer_doubts(write, delivery, standing == Standing::Happened)
}

fn keep(write: &Write<'_>, key: i64, act: &NewAct, input_before: Option<&str>) -> Result<(), Failure> {
    let sql = "INSERT INTO acts (delivery, at, token, name, act, why, did_not_happen, before, after, input, batch)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT key FROM batches WHERE id = ?11))";
    write.prepare_cached(sql)?.execute(params![
        key,
        act.at.as_millis(),
        act.by.token.as_bytes().as_slice(),
        act.by.name,
        act.act.kind().as_str(),
        act.why,
        act.act.says_did_not_happen(),
        json(&act.before),
        json(&act.after),
        input_before,
        act.batch.as_ref().map(|batch| batch.as_bytes().as_slice()),
    ])?;
    Ok(())
}

/// What people did about a delivery, by time.
pub(super) fn done(connection: &Connection, key: i64) -> rusqlite::Result<Vec<DoneAct>> {
    let sql = "SELECT at, a.token, a.name, a.act, a.why, did_not_happen, before, after, input, b.id FROM acts a
        LEFT JOIN batches b ON b.key = a.batch WHERE a.delivery = ?1 ORDER BY a.key";
    let read = |row: &Row<'_>| {
        let (Kept(at), Kept(token), Word(act)) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let (Json(before), Json(after)) = (row.get(6)?, row.get(7)?);
        let batch: Option<Kept<_>> = row.get(9)?;
        Ok(DoneAct {
            at,
            by: Actor { token, name: row.get(2)? },
            act,
            why: row.get(4)?,
            did_not_happen: row.get(5)?,
            before,
            after,
            batch: batch.map(|Kept(batch)| batch),
            input_before: row.get(8)?,
        })
    };
    connection.prepare_cached(sql)?.query_map([key], read)?.collect()
}
