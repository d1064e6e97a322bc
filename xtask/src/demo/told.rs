//! What a story has shown, counted in the targets' ledgers.

use super::Manner;
use super::host::Host;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is left when a story has been told.
pub(super) struct Told {
    pub(super) host: Host,
    pub(super) systems: Vec<System>,
    /// Whatever is not as it should be.
    pub(super) complaints: Vec<String>,
}

/// One system of the documents: what it was asked for under how many business keys, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct System {
    system: &'static str,
    /// Business keys that were handed in.
    keys: usize,
    /// What the target's ledger holds under them.
    effects: u64,
    /// Effects beyond the one that a key should have.
    duplicates: u64,
    /// Keys without any.
    missing: u64,
    /// What was switched on, and was met.
    faults: Vec<String>,
    /// Whatever else is worth counting.
    #[serde(flatten)]
    more: BTreeMap<&'static str, Value>,
}

impl System {
    /// Counts by key what the target's ledger holds.
    pub(super) fn count(system: &'static str, keys: &[String], effects: impl Fn(&str) -> u64) -> Self {
        let counts: Vec<u64> = keys.iter().map(|key| effects(key)).collect();
        Self {
            system,
            keys: keys.len(),
            effects: counts.iter().sum(),
            duplicates: counts.iter().map(|count| count.saturating_sub(1)).sum(),
            missing: counts.iter().filter(|count| **count == 0).count() as u64,
            faults: Vec::new(),
            more: BTreeMap::new(),
        }
    }

    /// The faults that were switched on.
    pub(super) fn under(mut self, faults: &[String]) -> Self {
        self.faults.extend_from_slice(faults);
        self
    }

    /// Something else that is worth counting.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.insert(name, value.into());
        self
    }

    /// The same system in another story.
    fn add(&mut self, other: Self) {
        let Self { system: _, keys, effects, duplicates, missing, faults, more } = other;
        self.keys += keys;
        self.effects += effects;
        self.duplicates += duplicates;
        self.missing += missing;
        self.faults.extend(faults);
        for (name, value) in more {
            let sum = self.more.get(name).and_then(Value::as_u64).zip(value.as_u64()).map(|(one, two)| one + two);
            self.more.insert(name, sum.map_or(value, Value::from));
        }
    }

    /// Whatever is not as it should be.
    pub(super) fn complaints(&self) -> Vec<String> {
        let Self { system, keys, effects, duplicates, missing, .. } = self;
        let mut complaints = Vec::new();
        if *duplicates > 0 || *missing > 0 {
            complaints
                .push(format!("{system}: {keys} keys, {effects} effects: {duplicates} too many, {missing} missing"));
        }
        if *keys == 0 {
            complaints.push(format!("{system}: nothing was handed in"));
        }
        if self.faults.is_empty() {
            complaints.push(format!("{system}: no fault was switched on"));
        }
        complaints
    }
}

/// What stories have shown.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    systems: Vec<System>,
    /// How often a host was killed in the middle.
    kills: u64,
    /// Effects beyond the one that a key should have, over all systems.
    duplicates: u64,
    /// From the start of the first program to the last look at a ledger; building is not in it.
    wall_ms: u128,
}

impl Summary {
    pub(super) fn of(systems: Vec<System>, kills: u64, wall_ms: u128) -> Self {
        let duplicates = systems.iter().map(|system| system.duplicates).sum();
        Self { systems, kills, duplicates, wall_ms }
    }

    /// Another story.
    pub(super) fn add(&mut self, other: Self) {
        let Self { systems, kills, duplicates, wall_ms } = other;
        for system in systems {
            match self.systems.iter_mut().find(|known| known.system == system.system) {
                Some(known) => known.add(system),
                None => self.systems.push(system),
            }
        }
        self.kills += kills;
        self.duplicates += duplicates;
        self.wall_ms += wall_ms;
    }

    /// A line for each system.
    pub(super) fn show(&self, manner: Manner) {
        for System { system, keys, effects, duplicates, faults, .. } in &self.systems {
            let faults = faults.join("; ");
            manner
                .show(&format!("{system}: {keys} keys, {effects} effects, {duplicates} twice, in spite of: {faults}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn system(held: &[u64]) -> System {
        let keys: Vec<String> = (0..held.len()).map(|key| key.to_string()).collect();
        System::count("workzone", &keys, |key| held[key.parse::<usize>().unwrap()]).under(&["a kill".to_owned()])
    }

    #[test]
    fn one_effect_per_key_is_no_reason_to_complain() {
        assert_eq!(system(&[1, 1]).complaints(), Vec::<String>::new());
    }

    #[test]
    fn an_effect_too_many_is_not_made_up_for_by_one_that_is_missing() {
        let complaints = system(&[2, 0]).complaints();
        assert_eq!(complaints, ["workzone: 2 keys, 2 effects: 1 too many, 1 missing"]);
    }

    #[test]
    fn a_story_without_keys_or_without_faults_has_shown_nothing() {
        assert_eq!(System::count("workzone", &[], |_| 1).complaints().len(), 2);
    }

    #[test]
    fn stories_add_up_to_one_object_per_system() {
        let mut summary = Summary::default();
        summary.add(Summary::of(vec![system(&[1]).with("cases", 1)], 1, 20));
        let other = System { system: "xflow", ..system(&[1]) };
        summary.add(Summary::of(vec![other, system(&[2, 0]).with("cases", 2).with("documents", 9)], 0, 30));
        let told = serde_json::to_value(&summary).unwrap();
        let workzone = json!({
            "system": "workzone", "keys": 3, "effects": 3, "duplicates": 1, "missing": 1, "faults": ["a kill", "a kill"],
            "cases": 3, "documents": 9,
        });
        assert_eq!((told["systems"].as_array().unwrap().len(), &told["systems"][0]), (2, &workzone));
        assert_eq!((&told["kills"], &told["duplicates"], &told["wall_ms"]), (&json!(1), &json!(1), &json!(50)));
    }
}
