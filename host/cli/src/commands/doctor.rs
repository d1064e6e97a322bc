//! `sluse doctor`: what was read from where, whether the host is well, and whether its schedules do what they are for.

mod feeds; // how schedules fare
mod settings; // what the host was started with

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sluse_model::Schedule;

use crate::{
    arguments::{Doctor, Global},
    client::Host,
    commands::{config::shown, schedule::cadence},
    failure::Failure,
    output,
    settings::load,
};

/// One thing that was looked at.
struct Finding {
    subject: String,
    message: String,
    /// Why it is not well.
    failure: Option<Failure>,
}

impl Finding {
    fn well(subject: &str, message: String) -> Self {
        Self { subject: subject.to_owned(), message, failure: None }
    }

    /// Something is not as it should be on this machine.
    fn ill(subject: &str, message: String) -> Self {
        let failure = Some(Failure::Failed(anyhow::anyhow!("{message}")));
        Self { subject: subject.to_owned(), message, failure }
    }

    fn failed(subject: &str, failure: Failure) -> Self {
        Self { subject: subject.to_owned(), message: failure.to_string(), failure: Some(failure) }
    }
}

pub(crate) async fn run(global: &Global, command: Doctor) -> Result<(), Failure> {
    if command.feeds {
        // Whoever watches feeds is told at once that nobody can say how they fare.
        let findings = feeds::look(&Host::of(global)?).await?;
        if global.json {
            output::json(&json!({"findings": listed(&findings)}))?;
        } else {
            show(&findings, "no schedules");
        }
        return told(findings);
    }
    let here = shown(&load(global)?);
    let (findings, started_with) = match Host::of(global) {
        Ok(host) => {
            let started_with = settings::of(&host).await;
            let mut findings = settings::look(&here, started_with.as_ref());
            findings.extend(running(&host).await);
            (findings, started_with)
        }
        Err(failure) => {
            let mut findings = settings::look(&here, None);
            findings.push(Finding::failed("token", failure));
            (findings, None)
        }
    };
    if global.json {
        output::json(
            &json!({"findings": listed(&findings), "settings": started_with.as_ref().map_or(&here, |host| &host.settings)}),
        )?;
    } else {
        show(&findings, "nothing to look at");
    }
    told(findings)
}

fn listed(findings: &[Finding]) -> Vec<Value> {
    let listed = |finding: &Finding| {
        let passed = finding.failure.is_none();
        json!({"subject": finding.subject, "passed": passed, "message": finding.message})
    };
    findings.iter().map(listed).collect()
}

fn show(findings: &[Finding], when_empty: &str) {
    let row = |finding: &Finding| {
        let mark = if finding.failure.is_none() { "well" } else { "LOOK" };
        vec![mark.into(), finding.subject.clone(), finding.message.clone()]
    };
    output::table(&["", "WHAT", "SEEN"], findings.iter().map(row).collect(), when_empty);
}

/// What is the matter. Of several things, what those who watch feeds have to know is told first, and then what keeps
/// the most others from being seen.
fn told(findings: Vec<Finding>) -> Result<(), Failure> {
    let rank = |failure: &Failure| match failure {
        Failure::NotPassed(_) | Failure::NotSucceeded(_) | Failure::NoOutput { .. } => 0,
        Failure::NotReachable { .. } => 1,
        Failure::Refused { .. } => 2,
        Failure::Failed(_) => 3,
    };
    let failures = findings.into_iter().filter_map(|finding| finding.failure);
    failures.min_by_key(rank).map_or(Ok(()), Err)
}

async fn running(host: &Host) -> Vec<Finding> {
    let mut findings = Vec::new();
    match host.health("/readyz").await {
        Ok((status, health)) => findings.push(readiness(status, &health)),
        Err(failure) => {
            findings.push(Finding::failed("host", failure));
            return findings;
        }
    }
    match host.get::<Value>("/v1/deliveries?state=attention&limit=500").await {
        Ok(page) => findings.push(attention(&page)),
        Err(failure) => findings.push(Finding::failed("deliveries", failure)),
    }
    match host.get::<Value>("/v1/connections").await {
        Ok(connections) => findings.extend(gates(&connections)),
        Err(failure) => findings.push(Finding::failed("connections", failure)),
    }
    match feeds::look(host).await {
        Ok(schedules) => findings.extend(schedules),
        Err(failure) => findings.push(Finding::failed("schedules", failure)),
    }
    match host.get::<Value>("/v1/schedules").await {
        Ok(schedules) => findings.extend(intervals(&schedules)),
        Err(failure) => findings.push(Finding::failed("schedules", failure)),
    }
    findings
}

