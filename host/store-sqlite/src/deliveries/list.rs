//! Deliveries that somebody looks for, the latest first. What waits for a person, or to be tried, is found by an index
//! that holds nothing else; for the rest, a page looks through so many rows at most.

use rusqlite::{Connection, ToSql, params};
use sluse_model::Name;
use sluse_store::{DeliveryFilter, ListedDelivery, Page};

use super::rows::{self, listed_columns, listed_joins};
use crate::{pages::Part, values::Kept};

/// A page looks through this many rows at most when there is no index for what is wanted: some tenths of a second.
const MAX_LOOKED_AT: i64 = 200_000;

/// Of what is to be tried, a page sorts so much at most; with a larger backlog it looks through the latest instead.
const MAX_SORTED: i64 = 50_000;

/// What is wanted, as SQL.
struct Wanted<'a> {
    /// Their keys.
    keys: String,
    sql: String,
    values: Vec<(&'static str, Box<dyn ToSql + 'a>)>,
    /// Whether it may take a look through all that there are.
    is_search: bool,
}

pub(crate) fn list(
    connection: &Connection,
    filter: &DeliveryFilter,
    part: Part,
) -> rusqlite::Result<Page<ListedDelivery>> {
    let wanted = if sorts_a_backlog(filter) && has_a_backlog(connection, filter.connection.as_ref())? {
        Wanted::from(filter, ("NOT INDEXED", source(filter).1, true))
    } else {
        Wanted::of(filter)
    };
    page_of(connection, &wanted, part)
}

/// The same for whoever goes on until nothing is left, however many there are: an empty page says that.
pub(crate) fn rest(
    connection: &Connection,
    filter: &DeliveryFilter,
    part: Part,
) -> rusqlite::Result<Page<ListedDelivery>> {
    page_of(connection, &Wanted::of(filter), part)
}

/// Everything that is to be tried is in one index, by connection and time.
fn sorts_a_backlog(filter: &DeliveryFilter) -> bool {
    matches!(filter.state.as_deref(), Some("queued" | "retrying" | "waiting"))
}

/// Whether very many wait, at one connection or at all.
fn has_a_backlog(connection: &Connection, of: Option<&Name>) -> rusqlite::Result<bool> {
    let at_all = "SELECT 1 FROM deliveries INDEXED BY deliveries_waiting
        WHERE due_at IS NOT NULL AND claimable IN (0, 1) LIMIT 1 OFFSET ?1";
    let at_one = "SELECT 1 FROM deliveries INDEXED BY deliveries_waiting WHERE due_at IS NOT NULL
        AND claimable IN (0, 1) AND connection = (SELECT key FROM connections WHERE name = ?2) LIMIT 1 OFFSET ?1";
    match of {
        None => connection.prepare_cached(at_all)?.exists([MAX_SORTED]),
        Some(name) => connection.prepare_cached(at_one)?.exists(params![MAX_SORTED, name.as_str()]),
    }
}

fn page_of(connection: &Connection, wanted: &Wanted<'_>, part: Part) -> rusqlite::Result<Page<ListedDelivery>> {
    let floor_key = if wanted.is_search { floor(connection, part)? } else { 0 };
    let (before_key, rows) = (part.before_key, part.rows());
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":before", &before_key), (":floor", &floor_key), (":rows", &rows)];
    values.extend(wanted.values.iter().map(|(name, value)| (*name, &**value as &dyn ToSql)));
    let mut statement = connection.prepare_cached(&wanted.sql)?;
    let found = statement.query_map(&*values, rows::listed)?.collect::<rusqlite::Result<_>>()?;
    Ok(part.page_above(found, floor_key))
}

