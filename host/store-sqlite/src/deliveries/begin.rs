//! A new delivery, in the transaction of the fact that caused it: claimed at once, or waiting.

use rusqlite::{OptionalExtension, params};
use sluse_model::{Delivery, DeliveryState, Digest, Lease, Name, NewDelivery, RunId, RunState};
use sluse_store::{Claim, Claimed, StoreError};

use super::order;
use crate::{
    error::Failure,
    values::{Kept, json},
    writer::Write,
};

/// The number of a delivery's first lease.
const FIRST_LEASE: u64 = 1;

/// Writes a new delivery of a run. Gives the revision to run it on when it was claimed.
pub(crate) fn begin(
    write: &Write<'_>,
    run_key: i64,
    new: &NewDelivery,
    claim: Option<Claim>,
) -> Result<Option<Digest>, Failure> {
    let Target { connection_key, active } = target(write, new)?;
    let is_behind = order::is_behind(write, new.ordering_key.as_ref())?;
    let due = match &new.state {
        DeliveryState::Queued { due } => Some(*due),
        _ => None,
    };
    match (claim, active) {
        (Some(claim), Some((revision_key, revision))) if due.is_some_and(|due| due <= claim.now) && !is_behind => {
            insert_running(write, (run_key, connection_key), new, claim, revision_key)?;
            Ok(Some(revision))
        }
        _ => {
            insert_waiting(write, (run_key, connection_key), new, active.is_some(), is_behind)?;
            if due.is_some() {
                write.wake();
            }
            Ok(None)
        }
    }
}

/// The run of a delivery.
pub(crate) struct RunOf {
    pub(crate) id: RunId,
    pub(crate) flow: Name,
    /// The version of the flow that it keeps to.
    pub(crate) flow_digest: Digest,
}

/// What the claimer of a new delivery gets: what [`begin`] wrote, without reading it again.
pub(crate) fn claimed(new: NewDelivery, run: RunOf, claim: Claim, revision: Digest) -> Box<Claimed> {
    let lease = Lease { number: FIRST_LEASE, until: claim.until };
    let waited = Some(new.state);
    let delivery = Delivery {
        id: new.id,
        run: run.id,
        step_index: new.step_index,
        step: new.step,
        connection: new.connection,
        operation: new.operation,
        input: new.input,
        output: None,
        state: DeliveryState::Running { lease },
        attempts: 1,
        accepted_at: new.accepted_at,
        changed_at: claim.now,
    };
    Box::new(Claimed {
        delivery,
        flow: run.flow,
        flow_digest: run.flow_digest,
        lease,
        attempt: 1,
        revision,
        waited,
        phase: 0,
        resumption: None,
    })
}

/// Where a run stands whose present step begins in this state; without one, all that is left of it was skipped.
pub(crate) fn run_state(new: Option<&NewDelivery>) -> RunState {
    match new.map(|new| &new.state) {
        None => RunState::Succeeded,
        Some(DeliveryState::Attention(_)) => RunState::Attention,
        Some(_) => RunState::Running,
    }
}

/// What a delivery is for, and the revision that it would run on now.
struct Target {
    connection_key: i64,
    active: Option<(i64, Digest)>,
}

fn target(write: &Write<'_>, new: &NewDelivery) -> Result<Target, Failure> {
    let sql = "SELECT c.key, v.key, v.digest FROM connections c
        LEFT JOIN revisions v ON v.connector = c.connector AND v.standing = 'active' WHERE c.name = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let revision_key: Option<i64> = row.get(1)?;
        let digest: Option<Kept<Digest>> = row.get(2)?;
        let active = revision_key.zip(digest.map(|Kept(digest)| digest));
        Ok(Target { connection_key: row.get(0)?, active })
    };
    let found = write.prepare_cached(sql)?.query_row([new.connection.as_str()], read).optional()?;
    found.ok_or_else(|| StoreError::NotFound(format!("connection `{}`", new.connection)).into())
}

