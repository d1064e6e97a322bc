//! What was acknowledged against what arrived. The host is asked where its runs stand; whether something is lost or
//! doubled is said by the book and the target's ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{
    api::Api,
    book::Book,
    flows::{FLOWS, Flow, Leaves},
    report::Report,
    target::Ledger,
};

/// Findings that are told in full; there may be thousands of a kind.
const TOLD: usize = 20;

/// Where a run stands, as the host says.
#[derive(Debug, Clone)]
struct Standing {
    run: String,
    state: String,
}

/// The host's runs by business key, and why those wait that wait for a person.
#[derive(Debug, Default)]
pub(super) struct Standings {
    runs: HashMap<String, Vec<Standing>>,
    attention: BTreeMap<String, u64>,
    /// Groups of parcels of which a person is to see that the target hears.
    unheard_groups: BTreeSet<String>,
}

impl Standings {
    /// Asks the host for all of its runs.
    pub(super) async fn read(api: &mut Api) -> anyhow::Result<Self> {
        let mut standings = Self::default();
        each(api, "/v1/runs?limit=500", |run| {
            let standing = Standing { run: text(run, "id"), state: text(run, "state") };
            standings.runs.entry(text(run, "idempotency_key")).or_default().push(standing);
        })
        .await?;
        each(api, "/v1/deliveries?state=attention&limit=500", |delivery| {
            *standings.attention.entry(text(delivery, "reason")).or_default() += 1;
        })
        .await?;
        let mut reports = Vec::new();
        let unheard = "/v1/deliveries?state=attention&flow=settle&limit=500";
        each(api, unheard, |delivery| reports.push(text(delivery, "run"))).await?;
        for report in reports {
            let run = api.get(&format!("/v1/runs/{report}")).await?;
            standings.unheard_groups.insert(text(&run["submission"], "group"));
        }
        Ok(standings)
    }
}

/// Whether nothing is under way any more.
pub(super) async fn is_drained(api: &mut Api) -> anyhow::Result<bool> {
    let running = api.get("/v1/runs?state=running&limit=1").await?;
    Ok(running["items"].as_array().is_some_and(Vec::is_empty))
}

async fn each(api: &mut Api, path: &str, mut see: impl FnMut(&Value)) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let page = api.get(&format!("{path}{after}")).await?;
        page["items"].as_array().into_iter().flatten().for_each(&mut see);
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(()),
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Compares, and counts into the report.
pub(super) fn judge(book: &Book, ledger: &Ledger, standings: &Standings, report: &mut Report) {
    let mut judge = Judge { ledger, report, findings: Vec::new() };
    for contradiction in book.contradictions() {
        judge.lost(contradiction.clone());
    }
    for (key, entry) in book.iter() {
        match standings.runs.get(key).map(Vec::as_slice) {
            Some([one]) if one.run == entry.run => judge.run(key, entry.flow, &one.state),
            Some([one]) => judge.lost(format!("`{key}` was acknowledged as {}, and is {}", entry.run, one.run)),
            Some(many) if !many.is_empty() => judge.doubled(format!("`{key}` has {} runs", many.len())),
            _ => judge.lost(format!("`{key}` was acknowledged as {}, and is not there", entry.run)),
        }
    }
    judge.strangers(book);
    judge.parcels(&standings.unheard_groups);
    for complaint in ledger.complaints() {
        judge.lost(complaint.clone());
    }
    let Judge { findings, .. } = judge;
    report.acknowledged += book.len() as u64;
    report.refused += book.refusals;
    for (reason, count) in &standings.attention {
        *report.attention.entry(reason.clone()).or_default() += count;
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
    fn run(&mut self, key: &str, flow: &Flow, state: &str) {
        match state {
            "succeeded" => self.report.succeeded += 1,
            "attention" | "failed" => {}
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
            if state == "succeeded" && count == 0 {
                self.lost(format!("`{named}` has succeeded, and never happened"));
            }
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
}
