//! Where runs and deliveries stand, as the host says; and whether what waits for a person has a reason that arises
//! here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{
    api::Api,
    flows::{BLIND, CALL, INSTEAD, MAX_ATTEMPTS, REFUSE, instead_of},
    target::Ledger,
};

/// Of a delivery, that the target understood and refused.
const REJECTED: &str = "rejected";

/// The host's own flow, which tells a source what became of its items.
const REPORT: &str = "settle";

/// What the courier brings under another key, once a message's sender has been told.
const TOLD_SUFFIX: &str = "-told";

/// In which states a delivery is under way.
const UNDER_WAY: [&str; 4] = ["queued", "running", "retrying", "waiting"];

/// The deliveries of reports, by the group that they are about.
type Refused = BTreeMap<String, BTreeSet<String>>;

/// Where a run stands, as the host says.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Of a call its delivery: that is what a caller is told of.
    pub(super) run: String,
    pub(super) flow: String,
    pub(super) state: String,
}

/// A delivery that waits for a person.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) operation: String,
    pub(super) reason: String,
    pub(super) attempts: u64,
    /// What names it at the target, where that was asked for.
    pub(super) named: Option<String>,
}

/// The host's runs by business key, and what waits for a person.
#[derive(Debug, Default)]
pub(super) struct Standings {
    pub(super) runs: HashMap<String, Vec<Standing>>,
    pub(super) waiting: Vec<Waiting>,
    /// Groups of parcels of which a person is to see that the target hears.
    pub(super) unheard_groups: BTreeSet<String>,
    /// What waits itself of what stands for another, by its name at the target.
    pub(super) instead: BTreeSet<String>,
}

impl Standings {
    pub(super) fn all(&self) -> impl Iterator<Item = &Standing> {
        self.runs.values().flatten()
    }

    /// Asks the host for all of its runs.
    pub(super) async fn read(api: &mut Api) -> anyhow::Result<Self> {
        let calls = calls(api).await?;
        let mut standings = Self::default();
        each(api, "/v1/runs?limit=500", |run| {
            let (mut id, mut key) = (text(run, "id"), text(run, "idempotency_key"));
            let flow = text(run, "flow");
            if flow == CALL.name {
                id = calls.get(&id).cloned().unwrap_or(id);
                key = key.rsplit('/').next().unwrap_or_default().to_owned();
            }
            standings.runs.entry(key).or_default().push(Standing { run: id, flow, state: text(run, "state") });
        })
        .await?;
        standings.waiting = waiting(api).await?;
        let instead = deliveries_that_are(api, "attention", INSTEAD).await?;
        standings.instead = instead.iter().map(|delivery| text(&delivery["input"], "key")).collect();
        standings.unheard_groups = refused_reports(api).await?.into_keys().collect();
        Ok(standings)
    }

    /// What waits for a person without a reason to.
    pub(super) fn unfounded<'a>(&'a self, ledger: &'a Ledger) -> impl Iterator<Item = &'a Waiting> {
        self.waiting.iter().filter(|waiting| !waiting.is_founded(ledger, &self.instead))
    }
}

/// The deliveries of what was called, by run.
async fn calls(api: &mut Api) -> anyhow::Result<HashMap<String, String>> {
    let mut calls = HashMap::new();
    each(api, &format!("/v1/deliveries?flow={}&limit=500", CALL.name), |delivery| {
        calls.insert(text(delivery, "run"), text(delivery, "id"));
    })
    .await?;
    Ok(calls)
}

/// What waits for a person; with its name at the target, where that says whether it has a reason to.
async fn waiting(api: &mut Api) -> anyhow::Result<Vec<Waiting>> {
    let mut all = Vec::new();
    each(api, "/v1/deliveries?state=attention&limit=500", |delivery| {
        all.push(Waiting {
            id: text(delivery, "id"),
            operation: text(delivery, "operation"),
            reason: text(delivery, "reason"),
            attempts: delivery["attempt_count"].as_u64().unwrap_or_default(),
            named: None,
        });
    })
    .await?;
    for one in all.iter_mut().filter(|one| one.reason == REJECTED) {
        let delivery = api.get(&format!("/v1/deliveries/{}", one.id)).await?;
        let input = &delivery["input"];
        one.named = input["key"].as_str().or_else(|| input["group"].as_str()).map(str::to_owned);
    }
    Ok(all)
}

impl Waiting {
    /// Whether kills, and the manners of the target, lead there. `instead` names what waits itself of what stands for
    /// another.
    fn is_founded(&self, ledger: &Ledger, instead: &BTreeSet<String>) -> bool {
        let is_exhausted = self.attempts >= MAX_ATTEMPTS;
        match self.reason.as_str() {
            // Nobody need look at what another stands for, unless that waits.
            REJECTED if self.operation == REFUSE => {
                self.named.as_ref().is_some_and(|key| instead.contains(&instead_of(key)))
            }
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
    for report in deliveries_that_are(api, "attention", REPORT).await? {
        refused.entry(text(&report["input"], "group")).or_default().insert(text(&report, "id"));
    }
    Ok(refused)
}

/// The runs of reports that are held.
async fn held_reports(api: &mut Api) -> anyhow::Result<BTreeSet<String>> {
    let queued = deliveries_that_are(api, "queued", REPORT).await?;
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

/// The deliveries of a flow that are in this state, in full.
async fn deliveries_that_are(api: &mut Api, state: &str, flow: &str) -> anyhow::Result<Vec<Value>> {
    let mut ids = Vec::new();
    each(api, &format!("/v1/deliveries?state={state}&flow={flow}&limit=500"), |delivery| {
        ids.push(text(delivery, "id"))
    })
    .await?;
    let mut deliveries = Vec::new();
    for id in ids {
        deliveries.push(api.get(&format!("/v1/deliveries/{id}")).await?);
    }
    Ok(deliveries)
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

impl Standing {
    /// Whether nothing more becomes of it.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state.as_str(), "succeeded" | "failed")
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
        assert_eq!(waiting.is_founded(&Ledger::default(), &BTreeSet::new()), expected, "{waiting:?}");
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
        assert!(!waiting("deliver-once", REJECTED, 1).is_founded(&ledger, &BTreeSet::new()));
        ledger.add_redirect("once-7".to_owned());
        assert!(waiting("deliver-once", REJECTED, 1).is_founded(&ledger, &BTreeSet::new()));
        assert!(
            !Waiting { named: Some("once-8".to_owned()), ..waiting("look", REJECTED, 1) }
                .is_founded(&ledger, &BTreeSet::new())
        );
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

    #[test]
    fn what_is_refused_waits_only_while_what_stands_for_it_does() {
        let refused = Waiting { named: Some("refused-7".to_owned()), ..waiting(REFUSE, REJECTED, 1) };
        let is_founded = |instead: &str| refused.is_founded(&Ledger::default(), &BTreeSet::from([instead.to_owned()]));
        assert!(is_founded("refused-7-instead") && !is_founded("refused-8-instead"));
    }
}
