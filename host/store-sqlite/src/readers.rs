//! Connections that only read. They see what is committed and never wait for the writer.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use sluse_store::StoreError;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::error::Failure;

/// Reads at the same time. Reads are short and mostly from memory: more would only be caches.
pub(crate) const COUNT: usize = 4;

/// A few connections, handed out one at a time.
#[derive(Debug)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
    database: PathBuf,
}

impl Readers {
    /// Takes over connections that are open and set up.
    pub(crate) fn new(connections: Vec<Connection>, database: &Path) -> Self {
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { idle: Arc::new(Mutex::new(connections)), free, database: database.to_owned() }
    }

    /// Reads in one transaction, away from the asynchronous threads: all statements see the same state.
    pub(crate) async fn read<T, F>(&self, action: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let permit = self.free.clone().acquire_owned().await.map_err(|_| closed())?;
        let idle = self.idle.clone();
        let task = spawn_blocking(move || {
            let connection = Borrowed::take(idle).ok_or_else(closed)?;
            let result = in_transaction(connection.get(), action);
            drop(connection);
            drop(permit);
            Ok::<_, StoreError>(result)
        });
        let result = task.await.map_err(|error| StoreError::Unavailable(format!("a read broke off: {error}")))?;
        result?.map_err(|failure| failure.explain(&self.database))
    }

    /// Closes the connections that nobody reads with; the others close when they are given back.
    pub(crate) fn close(&self) {
        self.free.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn in_transaction<T>(
    connection: &Connection,
    action: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.unchecked_transaction()?;
    let result = action(&transaction)?;
    transaction.finish()?;
    Ok(result)
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}

/// A connection that goes back to the others, however its use ends.
struct Borrowed {
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Borrowed {
    fn take(idle: Arc<Mutex<Vec<Connection>>>) -> Option<Self> {
        let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { connection: Some(connection), idle })
    }

    fn get(&self) -> &Connection {
        self.connection.as_ref().expect("it is given back when it is dropped, and not before")
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
