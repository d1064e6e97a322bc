//! What the targets really hold, as their ledgers say it: the only witnesses that count.

use crate::demo::Manner;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// What `XFlow` was told.
#[derive(Deserialize)]
pub(super) struct XFlow {
    deliveries: BTreeMap<String, Heard>,
}

#[derive(Deserialize)]
struct Heard {
    given: u64,
    acknowledged: u64,
}

/// What was taken out of a folder.
#[derive(Deserialize)]
pub(super) struct Folder {
    files: BTreeMap<String, File>,
    keys: BTreeMap<String, Imported>,
}

#[derive(Deserialize)]
struct File {
    taken: u64,
    size_bytes: u64,
    imported: u64,
    refused: BTreeMap<String, String>,
    complaints: Vec<String>,
}

#[derive(Deserialize)]
struct Imported {
    files: BTreeSet<String>,
}

/// What SD Løn has registered.
#[derive(Deserialize)]
pub(super) struct SdLoen {
    claims: BTreeMap<String, Claimed>,
}

#[derive(Deserialize)]
struct Claimed {
    received: u64,
    registered: u64,
}

/// A claim as SD Løn's ledger names it.
pub(super) fn claim(employment: &str, day: &str, km: &str) -> String {
    format!("{employment} {day} {km}")
}

impl XFlow {
    pub(super) fn acknowledged(&self, delivery: &str) -> u64 {
        self.deliveries.get(delivery).map_or(0, |heard| heard.acknowledged)
    }

    pub(super) fn show(&self, manner: Manner) {
        for (delivery, Heard { given, acknowledged }) in &self.deliveries {
            manner.show(&format!("  XFlow     {delivery}: given {given} times, acknowledged {acknowledged} times"));
        }
    }
}

impl Folder {
    /// How often something was imported under a key: by its files, and each as often as it was taken.
    pub(super) fn effects(&self, key: &str) -> u64 {
        let files = self.keys.get(key).into_iter().flat_map(|imported| &imported.files);
        files.filter_map(|name| self.files.get(name)).map(|file| file.taken).sum()
    }

    pub(super) fn records(&self) -> u64 {
        self.files.values().map(|file| file.imported).sum()
    }

    pub(super) fn show(&self, whose: &str, manner: Manner) {
        for (name, File { taken, size_bytes, imported, .. }) in &self.files {
            manner.show(&format!(
                "  {whose:<9} {name}: taken {taken} times, {size_bytes} bytes, {imported} records imported"
            ));
        }
    }

    /// Half files, refused lines, and files of nobody.
    pub(super) fn complaints(&self, whose: &str, deliveries: &[String]) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, file) in &self.files {
            let of_lines = file.refused.iter().map(|(line, reason)| format!("line {line}: {reason}"));
            let all = file.complaints.iter().cloned().chain(of_lines);
            complaints.extend(all.map(|complaint| format!("{whose}, {name}: {complaint}")));
        }
        let strange = self.keys.keys().filter(|key| !deliveries.contains(key));
        complaints.extend(strange.map(|key| format!("{whose} has `{key}`, which nobody delivered")));
        complaints
    }
}

impl SdLoen {
    pub(super) fn claims(&self) -> impl Iterator<Item = String> + '_ {
        self.claims.keys().cloned()
    }

    pub(super) fn registered(&self, claim: &str) -> u64 {
        self.claims.get(claim).map_or(0, |claimed| claimed.registered)
    }

    pub(super) fn show(&self, manner: Manner) {
        for (claim, Claimed { received, registered }) in &self.claims {
            manner.show(&format!("  SD Løn    {claim} km: claimed {received} times, registered {registered} times"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder(taken: u64, complaints: &[&str]) -> Folder {
        let file = json!({
            "taken": taken, "size_bytes": 1, "imported": 2, "refused": { "2": "Felt 112" }, "complaints": complaints,
        });
        let keys = json!({ "8842": { "files": ["p.txt"] } });
        serde_json::from_value(json!({ "files": { "p.txt": file }, "keys": keys })).unwrap()
    }

    #[test]
    fn a_file_that_was_taken_twice_is_two_effects() {
        assert_eq!([1, 2].map(|taken| folder(taken, &[]).effects("8842")), [1, 2]);
        assert_eq!(folder(1, &[]).effects("8843"), 0);
    }

    #[test]
    fn whatever_a_consumer_says_is_told() {
        let told = folder(1, &["half a file"]).complaints("Prisme", &["8843".to_owned()]);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].contains("half a file") && told[1].contains("Felt 112") && told[2].contains("`8842`"));
    }
}
