//! Threads that wait for folders: so many together, and fewer for each folder. A share that hangs takes those of its own
//! folder and nobody else's.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use sluse_connector::FolderError;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Threads that wait for folders at the same time.
const THREADS: usize = 32;

/// Threads of these that wait for one folder.
const THREADS_PER_FOLDER: usize = 4;

/// A folder that is only busy is free again within this.
const PATIENCE: Duration = Duration::from_secs(2);

/// The threads that may wait for folders.
#[derive(Debug, Clone)]
pub(crate) struct FolderThreads {
    all: Arc<Semaphore>,
    of_folders: Arc<Mutex<HashMap<PathBuf, Arc<Semaphore>>>>,
}

/// One thread, until it is dropped.
#[derive(Debug)]
pub(super) struct FolderThread {
    _one_of_all: OwnedSemaphorePermit,
    _one_of_the_folder: OwnedSemaphorePermit,
}

impl Default for FolderThreads {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(THREADS)), of_folders: Arc::default() }
    }
}

impl FolderThreads {
    /// A thread that may wait for this folder; `Unavailable` when too many do already.
    pub(super) async fn take(&self, folder: &Path) -> Result<FolderThread, FolderError> {
        let shown = folder.display();
        let Ok(Ok(one_of_the_folder)) = timeout(PATIENCE, self.of(folder).acquire_owned()).await else {
            return Err(FolderError::Unavailable(format!(
                "the folder `{shown}` does not answer, and {THREADS_PER_FOLDER} wait for it already: see whether its share \
                 is mounted and its server there"
            )));
        };
        let Ok(one_of_all) = self.all.clone().try_acquire_owned() else {
            return Err(FolderError::Unavailable(format!(
                "the folder `{shown}` is not asked, because too many other folders do not answer: see whether their shares \
                 are mounted"
            )));
        };
        Ok(FolderThread { _one_of_all: one_of_all, _one_of_the_folder: one_of_the_folder })
    }

    fn of(&self, folder: &Path) -> Arc<Semaphore> {
        let mut folders = self.of_folders.lock().expect("nobody panics while they hold this lock");
        // Whoever waits holds the one of their folder.
        folders.retain(|_, threads| Arc::strong_count(threads) > 1);
        folders.entry(folder.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(THREADS_PER_FOLDER))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(threads: &FolderThreads, folder: &str) -> String {
        match threads.take(Path::new(folder)).await {
            Ok(_) => panic!("`{folder}` was granted another thread"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_folder_that_hangs_holds_up_no_other_one() {
        let threads = FolderThreads::default();
        let mut hung = Vec::new();
        for _ in 0..THREADS_PER_FOLDER {
            hung.push(threads.take(Path::new("/srv/løn")).await.expect("free"));
        }
        let told = refused(&threads, "/srv/løn").await;
        assert!(told.contains("`/srv/løn` does not answer"), "{told}");
        let other = threads.take(Path::new("/srv/prisme")).await.expect("it answers");
        drop((hung.pop(), other));
        threads.take(Path::new("/srv/løn")).await.expect("one of them answered");
    }

    #[tokio::test]
    async fn a_folder_that_is_busy_is_waited_for() {
        let threads = FolderThreads::default();
        let mut busy = Vec::new();
        for _ in 0..THREADS_PER_FOLDER {
            busy.push(threads.take(Path::new("/srv/løn")).await.expect("free"));
        }
        let (taken, ()) = tokio::join!(threads.take(Path::new("/srv/løn")), async {
            tokio::time::sleep(PATIENCE / 2).await;
            busy.clear();
        });
        taken.expect("they were through soon enough");
    }

    #[tokio::test]
    async fn all_folders_together_are_bounded() {
        let threads = FolderThreads::default();
        let mut hung = Vec::new();
        for number in 0..THREADS {
            let folder = format!("/srv/{}", number / THREADS_PER_FOLDER);
            hung.push(threads.take(Path::new(&folder)).await.expect("free"));
        }
        let told = refused(&threads, "/srv/another").await;
        assert!(told.contains("`/srv/another` is not asked"), "{told}");
    }
}
