//! Submissions and what became of them. A run's row is short; its submission stands apart.

mod skips; // steps that were passed by

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sluse_model::{Attachment, Digest, Run, RunId, RunState, StandsFor, Timestamp};
use sluse_store::{Accepted, Claim, NewRun, Page, PageRequest, RunDetail, RunFilter, Runs, StoreError};

use crate::{
    SqliteStore,
    deliveries::{RunOf, begin, claimed, of_run, run_state},
    error::Failure,
    pages::{List, Part},
    values::{Kept, signed},
    writer::Write,
};

pub(crate) use skips::keep as keep_skipped;

#[async_trait]
impl Runs for SqliteStore {
    async fn accept(&self, run: NewRun, claim: Option<Claim>) -> Result<Accepted, StoreError> {
        let digests: Vec<_> = run.attachments.iter().map(|attachment| attachment.digest).collect();
        self.contents.require(digests.clone()).await?;
        let run = Arc::new(run);
        let written = run.clone();
        let admitted = self.writer.write(move |write| admit(write, &written, claim)).await?;
        if let Admitted::New(_) = admitted {
            self.contents.arrived(&digests);
        }
        Ok(match (admitted, claim) {
            (Admitted::Before(id), _) => Accepted::Before(id),
            (Admitted::Conflict(id), _) => Accepted::Conflict(id),
            (Admitted::New(begun), claim) => {
                let NewRun { id, flow, flow_digest, first, .. } = Arc::unwrap_or_clone(run);
                let begun = begun.zip(claim).zip(first);
                let of = RunOf { id, flow, flow_digest };
                Accepted::New(begun.map(|((revision, claim), first)| claimed(first, of, claim, revision)))
            }
        })
    }

    async fn run(&self, id: RunId) -> Result<Option<RunDetail>, StoreError> {
        self.readers.read(move |connection| detail(connection, id)).await
    }

    async fn runs(&self, filter: RunFilter, page: PageRequest) -> Result<Page<Run>, StoreError> {
        let part = Part::of(List::Runs, &page)?;
        self.readers.read(move |connection| Ok(part.page(list(connection, &filter, part)?))).await
    }

    async fn add_attachment(&self, run: RunId, attachment: Attachment) -> Result<(), StoreError> {
        self.contents.require(vec![attachment.digest]).await?;
        let digest = attachment.digest;
        self.writer.write(move |write| add_attachment(write, run, &attachment)).await?;
        self.contents.arrived(&[digest]);
        Ok(())
    }

    async fn attachments(&self, run: RunId) -> Result<Vec<Attachment>, StoreError> {
        let read = move |connection: &Connection| match find(connection, run)? {
            Some((key, _)) => Ok(attachments(connection, key)?),
            None => Ok(Vec::new()),
        };
        self.readers.read(read).await
    }
}

/// What became of a submission, in the words of the transaction.
enum Admitted {
    /// With the revision to run the first delivery on, when that was claimed.
    New(Option<Digest>),
    Before(RunId),
    Conflict(RunId),
}

/// Accepts the runs that something caused, in its transaction. One that came before, under its key, is left as it is.
pub(crate) fn admit_along(write: &Write<'_>, along: &[NewRun]) -> Result<(), Failure> {
    along.iter().try_for_each(|run| admit(write, run, None).map(drop))
}

fn admit(write: &Write<'_>, run: &NewRun, claim: Option<Claim>) -> Result<Admitted, Failure> {
    if let Some((id, body_digest)) = same_key(write, run)? {
        return Ok(if body_digest == run.body_digest { Admitted::Before(id) } else { Admitted::Conflict(id) });
    }
    if let Some(before) = run.stands_for.map(|StandsFor { run: failed, .. }| handled_by(write, failed)).transpose()? {
        match before {
            // It is gone, or it was given one before.
            None => return Ok(Admitted::Before(run.id)),
            Some(Some(before)) => return Ok(Admitted::Before(before)),
            Some(None) => {}
        }
    }
    Ok(Admitted::New(insert(write, run, claim)?.1))
}

/// Which run stands for a failed one, if any; nothing when there is no such run.
fn handled_by(write: &Write<'_>, failed: RunId) -> rusqlite::Result<Option<Option<RunId>>> {
    let sql = "SELECT handled_by FROM runs WHERE id = ?1";
    let read = |row: &Row<'_>| Ok(row.get::<_, Option<Kept<RunId>>>(0)?.map(|Kept(id)| id));
    write.prepare_cached(sql)?.query_row([failed.as_bytes().as_slice()], read).optional()
}

