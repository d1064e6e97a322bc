//! What a call adds to the files of its run, and how much that may be.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sluse_model::Attachment;

/// Files of one run, submitted ones among them: no person looks through more.
const MAX_FILES_OF_A_RUN: usize = 1_000;

/// Files that one call adds: the documents of a case.
const MAX_FILES_OF_A_CALL: usize = 200;

/// A call may add as much as this many of the largest files.
const LARGEST_FILES: u64 = 4;

/// What a call has added, and what it may still add.
#[derive(Debug)]
pub(crate) struct Additions {
    max_bytes: u64,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Places of files that are there or on their way.
    places: usize,
    /// Bytes that were written, also for a file that then came to nothing.
    bytes: u64,
    files: Vec<Attachment>,
}

impl Additions {
    /// Of a connection whose largest file is `max_attachment_bytes` long.
    pub(super) fn new(max_attachment_bytes: u64) -> Self {
        Self { max_bytes: max_attachment_bytes.saturating_mul(LARGEST_FILES), taken: Mutex::default() }
    }

    /// Takes the place of a file in a run that had `before` when the call began. Otherwise says which rule refuses it.
    pub(super) fn take_place(&self, before: usize) -> Result<(), String> {
        let mut taken = self.taken();
        if taken.places >= MAX_FILES_OF_A_CALL {
            return Err(format!("a call adds at most {MAX_FILES_OF_A_CALL} files to its run"));
        }
        if before + taken.places >= MAX_FILES_OF_A_RUN {
            return Err(format!("a run has at most {MAX_FILES_OF_A_RUN} files"));
        }
        taken.places += 1;
        Ok(())
    }

    /// The file came to nothing.
    pub(super) fn give_place_back(&self) {
        let mut taken = self.taken();
        taken.places = taken.places.saturating_sub(1);
    }

    /// Takes bytes that are about to be written. Otherwise gives the limit.
    pub(super) fn take_bytes(&self, bytes: u64) -> Result<(), u64> {
        let mut taken = self.taken();
        let all = taken.bytes.saturating_add(bytes);
        if all > self.max_bytes {
            return Err(self.max_bytes);
        }
        taken.bytes = all;
        Ok(())
    }

    /// Notes a file that is there now.
    pub(super) fn note(&self, file: Attachment) {
        self.taken().files.push(file);
    }

    /// What the call has added so far.
    pub(crate) fn files(&self) -> Vec<Attachment> {
        self.taken().files.clone()
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_number_of_places() {
        let additions = Additions::new(1);
        for _ in 0..MAX_FILES_OF_A_CALL {
            additions.take_place(0).expect("a place");
        }
        assert!(additions.take_place(0).expect_err("none").contains("a call adds at most 200"));
        additions.give_place_back();
        assert_eq!(additions.take_place(0), Ok(()));
    }

    #[test]
    fn a_run_has_a_number_of_places() {
        let additions = Additions::new(1);
        assert_eq!(additions.take_place(MAX_FILES_OF_A_RUN - 1), Ok(()));
        assert!(additions.take_place(MAX_FILES_OF_A_RUN - 1).expect_err("none").contains("a run has at most 1000"));
    }

    #[test]
    fn bytes_end_at_the_limit() {
        let additions = Additions::new(10);
        assert_eq!(additions.take_bytes(39), Ok(()));
        assert_eq!(additions.take_bytes(2), Err(40));
        assert_eq!(additions.take_bytes(1), Ok(()));
        assert_eq!(additions.take_bytes(u64::MAX), Err(40));
    }
}
