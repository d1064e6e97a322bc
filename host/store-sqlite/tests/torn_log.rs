//! What is left when the log of the database is cut or torn, as a power cut may do it: at every border between two
//! pages, and a few bytes before and behind it. What was acknowledged by then is there, and nothing that is half.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use sluse_model::{RunId, fakes::SimClock};
use sluse_store::{
    Deliveries, Runs, Store, StoreError,
    conformance::fixtures::{NOW, claim_at, new_run, page, prepare, success},
};
use sluse_store_sqlite::{SqliteSettings, SqliteStore};

/// What SQLite writes before the first page of a log, and before each page; and a page.
const LOG_HEAD_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4096;

/// Runs that are acknowledged, one commit after the other.
const RUNS: usize = 5;

/// Cuts next to a border: in the head of the next page, in the page before it.
const BESIDE: [isize; 3] = [-1, 0, 13];

/// A log, with what was acknowledged when it had which length.
struct Recorded {
    database: Vec<u8>,
    log: Vec<u8>,
    acknowledged: Vec<(usize, RunId)>,
    /// The log's length when all was prepared: whatever is cut off before it is no loss of a run.
    prepared: usize,
}

fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(SqliteSettings::new(folder), Arc::new(SimClock::at(NOW)))
}

fn database(folder: &Path) -> PathBuf {
    folder.join("sluse.sqlite3")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("sluse.sqlite3-wal")
}

/// Accepts and settles runs, each in commits of its own, and keeps what is then on the disk.
async fn record() -> Recorded {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path()).expect("a store");
    let prepared = prepare(&store).await;
    let length = || usize::try_from(fs::metadata(log(folder.path())).expect("a log").len()).expect("a small log");
    let at_first = length();
    let mut acknowledged = Vec::new();
    for _ in 0..RUNS {
        let run = new_run(prepared.flow);
        let id = run.id;
        let claimed = match store.accept(run, Some(claim_at(NOW))).await {
            Ok(sluse_store::Accepted::New(Some(claimed))) => claimed,
            other => panic!("{other:?}"),
        };
        acknowledged.push((length(), id));
        store.settle(success(&claimed), None).await.expect("settled");
    }
    let read = |path: PathBuf| fs::read(path).expect("read");
    let (database, log) = (read(database(folder.path())), read(log(folder.path())));
    Recorded { database, log, acknowledged, prepared: at_first }
}

impl Recorded {
    /// Every border between two pages of what was written after all was prepared.
    fn borders(&self) -> impl Iterator<Item = usize> {
        let first = self.prepared;
        (LOG_HEAD_BYTES..=self.log.len()).step_by(FRAME_BYTES).filter(move |border| *border >= first)
    }

    /// Opens what is left when the log is `left`, of which the first `whole` bytes are as they were written.
    async fn check(&self, left: &[u8], whole: usize) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(database(folder.path()), &self.database).expect("written");
        fs::write(log(folder.path()), left).expect("written");
        // A log has a checksum for each page: a part of it is never damage, and is no reason to refuse.
        let store = open(folder.path()).unwrap_or_else(|error| panic!("cut at {whole}: {error}"));
        let mut found: Vec<RunId> = store
            .runs(Default::default(), page(100, None))
            .await
            .expect("read")
            .items
            .iter()
            .map(|run| run.id)
            .collect();
        found.reverse();
        // Whole commits: as many runs as were acknowledged by then, and none that came later.
        let expected: Vec<RunId> =
            self.acknowledged.iter().filter(|(length, _)| *length <= whole).map(|(_, id)| *id).collect();
        assert_eq!(found, expected, "cut at {whole} of {}", self.log.len());
        for id in &found {
            let run = store.run(*id).await.expect("read").expect("a run");
            assert_eq!(run.deliveries.len(), 1, "cut at {whole}: {run:?}");
        }
        store.health().await.expect("it can be written to");
    }
}

#[tokio::test]
async fn a_log_that_is_cut_off_anywhere_holds_what_was_acknowledged_by_then() {
    let recorded = record().await;
    let mut tried = 0;
    for border in recorded.borders() {
        for cut in BESIDE.map(|beside| border.saturating_add_signed(beside)) {
            if let Some(left) = recorded.log.get(..cut) {
                recorded.check(left, cut).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 3 * 2 * RUNS, "{tried} cuts are fewer than commits");
}

#[tokio::test]
async fn a_page_that_was_torn_takes_nothing_with_it_that_was_acknowledged_before() {
    let recorded = record().await;
    for border in recorded.borders().filter(|border| *border < recorded.log.len()) {
        // The page behind the border is half written, and half what stood on the disk before.
        let mut left = recorded.log.clone();
        let torn = border + FRAME_BYTES / 2..border + FRAME_BYTES;
        left[torn].iter_mut().for_each(|byte| *byte ^= 0xa5);
        recorded.check(&left, border).await;
    }
}