/// Writes a run that nobody handed in, with its first delivery, which waits. Gives its key.
pub(crate) fn begin_run(write: &Write<'_>, run: &NewRun) -> Result<i64, Failure> {
    Ok(insert(write, run, None)?.0)
}

/// A run with everything that comes with it. Gives its key, and the revision of its first delivery when that was
/// claimed.
fn insert(write: &Write<'_>, run: &NewRun, claim: Option<Claim>) -> Result<(i64, Option<Digest>), Failure> {
    let run_key = insert_run(write, run)?;
    for attachment in &run.attachments {
        insert_attachment(write, run_key, attachment)?;
    }
    skips::keep(write, run_key, &run.skipped)?;
    if let Some(StandsFor { run: failed, .. }) = run.stands_for {
        let sql = "UPDATE runs SET handled_by = ?2 WHERE id = ?1";
        write.prepare_cached(sql)?.execute(params![failed.as_bytes().as_slice(), run.id.as_bytes().as_slice()])?;
    }
    let begun = match &run.first {
        Some(first) => begin(write, run_key, first, claim)?,
        None => None,
    };
    admit_along(write, &run.along)?;
    Ok((run_key, begun))
}

fn same_key(write: &Write<'_>, run: &NewRun) -> rusqlite::Result<Option<(RunId, Digest)>> {
    let Some(key) = &run.idempotency_key else { return Ok(None) };
    let sql = "SELECT id, body_digest FROM runs WHERE flow = ?1 AND idempotency_key = ?2";
    let read = |row: &Row<'_>| {
        let (Kept(id), Kept(body_digest)) = (row.get(0)?, row.get(1)?);
        Ok((id, body_digest))
    };
    write.prepare_cached(sql)?.query_row(params![run.flow.as_str(), key], read).optional()
}

fn insert_run(write: &Write<'_>, run: &NewRun) -> Result<i64, Failure> {
    // One statement with the look-up in it: a version that is missing inserts nothing.
    let sql = "INSERT INTO runs (id, flow, flow_version, state, accepted_at, idempotency_key, body_digest, caused_by,
            closed_at, stands_for, resolves)
        SELECT ?1, ?2, key, ?3, ?4, ?5, ?6, ?8, ?9, ?10, ?11 FROM flow_versions WHERE digest = ?7";
    let is_over = run.first.is_none();
    let body_digest = run.idempotency_key.as_ref().map(|_| run.body_digest.as_bytes().as_slice());
    let inserted = write.prepare_cached(sql)?.execute(params![
        run.id.as_bytes().as_slice(),
        run.flow.as_str(),
        run_state(run.first.as_ref()).as_str(),
        run.accepted_at.as_millis(),
        run.idempotency_key,
        body_digest,
        run.flow_digest.as_bytes().as_slice(),
        run.caused_by.as_ref().map(|delivery| delivery.as_bytes().as_slice()),
        is_over.then(|| run.accepted_at.as_millis()),
        run.stands_for.as_ref().map(|failed| failed.run.as_bytes().as_slice()),
        run.stands_for.map(|failed| failed.resolves),
    ])?;
    if inserted == 0 {
        let missing = format!("version {} of flow `{}`", run.flow_digest.short(), run.flow);
        return Err(StoreError::NotFound(missing).into());
    }
    let run_key = write.last_insert_rowid();
    write
        .prepare_cached("INSERT INTO submissions (run, submission) VALUES (?1, ?2)")?
        .execute(params![run_key, run.submission])?;
    Ok(run_key)
}

fn insert_attachment(write: &Write<'_>, run_key: i64, attachment: &Attachment) -> Result<bool, Failure> {
    let sql = "INSERT INTO attachments (run, id, name, media_type, size_bytes, digest)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let inserted = write.prepare_cached(sql)?.execute(params![
        run_key,
        attachment.id.as_bytes().as_slice(),
        attachment.name,
        attachment.media_type,
        signed(attachment.size_bytes),
        attachment.digest.as_bytes().as_slice(),
    ])?;
    Ok(inserted > 0)
}

fn add_attachment(write: &Write<'_>, run: RunId, attachment: &Attachment) -> Result<(), Failure> {
    let run_key = write
        .prepare_cached("SELECT key FROM runs WHERE id = ?1")?
        .query_row([run.as_bytes().as_slice()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NotFound(format!("run `{run}`")))?;
    let is_new = insert_attachment(write, run_key, attachment)?;
    if is_new || attachments(write, run_key)?.contains(attachment) {
        return Ok(());
    }
    Err(StoreError::Stale(format!("attachment `{}`", attachment.id)).into())
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.key, r.id, r.flow, v.digest, r.state, r.accepted_at, r.closed_at, r.idempotency_key,
                r.caused_by, r.stands_for, r.handled_by
            FROM runs r CROSS JOIN flow_versions v ON v.key = r.flow_version ",
            $rest
        )
    };
}

