//! What was acknowledged against what arrived. The host is asked where its runs stand; whether something is lost or
//! doubled is said by the book and the target's ledger.

use std::collections::BTreeSet;

use super::{
    book::{Book, Entry},
    flows::{FLOWS, Flow, Leaves, PARCEL},
    report::Report,
    standings::{Standing, Standings, Waiting},
    target::Ledger,
};

/// Findings that are told in full; there may be thousands of a kind.
const TOLD: usize = 20;

/// Of a hundred runs that are settled, so many have succeeded at least. Usual are 98: only those wait for a person that
/// were sent elsewhere.
const MIN_SUCCEEDED: u64 = 50;

/// The same where a step cannot look. Usual are 80: a kill leaves in doubt whatever is under way.
const MIN_SUCCEEDED_BLIND: u64 = 10;

/// Fewer runs say nothing of shares.
const ENOUGH_RUNS: u64 = 100;

/// Counts what is under way although everything had time.
pub(super) fn stuck(left: Vec<String>, report: &mut Report) {
    report.stuck += left.len() as u64;
    report.findings.extend(left.into_iter().take(TOLD));
}

/// Compares, and counts into the report.
pub(super) fn judge(book: &Book, ledger: &Ledger, standings: &Standings, report: &mut Report) {
    let mut judge = Judge { ledger, report, findings: Vec::new() };
    for contradiction in book.contradictions() {
        judge.lost(contradiction.clone());
    }
    for (key, entry) in book.iter() {
        match standings.runs.get(key).map(Vec::as_slice) {
            Some([one]) if one.run == entry.run => judge.run(key, entry, &one.state),
            Some([one]) => judge.lost(format!("`{key}` was acknowledged as {}, and is {}", entry.run, one.run)),
            Some(many) if !many.is_empty() => judge.doubled(format!("`{key}` has {} runs", many.len())),
            _ => judge.lost(format!("`{key}` was acknowledged as {}, and is not there", entry.run)),
        }
    }
    judge.failed(standings);
    judge.shares(standings);
    judge.waiting(standings);
    judge.numbers(book);
    judge.strangers(book);
    judge.parcels(&standings.unheard_groups);
    for complaint in ledger.complaints() {
        judge.lost(complaint.clone());
    }
    let Judge { findings, .. } = judge;
    report.acknowledged += book.len() as u64;
    report.refused += book.refusals;
    for waiting in &standings.waiting {
        *report.attention.entry(waiting.reason.clone()).or_default() += 1;
    }
    report.findings.extend(findings.into_iter().take(TOLD));
}

struct Judge<'a> {
    ledger: &'a Ledger,
    report: &'a mut Report,
    findings: Vec<String>,
}

