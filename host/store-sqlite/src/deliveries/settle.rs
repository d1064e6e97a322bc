//! How an attempt ended and what follows, in one transaction and under its lease.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use sluse_model::{Attempt, DeliveryState, Digest, RunState, Timestamp};
use sluse_store::{Claim, Claimed, Claiming, Follow, Settlement, StoreError};

use super::begin::{RunOf, StateColumns, begin, claimed, run_state};
use super::{handled, order};
use crate::{
    callbacks,
    error::Failure,
    feeds, journal, runs,
    values::{Kept, json, signed},
    writer::{Write, Writer},
};

/// Only the holder of the lease gets past this.
pub(super) const HELD: &str = "SELECT key, run, attempt_revision, ordering_key FROM deliveries
    WHERE id = ?1 AND state = 'running' AND lease_number = ?2";

pub(super) async fn settle(
    writer: &Writer,
    settlement: Settlement,
    claim: Option<Claim>,
) -> Result<Option<Box<Claimed>>, StoreError> {
    let ended = Arc::new(Ended::of(settlement)?);
    let written = ended.clone();
    let begun = writer.write(move |write| written.write(write, claim)).await?;
    match (begun, claim, ended.settlement.follow.next()) {
        (Some((run, revision)), Some(claim), Some(new)) => Ok(Some(claimed(new.clone(), run, claim, revision))),
        _ => Ok(None),
    }
}

/// The delivery of a lease that is held, its run, and the revision that its attempt began with.
struct Held {
    delivery_key: i64,
    run_key: i64,
    revision_key: i64,
    ordering_key: Option<Vec<u8>>,
}

/// A settlement as it is written: its texts are made before the writer's turn.
struct Ended {
    settlement: Settlement,
    at: Timestamp,
    state: StateColumns,
    attempt_problem: Option<String>,
    timeline: Option<String>,
}

impl Ended {
    fn of(settlement: Settlement) -> Result<Self, StoreError> {
        let refuse = |what: &str| StoreError::Unavailable(format!("{}: {what}", settlement.delivery));
        let (at, problem) = match &settlement.attempt {
            Claiming::Ended(Attempt { result: Some(result), .. }) => {
                (result.ended_at, result.problem.as_ref().map(json))
            }
            Claiming::Ended(_) => return Err(refuse("an attempt that ended has a result")),
            Claiming::TakenBack { at } => (*at, None),
        };
        if matches!(settlement.state, DeliveryState::Running { .. }) {
            return Err(refuse("what was settled is not running"));
        }
        Ok(Self {
            state: StateColumns::of(&settlement.state),
            attempt_problem: problem,
            timeline: (!settlement.timeline.is_empty()).then(|| json(&settlement.timeline)),
            at,
            settlement,
        })
    }

    /// Gives the run and the revision of the following delivery when that was claimed.
    fn write(&self, write: &Write<'_>, claim: Option<Claim>) -> Result<Option<(RunOf, Digest)>, Failure> {
        let Held { delivery_key, run_key, revision_key, ordering_key } = self.held(write)?;
        self.leave_running(write, delivery_key)?;
        match &self.settlement.attempt {
            Claiming::Ended(attempt) => self.keep_attempt(write, delivery_key, revision_key, attempt)?,
            Claiming::TakenBack { .. } => take_back(write, delivery_key)?,
        }
        if let Some(left) = &self.settlement.left {
            callbacks::begin_wait(write, delivery_key, left, self.at.as_millis())?;
        }
        journal::close(write, delivery_key, &self.settlement.closed)?;
        if let Some(output) = &self.settlement.output {
            let sql = "INSERT INTO outputs (delivery, output) VALUES (?1, ?2)";
            write.prepare_cached(sql)?.execute(params![delivery_key, output])?;
        }
        if let (Some(key), Some(_)) = (ordering_key, self.state.closed_at) {
            order::move_head(write, &key)?;
        }
        if self.state.due_at.is_some() {
            write.wake();
        }
        let closed_at = match &self.settlement.state {
            DeliveryState::Closed { at, .. } => *at,
            _ => self.at,
        };
        runs::admit_along(write, &self.settlement.along)?;
        follow(write, run_key, &self.settlement.follow, closed_at, claim)
    }

