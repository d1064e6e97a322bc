//! Enate's Trigger External API: actions are handed to an outside API, which answers later, too early, twice, or with a
//! refusal. One is given up, and the case owner is told; the host is killed while another one waits for its answer.

use super::host::Host;
use super::patience::until;
use super::target::Target;
use super::told::System;
use super::{Children, Manner, Stage, Told, example};
use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::TcpListener;

/// The example, and its flow.
pub(super) const EXAMPLE: &str = "trigger-external-api";

/// What carries the notices of the example.
const NOTICE: &str = "owner-notice";

/// The API's limit of attempts in this story.
const ATTEMPTS: i64 = 4;

/// An action, what happens to it, and what Enate calls its end.
struct Action {
    reference: &'static str,
    script: fn(&str) -> Value,
    fault: &'static str,
    /// The run's state in the end.
    ends: &'static str,
    /// As people at Enate know it.
    known_as: &'static str,
}

const ACTIONS: [Action; 5] = [
    Action {
        reference: "202234-C",
        script: |reference| json!({"reference": reference, "times": 2, "answer": {"kind": "refuse", "status": 503}}),
        fault: "the API is not reached twice",
        ends: "succeeded",
        known_as: "Closed, Done Successfully",
    },
    Action {
        reference: "202235-C",
        script: |reference| {
            let callbacks = json!([{"before_answer": true, "data": {"Løntrin": "31"}}, {"after_ms": 200, "data": {"Løntrin": "31"}}]);
            json!({"reference": reference, "callbacks": callbacks})
        },
        fault: "the callback comes before the answer, and once more",
        ends: "succeeded",
        known_as: "Closed, Done Successfully",
    },
    Action {
        reference: "202236-C",
        script: |reference| {
            let refused = json!([{"success": false, "reason": "<p>Medarbejderen <b>findes</b> allerede</p>"}]);
            json!({"reference": reference, "callbacks": refused})
        },
        fault: "the API says that it did not succeed, in HTML",
        ends: "attention",
        known_as: "To Do, Updated by Integration",
    },
    Action {
        reference: "202237-C",
        script: |reference| json!({"reference": reference, "times": ATTEMPTS, "answer": {"kind": "refuse", "status": 503}}),
        fault: "the API is never reached",
        ends: "failed",
        known_as: "Closed, Done Unsuccessfully",
    },
    Action {
        reference: "202238-C",
        script: |reference| {
            let patient = json!([{"after_ms": 1_000, "tries": 200, "pause_ms": 100}]);
            json!({"reference": reference, "callbacks": patient})
        },
        fault: "the host is killed while the action waits",
        ends: "succeeded",
        known_as: "Closed, Done Successfully",
    },
];

#[derive(Deserialize)]
struct Ledger {
    actions: BTreeMap<String, Committed>,
    notices: BTreeMap<String, Notice>,
}

#[derive(Deserialize)]
struct Committed {
    committed: u64,
}

#[derive(Deserialize)]
struct Notice {
    signed: Option<bool>,
}

pub(super) async fn tell(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
    let key = owner_key(stage);
    let mut api = stage.target("external-api", &["--signing-secret", &key], children).await?;
    manner.show(&format!("\na simulated outside API serves at {}", api.text("origin")?));
    // Known beforehand: the addresses that were given stay the same when the host is started again.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let callbacks = format!("[callbacks]\nlisten = \"127.0.0.1:{port}\"\nurl = \"http://127.0.0.1:{port}\"\n");
    let host = stage.host_with(&callbacks, manner, children).await?;
    set_up(&host, &api, &key, stage, manner).await?;

    let [others @ .., last] = &ACTIONS;
    for action in others {
        hand_over(&host, &mut api, action, stage, manner).await?;
    }
    // A host that is killed loses attempts and callbacks: of the last action, and of no other one.
    host.settled(EXAMPLE, others.len()).await?;
    hand_over(&host, &mut api, last, stage, manner).await?;
    until("the last action has arrived", async || {
        let ledger: Ledger = api.ledger().await?;
        Ok((ledger.committed(last.reference) > 0).then_some(()))
    })
    .await?;
    children.kill_last().await?;
    manner.show(&format!("\naction {} waits for its answer, and the host is killed", last.reference));
    let host = stage.host_with(&callbacks, manner, children).await?;

    let runs = host.settled(EXAMPLE, ACTIONS.len()).await?;
    let ledger = until("the case owner is told", async || {
        let ledger: Ledger = api.ledger().await?;
        Ok((!ledger.notices.is_empty()).then_some(ledger))
    })
    .await?;
    let mut complaints = api.complaints().await?;
    complaints.extend(show(&host, &runs, manner).await?);
    complaints.extend(ledger.complaints());
    Ok(Told { host, systems: vec![ledger.system().under(api.faults())], complaints })
}

