//! What the running host was started with; where none answers, what one would start with here.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::Finding;
use crate::{client::Host, commands::config::shown, settings::load_from};

/// What a host has from its file alone. Where it listens and where its data is can be said on the command line too.
const FROM_THE_FILE: [&str; 6] =
    ["egress.", "engine.", "retention.", "callbacks.", "log.format", "api.max_connections"];

type Settings = Map<String, Value>;

/// What a host was started with.
pub(super) struct StartedWith {
    pub(super) settings: Settings,
    /// What its file says now, or why no host could start with it. Nothing where the file cannot be seen from here.
    file_now: Option<Result<Settings, String>>,
}

/// What the host says that it was started with. Nothing where it cannot be asked, which is told elsewhere.
pub(super) async fn of(host: &Host) -> Option<StartedWith> {
    let answer: Value = host.get("/v1/settings").await.ok()?;
    let settings = answer["settings"].as_object()?.clone();
    let file = text(&settings, "file").filter(|_| host.is_here()).map(PathBuf::from);
    let file = file.filter(|file| File::open(file).is_ok());
    let file_now = file.map(|file| match load_from(Some(file)) {
        Ok(now) => Ok(shown(&now)),
        Err(error) => Err(format!("{error:#}")),
    });
    Some(StartedWith { settings, file_now })
}

pub(super) fn look(here: &Settings, started_with: Option<&StartedWith>) -> Vec<Finding> {
    let in_force = started_with.map_or(here, |host| &host.settings);
    let mut findings = vec![file(here, started_with), egress(in_force), callbacks(in_force)];
    if started_with.is_none() {
        findings.push(folder(here));
    }
    findings
}

fn text<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    settings.get(name).and_then(Value::as_str).filter(|text| *text != "none")
}

fn file(here: &Settings, started_with: Option<&StartedWith>) -> Finding {
    let subject = "settings";
    let Some(host) = started_with else {
        return Finding::well(
            subject,
            match text(here, "file") {
                Some(file) => format!("read from {file}"),
                None => "no sluse.toml: everything is as it usually is".into(),
            },
        );
    };
    let Some(file) = text(&host.settings, "file") else {
        return Finding::well(subject, "the host read no sluse.toml: everything is as it usually is".into());
    };
    let ill = |what: String| Finding::ill(subject, format!("{file} has changed since the host read it: {what}"));
    match &host.file_now {
        Some(Err(error)) => ill(format!("no host could start with it: {error}")),
        Some(Ok(now)) => match changed(now, &host.settings).join(", ") {
            none if none.is_empty() => Finding::well(subject, format!("the host read {file}")),
            changed => ill(format!("start the host again, for {changed}")),
        },
        None => Finding::well(subject, format!("the host read {file}")),
    }
}

/// What the file says otherwise now.
fn changed<'a>(now: &'a Settings, started_with: &Settings) -> Vec<&'a str> {
    let of_the_file = now.iter().filter(|(name, _)| FROM_THE_FILE.iter().any(|table| name.starts_with(table)));
    // The system has picked a port.
    let says = of_the_file.filter(|(_, value)| !value.as_str().is_some_and(|text| text.ends_with(":0")));
    says.filter(|(name, value)| started_with.get(*name) != Some(value)).map(|(name, _)| name.as_str()).collect()
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
        let told = |here: &Settings, started: Option<&Settings>, file_now: Option<Result<Settings, String>>| {
            let started = started.map(|settings| StartedWith { settings: settings.clone(), file_now });
            let findings = look(here, started.as_ref());
            findings.iter().map(|one| (one.failure.is_none(), one.message.clone())).collect::<Vec<_>>()
        };
        for file_now in [None, Some(Ok(started.clone()))] {
            let seen = told(&elsewhere, Some(&started), file_now);
            assert!(seen.iter().all(|(well, _)| *well), "{seen:?}");
            assert_eq!(seen[0].1, "the host read /etc/sluse/sluse.toml");
            assert!(seen[1].1.contains("a.example.dk"), "{seen:?}");
        }

        let mut changed = started.clone();
        changed.insert("egress.hosts".into(), json!(["a.example.dk", "b.example.dk"]));
        changed.insert("callbacks.url".into(), json!("https://answers.example.dk"));
        changed.insert("callbacks.listen".into(), json!("127.0.0.1:0"));
        changed.insert("api.listen".into(), json!("127.0.0.1:7580"));
        let seen = told(&elsewhere, Some(&started), Some(Ok(changed)));
        assert!(!seen[0].0 && seen[0].1.ends_with("for callbacks.url, egress.hosts"), "{seen:?}");
        assert!(!seen[1].1.contains("b.example.dk"), "{seen:?}");

        let seen = told(&elsewhere, Some(&started), Some(Err("unknown key `egres`".into())));
        assert!(!seen[0].0 && seen[0].1.contains("no host could start with it: unknown key"), "{seen:?}");

        let alone = told(&elsewhere, None, None);
        assert!(alone[0].0 && !alone[1].0 && alone.len() == 4, "{alone:?}");
    }
}