    fn held(&self, write: &Write<'_>) -> Result<Held, Failure> {
        let id = self.settlement.delivery;
        let values = params![id.as_bytes().as_slice(), signed(self.settlement.lease.number)];
        let read = |row: &rusqlite::Row<'_>| {
            let (delivery_key, run_key, revision_key) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Held { delivery_key, run_key, revision_key, ordering_key: row.get(3)? })
        };
        let held = write.prepare_cached(HELD)?.query_row(values, read).optional()?;
        held.ok_or_else(|| StoreError::Stale(format!("delivery `{id}`")).into())
    }

    fn leave_running(&self, write: &Write<'_>, delivery_key: i64) -> Result<(), Failure> {
        let sql = "UPDATE deliveries SET state = ?2, due_at = ?3, reason = ?4, attention_since = ?5, problem = ?6,
                resolution = ?7, closed_at = ?8, changed_at = ?9, queue = ?10,
                lease_until = NULL, attempt_revision = NULL, attempt_began_at = NULL
            WHERE key = ?1";
        write.prepare_cached(sql)?.execute(params![
            delivery_key,
            self.state.state,
            self.state.due_at,
            self.state.reason,
            self.state.attention_since,
            self.state.problem,
            self.state.resolution,
            self.state.closed_at,
            self.at.as_millis(),
            self.state.queue,
        ])?;
        Ok(())
    }

    fn keep_attempt(
        &self,
        write: &Write<'_>,
        delivery_key: i64,
        revision_key: i64,
        attempt: &Attempt,
    ) -> Result<(), Failure> {
        let sql = "INSERT INTO attempts
                (delivery, number, revision, began_at, ended_at, kind, problem, timeline, lease, resumed)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        write.prepare_cached(sql)?.execute(params![
            delivery_key,
            attempt.number,
            revision_key,
            attempt.began_at.as_millis(),
            self.at.as_millis(),
            attempt.result.as_ref().map(|result| &result.kind),
            self.attempt_problem,
            self.timeline,
            signed(self.settlement.lease.number),
            attempt.resumed,
        ])?;
        Ok(())
    }
}

/// Goes on with the run. Gives the run and the revision of the following delivery when that was claimed.
pub(super) fn follow(
    write: &Write<'_>,
    run_key: i64,
    follow: &Follow,
    closed_at: Timestamp,
    claim: Option<Claim>,
) -> Result<Option<(RunOf, Digest)>, Failure> {
    if let Follow::Skip(skipped, _) = follow {
        runs::keep_skipped(write, run_key, skipped)?;
    }
    let (state, begun) = match (follow, follow.next()) {
        (Follow::Stay(state) | Follow::Close(state), _) => (*state, None),
        (_, Some(new)) => (run_state(Some(new)), begin(write, run_key, new, claim)?),
        (_, None) => (RunState::Succeeded, None),
    };
    move_run(write, run_key, state, closed_at)?;
    let Some(revision) = begun else { return Ok(None) };
    Ok(Some((run_of(write, run_key)?, revision)))
}

pub(super) fn move_run(write: &Write<'_>, run_key: i64, state: RunState, at: Timestamp) -> Result<(), Failure> {
    let closed_at = match state {
        RunState::Running | RunState::Attention => None,
        _ => Some(at.as_millis()),
    };
    // A run that stays where it is costs no write, and a final state never changes.
    let sql = "UPDATE runs SET state = ?2, closed_at = ?3 WHERE key = ?1 AND state <> ?2 AND closed_at IS NULL";
    if write.prepare_cached(sql)?.execute(params![run_key, state.as_str(), closed_at])? > 0 {
        if state == RunState::Succeeded {
            handled::close(write, run_key, at)?;
        }
        feeds::run_moved(write, run_key, at)?;
    }
    Ok(())
}

/// The claim counted an attempt that never began, or the end of a wait that goes on.
fn take_back(write: &Write<'_>, delivery_key: i64) -> Result<(), Failure> {
    let sql = "UPDATE deliveries SET attempts = attempts - (state <> 'waiting'), phase = phase - (state = 'waiting')
        WHERE key = ?1";
    write.prepare_cached(sql)?.execute([delivery_key])?;
    Ok(())
}

fn run_of(write: &Write<'_>, run_key: i64) -> rusqlite::Result<RunOf> {
    let sql = "SELECT id, flow, digest FROM runs JOIN flow_versions ON flow_versions.key = flow_version
        WHERE runs.key = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        let (Kept(id), Kept(flow), Kept(flow_digest)) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(RunOf { id, flow, flow_digest })
    };
    write.prepare_cached(sql)?.query_row([run_key], read)
}
