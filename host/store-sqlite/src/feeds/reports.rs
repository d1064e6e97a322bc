//! What sources are told of their items: written in the transaction in which a run comes to something that its source has
//! a word for, as a delivery of the host's own flow.

use rusqlite::{OptionalExtension, Row, params};
use sluse_model::{
    DeliveryId, DeliveryState, Digest, GroupReport, ItemReport, ItemStanding, Name, NewDelivery, Problem, RunId,
    RunState, Timestamp, settle_flow, settle_key,
};
use sluse_store::NewRun;

use crate::{
    configuration::keep_flow_version,
    error::Failure,
    runs,
    values::{Json, Kept, Word, json},
    writer::Write,
};

/// The item that a run began with.
pub(super) struct Item {
    key: i64,
    feed_key: i64,
    pub(super) group: String,
    /// What its source was told last.
    told: Option<ItemStanding>,
    /// Its run, and where that stands.
    run: (i64, RunState),
    /// Another one was started for its run; gone when it was given up in time.
    other: Option<Option<(i64, RunState)>>,
}

impl Item {
    /// What its source has a word for.
    fn standing(&self) -> Option<ItemStanding> {
        let own = self.run.1;
        match self.other {
            None => ItemStanding::of_run(own),
            Some(Some((_, other))) => ItemStanding::of_runs(own, other),
            // What was told of that one stays, unless the item's own run succeeds after all.
            Some(None) => ItemStanding::of_run(own).filter(|standing| *standing == ItemStanding::Succeeded),
        }
    }

    /// The run whose latest delivery says why.
    fn whose_message(&self) -> i64 {
        match self.other {
            Some(Some((other, RunState::Attention))) => other,
            _ => self.run.0,
        }
    }
}

/// A run has come to another state. When it began with an item, or stands for one that did, and the source has a word
/// for that which it was not told yet, that is to be told.
pub(crate) fn run_moved(write: &Write<'_>, run_key: i64, at: Timestamp) -> Result<(), Failure> {
    note(write, run_key)?.map_or(Ok(()), |item| tell(write, &item, at))
}

/// The same, and whoever asks tells it. Nothing when there is nothing to tell.
pub(super) fn note(write: &Write<'_>, run_key: i64) -> Result<Option<Item>, Failure> {
    let Some(item) = item_of(write, run_key)? else { return Ok(None) };
    let Some(standing) = item.standing().filter(|standing| item.told != Some(*standing)) else { return Ok(None) };
    let message = if standing == ItemStanding::Succeeded { None } else { message_of(write, item.whose_message())? };
    let sql = "UPDATE items SET standing = ?2, message = ?3 WHERE key = ?1";
    write.prepare_cached(sql)?.execute(params![item.key, standing.as_str(), message])?;
    Ok(Some(item))
}

fn item_of(write: &Write<'_>, run_key: i64) -> rusqlite::Result<Option<Item>> {
    let sql = "SELECT i.key, i.feed, i.\"group\", i.standing, o.key, o.state, o.handled_by IS NOT NULL, h.key, h.state
        FROM runs r LEFT JOIN runs f ON f.id = r.stands_for
        CROSS JOIN items i ON i.run = coalesce(f.key, r.key)
        CROSS JOIN runs o ON o.key = i.run LEFT JOIN runs h ON h.id = o.handled_by
        WHERE r.key = ?1 AND i.\"group\" IS NOT NULL";
    let read = |row: &Row<'_>| {
        let told: Option<Word<_>> = row.get(3)?;
        let Kept(state) = row.get(5)?;
        let other: Option<(i64, Kept<_>)> = row.get::<_, Option<i64>>(7)?.zip(row.get(8)?);
        Ok(Item {
            key: row.get(0)?,
            feed_key: row.get(1)?,
            group: row.get(2)?,
            told: told.map(|Word(standing)| standing),
            run: (row.get(4)?, state),
            other: row.get::<_, bool>(6)?.then(|| other.map(|(key, Kept(state))| (key, state))),
        })
    };
    write.prepare_cached(sql)?.query_row([run_key], read).optional()
}