fn run(row: &Row<'_>) -> rusqlite::Result<(i64, Run)> {
    let (Kept(id), Kept(flow), Kept(flow_digest)) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let (Kept(state), Kept(accepted_at)) = (row.get(4)?, row.get(5)?);
    let closed_at: Option<Kept<Timestamp>> = row.get(6)?;
    let closed_at = closed_at.map(|Kept(at)| at);
    let caused_by: Option<Kept<_>> = row.get(8)?;
    let (stands_for, handled_by): (Option<Kept<_>>, Option<Kept<_>>) = (row.get(9)?, row.get(10)?);
    let run = Run {
        id,
        flow,
        flow_digest,
        state,
        accepted_at,
        closed_at,
        idempotency_key: row.get(7)?,
        caused_by: caused_by.map(|Kept(delivery)| delivery),
        stands_for: stands_for.map(|Kept(run)| run),
        handled_by: handled_by.map(|Kept(run)| run),
    };
    Ok((row.get(0)?, run))
}

fn find(connection: &Connection, id: RunId) -> rusqlite::Result<Option<(i64, Run)>> {
    let sql = select!("WHERE r.id = ?1");
    connection.prepare_cached(sql)?.query_row([id.as_bytes().as_slice()], run).optional()
}

fn detail(connection: &Connection, id: RunId) -> Result<Option<RunDetail>, Failure> {
    let Some((key, run)) = find(connection, id)? else { return Ok(None) };
    let submission = connection
        .prepare_cached("SELECT submission FROM submissions WHERE run = ?1")?
        .query_row([key], |row| row.get(0))?;
    let (attachments, deliveries) = (attachments(connection, key)?, of_run(connection, key)?);
    let skipped = skips::of_run(connection, key)?;
    Ok(Some(RunDetail { run, submission, attachments, deliveries, skipped }))
}

/// In the order in which they came.
fn attachments(connection: &Connection, run_key: i64) -> rusqlite::Result<Vec<Attachment>> {
    let sql = "SELECT id, name, media_type, size_bytes, digest FROM attachments WHERE run = ?1 ORDER BY key";
    let read = |row: &Row<'_>| {
        let (Kept(id), Kept(size_bytes), Kept(digest)) = (row.get(0)?, row.get(3)?, row.get(4)?);
        Ok(Attachment { id, name: row.get(1)?, media_type: row.get(2)?, size_bytes, digest })
    };
    connection.prepare_cached(sql)?.query_map([run_key], read)?.collect()
}

fn list(connection: &Connection, filter: &RunFilter, part: Part) -> rusqlite::Result<Vec<(i64, Run)>> {
    // One statement for each filter, so that each uses the index made for it.
    let sql = match (&filter.flow, filter.state) {
        (None, None) => select!("WHERE r.key < :before ORDER BY r.key DESC LIMIT :rows"),
        (Some(_), None) => select!("WHERE r.flow = :flow AND r.key < :before ORDER BY r.key DESC LIMIT :rows"),
        (None, Some(RunState::Succeeded)) => {
            select!("WHERE r.state = :state AND r.key < :before ORDER BY r.key DESC LIMIT :rows")
        }
        (None, Some(_)) => {
            select!(
                "WHERE r.state = :state AND r.state <> 'succeeded' AND r.key < :before ORDER BY r.key DESC LIMIT :rows"
            )
        }
        (Some(_), Some(_)) => {
            select!("WHERE r.flow = :flow AND r.state = :state AND r.key < :before ORDER BY r.key DESC LIMIT :rows")
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    if let Some(flow) = &filter.flow {
        bind(&mut statement, ":flow", flow.as_str())?;
    }
    if let Some(state) = filter.state {
        bind(&mut statement, ":state", state.as_str())?;
    }
    bind(&mut statement, ":before", part.before_key)?;
    bind(&mut statement, ":rows", part.rows())?;
    statement.raw_query().mapped(run).collect()
}

fn bind(statement: &mut rusqlite::Statement<'_>, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    let index = statement.parameter_index(name)?;
    index.map_or(Ok(()), |index| statement.raw_bind_parameter(index, value))
}
