//! Connections, flows and schedules. A flow's versions are kept under the digest of their JSON text.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, Row, params};
use sluse_model::{AttemptLimits, Connection, Digest, Flow, LimitsSince, Name, Schedule, Timestamp};
use sluse_store::{Configuration, StoreError, StoredConnection, StoredFlow};

use crate::{
    SqliteStore,
    deliveries::refresh_claimable,
    error::Failure,
    schedules,
    values::{Json, Kept, json},
    writer::Write,
};

#[async_trait]
impl Configuration for SqliteStore {
    async fn apply(
        &self,
        connections: Vec<Connection>,
        flows: Vec<Flow>,
        schedules: Vec<Schedule>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let connections: Vec<_> = connections.into_iter().map(|one| (json(&one), one)).collect();
        let flows: Vec<_> = flows.into_iter().map(|one| (json(&one), one.name)).collect();
        let apply = move |write: &Write<'_>| {
            for (definition, connection) in &connections {
                apply_connection(write, connection, definition, now)?;
            }
            for (definition, name) in &flows {
                apply_flow(write, name, definition, now)?;
            }
            for schedule in &schedules {
                schedules::apply(write, schedule, now)?;
            }
            Ok(())
        };
        self.writer.write(apply).await
    }

    async fn keep_flow(&self, flow: Flow, now: Timestamp) -> Result<Digest, StoreError> {
        let definition = json(&flow);
        self.writer.write(move |write| keep_flow_version(write, &definition, now)).await
    }

    async fn connections(&self) -> Result<Vec<StoredConnection>, StoreError> {
        let read = |connection: &rusqlite::Connection| {
            let sql = "SELECT definition, version, changed_at FROM connections ORDER BY name";
            Ok(connection.prepare_cached(sql)?.query_map([], stored_connection)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn connection(&self, name: &Name) -> Result<Option<StoredConnection>, StoreError> {
        let name = name.clone();
        let read = move |connection: &rusqlite::Connection| {
            let sql = "SELECT definition, version, changed_at FROM connections WHERE name = ?1";
            Ok(connection.prepare_cached(sql)?.query_row([name.as_str()], stored_connection).optional()?)
        };
        self.readers.read(read).await
    }

    async fn attempt_limits(&self, name: &Name) -> Result<Vec<LimitsSince>, StoreError> {
        let name = name.clone();
        let read = move |connection: &rusqlite::Connection| {
            let sql = "SELECT limits, since FROM connections CROSS JOIN attempt_limits ON connection = connections.key
                WHERE name = ?1 ORDER BY attempt_limits.key";
            let read = |row: &Row<'_>| {
                let (Json(limits), Kept(since)) = (row.get(0)?, row.get(1)?);
                Ok(LimitsSince { limits, since })
            };
            Ok(connection.prepare_cached(sql)?.query_map([name.as_str()], read)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn flows(&self) -> Result<Vec<StoredFlow>, StoreError> {
        let read = |connection: &rusqlite::Connection| {
            let sql =
                "SELECT definition, digest, changed_at FROM flows JOIN flow_versions ON key = version ORDER BY name";
            Ok(connection.prepare_cached(sql)?.query_map([], stored_flow)?.collect::<Result<_, _>>()?)
        };
        self.readers.read(read).await
    }

    async fn flow(&self, name: &Name) -> Result<Option<StoredFlow>, StoreError> {
        let name = name.clone();
        let read = move |connection: &rusqlite::Connection| {
            let sql =
                "SELECT definition, digest, changed_at FROM flows JOIN flow_versions ON key = version WHERE name = ?1";
            Ok(connection.prepare_cached(sql)?.query_row([name.as_str()], stored_flow).optional()?)
        };
        self.readers.read(read).await
    }

    async fn flow_version(&self, digest: &Digest) -> Result<Option<StoredFlow>, StoreError> {
        let digest = *digest;
        let read = move |connection: &rusqlite::Connection| {
            let sql = "SELECT definition, digest, kept_at FROM flow_versions WHERE digest = ?1";
            Ok(connection.prepare_cached(sql)?.query_row([digest.as_bytes().as_slice()], stored_flow).optional()?)
        };
        self.readers.read(read).await
    }
}

fn stored_connection(row: &Row<'_>) -> rusqlite::Result<StoredConnection> {
    let Json(connection) = row.get(0)?;
    let (Kept(version), Kept(changed_at)) = (row.get(1)?, row.get(2)?);
    Ok(StoredConnection { connection, version, changed_at })
}

fn stored_flow(row: &Row<'_>) -> rusqlite::Result<StoredFlow> {
    let Json(flow) = row.get(0)?;
    let Kept(digest) = row.get(1)?;
    let Kept(changed_at) = row.get(2)?;
    Ok(StoredFlow { flow, digest, changed_at })
}

fn apply_connection(
    write: &Write<'_>,
    connection: &Connection,
    definition: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let (name, connector) = (connection.name.as_str(), connection.connector.as_str());
    let before: Option<(String, String)> = write
        .prepare_cached("SELECT connector, definition FROM connections WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if before.as_ref().is_some_and(|(_, before)| before == definition) {
        return Ok(());
    }
    let sql = "INSERT INTO connections (name, connector, version, changed_at, definition) VALUES (?1, ?2, 1, ?3, ?4)
        ON CONFLICT (name) DO UPDATE
        SET connector = excluded.connector, version = version + 1, changed_at = excluded.changed_at,
            definition = excluded.definition";
    write.prepare_cached(sql)?.execute(params![name, connector, now.as_millis(), definition])?;
    keep_limits(write, name, &connection.attempt_limits(), now)?;
    if before.is_none_or(|(before, _)| before != connector) {
        refresh_claimable(write)?;
        // Where another connector's polls ended says nothing to this one.
        let sql = "UPDATE feeds SET cursor = NULL WHERE connection = (SELECT key FROM connections WHERE name = ?1)";
        write.prepare_cached(sql)?.execute([name])?;
        // Nor what a poll of it finds that is under way: it has lost its lease.
        let sql = "UPDATE ticks SET lease_number = lease_number + 1, lease_until = ?2
            WHERE state = 'running' AND connection = (SELECT key FROM connections WHERE name = ?1)";
        write.prepare_cached(sql)?.execute(params![name, now.as_millis()])?;
    }
    Ok(())
}

/// Notes how often deliveries are tried from now on, unless that is as before.
fn keep_limits(write: &Write<'_>, name: &str, limits: &AttemptLimits, now: Timestamp) -> Result<(), Failure> {
    let sql = "INSERT INTO attempt_limits (connection, since, limits)
        SELECT key, ?2, ?3 FROM connections WHERE name = ?1 AND ?3 IS NOT (
            SELECT limits FROM attempt_limits WHERE connection = connections.key ORDER BY key DESC LIMIT 1)";
    write.prepare_cached(sql)?.execute(params![name, now.as_millis(), json(limits)])?;
    Ok(())
}

fn apply_flow(write: &Write<'_>, name: &Name, definition: &str, now: Timestamp) -> Result<(), Failure> {
    let digest = keep_flow_version(write, definition, now)?;
    let digest = digest.as_bytes().as_slice();
    let sql = "INSERT INTO flows (name, version, changed_at)
        SELECT ?1, key, ?2 FROM flow_versions WHERE digest = ?3
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, changed_at = excluded.changed_at
        WHERE version <> excluded.version";
    write.prepare_cached(sql)?.execute(params![name.as_str(), now.as_millis(), digest])?;
    Ok(())
}

/// Keeps a version of a flow under its digest.
pub(crate) fn keep_flow_version(write: &Write<'_>, definition: &str, now: Timestamp) -> Result<Digest, Failure> {
    let digest = Digest::of(definition);
    let sql = "INSERT INTO flow_versions (digest, kept_at, definition) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    write.prepare_cached(sql)?.execute(params![digest.as_bytes().as_slice(), now.as_millis(), definition])?;
    Ok(digest)
}
