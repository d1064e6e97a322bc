//! `sluse.toml` as it is written. Every key is known here; what is not is refused.

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSettings {
    pub(super) data: RawData,
    pub(super) api: RawApi,
    pub(super) callbacks: RawCallbacks,
    pub(super) egress: RawEgress,
    pub(super) engine: RawEngine,
    pub(super) retention: RawRetention,
    pub(super) log: RawLog,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawData {
    pub(super) folder: Option<String>,
    pub(super) key_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawApi {
    pub(super) listen: Option<String>,
    pub(super) max_connections: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawCallbacks {
    pub(super) listen: Option<String>,
    pub(super) url: Option<String>,
    pub(super) max_body_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEgress {
    pub(super) hosts: Vec<String>,
    pub(super) cidrs: Vec<String>,
    pub(super) folders: Vec<String>,
    pub(super) max_request_bytes: Option<u64>,
    pub(super) max_response_bytes: Option<u64>,
    pub(super) max_timeout_seconds: Option<u64>,
    pub(super) extra_roots: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawEngine {
    pub(super) max_in_flight: Option<u32>,
    pub(super) lease_seconds: Option<u64>,
    pub(super) stop_within_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawRetention {
    pub(super) enabled: Option<bool>,
    pub(super) runs_days: Option<u32>,
    pub(super) journal_days: Option<u32>,
    pub(super) files_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) format: Option<String>,
    pub(super) level: Option<String>,
}

/// Every key with its full path, for "did you mean".
pub(super) const KEYS: &[&str] = &[
    "data.folder",
    "data.key_file",
    "api.listen",
    "api.max_connections",
    "callbacks.listen",
    "callbacks.url",
    "callbacks.max_body_bytes",
    "egress.hosts",
    "egress.cidrs",
    "egress.folders",
    "egress.max_request_bytes",
    "egress.max_response_bytes",
    "egress.max_timeout_seconds",
    "egress.extra_roots",
    "engine.max_in_flight",
    "engine.lease_seconds",
    "engine.stop_within_seconds",
    "retention.enabled",
    "retention.runs_days",
    "retention.journal_days",
    "retention.files_days",
    "log.format",
    "log.level",
];

/// The first key of a table that is not among [`KEYS`], with its full path.
pub(super) fn unknown_key(table: &toml::Table) -> Option<String> {
    for (section, value) in table {
        let prefix = format!("{section}.");
        if !KEYS.iter().any(|key| key.starts_with(&prefix)) {
            return Some(section.clone());
        }
        let toml::Value::Table(inner) = value else { continue };
        for key in inner.keys() {
            let path = format!("{section}.{key}");
            if !KEYS.contains(&path.as_str()) {
                return Some(path);
            }
        }
    }
    None
}

/// The known key that is nearest to an unknown one.
pub(super) fn nearest(unknown: &str) -> &'static str {
    let sections = KEYS.iter().filter_map(|key| key.split('.').next());
    let candidates: Vec<&'static str> = if unknown.contains('.') { KEYS.to_vec() } else { sections.collect() };
    candidates.into_iter().min_by_key(|known| strsim::damerau_levenshtein(known, unknown)).unwrap_or("data.folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let table: toml::Table = toml::from_str(text).expect("TOML");
        let found = unknown_key(&table);
        assert_eq!(found.as_deref(), expected.map(|(key, _)| key));
        if let (Some(found), Some((_, near))) = (found, expected) {
            assert_eq!(nearest(&found), near);
        }
    }

    #[test]
    fn every_known_key_is_read() {
        check("[data]\nfolder = 'x'\nkey_file = 'y'\n[log]\nformat = 'json'\n", None);
    }

    #[test]
    fn an_unknown_key_is_named_in_full_with_its_neighbour() {
        check("[api]\nlisten_on = 'x'\n", Some(("api.listen_on", "api.listen")));
        check("[egres]\nhosts = []\n", Some(("egres", "egress")));
        check("[engine]\nmax_inflight = 1\n", Some(("engine.max_inflight", "engine.max_in_flight")));
    }

    #[test]
    fn the_list_of_keys_is_the_one_that_serde_knows() {
        for key in KEYS {
            let (section, key) = key.split_once('.').expect("a section");
            // Each is tried with every shape a key may have; one of them has to fit.
            let fits = ["'text'", "1", "['text']", "true"]
                .into_iter()
                .any(|value| toml::from_str::<RawSettings>(&format!("[{section}]\n{key} = {value}\n")).is_ok());
            assert!(fits, "{section}.{key}");
        }
    }
}
