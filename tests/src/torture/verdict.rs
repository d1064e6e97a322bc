//! What was acknowledged against what arrived. The host is asked where its runs stand; whether something is lost or
//! doubled is said by the book and the target's ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{
    api::Api,
    book::Book,
    flows::{BLIND, FLOWS, Flow, Leaves, MAX_ATTEMPTS, PARCEL},
    report::Report,
    target::Ledger,
};

/// Findings that are told in full; there may be thousands of a kind.
const TOLD: usize = 20;

/// Of a delivery, that the target understood and refused.
const REJECTED: &str = "rejected";

/// The host's own flow, which tells a source what became of its items.
const REPORT: &str = "settle";

/// What the courier brings under another key, once a message's sender has been told.
const TOLD_SUFFIX: &str = "-told";

/// In which states a delivery is under way.
const UNDER_WAY: [&str; 4] = ["queued", "running", "retrying", "waiting"];

/// Of a hundred runs that are settled, so many have succeeded at least. Usual are 98: only those wait for a person that
/// were sent elsewhere.
const MIN_SUCCEEDED: u64 = 50;

/// The same where a step cannot look. Usual are 80: a kill leaves in doubt whatever is under way.
const MIN_SUCCEEDED_BLIND: u64 = 10;

/// Fewer runs say nothing of shares.
const ENOUGH_RUNS: u64 = 100;

/// The deliveries of reports, by the group that they are about.
type Refused = BTreeMap<String, BTreeSet<String>>;

/// Where a run stands, as the host says.
#[derive(Debug, Clone)]
struct Standing {
    run: String,
    flow: String,
    state: String,
}

/// A delivery that waits for a person.
#[derive(Debug)]
struct Waiting {
    id: String,
    operation: String,
    reason: String,
    attempts: u64,
    /// What names it at the target, where that was asked for.
    named: Option<String>,
}

/// The host's runs by business key, and what waits for a person.
#[derive(Debug, Default)]
pub(super) struct Standings {
    runs: HashMap<String, Vec<Standing>>,
    waiting: Vec<Waiting>,
    /// Groups of parcels of which a person is to see that the target hears.
    unheard_groups: BTreeSet<String>,
}

impl Standings {
    fn all(&self) -> impl Iterator<Item = &Standing> {
        self.runs.values().flatten()
    }

    /// Asks the host for all of its runs.
    pub(super) async fn read(api: &mut Api) -> anyhow::Result<Self> {
        let mut standings = Self::default();
        each(api, "/v1/runs?limit=500", |run| {
            let standing = Standing { run: text(run, "id"), flow: text(run, "flow"), state: text(run, "state") };
            standings.runs.entry(text(run, "idempotency_key")).or_default().push(standing);
        })
        .await?;
        each(api, "/v1/deliveries?state=attention&limit=500", |delivery| {
            standings.waiting.push(Waiting {
                id: text(delivery, "id"),
                operation: text(delivery, "operation"),
                reason: text(delivery, "reason"),
                attempts: delivery["attempt_count"].as_u64().unwrap_or_default(),
                named: None,
            });
        })
        .await?;
        for waiting in standings.waiting.iter_mut().filter(|waiting| waiting.reason == REJECTED) {
            let delivery = api.get(&format!("/v1/deliveries/{}", waiting.id)).await?;
            let input = &delivery["input"];
            waiting.named = input["key"].as_str().or_else(|| input["group"].as_str()).map(str::to_owned);
        }
        standings.unheard_groups = refused_reports(api).await?.into_keys().collect();
        Ok(standings)
    }
}

