//! Who publishes a file: one attempt at a time, also where several deliveries have the same one. What an attempt sees in
//! the folder then holds until it is through.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
};

use sluse_store::PublishedName;

/// The files that are being published.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashSet<PublishedName>>>);

/// The turn of one attempt. It is over when the last one who holds it is: a thread that hangs in a share does too.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    file: PublishedName,
}

impl Turns {
    /// The turn at this file; `None` while somebody else has it.
    pub(crate) fn take(&self, file: &PublishedName) -> Option<Arc<Turn>> {
        let is_free = self.files().insert(file.clone());
        is_free.then(|| Arc::new(Turn { turns: self.clone(), file: file.clone() }))
    }

    fn files(&self) -> MutexGuard<'_, HashSet<PublishedName>> {
        self.0.lock().expect("nobody panics while they hold this lock")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.files().remove(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_published_by_one_at_a_time() {
        let name = |name: &str| name.parse().expect("a name");
        let file =
            |file: &str| PublishedName { connection: name("sd-loen"), folder: name("outbox"), name: file.into() };
        let turns = Turns::default();
        let first = turns.take(&file("a.txt")).expect("nobody has it");
        let hung = first.clone();
        assert!(turns.take(&file("a.txt")).is_none() && turns.take(&file("b.txt")).is_some());
        drop(first);
        assert!(turns.take(&file("a.txt")).is_none());
        drop(hung);
        assert!(turns.take(&file("a.txt")).is_some());
    }
}