/// Whether the host can accept and work. One that cannot has said what concerns it, and answers other questions still.
fn readiness(status: StatusCode, health: &Value) -> Finding {
    let text = |name: &str| health[name].as_str().unwrap_or("").to_owned();
    if status.is_success() {
        return Finding::well("host", format!("{}, version {}", text("status"), text("version")));
    }
    let concerns: Vec<String> =
        health["concerns"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let detail = match text("status") {
        told if told.is_empty() => format!("`/readyz` answers {}, and says nothing a host would say", status.as_u16()),
        told => format!("the host is {told}"),
    };
    let message = std::iter::once(&detail).chain(&concerns).cloned().collect::<Vec<_>>().join("; ");
    Finding { subject: "host".to_owned(), message, failure: Some(Failure::Refused { detail, errors: concerns }) }
}

/// What a connection says of how often it is asked, where that is seldom meant. It works, and so is no illness.
fn intervals(schedules: &Value) -> Option<Finding> {
    let is_unusual = |schedule: &&Value| {
        let seconds = schedule["every_ms"].as_u64().map(|millis| millis / 1000);
        schedule["every_of"] == "settings" && seconds.is_some_and(Schedule::is_unusual)
    };
    let all = schedules["items"].as_array().into_iter().flatten().filter(is_unusual);
    let told: Vec<_> =
        all.map(|schedule| format!("`{}` {}", schedule["name"].as_str().unwrap_or(""), cadence(schedule))).collect();
    (!told.is_empty()).then(|| Finding::well("schedules", format!("{}: {}", told.join(", "), Schedule::USUAL)))
}

/// What somebody holds is not ill either, nor what is left alone for a while, and not to be forgotten.
fn gates(connections: &Value) -> Vec<Finding> {
    let (mut paused, mut told) = (BTreeMap::<&str, Vec<&str>>::new(), Vec::new());
    for one in connections["items"].as_array().into_iter().flatten() {
        let (name, gate) = (one["name"].as_str().unwrap_or(""), &one["gate"]);
        let message = gate["message"].as_str().unwrap_or("");
        match gate["kind"].as_str() {
            // A paused start holds all of them for the same reason.
            Some("paused") => paused.entry(message).or_default().push(name),
            Some("breaker") => told.push(format!(
                "`{name}` is left alone until {}: {message}; `sluse connection check {name}` tries it now",
                gate["until"].as_str().unwrap_or("it is tried again")
            )),
            _ => {}
        }
    }
    let paused = paused.iter().map(|(message, names)| format!("nothing begins at {}: {message}", names.join(", ")));
    paused.chain(told).map(|message| Finding::well("connections", message)).collect()
}

/// Work for a person is not an illness of the host; it is said so that it is seen.
fn attention(page: &Value) -> Finding {
    let count = page["items"].as_array().map_or(0, Vec::len);
    let message = match count {
        0 => "none waits for a person".into(),
        count => format!("{count} wait for a person; see `sluse delivery list --state attention`"),
    };
    Finding::well("deliveries", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_a_host_is_told_and_fails() {
        let health = json!({
            "status": "not ready", "version": "0.1.0", "concerns": ["the host is stopping", "the store takes no writes"],
        });
        let finding = readiness(StatusCode::SERVICE_UNAVAILABLE, &health);
        assert_eq!(finding.message, "the host is not ready; the host is stopping; the store takes no writes");
        let Some(Failure::Refused { errors, .. }) = finding.failure else { panic!("it is well") };
        assert_eq!(errors.len(), 2);
        let well = readiness(StatusCode::OK, &json!({"status": "ready", "version": "0.1.0"}));
        assert!(well.failure.is_none() && well.message == "ready, version 0.1.0");
        let strange = readiness(StatusCode::BAD_GATEWAY, &Value::Null);
        assert!(strange.failure.is_some() && strange.message.contains("502"), "{}", strange.message);
    }
}