impl Waiting {
    /// Whether kills, and the manners of the target, lead there.
    fn is_founded(&self, ledger: &Ledger) -> bool {
        let is_exhausted = self.attempts >= MAX_ATTEMPTS;
        match self.reason.as_str() {
            // Nothing that the target answers refuses a message, except that it sends elsewhere whoever asks.
            REJECTED => self
                .named
                .as_ref()
                .is_some_and(|key| ledger.has_redirected(key) || ledger.has_redirected(&format!("{key}{TOLD_SUFFIX}"))),
            // Who can look is in doubt only when there is no attempt left to look in.
            "outcome-unknown" => self.operation == BLIND || is_exhausted,
            "attempts-exhausted" => is_exhausted,
            // The courier and what is applied are right, the target knows no credentials, and whoever is to be told is
            // told within seconds.
            _ => false,
        }
    }
}

/// Whether nothing is under way any more.
pub(super) async fn is_drained(api: &mut Api) -> anyhow::Result<bool> {
    // There may be thousands, and this is asked often.
    let running = api.get("/v1/runs?state=running&limit=100").await?;
    let are_few = running["next"].is_null()
        && running["items"].as_array().is_some_and(|runs| runs.iter().all(|run| run["flow"] == REPORT));
    Ok(are_few && under_way(api).await?.is_empty())
}

/// Every run and every delivery that is neither final nor waits for a person, whoever handed it in; but for the reports
/// that wait for a person because one before them does.
pub(super) async fn under_way(api: &mut Api) -> anyhow::Result<Vec<String>> {
    let held = held_reports(api).await?;
    let mut left = Vec::new();
    each(api, "/v1/runs?state=running&limit=500", |run| {
        let id = text(run, "id");
        if !held.contains(&id) {
            left.push(format!("{id} of flow `{}` is still under way", text(run, "flow")));
        }
    })
    .await?;
    for state in UNDER_WAY {
        each(api, &format!("/v1/deliveries?state={state}&limit=500"), |delivery| {
            let (id, run) = (text(delivery, "id"), text(delivery, "run"));
            if !held.contains(&run) {
                left.push(format!("{id} of {run} is still `{state}` after attempt {}", delivery["attempt_count"]));
            }
        })
        .await?;
    }
    Ok(left)
}

/// The reports that wait for a person, by group: the target has not heard of these.
async fn refused_reports(api: &mut Api) -> anyhow::Result<Refused> {
    let mut refused = Refused::new();
    for report in reports_that_are(api, "attention").await? {
        refused.entry(text(&report["input"], "group")).or_default().insert(text(&report, "id"));
    }
    Ok(refused)
}

/// The runs of reports that are held.
async fn held_reports(api: &mut Api) -> anyhow::Result<BTreeSet<String>> {
    let queued = reports_that_are(api, "queued").await?;
    if queued.is_empty() {
        return Ok(BTreeSet::new());
    }
    let refused = refused_reports(api).await?;
    Ok(queued.iter().filter(|report| is_held(report, &refused)).map(|report| text(report, "run")).collect())
}

/// Whether nobody has begun this report because one of the same group came before and waits for a person, and whoever
/// looks is told so.
fn is_held(report: &Value, refused: &Refused) -> bool {
    let gate = &report["gate"];
    let said = text(gate, "message");
    report["attempt_count"] == 0
        && gate["kind"] == "order"
        && refused.get(&text(&report["input"], "group")).is_some_and(|before| before.iter().any(|id| said.contains(id)))
}

/// The reports whose delivery is in this state, in full.
async fn reports_that_are(api: &mut Api, state: &str) -> anyhow::Result<Vec<Value>> {
    let mut ids = Vec::new();
    each(api, &format!("/v1/deliveries?state={state}&flow={REPORT}&limit=500"), |report| ids.push(text(report, "id")))
        .await?;
    let mut reports = Vec::new();
    for id in ids {
        reports.push(api.get(&format!("/v1/deliveries/{id}")).await?);
    }
    Ok(reports)
}

