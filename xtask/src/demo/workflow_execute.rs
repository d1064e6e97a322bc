//! CXone Workflow Execute: a caller is looked up while somebody waits, and gets a contact and a case afterwards. The
//! tenant answers 429, takes a token back, and creates a record long after the caller has given up.

use super::host::Host;
use super::target::Target;
use super::told::System;
use super::{Children, Manner, Stage, Told, example};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// The example, and its flow.
pub(super) const EXAMPLE: &str = "workflow-execute";

/// Calls by their references: the number of the first one is known, the others' are not.
const CALLS: [(&str, &str); 3] = [
    ("OPKALD-2026-004711", "+4530112233"),
    ("OPKALD-2026-004712", "+4570809010"),
    ("OPKALD-2026-004713", "+4570809011"),
];

/// A record appears so long after it was asked for; nobody waits for that.
const LATE_MS: u64 = 1_500;

#[derive(Deserialize)]
struct Ledger {
    records: BTreeMap<String, Record>,
}

#[derive(Deserialize)]
struct Record {
    created: u64,
}

pub(super) async fn tell(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
    let mut cxone = stage.target("cxone", &[], children).await?;
    manner.show(&format!("\na simulated tenant of CXone serves at {}", cxone.text("origin")?));
    let host = stage.host(manner, children).await?;
    set_up(&host, &cxone, stage, manner).await?;

    manner.show("\nan agent is on the line: who calls?");
    let query = example::file(EXAMPLE, "query.json").into_os_string();
    host.show(&[OsString::from("call"), "crm".into(), "search".into(), query], manner).await?;

    switch_on(&mut cxone, manner).await?;
    for (reference, phone) in CALLS {
        manner.show(&format!("\ncall {reference} from {phone}:"));
        let call = json!({"reference": reference, "phone": phone, "subject": "Byggesag på Ærø"});
        let file = example::write(stage.folder(), &format!("{reference}.json"), &call.to_string())?;
        host.submit(EXAMPLE, &file, reference, &["--wait", "--timeout", "120"], manner).await?;
    }
    let runs = host.settled(EXAMPLE, CALLS.len()).await?;
    let ledger: Ledger = cxone.ledger().await?;
    let mut complaints = not_succeeded(&runs);
    complaints.extend(cxone.complaints().await?);
    let keys = keys();
    let strange = ledger.records.keys().filter(|key| !keys.contains(key));
    complaints.extend(strange.map(|key| format!("CXone holds a record under `{key}`, which nobody asked for")));
    let system = System::count("cxone", &keys, |key| ledger.records.get(key).map_or(0, |record| record.created));
    Ok(Told { host, systems: vec![system.under(cxone.faults()).with("runs", runs.len())], complaints })
}

/// The references of the records: a case for each call, and a contact for each number that nobody knows.
fn keys() -> Vec<String> {
    let cases = CALLS.iter().map(|(reference, _)| (*reference).to_owned());
    let contacts = CALLS[1..].iter().map(|(reference, _)| format!("{reference}/contact"));
    cases.chain(contacts).collect()
}

/// Runs that wait for a person, or have failed.
pub(super) fn not_succeeded(runs: &[Value]) -> Vec<String> {
    let others = runs.iter().filter(|run| run["state"] != "succeeded");
    others
        .map(|run| format!("the run of {} is {}, and not `succeeded`", run["idempotency_key"], run["state"]))
        .collect()
}

async fn switch_on(cxone: &mut Target, manner: Manner) -> Result<()> {
    manner.show("");
    let busy = json!({"on": "search", "fault": {"kind": "refuse", "status": 429, "retry_after": "1"}});
    cxone.plant(&busy, "too many requests", manner).await?;
    cxone.plant(&json!({"on": "search", "fault": {"kind": "revoke"}}), "tokens are taken back", manner).await?;
    let late = json!({"on": "create", "fault": {"kind": "slow", "delay_ms": LATE_MS}});
    cxone.plant(&late, "a record appears after its creation was given up", manner).await?;
    let dropped = json!({"on": "create", "fault": {"kind": "drop-after-commit"}});
    cxone.plant(&dropped, "a record is created, and the connection ends", manner).await
}

async fn set_up(host: &Host, cxone: &Target, stage: &Stage<'_>, manner: Manner) -> Result<()> {
    let mut file = example::Configured::read(EXAMPLE, "connection.toml")?;
    let origin = cxone.text("origin")?;
    let discovery = format!("{}?tenantId={}", cxone.text("discovery_url")?, cxone.text("tenant")?);
    let believed = origin.split_once("://").context("an origin has a scheme")?.1;
    for name in ["crm", "crm-later"] {
        let mut connection = file.connection(name)?;
        connection.impatient(8).set(&["grant", "cidrs"], vec!["127.0.0.0/8"]);
        let endpoint = |path: [&'static str; 2]| ["endpoints", "default", path[0], path[1]];
        connection.set(&["endpoints", "default", "allow_plaintext"], true);
        connection.set(&endpoint(["discovery", "url"]), discovery.as_str());
        connection.set(&endpoint(["discovery", "host_suffixes"]), vec![believed]);
        for (key, announced) in [("token_url", "token_url"), ("client_id", "client_id"), ("username", "access_key_id")]
        {
            connection.set(&endpoint(["auth", key]), cxone.text(announced)?);
        }
        for (key, announced) in [("client_secret", "client_secret"), ("password", "access_key_secret")] {
            let secret = connection.secret(&endpoint(["auth", key]))?;
            host.keep_secret(&secret, cxone.text(announced)?, manner).await?;
        }
    }
    let mut later = file.connection("crm-later")?;
    later.set(&["settings", "timeout_millisec"], 500).set(&["settings", "late_success_ms"], 3_000);
    host.install(stage.component("crm-workflow")?, manner).await?;
    host.apply(EXAMPLE, &[file.write(stage.folder())?, example::file(EXAMPLE, "flow.toml")], manner).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_case_and_a_number_that_nobody_knows_a_contact() {
        assert_eq!(keys().len(), 5);
        assert!(keys().contains(&"OPKALD-2026-004713/contact".to_owned()));
        assert!(!keys().contains(&"OPKALD-2026-004711/contact".to_owned()));
    }

    #[test]
    fn a_run_that_waits_for_a_person_is_told() {
        let runs = [json!({"state": "succeeded"}), json!({"state": "attention", "idempotency_key": "A-1"})];
        assert_eq!(not_succeeded(&runs), ["the run of \"A-1\" is \"attention\", and not `succeeded`"]);
    }
}
