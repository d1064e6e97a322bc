//! What the running host was started with; where none answers, what one would start with here.

use std::path::Path;

use serde_json::{Map, Value};

use super::Finding;
use crate::client::Host;

/// What of a file holds for the host alone that reads it. The rest is also said on the command line, and in the
/// environment.
const FROM_THE_FILE: [&str; 3] = ["egress.", "engine.", "retention."];

type Settings = Map<String, Value>;

/// What the host says that it was started with. Nothing where it cannot be asked, which is told elsewhere.
pub(super) async fn of(host: &Host) -> Option<Settings> {
    let answer: Value = host.get("/v1/settings").await.ok()?;
    answer["settings"].as_object().cloned()
}

pub(super) fn look(here: &Settings, started_with: Option<&Settings>) -> Vec<Finding> {
    let in_force = started_with.unwrap_or(here);
    let mut findings = vec![file(here, started_with), egress(in_force), callbacks(in_force)];
    if started_with.is_none() {
        findings.push(folder(here));
    }
    findings
}

fn text<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.get(name).and_then(Value::as_str).filter(|text| *text != "none")
}

fn file(here: &Settings, started_with: Option<&Settings>) -> Finding {
    let subject = "settings";
    match (started_with, text(started_with.unwrap_or(here), "file")) {
        (None, Some(file)) => Finding::well(subject, format!("read from {file}")),
        (None, None) => Finding::well(subject, "no sluse.toml: everything is as it usually is".into()),
        (Some(_), None) => Finding::well(subject, "the host read no sluse.toml: everything is as it usually is".into()),
        (Some(started_with), Some(file)) => match changed(here, started_with).as_slice() {
            [] => Finding::well(subject, format!("the host read {file}")),
            changed => {
                let message = format!(
                    "{file} has changed since the host read it: start the host again (`systemctl restart sluse`), for {}",
                    changed.join(", ")
                );
                Finding::ill(subject, message)
            }
        },
    }
}

/// What the file says otherwise now, where it is the same file.
fn changed<'a>(here: &'a Settings, started_with: &Settings) -> Vec<&'a str> {
    if text(here, "file") != text(started_with, "file") {
        return Vec::new();
    }
    let of_the_file = here.iter().filter(|(name, _)| FROM_THE_FILE.iter().any(|table| name.starts_with(table)));
    of_the_file.filter(|(name, value)| started_with.get(*name) != Some(value)).map(|(name, _)| name.as_str()).collect()
}

fn egress(settings: &Settings) -> Finding {
    let hosts = settings.get("egress.hosts").and_then(Value::as_array).into_iter().flatten();
    let hosts: Vec<&str> = hosts.filter_map(Value::as_str).collect();
    if hosts.is_empty() {
        let message = "no connection can reach anything: name hosts in `egress.hosts` of sluse.toml".into();
        return Finding::ill("egress", message);
    }
    Finding::well("egress", format!("connections may reach {}", hosts.join(", ")))
}

/// A host that takes none is well; who needs one is told by the delivery that asks for it.
fn callbacks(settings: &Settings) -> Finding {
    let message = match (text(settings, "callbacks.listen"), text(settings, "callbacks.url")) {
        (None, _) => "none are taken; connectors that wait for one need `callbacks.listen` and `callbacks.url`".into(),
        (Some(listen), Some(url)) => format!("taken at {listen}, which targets reach as {url}"),
        (Some(listen), None) => {
            format!("taken at {listen}, by targets on this machine; name others' way in `callbacks.url`")
        }
    };
    Finding::well("callbacks", message)
}

fn folder(here: &Settings) -> Finding {
    let (subject, shown) = ("data folder", text(here, "data.folder").unwrap_or_default());
    match std::fs::metadata(Path::new(shown)) {
        Ok(found) if !found.is_dir() => Finding::ill(subject, format!("{shown} is no folder")),
        Ok(found) if found.permissions().readonly() => Finding::ill(subject, format!("{shown} cannot be written")),
        Ok(_) => Finding::well(subject, shown.to_owned()),
        Err(_) => Finding::well(subject, format!("{shown} is not there yet; `sluse serve` makes it")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(value: Value) -> Settings {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_the_host_was_started_with_holds_and_a_changed_file_is_told() {
        let started = settings(json!({
            "file": "/etc/sluse/sluse.toml", "egress.hosts": ["a.example.dk"], "callbacks.listen": "127.0.0.1:7581",
            "api.listen": "127.0.0.1:1",
        }));
        let elsewhere = settings(json!({"file": "none", "egress.hosts": [], "api.listen": "127.0.0.1:7580"}));
        let told = |here: &Settings, started: Option<&Settings>| {
            let findings = look(here, started);
            findings.iter().map(|one| (one.failure.is_none(), one.message.clone())).collect::<Vec<_>>()
        };
        let seen = told(&elsewhere, Some(&started));
        assert!(seen.iter().all(|(well, _)| *well), "{seen:?}");
        assert!(seen[0].1.ends_with("the host read /etc/sluse/sluse.toml") && seen[1].1.contains("a.example.dk"));

        let mut changed = started.clone();
        changed.insert("egress.hosts".into(), json!(["a.example.dk", "b.example.dk"]));
        changed.insert("api.listen".into(), json!("127.0.0.1:7580"));
        let seen = told(&changed, Some(&started));
        assert!(!seen[0].0 && seen[0].1.ends_with("for egress.hosts"), "{seen:?}");
        assert!(!seen[1].1.contains("b.example.dk"), "{seen:?}");

        let alone = told(&elsewhere, None);
        assert!(alone[0].0 && !alone[1].0 && alone.len() == 4, "{alone:?}");
    }
}
