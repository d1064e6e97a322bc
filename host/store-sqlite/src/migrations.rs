//! How the schema came to be, step by step. A released step never changes; `user_version` counts those done.

use std::path::Path;

use rusqlite::Connection;
use sluse_store::StoreError;

use crate::error::explain;

const STEPS: [&str; 1] = [include_str!("../migrations/0001.sql")];

/// The schema that this release knows.
pub(crate) const KNOWN: u32 = STEPS.len() as u32;

/// Marks a database file as ours: "Slus" in ASCII.
const APPLICATION_ID: i32 = 0x536c_7573;

/// Brings the database to the present schema, in one transaction. Refuses one of a later release, and one that
/// belongs to another program.
pub(crate) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(connection).map_err(|error| explain(&error, path))?;
    if found > KNOWN {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: KNOWN });
    }
    if !is_ours(connection, found).map_err(|error| explain(&error, path))? {
        let detail = "it belongs to another program".to_owned();
        return Err(StoreError::Damaged { path: path.display().to_string(), detail });
    }
    carry_out(connection, found).map_err(|error| explain(&error, path))
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn is_ours(connection: &Connection, found: u32) -> rusqlite::Result<bool> {
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || (found == 0 && id == 0 && tables == 0))
}

fn carry_out(connection: &mut Connection, found: u32) -> rusqlite::Result<()> {
    if found == KNOWN {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in &STEPS[found as usize..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", KNOWN)?;
    transaction.commit()
}
