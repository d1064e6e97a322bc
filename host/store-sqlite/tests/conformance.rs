//! The promises of the port, kept by SQLite.

use std::sync::Arc;

use sluse_model::{Timestamp, fakes::SimClock};
use sluse_store::Store;
use sluse_store_sqlite::SqliteStore;

async fn open() -> Arc<dyn Store> {
    let clock = Arc::new(SimClock::at(Timestamp::from_millis(1_762_000_000_000)));
    Arc::new(SqliteStore::temporary(clock).expect("a store in a temporary folder"))
}

sluse_store::conformance!(open);
