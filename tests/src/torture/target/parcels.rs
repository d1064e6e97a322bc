//! What the target gives out to whoever polls it, and what it hears of that: each parcel is to come back once, and the
//! target is to hear so.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

/// Parcels that are new at a poll, while the target misbehaves.
const NEW_EACH_TIME: usize = 10;

/// Parcels of one page. It begins with one that was given out before: a source may say again what it has said.
const PAGE: usize = 3;

/// Of so many, each is told of alone, and the others together.
const ALONE_EACH: usize = 3;

/// What was given out, and what was heard of it.
#[derive(Debug, Default)]
pub(in crate::torture) struct Parcels {
    made: usize,
    /// Behind which somebody has asked last.
    asked_from: usize,
    /// What was heard last, by key.
    heard: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Told {
    key: String,
    standing: String,
}

impl Parcels {
    /// A page behind a cursor; before that there is more to give out, if `makes`.
    pub(super) fn give_out(&mut self, cursor: &str, makes: bool) -> String {
        let from = cursor.parse().unwrap_or(0).min(self.made);
        self.asked_from = from;
        if makes && from == self.made {
            self.made += NEW_EACH_TIME;
        }
        let until = self.made.min(from + PAGE);
        let parcels: Vec<Value> =
            (from.saturating_sub(1)..until).map(|number| json!({"key": key(number), "group": group(number)})).collect();
        json!({"parcels": parcels, "next": until, "more": until < self.made}).to_string()
    }

    /// Hears of a group. Gives what it must not have heard.
    pub(super) fn hear(&mut self, group_of: &str, body: &[u8]) -> Vec<String> {
        let Ok(told) = serde_json::from_slice::<Vec<Told>>(body) else {
            return vec![format!("of group `{group_of}` it was told what nobody can read")];
        };
        let mut complaints = Vec::new();
        for Told { key, standing } in told {
            let is_known = self.keys().any(|(known, group)| known == key && group == group_of);
            if !is_known {
                complaints.push(format!("it was told of `{key}`, which is no parcel of group `{group_of}`"));
            }
            let before = self.heard.insert(key.clone(), standing.clone());
            if before.is_some_and(|before| before != standing && before != "held") {
                complaints.push(format!("it was told that `{key}` is `{standing}` after something that is final"));
            }
        }
        complaints
    }

    /// All parcels with their groups.
    pub(in crate::torture) fn keys(&self) -> impl Iterator<Item = (String, String)> {
        (0..self.made).map(|number| (key(number), group(number)))
    }

    /// What was heard of a parcel last.
    pub(in crate::torture) fn heard(&self, key: &str) -> Option<&str> {
        self.heard.get(key).map(String::as_str)
    }

    /// Whether somebody has asked what comes behind the last one, and so has all of them.
    pub(in crate::torture) fn are_fetched(&self) -> bool {
        self.asked_from == self.made
    }

    /// How many of each standing.
    pub(in crate::torture) fn standings(&self) -> BTreeMap<String, u64> {
        let mut standings = BTreeMap::new();
        for (key, _) in self.keys() {
            *standings.entry(self.heard(&key).unwrap_or("unheard").to_owned()).or_default() += 1;
        }
        standings
    }
}

fn key(number: usize) -> String {
    format!("parcel-{number}")
}

fn group(number: usize) -> String {
    match number % ALONE_EACH {
        0 => key(number),
        _ => format!("batch-{}", number / ALONE_EACH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parcel_is_given_out_though_not_for_the_first_time() {
        let mut parcels = Parcels::default();
        let mut given = Vec::new();
        let mut cursor = "0".to_owned();
        for makes in [true, true, true, false, false] {
            let page: Value = serde_json::from_str(&parcels.give_out(&cursor, makes)).expect("JSON");
            given.extend(page["parcels"].as_array().expect("a list").iter().map(|parcel| parcel["key"].to_string()));
            cursor = page["next"].to_string();
        }
        assert!(parcels.are_fetched());
        // Each of three later pages begins with the last of the one before, and so does the empty one.
        assert_eq!(given.len(), NEW_EACH_TIME + 4, "{given:?}");
        given.sort();
        given.dedup();
        assert_eq!(given.len(), NEW_EACH_TIME);
    }

    #[test]
    fn what_is_final_stays() {
        let mut parcels = Parcels::default();
        parcels.give_out("0", true);
        let told = |standing: &str| json!([{"key": "parcel-0", "standing": standing}]).to_string();
        assert_eq!(parcels.hear("parcel-0", told("held").as_bytes()), Vec::<String>::new());
        assert_eq!(parcels.hear("parcel-0", told("succeeded").as_bytes()), Vec::<String>::new());
        assert_eq!(parcels.hear("parcel-0", told("held").as_bytes()).len(), 1);
        assert_eq!(parcels.hear("batch-7", told("held").as_bytes()).len(), 1);
        assert_eq!(parcels.standings(), [("held".to_owned(), 1), ("unheard".to_owned(), 9)].into());
    }
}
