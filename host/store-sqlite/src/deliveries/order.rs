//! Deliveries that share an ordering key, one after the other: the first that is not closed is the head, and those
//! behind it cannot be claimed. The head moves when it closes; a claim never looks.

use rusqlite::{Connection, OptionalExtension};
use sluse_model::{DeliveryId, Digest};

use crate::{error::Failure, values::Kept, writer::Write};

/// Whether something with this key is not closed.
pub(super) const AHEAD: &str = "SELECT 1 FROM deliveries INDEXED BY deliveries_in_order
    WHERE ordering_key = ?1 AND ordering_key IS NOT NULL AND state <> 'closed' LIMIT 1";

/// Makes the first that is left the head.
pub(super) const MOVE_HEAD: &str = "UPDATE deliveries SET behind = 0, claimable = EXISTS (
        SELECT 1 FROM connections JOIN revisions USING (connector)
        WHERE connections.key = deliveries.connection AND standing = 'active')
    WHERE key = (SELECT min(key) FROM deliveries INDEXED BY deliveries_in_order
        WHERE ordering_key = ?1 AND ordering_key IS NOT NULL AND state <> 'closed')";

/// The head of the key of a delivery.
const HEAD_OF: &str = "SELECT h.id FROM deliveries d CROSS JOIN deliveries h INDEXED BY deliveries_in_order
    WHERE d.key = ?1 AND d.behind = 1
        AND h.ordering_key = d.ordering_key AND h.ordering_key IS NOT NULL AND h.state <> 'closed'
    ORDER BY h.key LIMIT 1";

/// Whether a new delivery with this key has to wait for another.
pub(super) fn is_behind(write: &Write<'_>, key: Option<&Digest>) -> Result<bool, Failure> {
    let Some(key) = key else { return Ok(false) };
    Ok(write.prepare_cached(AHEAD)?.exists([key.as_bytes().as_slice()])?)
}

/// The head has closed: whoever is next can go.
pub(super) fn move_head(write: &Write<'_>, key: &[u8]) -> Result<(), Failure> {
    if write.prepare_cached(MOVE_HEAD)?.execute([key])? > 0 {
        write.wake();
    }
    Ok(())
}

/// Leaves the line: those behind go on without it.
pub(super) fn skip(write: &Write<'_>, delivery_key: i64) -> Result<(), Failure> {
    let sql = "UPDATE deliveries SET ordering_key = NULL, behind = 0 WHERE key = ?1";
    write.prepare_cached(sql)?.execute([delivery_key])?;
    Ok(())
}

/// Whether others with its key wait for a delivery, or would.
pub(super) fn leads(connection: &Connection, delivery_key: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM deliveries WHERE key = ?1 AND ordering_key IS NOT NULL AND behind = 0";
    connection.prepare_cached(sql)?.exists([delivery_key])
}

/// Whom a delivery waits for; `None` when it is nobody.
pub(super) fn head_of(connection: &Connection, delivery_key: i64) -> rusqlite::Result<Option<DeliveryId>> {
    let read = |row: &rusqlite::Row<'_>| row.get(0).map(|Kept(id)| id);
    connection.prepare_cached(HEAD_OF)?.query_row([delivery_key], read).optional()
}