/// What the run's latest delivery met.
fn message_of(write: &Write<'_>, run_key: i64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT coalesce(problem, (SELECT a.problem FROM attempts a WHERE a.delivery = deliveries.key
            ORDER BY a.lease DESC LIMIT 1))
        FROM deliveries WHERE run = ?1 ORDER BY step_index DESC LIMIT 1";
    let read = |row: &Row<'_>| row.get::<_, Option<Json<Problem>>>(0);
    let problem = write.prepare_cached(sql)?.query_row([run_key], read).optional()?.flatten();
    Ok(problem.map(|Json(problem)| problem.message))
}

/// Writes what a group amounts to now: over a report that nobody has begun to tell, else behind those that are told.
pub(super) fn tell(write: &Write<'_>, item: &Item, at: Timestamp) -> Result<(), Failure> {
    let report = json(&GroupReport { group: item.group.clone(), items: reports(write, item)? });
    // Only the latest can be: it is the last in its order.
    let sql = "SELECT d.key FROM (SELECT max(delivery) AS latest FROM settles WHERE feed = ?1 AND \"group\" = ?2)
        CROSS JOIN deliveries d ON d.key = latest WHERE d.state = 'queued' AND d.attempts = 0";
    let values = params![item.feed_key, item.group];
    let untold: Option<i64> = write.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(delivery_key) = untold {
        let sql = "UPDATE inputs SET input = ?2 WHERE delivery = ?1";
        write.prepare_cached(sql)?.execute(params![delivery_key, report])?;
        return Ok(());
    }
    begin(write, item, report, at)
}

fn reports(write: &Write<'_>, item: &Item) -> rusqlite::Result<Vec<ItemReport>> {
    let sql = "SELECT name, standing, message FROM items
        WHERE feed = ?1 AND \"group\" = ?2 AND \"group\" IS NOT NULL AND standing IS NOT NULL AND name IS NOT NULL ORDER BY key";
    let read = |row: &Row<'_>| {
        let Word(standing) = row.get(1)?;
        Ok(ItemReport { key: row.get(0)?, standing, message: row.get(2)? })
    };
    write.prepare_cached(sql)?.query_map(params![item.feed_key, item.group], read)?.collect()
}

fn begin(write: &Write<'_>, item: &Item, report: String, at: Timestamp) -> Result<(), Failure> {
    let (connection, feed) = feed_of(write, item.feed_key)?;
    let flow = settle_flow(&connection, &feed);
    let definition = json(&flow);
    let flow_digest = keep_flow_version(write, &definition, at)?;
    // Nothing else can be the cause of the next delivery that is written.
    let latest: i64 =
        write.prepare_cached("SELECT coalesce(max(key), 0) FROM deliveries")?.query_row([], |row| row.get(0))?;
    let cause = Digest::of(format!("settle {} {latest} {report}", item.key));
    let first = NewDelivery {
        id: DeliveryId::derived(at, &cause),
        step_index: 0,
        step: flow.name.clone(),
        connection: connection.clone(),
        operation: feed.clone(),
        input: report,
        ordering_key: Some(settle_key(&connection, &feed, &item.group)),
        state: DeliveryState::Queued { due: at },
        accepted_at: at,
    };
    let submission = serde_json::json!({ "connection": connection, "feed": feed, "group": item.group });
    let run = NewRun {
        id: RunId::derived(at, &cause),
        flow: flow.name,
        flow_digest,
        submission: submission.to_string(),
        attachments: Vec::new(),
        idempotency_key: None,
        body_digest: cause,
        caused_by: None,
        stands_for: None,
        accepted_at: at,
        skipped: Vec::new(),
        first: Some(first),
        along: Vec::new(),
    };
    let run_key = runs::begin_run(write, &run)?;
    let sql = "INSERT INTO settles (delivery, feed, \"group\") SELECT key, ?2, ?3 FROM deliveries WHERE run = ?1";
    write.prepare_cached(sql)?.execute(params![run_key, item.feed_key, item.group])?;
    Ok(())
}

fn feed_of(write: &Write<'_>, feed_key: i64) -> rusqlite::Result<(Name, Name)> {
    let sql = "SELECT c.name, f.name FROM feeds f CROSS JOIN connections c ON c.key = f.connection WHERE f.key = ?1";
    let read = |row: &Row<'_>| {
        let (Kept(connection), Kept(feed)) = (row.get(0)?, row.get(1)?);
        Ok((connection, feed))
    };
    write.prepare_cached(sql)?.query_row([feed_key], read)
}
