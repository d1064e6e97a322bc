//! Contents that are given up: a submission was refused, and its files need not wait for the sweep.

use std::{
    collections::HashMap,
    fs, io,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use sluse_model::Digest;

use super::ContentFolder;

/// How often each content was kept since something last came to refer to it: as often as somebody may be on the
/// way with it.
#[derive(Debug, Default)]
pub(super) struct OnTheWay(Mutex<HashMap<Digest, u32>>);

impl OnTheWay {
    pub(super) fn kept(&self, digest: Digest) {
        *self.counts().entry(digest).or_default() += 1;
    }

    /// Something refers to these, durably: from now on that protects them.
    pub(super) fn arrived(&self, digests: &[Digest]) {
        let mut counts = self.counts();
        for digest in digests {
            counts.remove(digest);
        }
    }

    /// Somebody will not refer to it. Whether nobody else is on the way with it.
    fn given_up(&self, digest: &Digest) -> bool {
        let mut counts = self.counts();
        let left = counts.get(digest).map_or(0, |count| count - 1);
        if left > 0 {
            counts.insert(*digest, left);
        } else {
            counts.remove(digest);
        }
        left == 0
    }

    /// Whether nobody is on the way with it.
    fn is_left_alone(&self, digest: &Digest) -> bool {
        !self.counts().contains_key(digest)
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ContentFolder {
    /// Something refers to these now.
    pub(crate) fn arrived(&self, digests: &[Digest]) {
        self.on_the_way.arrived(digests);
    }

    /// Removes a content that somebody gave up, unless others need it.
    pub(super) fn discard(
        self: &Arc<Self>,
        connection: &Connection,
        digest: &Digest,
    ) -> rusqlite::Result<io::Result<()>> {
        // Nobody keeps the same bytes again meanwhile; and who refers to them arrives only once that is committed,
        // so that it is seen below.
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.on_the_way.given_up(digest) || is_referenced(connection, digest)? {
            return Ok(Ok(()));
        }
        Ok(self.remove(digest))
    }

    /// Removes a content to which something referred until now, unless others need it.
    pub(crate) fn release(&self, connection: &Connection, digest: &Digest) -> rusqlite::Result<io::Result<()>> {
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.on_the_way.is_left_alone(digest) || is_referenced(connection, digest)? {
            return Ok(Ok(()));
        }
        Ok(self.remove(digest))
    }

    fn remove(&self, digest: &Digest) -> io::Result<()> {
        match fs::remove_file(self.path_of(digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether anything that is kept needs this content.
pub(super) fn is_referenced(connection: &Connection, digest: &Digest) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM attachments WHERE digest = ?1)
        OR EXISTS (SELECT 1 FROM revisions WHERE digest = ?1)";
    connection.prepare_cached(sql)?.query_row([digest.as_bytes().as_slice()], |row| row.get(0))
}