impl Judge<'_> {
    /// A run that was acknowledged, and stands where the host says.
    fn run(&mut self, key: &str, entry: &Entry, state: &str) {
        let Entry { flow, is_done, .. } = entry;
        match state {
            "succeeded" => self.report.succeeded += 1,
            "failed" if flow.has_ended_well(state) => self.report.stood_for += 1,
            "attention" | "failed" => {}
            // It was not when everything had drained.
            _ => {
                self.report.stuck += 1;
                self.findings.push(format!("`{key}` is still `{state}`"));
            }
        }
        for (suffix, leaves) in flow.leaves {
            let named = format!("{key}{suffix}");
            let count = self.ledger.count(&named);
            if *leaves == Leaves::One {
                self.report.effects += u64::from(count.min(1));
                if count > 1 {
                    self.doubled(format!("`{named}` happened {count} times"));
                }
            }
            if flow.has_ended_well(state) && count == 0 {
                self.lost(format!("`{key}` has {state}, and `{named}` never happened"));
            }
        }
        if *is_done && state != "succeeded" {
            self.lost(format!("whoever called `{key}` was told that it is done, and it is `{state}`"));
        }
        self.order(key, flow);
    }

    /// Nothing has happened before what it follows.
    fn order(&mut self, key: &str, flow: &Flow) {
        let happened = |suffix: &str| self.ledger.count(&format!("{key}{suffix}")) > 0;
        if let Some(pair) = flow.leaves.windows(2).find(|pair| !happened(pair[0].0) && happened(pair[1].0)) {
            let finding = format!("`{key}{}` happened, and what it follows did not", pair[1].0);
            self.lost(finding);
        }
    }

    /// No policy closes here, and nobody does: only what another stands for has failed, and never succeeds.
    fn failed(&mut self, standings: &Standings) {
        for Standing { run, flow, state } in standings.all().filter(|standing| standing.is_closed()) {
            let is_meant = Flow::find(flow).map_or(state == "succeeded", |flow| flow.has_ended_well(state));
            if !is_meant {
                self.unfounded(format!("{run} of flow `{flow}` was closed as {state}"));
            }
        }
    }

    /// Each number was reserved for a run, and by none of them twice.
    fn numbers(&mut self, book: &Book) {
        let runs = book.iter().filter(|(_, entry)| entry.flow.name == "numbered").count() as u64;
        let used = self.ledger.numbers_used();
        if used > runs {
            self.lost(format!("{used} numbers were reserved for {runs} runs that need one each"));
        }
    }

    /// Not everything may wait for a person, however good its reason.
    fn shares(&mut self, standings: &Standings) {
        for (can_look, least) in [(true, MIN_SUCCEEDED), (false, MIN_SUCCEEDED_BLIND)] {
            let flows: Vec<_> = FLOWS.iter().chain([&PARCEL]).filter(|flow| flow.can_look() == can_look).collect();
            let of_these = |standing: &&Standing| flows.iter().any(|flow| flow.name == standing.flow);
            let settled = standings.all().filter(of_these).filter(|standing| standing.state != "running");
            let (mut succeeded, mut all) = (0, 0);
            for standing in settled {
                all += 1;
                succeeded +=
                    u64::from(Flow::find(&standing.flow).is_some_and(|flow| flow.has_ended_well(&standing.state)));
            }
            if all >= ENOUGH_RUNS && succeeded * 100 < all * least {
                let which = if can_look { "that can look" } else { "that cannot look" };
                self.unfounded(format!("{succeeded} of {all} runs {which} have succeeded, and {least} % are few"));
            }
        }
    }

    /// What waits for a person has a reason to.
    fn waiting(&mut self, standings: &Standings) {
        for one in standings.unfounded(self.ledger) {
            let Waiting { id, operation, reason, attempts, named, .. } = one;
            let named = named.as_deref().unwrap_or("a message");
            self.unfounded(format!(
                "{id} (`{operation}` of {named}) waits for a person after attempt {attempts} for `{reason}`, which does \
                 not arise here"
            ));
        }
    }

    /// What happened at the target was submitted by somebody.
    fn strangers(&mut self, book: &Book) {
        let known: BTreeSet<&str> = FLOWS.iter().flat_map(|flow| flow.leaves).map(|(suffix, _)| *suffix).collect();
        let parcels: BTreeSet<String> = self.ledger.parcels.keys().map(|(key, _)| key).collect();
        let strange: Vec<String> = self
            .ledger
            .keys()
            .filter(|key| {
                !parcels.contains(*key)
                    && !known.iter().any(|suffix| key.strip_suffix(suffix).is_some_and(|key| book.get(key).is_some()))
            })
            .map(str::to_owned)
            .collect();
        for key in strange {
            self.doubled(format!("`{key}` happened, and nobody was told that it was accepted"));
        }
    }

    /// What was given out came back at most once, and the target has heard, truly, what became of it.
    fn parcels(&mut self, unheard_groups: &BTreeSet<String>) {
        for (key, group) in self.ledger.parcels.keys() {
            let count = self.ledger.count(&key);
            self.report.effects += u64::from(count.min(1));
            if count > 1 {
                self.doubled(format!("`{key}` happened {count} times"));
            }
            match self.ledger.parcels.heard(&key) {
                Some("succeeded") if count == 0 => {
                    self.lost(format!("the target was told that `{key}` has succeeded, and it never happened"));
                }
                None if !unheard_groups.contains(&group) => {
                    self.lost(format!("`{key}` was given out, and the target has not heard of it"));
                }
                _ => {}
            }
        }
        for (standing, count) in self.ledger.parcels.standings() {
            *self.report.parcels.entry(standing).or_default() += count;
        }
    }

    fn lost(&mut self, finding: String) {
        self.report.lost += 1;
        self.findings.push(finding);
    }

    fn doubled(&mut self, finding: String) {
        self.report.duplicated += 1;
        self.findings.push(finding);
    }

    fn unfounded(&mut self, finding: String) {
        self.report.unfounded += 1;
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The findings of runs in these states, of a flow whose steps can look.
    #[track_caller]
    fn check_runs(states: &[(&str, u64)], expected: u64) {
        let runs = states.iter().flat_map(|(state, count)| {
            let standing = Standing { run: "run-1".to_owned(), flow: "once".to_owned(), state: (*state).to_owned() };
            (0..*count).map(move |_| standing.clone())
        });
        let standings = Standings { runs: HashMap::from([(String::new(), runs.collect())]), ..Standings::default() };
        let mut report = Report::default();
        judge(&Book::default(), &Ledger::default(), &standings, &mut report);
        assert_eq!(report.unfounded, expected, "{:?}", report.findings);
    }

    #[test]
    fn not_everything_waits_for_a_person_and_nothing_fails() {
        check_runs(&[("succeeded", 50), ("attention", 50)], 0);
        check_runs(&[("succeeded", 49), ("attention", 51)], 1);
        check_runs(&[("succeeded", 1), ("attention", 98)], 0);
        check_runs(&[("succeeded", 99), ("failed", 2)], 2);
    }
}
