//! `sluse config show`: the settings that a host would start with here.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value, json};
use sluse_engine::RetentionSettings;

use crate::{
    arguments::{Config, Global},
    failure::Failure,
    output,
    settings::{self, KeyPlace, Settings},
};

pub(crate) fn run(global: &Global, command: Config) -> Result<(), Failure> {
    let Config::Show = command;
    let settings = settings::load(global)?;
    let shown = shown(&settings);
    if global.json {
        return Ok(output::json(&shown)?);
    }
    let rows = shown.iter().map(|(key, value)| vec![key.clone(), plain(value)]).collect();
    output::table(&["SETTING", "VALUE"], rows, "no settings");
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every setting under the name that it has in `sluse.toml`. None of them is secret.
pub(crate) fn shown(settings: &Settings) -> Map<String, Value> {
    let hosts: Vec<String> = settings.egress.hosts.iter().map(ToString::to_string).collect();
    let cidrs: Vec<String> = settings.egress.cidrs.iter().map(ToString::to_string).collect();
    let callbacks = settings.callbacks.as_ref();
    let retention = settings.engine.retention.as_ref();
    let days = |age: fn(&RetentionSettings) -> Duration| retention.map(|kept| age(kept).as_secs() / (24 * 60 * 60));
    let shown = json!({
        "file": settings.file.as_ref().map_or("none".into(), |file| whole(file).display().to_string()),
        "data.folder": settings.data.folder,
        "data.key_file": key_place(&settings.data.key),
        "api.listen": settings.api.listen.to_string(),
        "api.max_connections": settings.api.serve.max_connections,
        "callbacks.listen": callbacks.map_or("none".into(), |callbacks| callbacks.listen.to_string()),
        "callbacks.url": callbacks.and_then(|callbacks| callbacks.url.clone()),
        "callbacks.max_body_bytes": callbacks.map(|callbacks| callbacks.max_body_bytes),
        "egress.hosts": hosts,
        "egress.cidrs": cidrs,
        "egress.folders": settings.engine.folders,
        "egress.max_request_bytes": settings.egress.max_request_bytes,
        "egress.max_response_bytes": settings.egress.max_response_bytes,
        "egress.max_timeout_seconds": settings.egress.max_timeout.as_secs(),
        "egress.extra_roots": settings.egress.extra_roots.len(),
        "engine.max_in_flight": settings.engine.max_in_flight,
        "engine.lease_seconds": settings.engine.lease.as_secs(),
        "engine.stop_within_seconds": settings.engine.stop_within.as_secs(),
        "retention.enabled": retention.is_some(),
        "retention.runs_days": days(|kept| kept.runs),
        "retention.journal_days": days(|kept| kept.journal),
        "retention.files_days": days(|kept| kept.files),
        "log.format": if settings.log.json { "json" } else { "text" },
        "log.level": settings.log.filter,
    });
    let Value::Object(shown) = shown else { unreachable!("it is written as an object") };
    shown
}

/// The path from the root, wherever somebody else stands who reads it.
fn whole(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn key_place(key: &KeyPlace) -> String {
    match key {
        KeyPlace::DataFolder => "master.key in data.folder, made at the first start".into(),
        KeyPlace::File(file) => file.display().to_string(),
        KeyPlace::Environment => "$SLUSE_MASTER_KEY".into(),
        KeyPlace::Systemd(folder) => format!("{}/sluse-key", folder.display()),
    }
}
