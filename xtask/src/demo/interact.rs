//! WorkZone Interact -> WorkZone: forms that were submitted become cases for the executing user, one that cannot be read
//! becomes an error case, and Interact hears of each. Acknowledgements get lost, and WorkZone drops a connection.

use super::host::Host;
use super::patience::until;
use super::target::Target;
use super::told::System;
use super::{Children, Manner, Stage, Told, example};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// The example, and its flow.
pub(super) const EXAMPLE: &str = "interact";

/// Forms, and the references of their cases: the second one's data cannot be read.
const FORMS: [(&str, &str); 3] = [
    ("INT-2026-001001", "INT-2026-001001"),
    ("INT-2026-001002", "INT-2026-001002-fejl"),
    ("INT-2026-001003", "INT-2026-001003"),
];

/// What Interact was told.
#[derive(Deserialize)]
struct Ledger {
    submissions: BTreeMap<String, Submission>,
}

#[derive(Deserialize)]
struct Submission {
    status: String,
    imported: u64,
}

/// What WorkZone holds.
#[derive(Deserialize)]
struct Cases {
    by_key: BTreeMap<String, Counts>,
}

#[derive(Deserialize)]
struct Counts {
    cases: u64,
}

pub(super) async fn tell(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
    let certificates = stage.folder().join("certificates");
    let folder = certificates.to_string_lossy().into_owned();
    let mut interact = stage.target("interact", &["--certificates", &folder], children).await?;
    let secret = stage.secret("workzone");
    let words = ["--client-id", "sluse-demo", "--client-secret", &secret];
    let mut workzone = stage.target("workzone", &words, children).await?;
    manner.show(&format!(
        "\na simulated Interact serves at {}, to whoever has its certificate",
        interact.text("origin")?
    ));
    let roots = toml::Value::from(format!("{folder}/root.pem"));
    let host = stage.host_with(&format!("[egress]\nextra_roots = {roots}\n"), manner, children).await?;
    submit(&mut interact, &mut workzone, manner).await?;
    set_up(&host, &interact, &workzone, &certificates, stage, manner).await?;

    let heard = until("Interact has heard `Imported` of every form", async || {
        let ledger: Ledger = interact.ledger().await?;
        let is_told = |id: &str| ledger.submissions.get(id).is_some_and(|form| form.status == "Imported");
        Ok(FORMS.iter().all(|(id, _)| is_told(id)).then_some(ledger))
    })
    .await?;
    show(&host, manner).await?;
    let cases: Cases = workzone.ledger().await?;
    let mut complaints = interact.complaints().await?;
    complaints.extend(workzone.complaints().await?);
    let (ids, references): (Vec<String>, Vec<String>) =
        FORMS.iter().map(|(id, reference)| ((*id).to_owned(), (*reference).to_owned())).unzip();
    complaints.extend(strange(&cases, &references));
    let forms = System::count("interact", &ids, |id| heard.submissions.get(id).map_or(0, |form| form.imported));
    let made = System::count("workzone", &references, |key| cases.by_key.get(key).map_or(0, |counts| counts.cases));
    Ok(Told { host, systems: vec![forms.under(interact.faults()), made.under(workzone.faults())], complaints })
}

/// Cases that nobody has asked for.
fn strange(cases: &Cases, references: &[String]) -> Vec<String> {
    let others = cases.by_key.keys().filter(|key| !references.contains(key));
    others.map(|key| format!("WorkZone holds a case under `{key}`, which nobody submitted")).collect()
}

/// People submit forms; what goes wrong is switched on.
async fn submit(interact: &mut Target, workzone: &mut Target, manner: Manner) -> Result<()> {
    for (number, (id, _)) in FORMS.iter().enumerate() {
        let shape = if number == 1 { "entity-bomb" } else { "whole" };
        let form =
            json!({"id": id, "title": "Ansøgning om støtte, Ærøvej 12", "shape": shape, "attachments": [120, 4000]});
        interact.tell("submit", &form).await?;
        manner.show(&format!("  form {id} is submitted ({shape})"));
    }
    let lost = json!({"route": "status", "fault": {"kind": "drop-after-commit"}});
    interact.plant(&lost, "a status is taken, and its acknowledgement is lost", manner).await?;
    let busy = json!({"route": "list", "fault": {"kind": "refuse", "status": 503, "retry_after": "1"}});
    interact.plant(&busy, "the list is not to be had", manner).await?;
    let path = format!("{}/Files", workzone.path("base_url_v4")?);
    let dropped = json!({"method": "POST", "path": path, "action": {"kind": "drop-after-commit"}});
    workzone.plant(&dropped, "a case is created, and the connection ends", manner).await
}

async fn set_up(
    host: &Host,
    interact: &Target,
    workzone: &Target,
    certificates: &Path,
    stage: &Stage<'_>,
    manner: Manner,
) -> Result<()> {
    let mut file = example::Configured::read(EXAMPLE, "connection.toml")?;
    let mut forms = file.connection("interact")?;
    forms.impatient(8).set(&["grant", "cidrs"], vec!["127.0.0.0/8", "::1/128"]);
    forms.set(&["settings", "Url"], interact.text("origin")?).set(&["settings", "WatchInterval"], 1);
    forms.set(&["settings", "CertificateThumbprint"], interact.thumbprint("known")?);
    let read = |name: &str| std::fs::read_to_string(certificates.join(name)).with_context(|| format!("`{name}`"));
    let pem = read("known.pem")? + &read("known.key.pem")?;
    host.keep_secret(&forms.secret(&["endpoints", "default", "auth", "secret"])?, &pem, manner).await?;

    let mut cases = file.connection("workzone")?;
    cases.endpoint("default", workzone.url("base_url_v4")?).impatient(8);
    cases.remove(&["endpoints", "default", "auth", "TenantId"]);
    for (key, announced) in [("token_url", "token_url"), ("ClientId", "client_id"), ("Scope", "scope")] {
        cases.set(&["endpoints", "default", "auth", key], workzone.text(announced)?);
    }
    let secret = cases.secret(&["endpoints", "default", "auth", "ClientSecret"])?;
    host.keep_secret(&secret, &stage.secret("workzone"), manner).await?;
    for connector in ["interact", "workzone"] {
        host.install(stage.component(connector)?, manner).await?;
    }
    let of = |name: &str| example::file(EXAMPLE, name);
    host.apply(EXAMPLE, &[file.write(stage.folder())?, of("flow.toml"), of("schedule.toml")], manner).await
}

/// The timeline of each form.
async fn show(host: &Host, manner: Manner) -> Result<()> {
    for run in host.settled(EXAMPLE, FORMS.len()).await? {
        let id = run["id"].as_str().context("a run without an id")?;
        manner.show("");
        host.show(&["run".into(), "show".into(), id.into()], manner).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_nobody_submitted_is_told() {
        let cases: Cases = serde_json::from_value(json!({"by_key": {"A": {"cases": 1}, "B": {"cases": 1}}})).unwrap();
        assert_eq!(strange(&cases, &["A".to_owned()]).len(), 1);
    }
}
