//! Connections at which somebody lets nothing begin.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};
use sluse_model::{Actor, Name, Pause};
use sluse_store::{Pauses, StoreError};

use crate::{SqliteStore, error::Failure, values::Kept, writer::Write};

#[async_trait]
impl Pauses for SqliteStore {
    async fn pause(&self, connection: Name, pause: Pause) -> Result<(), StoreError> {
        self.writer.write(move |write| keep(write, &connection, &pause)).await
    }

    async fn resume(&self, connection: Name) -> Result<bool, StoreError> {
        let sql = "DELETE FROM pauses WHERE connection = (SELECT key FROM connections WHERE name = ?1)";
        let resume = move |write: &Write<'_>| Ok(write.prepare_cached(sql)?.execute([connection.as_str()])? > 0);
        self.writer.write(resume).await
    }

    async fn pauses(&self) -> Result<Vec<(Name, Pause)>, StoreError> {
        self.readers.read(|connection| Ok(all(connection)?)).await
    }
}

fn keep(write: &Write<'_>, connection: &Name, pause: &Pause) -> Result<(), Failure> {
    let sql = "INSERT INTO pauses (connection, since, token, name, why)
        SELECT key, ?2, ?3, ?4, ?5 FROM connections WHERE connections.name = ?1
        ON CONFLICT (connection) DO UPDATE SET token = excluded.token, name = excluded.name, why = excluded.why";
    let token = pause.by.token.as_bytes().as_slice();
    let values = params![connection.as_str(), pause.since.as_millis(), token, pause.by.name, pause.why];
    if write.prepare_cached(sql)?.execute(values)? == 0 {
        return Err(StoreError::NotFound(format!("connection `{connection}`")).into());
    }
    Ok(())
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<(Name, Pause)>> {
    let sql = "SELECT c.name, p.since, p.token, p.name, p.why FROM pauses p
        CROSS JOIN connections c ON c.key = p.connection ORDER BY c.name";
    let read = |row: &Row<'_>| {
        let (Kept(connection), Kept(since), Kept(token)) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let by = Actor { token, name: row.get(3)? };
        Ok((connection, Pause { since, by, why: row.get(4)? }))
    };
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}