async fn hand_over(host: &Host, api: &mut Target, action: &Action, stage: &Stage<'_>, manner: Manner) -> Result<()> {
    let reference = action.reference;
    api.plant(&(action.script)(reference), &format!("{reference}: {}", action.fault), manner).await?;
    let mut submission: Value = serde_json::from_str(&example::read(EXAMPLE, "submission.json")?)?;
    submission["reference"] = reference.into();
    submission["guid"] = format!("guid-{reference}").into();
    let file = example::write(stage.folder(), &format!("{reference}.json"), &submission.to_string())?;
    host.submit(EXAMPLE, &file, reference, &[], manner).await
}

/// The timeline of each action, and whatever did not end as it should.
async fn show(host: &Host, runs: &[Value], manner: Manner) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for Action { reference, ends, known_as, .. } in &ACTIONS {
        let Some(run) = runs.iter().find(|run| run["idempotency_key"] == *reference) else {
            complaints.push(format!("action {reference} has no run"));
            continue;
        };
        manner.show(&format!("\naction {reference}, in Enate's words `{known_as}`:"));
        host.show(&["run".into(), "show".into(), run["id"].as_str().unwrap_or("").into()], manner).await?;
        if run["state"] != *ends {
            complaints.push(format!("the run of action {reference} is {}, and not `{ends}`", run["state"]));
        }
    }
    Ok(complaints)
}

impl Ledger {
    fn committed(&self, reference: &str) -> u64 {
        self.actions.get(reference).map_or(0, |action| action.committed)
    }

    /// Actions that shall have arrived: all but the one that was given up.
    fn system(&self) -> System {
        let given: Vec<String> =
            ACTIONS.iter().filter(|action| action.ends != "failed").map(|action| action.reference.to_owned()).collect();
        System::count("external-api", &given, |reference| self.committed(reference)).with("notices", self.notices.len())
    }

    /// The case owner is told of the one action that was given up, and of nothing else.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.notices.len() != 1 {
            complaints.push(format!("the case owner is told {} times, and not once", self.notices.len()));
        }
        if self.notices.values().any(|notice| notice.signed != Some(true)) {
            complaints.push("a notice is not signed with the owner's key".to_owned());
        }
        complaints
    }
}

/// A key as Standard Webhooks has it: `whsec_` and base64 of at least 24 bytes.
fn owner_key(stage: &Stage<'_>) -> String {
    let secret = stage.secret("owner");
    format!("whsec_{}", &secret[secret.len() - 32..])
}

async fn set_up(host: &Host, api: &Target, key: &str, stage: &Stage<'_>, manner: Manner) -> Result<()> {
    let mut owner = example::Configured::read(NOTICE, "connection.toml")?;
    let mut connection = owner.connection("owner")?;
    connection.endpoint("default", api.url("origin")?).set(&["settings", "notify_path"], "/hooks");
    host.keep_secret(&connection.secret(&["endpoints", "default", "auth", "secret"])?, key, manner).await?;
    let owner = example::write(stage.folder(), "owner.toml", &owner.text()?)?;

    let mut file = example::Configured::read(EXAMPLE, "connection.toml")?;
    let mut hr = file.connection("hr-system")?;
    hr.endpoint("default", api.url("origin")?).impatient(ATTEMPTS);
    hr.set(&["settings", "trigger_path"], "/trigger").set(&["settings", "status_path"], "/status/{guid}");
    host.keep_secret(&hr.secret(&["endpoints", "default", "auth", "token"])?, &stage.secret("hr"), manner).await?;
    host.install(stage.component("external-api")?, manner).await?;
    let files =
        [owner, example::file(NOTICE, "flow.toml"), file.write(stage.folder())?, example::file(EXAMPLE, "flow.toml")];
    host.apply(EXAMPLE, &files, manner).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(committed: u64, signed: &[bool]) -> Ledger {
        let actions = ACTIONS.iter().map(|action| (action.reference.to_owned(), Committed { committed })).collect();
        let notice = |signed: &bool| Notice { signed: Some(*signed) };
        let notices = signed.iter().enumerate().map(|(n, signed)| (n.to_string(), notice(signed))).collect();
        Ledger { actions, notices }
    }

    #[test]
    fn one_notice_that_is_signed_is_as_it_should_be() {
        assert_eq!(ledger(1, &[true]).complaints(), Vec::<String>::new());
        assert_eq!(ledger(1, &[true, true]).complaints().len(), 1);
        assert_eq!(ledger(1, &[false]).complaints().len(), 1);
    }

    #[test]
    fn an_action_that_arrived_twice_is_told() {
        assert!(ledger(2, &[true]).system().complaints().iter().any(|told| told.contains("4 too many")));
    }
}