/// How many are wanted, in all.
pub(super) fn count(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<u64> {
    let wanted = Wanted::of(filter);
    let everything: [(&str, &dyn ToSql); 3] = [(":before", &i64::MAX), (":floor", &0), (":rows", &-1)];
    let mut values = everything.to_vec();
    values.extend(wanted.values.iter().map(|(name, value)| (*name, &**value as &dyn ToSql)));
    let sql = format!("SELECT count(*) FROM ({})", wanted.keys);
    connection.prepare_cached(&sql)?.query_row(&*values, |row| row.get(0)).map(|Kept(count)| count)
}

/// The smallest key that is looked at.
fn floor(connection: &Connection, part: Part) -> rusqlite::Result<i64> {
    let latest: Option<i64> =
        connection.prepare_cached("SELECT max(key) FROM deliveries")?.query_row([], |row| row.get(0))?;
    Ok((part.before_key.min(latest.unwrap_or(0)) - MAX_LOOKED_AT).max(0))
}

impl<'a> Wanted<'a> {
    fn of(filter: &'a DeliveryFilter) -> Self {
        Self::from(filter, source(filter))
    }

    fn from(filter: &'a DeliveryFilter, (index, standing, is_search): (&str, &str, bool)) -> Self {
        let mut wanted = Self { keys: String::new(), sql: String::new(), values: Vec::new(), is_search };
        let mut conditions = vec![standing.to_owned()];
        if let Some(connection) = &filter.connection {
            conditions.push("s.connection = (SELECT key FROM connections WHERE name = :connection)".into());
            wanted.value(":connection", connection.as_str());
        }
        if let Some(reason) = filter.reason {
            conditions.push("s.reason = :reason".into());
            wanted.value(":reason", reason.as_str());
        }
        if let Some(queue) = &filter.queue {
            conditions.push("s.queue = :queue".into());
            wanted.value(":queue", queue.as_str());
        }
        if let Some(since) = filter.since {
            conditions.push("s.accepted_at >= :since".into());
            wanted.value(":since", since.as_millis());
        }
        if let Some(until) = filter.until {
            conditions.push("s.accepted_at < :until".into());
            wanted.value(":until", until.as_millis());
        }
        if let Some(text) = &filter.text {
            let problem = "s.problem ->> 'code' || ' ' || (s.problem ->> 'message') || ' ' \
                || coalesce(s.problem ->> 'detail', '')";
            conditions.push(format!("s.problem IS NOT NULL AND instr(lower({problem}), lower(:text)) > 0"));
            wanted.value(":text", text.as_str());
        }
        let flow = filter.flow.as_ref().map(Name::as_str);
        if let Some(flow) = flow {
            conditions.push("f.flow = :flow".into());
            wanted.value(":flow", flow);
        }
        let run = if flow.is_some() { " CROSS JOIN runs f ON f.key = s.run" } else { "" };
        // The keys first: whatever is sorted on the way is not whole rows.
        wanted.keys = format!(
            "SELECT s.key AS found FROM deliveries s {index}{run}
                WHERE s.key < :before AND s.key >= :floor AND {} ORDER BY s.key DESC LIMIT :rows",
            conditions.join(" AND "),
        );
        wanted.sql = format!(
            "SELECT {} FROM ({}) CROSS JOIN deliveries d ON d.key = found{}ORDER BY d.key DESC",
            listed_columns!(),
            wanted.keys,
            listed_joins!(),
        );
        wanted
    }

    fn value(&mut self, name: &'static str, value: impl ToSql + 'a) {
        self.values.push((name, Box::new(value)));
    }
}

/// Which index leads to what is wanted, what is known of everything in it, and whether there is none.
fn source(filter: &DeliveryFilter) -> (&'static str, &'static str, bool) {
    let is_narrower = *filter != DeliveryFilter { state: filter.state.clone(), ..DeliveryFilter::default() };
    let waits_for_a_person = filter.reason.is_some() || filter.queue.is_some();
    match filter.state.as_deref() {
        None | Some("attention") if filter.queue.is_some() => {
            ("INDEXED BY deliveries_by_queue", "s.state = 'attention' AND s.queue IS NOT NULL", false)
        }
        None | Some("attention") if filter.reason.is_some() => {
            ("INDEXED BY deliveries_by_reason", "s.state = 'attention'", false)
        }
        Some("attention") => ("INDEXED BY deliveries_attention", "s.state = 'attention'", false),
        Some(_) if waits_for_a_person => ("", "false", false),
        Some("queued") => {
            (waiting_for(filter), "s.due_at IS NOT NULL AND s.claimable IN (0, 1) AND s.state = 'queued'", false)
        }
        Some("retrying") => {
            (waiting_for(filter), "s.due_at IS NOT NULL AND s.claimable IN (0, 1) AND s.state = 'retrying'", false)
        }
        Some("waiting") => {
            (waiting_for(filter), "s.due_at IS NOT NULL AND s.claimable IN (0, 1) AND s.state = 'waiting'", false)
        }
        Some("running") => ("INDEXED BY deliveries_running", "s.state = 'running'", false),
        // Nearly all that there are.
        Some("closed") => ("", "s.state = 'closed'", is_narrower),
        Some(_) => ("", "false", false),
        None => ("", "true", is_narrower),
    }
}

/// Of one connection only, where one is named.
fn waiting_for(filter: &DeliveryFilter) -> &'static str {
    if filter.connection.is_some() { "INDEXED BY deliveries_waiting" } else { "" }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluse_model::{Reason, fakes::SimClock};
    use sluse_store::{
        Deliveries as _,
        conformance::fixtures::{NOW, name, page, prepare, queued},
    };

    use super::*;
    use crate::{SqliteStore, writer::Write};

    fn store() -> SqliteStore {
        SqliteStore::temporary(Arc::new(SimClock::at(NOW))).expect("a store")
    }

    /// A page of large inputs is not read only to be thrown away: without the texts it is the same page.
    #[tokio::test]
    async fn a_list_reads_no_texts() {
        let store = store();
        let prepared = prepare(&store).await;
        let id = queued(&store, prepared.flow, NOW).await;
        let lose_texts = |write: &Write<'_>| Ok(write.execute("DELETE FROM inputs", [])?);
        assert_eq!(store.writer.write(lose_texts).await, Ok(1));
        for state in [None, Some("queued".to_owned())] {
            let filter = DeliveryFilter { state, ..DeliveryFilter::default() };
            let listed = store.deliveries(filter, page(10, None)).await.expect("read").items;
            assert_eq!(listed.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [id]);
        }
    }

    #[track_caller]
    fn check(plan: &[String], index: &str) {
        let first = plan.iter().find(|line| line.contains(" s ")).map_or("", String::as_str);
        assert!(first.starts_with("SEARCH") && first.contains(index), "{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE FOR ORDER BY") && line.contains('s')), "{plan:#?}");
    }

    async fn plan(store: &SqliteStore, filter: DeliveryFilter) -> Vec<String> {
        let explain = move |connection: &Connection| {
            let wanted = Wanted::of(&filter);
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", wanted.sql))?;
            for parameter in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(parameter, 1)?;
            }
            Ok(statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>()?)
        };
        store.readers.read(explain).await.expect("a plan")
    }

    #[tokio::test]
    async fn what_waits_for_a_person_is_found_by_an_index() {
        let store = store();
        let attention = || DeliveryFilter { state: Some("attention".into()), ..DeliveryFilter::default() };
        let queue = DeliveryFilter { queue: Some(name("payroll")), ..attention() };
        check(&plan(&store, queue).await, "deliveries_by_queue (queue=? AND rowid>? AND rowid<?)");
        let reason = DeliveryFilter { reason: Some(Reason::Denied), ..attention() };
        check(&plan(&store, reason).await, "deliveries_by_reason (reason=? AND rowid>? AND rowid<?)");
        let connection = DeliveryFilter { connection: Some(name("target")), ..attention() };
        check(&plan(&store, connection).await, "deliveries_attention (connection=? AND rowid>? AND rowid<?)");
    }

    #[tokio::test]
    async fn a_search_goes_on_with_the_next_page() {
        let store = store();
        let prepared = prepare(&store).await;
        let [early, late] = [queued(&store, prepared.flow, NOW).await, queued(&store, prepared.flow, NOW).await];
        // As if far more had come in between.
        let apart = move |write: &Write<'_>| {
            write.execute("DELETE FROM inputs", [])?;
            Ok(write.execute("UPDATE deliveries SET key = key + ?1 WHERE key > 1", [MAX_LOOKED_AT])?)
        };
        assert_eq!(store.writer.write(apart).await, Ok(1));
        let filter = DeliveryFilter { connection: Some(name("target")), ..DeliveryFilter::default() };
        let first = store.deliveries(filter.clone(), page(10, None)).await.expect("read");
        assert_eq!(first.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [late]);
        let second = store.deliveries(filter, page(10, first.next)).await.expect("read");
        assert_eq!(second.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [early]);
        assert_eq!(second.next, None);
    }

    /// What is to be tried by the million is not sorted for each page.
    #[tokio::test]
    async fn a_backlog_is_looked_through_from_the_latest_on() {
        let store = store();
        let prepared = prepare(&store).await;
        let first = queued(&store, prepared.flow, NOW).await;
        let waits = || DeliveryFilter { state: Some("queued".into()), ..DeliveryFilter::default() };
        let backlog = |connection: &Connection| {
            let [target, other] = [name("target"), name("other")];
            assert!(!has_a_backlog(connection, Some(&other))?);
            assert_eq!(has_a_backlog(connection, Some(&target))?, has_a_backlog(connection, None)?);
            Ok(has_a_backlog(connection, None)?)
        };
        assert!(!store.readers.read(backlog).await.expect("read"));
        let fill = |write: &Write<'_>| {
            let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n <= ?1)
                INSERT INTO deliveries (id, run, step_index, step, connection, operation, state, claimable, behind,
                    due_at, attempts, lease_number, accepted_at, changed_at)
                SELECT randomblob(16), run, n, step, connection, operation, state, claimable, behind, due_at, attempts,
                    lease_number, accepted_at, changed_at FROM n, deliveries WHERE deliveries.key = 1";
            Ok(write.execute(sql, [MAX_SORTED])?)
        };
        store.writer.write(fill).await.expect("filled");
        assert!(store.readers.read(backlog).await.expect("read"));
        // As if far more had come since the first two.
        let apart = |write: &Write<'_>| {
            write.execute("DELETE FROM inputs", [])?;
            write.execute("UPDATE deliveries SET key = -key WHERE key > 2", [])?;
            Ok(write.execute("UPDATE deliveries SET key = ?1 - key WHERE key < 0", [MAX_LOOKED_AT])?)
        };
        store.writer.write(apart).await.expect("moved");
        for connection in [None, Some(name("target"))] {
            let filter = DeliveryFilter { connection, ..waits() };
            let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
            loop {
                let part = store.deliveries(filter.clone(), page(900, after)).await.expect("read");
                pages += 1;
                found.extend(part.items.into_iter().map(|delivery| delivery.id));
                after = part.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!((found.len(), found.last()), (50_002, Some(&first)));
            assert_eq!(pages, 57, "what is left of the page is not looked for in all that there is");
        }
    }
}
