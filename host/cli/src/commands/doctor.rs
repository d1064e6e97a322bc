//! `sluse doctor`: what was read from where, and whether the host is well.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    arguments::Global,
    client::Host,
    commands::config::shown,
    failure::Failure,
    output,
    settings::{self, Settings},
};

/// One thing that was looked at.
struct Finding {
    subject: &'static str,
    passed: bool,
    message: String,
}

pub(crate) async fn run(global: &Global) -> Result<(), Failure> {
    let settings = settings::load(global)?;
    let mut findings =
        vec![settings_file(&settings), folder(&settings.data.folder), egress(&settings), callbacks(&settings)];
    match Host::of(global) {
        Ok(host) => findings.extend(running(&host).await),
        Err(failure) => findings.push(failed("token", &failure)),
    }
    if global.json {
        let list: Vec<Value> = findings
            .iter()
            .map(|finding| json!({"subject": finding.subject, "passed": finding.passed, "message": finding.message}))
            .collect();
        output::json(&json!({"findings": list, "settings": shown(&settings)}))?;
    } else {
        let rows = findings
            .iter()
            .map(|finding| {
                let mark = if finding.passed { "well" } else { "LOOK" };
                vec![mark.into(), finding.subject.into(), finding.message.clone()]
            })
            .collect();
        output::table(&["", "WHAT", "SEEN"], rows, "nothing to look at");
    }
    if findings.iter().all(|finding| finding.passed) {
        return Ok(());
    }
    Err(Failure::NotPassed("not everything is well".into()))
}

fn failed(subject: &'static str, failure: &Failure) -> Finding {
    let message = match failure {
        Failure::Failed(error) => format!("{error:#}"),
        Failure::Refused { detail, .. } => detail.clone(),
        Failure::NotReachable { url, cause } => format!("no host answers at {url} ({cause})"),
        Failure::NotPassed(message) | Failure::NotSucceeded(message) | Failure::NoOutput { message, .. } => {
            message.clone()
        }
    };
    Finding { subject, passed: false, message }
}

fn settings_file(settings: &Settings) -> Finding {
    let message = match &settings.file {
        Some(file) => format!("read from {}", file.display()),
        None => "no sluse.toml: everything is as it usually is".into(),
    };
    Finding { subject: "settings", passed: true, message }
}

fn folder(folder: &Path) -> Finding {
    let (passed, message) = match std::fs::metadata(folder) {
        Ok(found) if !found.is_dir() => (false, format!("{} is no folder", folder.display())),
        Ok(found) if found.permissions().readonly() => (false, format!("{} cannot be written", folder.display())),
        Ok(_) => (true, folder.display().to_string()),
        Err(_) => (true, format!("{} is not there yet; `sluse serve` makes it", folder.display())),
    };
    Finding { subject: "data folder", passed, message }
}

fn egress(settings: &Settings) -> Finding {
    let hosts: Vec<String> = settings.egress.hosts.iter().map(ToString::to_string).collect();
    if hosts.is_empty() {
        let message = "no connection can reach anything: name hosts in `egress.hosts` of sluse.toml".into();
        return Finding { subject: "egress", passed: false, message };
    }
    Finding { subject: "egress", passed: true, message: format!("connections may reach {}", hosts.join(", ")) }
}

/// A host that takes none is well; who needs one is told by the delivery that asks for it.
fn callbacks(settings: &Settings) -> Finding {
    let message = match &settings.callbacks {
        None => "none are taken; connectors that wait for one need `callbacks.listen` and `callbacks.url`".into(),
        Some(callbacks) => match &callbacks.url {
            Some(url) => format!("taken at {}, which targets reach as {url}", callbacks.listen),
            None => format!(
                "taken at {}, by targets on this machine; name others' way in `callbacks.url`",
                callbacks.listen
            ),
        },
    };
    Finding { subject: "callbacks", passed: true, message }
}

async fn running(host: &Host) -> Vec<Finding> {
    let mut findings = Vec::new();
    match host.answer::<Value>(host.request(Method::GET, "/readyz")).await {
        Ok(ready) => findings.push(Finding {
            subject: "host",
            passed: true,
            message: format!(
                "{}, version {}",
                ready["status"].as_str().unwrap_or(""),
                ready["version"].as_str().unwrap_or("")
            ),
        }),
        Err(failure) => {
            findings.push(failed("host", &failure));
            return findings;
        }
    }
    match host.get::<Value>("/v1/deliveries?state=attention&limit=500").await {
        Ok(page) => findings.push(attention(&page)),
        Err(failure) => findings.push(failed("deliveries", &failure)),
    }
    match host.get::<Value>("/v1/connections").await {
        Ok(connections) => findings.extend(pauses(&connections)),
        Err(failure) => findings.push(failed("connections", &failure)),
    }
    findings
}

/// What somebody holds is not ill either, and not to be forgotten.
fn pauses(connections: &Value) -> Option<Finding> {
    let all = connections["items"].as_array().into_iter().flatten();
    let paused: Vec<_> =
        all.filter(|one| one["gate"]["kind"] == "paused").filter_map(|one| one["name"].as_str()).collect();
    (!paused.is_empty()).then(|| Finding {
        subject: "connections",
        passed: true,
        message: format!(
            "nothing begins at {}: paused; `sluse connection resume NAME`, or `sluse resume` after a paused start",
            paused.join(", ")
        ),
    })
}

/// Work for a person is not an illness of the host; it is said so that it is seen.
fn attention(page: &Value) -> Finding {
    let count = page["items"].as_array().map_or(0, Vec::len);
    let message = match count {
        0 => "none waits for a person".into(),
        count => format!("{count} wait for a person; see `sluse delivery list --state attention`"),
    };
    Finding { subject: "deliveries", passed: true, message }
}