fn insert_running(
    write: &Write<'_>,
    (run_key, connection_key): (i64, i64),
    new: &NewDelivery,
    claim: Claim,
    revision_key: i64,
) -> Result<(), Failure> {
    let sql = "INSERT INTO deliveries (id, run, step_index, step, connection, operation, state, claimable, behind,
            attempts, lease_number, lease_until, attempt_revision, attempt_began_at, accepted_at, changed_at, ordering_key)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'running', 1, 0, 1, 1, ?7, ?8, ?9, ?10, ?9, ?11)";
    write.prepare_cached(sql)?.execute(params![
        new.id.as_bytes().as_slice(),
        run_key,
        new.step_index,
        new.step.as_str(),
        connection_key,
        new.operation.as_str(),
        claim.until.as_millis(),
        revision_key,
        claim.now.as_millis(),
        new.accepted_at.as_millis(),
        new.ordering_key.as_ref().map(|key| key.as_bytes().as_slice()),
    ])?;
    insert_input(write, new)
}

fn insert_waiting(
    write: &Write<'_>,
    (run_key, connection_key): (i64, i64),
    new: &NewDelivery,
    is_active: bool,
    is_behind: bool,
) -> Result<(), Failure> {
    let sql = "INSERT INTO deliveries (id, run, step_index, step, connection, operation, state, claimable, due_at,
            attempts, lease_number, reason, attention_since, problem, resolution, closed_at, accepted_at, changed_at,
            behind, ordering_key, queue)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, ?11, ?12, ?13, ?14, ?15, ?15, ?16, ?17, ?18)";
    let state = StateColumns::of(&new.state);
    write.prepare_cached(sql)?.execute(params![
        new.id.as_bytes().as_slice(),
        run_key,
        new.step_index,
        new.step.as_str(),
        connection_key,
        new.operation.as_str(),
        state.state,
        is_active && !is_behind,
        state.due_at,
        state.reason,
        state.attention_since,
        state.problem,
        state.resolution,
        state.closed_at,
        new.accepted_at.as_millis(),
        is_behind,
        new.ordering_key.as_ref().map(|key| key.as_bytes().as_slice()),
        state.queue,
    ])?;
    insert_input(write, new)
}

fn insert_input(write: &Write<'_>, new: &NewDelivery) -> Result<(), Failure> {
    let delivery_key = write.last_insert_rowid();
    let sql = "INSERT INTO inputs (delivery, input) VALUES (?1, ?2)";
    write.prepare_cached(sql)?.execute(params![delivery_key, new.input])?;
    Ok(())
}

/// A state that is not running, as columns.
pub(crate) struct StateColumns {
    pub(crate) state: &'static str,
    pub(crate) due_at: Option<i64>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) attention_since: Option<i64>,
    pub(crate) problem: Option<String>,
    pub(crate) queue: Option<String>,
    pub(crate) resolution: Option<&'static str>,
    pub(crate) closed_at: Option<i64>,
}

impl StateColumns {
    pub(crate) fn of(state: &DeliveryState) -> Self {
        let mut columns = Self {
            state: state.as_str(),
            due_at: None,
            reason: None,
            attention_since: None,
            problem: None,
            queue: None,
            resolution: None,
            closed_at: None,
        };
        match state {
            DeliveryState::Queued { due } => columns.due_at = Some(due.as_millis()),
            DeliveryState::Running { .. } => {}
            DeliveryState::Retrying { due, problem } => {
                columns.due_at = Some(due.as_millis());
                columns.problem = Some(json(problem));
            }
            DeliveryState::Waiting { until } => columns.due_at = Some(until.as_millis()),
            DeliveryState::Attention(attention) => {
                columns.reason = Some(attention.reason.as_str());
                columns.attention_since = Some(attention.since.as_millis());
                columns.problem = Some(json(&attention.problem));
                columns.queue = attention.queue.as_ref().map(|queue| queue.as_str().to_owned());
            }
            DeliveryState::Closed { resolution, at } => {
                columns.resolution = Some(resolution_word(*resolution));
                columns.closed_at = Some(at.as_millis());
            }
        }
        columns
    }
}

fn resolution_word(resolution: sluse_model::Resolution) -> &'static str {
    match resolution {
        sluse_model::Resolution::Succeeded => "succeeded",
        sluse_model::Resolution::Failed => "failed",
    }
}
