//! Contents that nobody refers to and nobody gave up: a component that did not fit, what a former process was on
//! the way with. They go after a day.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, UNIX_EPOCH},
};

use rusqlite::Connection;
use sluse_model::{Digest, Timestamp};
use sluse_store::StoreError;
use tracing::{info, warn};

use super::{ContentFolder, discard::is_referenced};

/// Longer than anybody takes between the last byte of a file and the submission that refers to it.
const KEPT_UNREFERENCED: Duration = Duration::from_secs(24 * 60 * 60);

/// At most this many files go in one sweep; the next start goes on.
const MAX_REMOVED: u64 = 10_000;

/// One pass over the contents, in the background of the start.
#[derive(Debug)]
pub(crate) struct Sweeper {
    stopped: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Sweeper {
    /// Begins. `held` is what must stay alive until it ends.
    pub(crate) fn start(
        contents: Arc<ContentFolder>,
        connection: Connection,
        held: impl Send + 'static,
    ) -> Result<Self, StoreError> {
        let stopped = Arc::new(AtomicBool::new(false));
        let sweep = Sweep { contents, connection, stopped: stopped.clone(), removed: 0 };
        let thread = Builder::new().name("store-sweeper".to_owned()).spawn(move || {
            sweep.run();
            drop(held);
        });
        let thread = thread.map_err(|error| StoreError::Unavailable(format!("no thread for the sweeper: {error}")))?;
        Ok(Self { stopped, thread: Mutex::new(Some(thread)) })
    }

    /// Waits for the end of the pass.
    #[cfg(test)]
    pub(crate) fn finish(&self) {
        self.join();
    }

    /// Ends the pass where it is. Blocks until then.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.join();
    }

    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            warn!("the sweep of unreferenced contents ended with a panic");
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Sweep {
    contents: Arc<ContentFolder>,
    connection: Connection,
    stopped: Arc<AtomicBool>,
    removed: u64,
}

impl Sweep {
    fn run(mut self) {
        if let Err(error) = self.sweep() {
            warn!(%error, "unreferenced contents could not be swept; the next start tries again");
        }
        if self.removed > 0 {
            info!(removed = self.removed, "contents that nobody referred to were removed");
        }
    }

    fn sweep(&mut self) -> io::Result<()> {
        for folder in fs::read_dir(&self.contents.path)? {
            let folder = folder?;
            let prefix = folder.file_name();
            let Some(prefix) = prefix.to_str().filter(|name| name.len() == 2) else { continue };
            for file in fs::read_dir(folder.path())? {
                if self.stopped.load(Ordering::Relaxed) || self.removed >= MAX_REMOVED {
                    return Ok(());
                }
                let file = file?;
                let name = file.file_name();
                let digest = name.to_str().and_then(|rest| format!("{prefix}{rest}").parse().ok());
                if let Some(digest) = digest {
                    self.look_at(&file.path(), &digest)?;
                }
            }
        }
        Ok(())
    }

    fn look_at(&mut self, path: &Path, digest: &Digest) -> io::Result<()> {
        if !self.is_old(path)? || self.is_referenced(digest)? {
            return Ok(());
        }
        // Looked at again where nobody can keep the same bytes meanwhile.
        let _naming = self.contents.naming.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_old(path)? && !self.is_referenced(digest)? {
            fs::remove_file(path)?;
            self.removed += 1;
        }
        Ok(())
    }

    fn is_old(&self, path: &Path) -> io::Result<bool> {
        let kept = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let kept = Timestamp::from_millis(0).plus(kept);
        Ok(self.contents.clock.now().since(kept) > KEPT_UNREFERENCED)
    }

    fn is_referenced(&self, digest: &Digest) -> io::Result<bool> {
        is_referenced(&self.connection, digest).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sluse_model::fakes::SimClock;
    use sluse_store::{
        Contents as _, Runs as _, Store as _,
        conformance::fixtures::{NOW, attachment, content, new_run, prepare},
    };

    use super::*;
    use crate::{SqliteSettings, SqliteStore};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn open(folder: &Path, clock: &Arc<SimClock>) -> SqliteStore {
        let store = SqliteStore::open(SqliteSettings::new(folder), clock.clone()).expect("a store");
        store.sweeper.finish();
        store
    }

    async fn is_kept(store: &SqliteStore, digest: &Digest) -> bool {
        store.content_size(digest).await.expect("read").is_some()
    }

    #[tokio::test]
    async fn what_nobody_refers_to_goes_after_a_day() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(SimClock::at(NOW));
        let store = open(folder.path(), &clock);
        let prepared = prepare(&store).await;
        let (orphan, file) = (content(&store, "orphan").await, content(&store, "file").await);
        let mut run = new_run(prepared.flow);
        run.attachments = vec![attachment("a.pdf", file)];
        store.accept(run, None).await.expect("accepted");
        store.close().await;

        clock.advance(DAY - Duration::from_secs(60));
        let store = open(folder.path(), &clock);
        assert!(is_kept(&store, &orphan).await);
        // Kept anew, a day begins anew.
        let again = content(&store, "again").await;
        store.close().await;

        clock.advance(Duration::from_secs(120));
        let store = open(folder.path(), &clock);
        assert!(!is_kept(&store, &orphan).await);
        assert!(is_kept(&store, &again).await);
        assert!(is_kept(&store, &file).await);
        assert!(is_kept(&store, &prepared.revision).await);
    }

    #[tokio::test]
    async fn keeping_the_same_bytes_again_makes_them_young() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(SimClock::at(NOW));
        let store = open(folder.path(), &clock);
        let digest = content(&store, "the same").await;
        clock.advance(2 * DAY);
        content(&store, "the same").await;
        store.close().await;
        assert!(is_kept(&open(folder.path(), &clock), &digest).await);
    }

    #[tokio::test]
    async fn what_a_former_process_did_not_finish_goes_at_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(SimClock::at(NOW));
        let store = open(folder.path(), &clock);
        let mut writer = store.write_content().await.expect("a writer");
        writer.write(Bytes::from(vec![1; 1 << 20])).await.expect("written");
        let incoming = folder.path().join("contents/incoming");
        assert_eq!(fs::read_dir(&incoming).expect("a folder").count(), 1);
        // As after a kill: nobody tidies up.
        std::mem::forget(writer);
        store.close().await;
        drop(store);
        open(folder.path(), &clock);
        assert_eq!(fs::read_dir(&incoming).expect("a folder").count(), 0);
    }
}
