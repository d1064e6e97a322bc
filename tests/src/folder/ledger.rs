//! What was really taken: the one assertion that matters is "exactly one, and whole".

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What was really taken.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Ledger {
    /// Files by their name.
    pub files: BTreeMap<String, FileEntry>,
    /// What was imported, by business key: the batch of SD Løn, field 250 of Prisme.
    pub keys: BTreeMap<String, KeyEntry>,
    /// How often it looked into the folder.
    pub looked: u64,
}

/// What was taken under one name.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FileEntry {
    /// How often a file of this name was taken; each after the first is refused.
    pub taken: u32,
    /// Of the last one.
    pub size_bytes: usize,
    /// SHA-256 of the last one, in hex.
    pub sha256: String,
    /// Records that were imported.
    pub imported: u32,
    /// Lines that were refused, from 1, and why.
    pub refused: BTreeMap<u32, String>,
    /// What is wrong with a file as a whole; nothing of it is imported then.
    pub complaints: Vec<String>,
}

/// What was imported under one business key.
#[derive(Debug, Clone, Default, Serialize)]
pub struct KeyEntry {
    /// The files that it stood in; more than one is the fault that tests look for.
    pub files: BTreeSet<String>,
    /// Imported records that name it.
    pub records: u32,
}

impl Ledger {
    /// What is wrong with any file.
    pub fn complaints(&self) -> Vec<String> {
        let of = |(name, file): (&String, &FileEntry)| {
            file.complaints.iter().map(|complaint| format!("{name}: {complaint}")).collect::<Vec<_>>()
        };
        self.files.iter().flat_map(of).collect()
    }

    /// Whether each of these keys is in one file that was taken once, and nothing else was taken.
    pub fn has_each_once<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> bool {
        let wanted: BTreeSet<&str> = keys.into_iter().collect();
        let found: BTreeSet<&str> = self.keys.keys().map(String::as_str).collect();
        wanted == found
            && self.keys.values().all(|key| key.files.len() == 1)
            && self.files.values().all(|file| file.taken == 1 && file.complaints.is_empty())
    }
}