/// Counts what is under way although everything had time.
pub(super) fn stuck(left: Vec<String>, report: &mut Report) {
    report.stuck += left.len() as u64;
    report.findings.extend(left.into_iter().take(TOLD));
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
    judge.failed(standings);
    judge.shares(standings);
    judge.waiting(&standings.waiting);
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
    fn run(&mut self, key: &str, flow: &Flow, state: &str) {
        match state {
            "succeeded" => self.report.succeeded += 1,
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

    /// No policy closes here, and nobody does.
    fn failed(&mut self, standings: &Standings) {
        for Standing { run, flow, .. } in standings.all().filter(|standing| standing.state == "failed") {
            self.unfounded(format!("{run} of flow `{flow}` was closed as failed"));
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
                succeeded += u64::from(standing.state == "succeeded");
            }
            if all >= ENOUGH_RUNS && succeeded * 100 < all * least {
                let which = if can_look { "that can look" } else { "that cannot look" };
                self.unfounded(format!("{succeeded} of {all} runs {which} have succeeded, and {least} % are few"));
            }
        }
    }

    /// What waits for a person has a reason to.
    fn waiting(&mut self, waiting: &[Waiting]) {
        let ledger = self.ledger;
        for one in waiting.iter().filter(|one| !one.is_founded(ledger)) {
            let Waiting { id, operation, reason, attempts, named } = one;
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
    use serde_json::json;

    use super::*;

    fn waiting(operation: &str, reason: &str, attempts: u64) -> Waiting {
        let named = (reason == REJECTED).then(|| "once-7".to_owned());
        Waiting { id: "del-1".to_owned(), operation: operation.to_owned(), reason: reason.to_owned(), attempts, named }
    }

    #[track_caller]
    fn check(waiting: &Waiting, expected: bool) {
        assert_eq!(waiting.is_founded(&Ledger::default()), expected, "{waiting:?}");
    }

    #[test]
    fn what_waits_has_a_reason_that_arises_here() {
        check(&waiting(BLIND, "outcome-unknown", 1), true);
        check(&waiting("deliver-once", "outcome-unknown", 3), false);
        check(&waiting("deliver-once", "outcome-unknown", MAX_ATTEMPTS), true);
        check(&waiting("look", "attempts-exhausted", MAX_ATTEMPTS), true);
        check(&waiting("look", "attempts-exhausted", MAX_ATTEMPTS - 1), false);
        for never in ["invalid", "denied", "connector-broken", "mapping-failed", "misconfigured", "timed-out"] {
            check(&waiting(BLIND, never, MAX_ATTEMPTS), false);
        }
    }

    #[test]
    fn only_who_was_sent_elsewhere_is_rejected() {
        let mut ledger = Ledger::default();
        assert!(!waiting("deliver-once", REJECTED, 1).is_founded(&ledger));
        ledger.add_redirect("once-7".to_owned());
        assert!(waiting("deliver-once", REJECTED, 1).is_founded(&ledger));
        assert!(!Waiting { named: Some("once-8".to_owned()), ..waiting("look", REJECTED, 1) }.is_founded(&ledger));
    }

    #[test]
    fn only_who_is_known_to_wait_behind_a_refused_report_is_held() {
        let refused = Refused::from([("batch-1".to_owned(), BTreeSet::from(["del-1".to_owned()]))]);
        let report = |group: &str, attempts: u64, gate: &str, head: &str| {
            let gate = json!({ "kind": gate, "message": format!("delivery {head} came before") });
            json!({ "attempt_count": attempts, "input": { "group": group }, "gate": gate })
        };
        assert!(is_held(&report("batch-1", 0, "order", "del-1"), &refused));
        assert!(!is_held(&report("batch-2", 0, "order", "del-1"), &refused));
        assert!(!is_held(&report("batch-1", 1, "order", "del-1"), &refused));
        assert!(!is_held(&report("batch-1", 0, "breaker", "del-1"), &refused));
        assert!(!is_held(&report("batch-1", 0, "order", "del-2"), &refused));
        assert!(!is_held(&json!({ "attempt_count": 0, "input": { "group": "batch-1" } }), &refused));
    }

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
