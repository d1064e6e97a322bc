//! Where settings come from, and what their text means.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use sluse_api::{ServeSettings, USUAL_MAX_ANSWER_BYTES};
use sluse_egress::{Ceiling, HostPattern, IpNet, roots_from_pem};
use sluse_engine::{EngineSettings, RetentionSettings};
use sluse_folders::Place;

use super::{
    ApiSettings, CallbackSettings, DataSettings, KeyPlace, LogSettings, Settings,
    raw::{
        RawApi, RawCallbacks, RawData, RawEgress, RawEngine, RawLog, RawRetention, RawSettings, nearest, unknown_key,
    },
};
use crate::arguments::Global;

/// Where a host listens unless it is told otherwise: nobody else can reach it there.
const USUAL_LISTEN: &str = "127.0.0.1:7580";

/// The settings in force.
pub(crate) fn load(global: &Global) -> anyhow::Result<Settings> {
    load_from(file(global)?)
}

/// The settings that a host would have from this file; from none, the usual ones.
pub(crate) fn load_from(file: Option<PathBuf>) -> anyhow::Result<Settings> {
    let raw = match &file {
        Some(file) => read(file)?,
        None => RawSettings::default(),
    };
    let said_in = file.as_deref().unwrap_or(Path::new("the settings")).display().to_string();
    let folders = folders(&raw.egress.folders).with_context(|| said_in.clone())?;
    Ok(Settings {
        data: data(raw.data)?,
        api: api(raw.api).with_context(|| said_in.clone())?,
        callbacks: callbacks(raw.callbacks).with_context(|| said_in.clone())?,
        egress: egress(raw.egress).with_context(|| said_in.clone())?,
        engine: EngineSettings { folders, ..engine(raw.engine, raw.retention).with_context(|| said_in.clone())? },
        log: log(raw.log).with_context(|| said_in.clone())?,
        file,
    })
}

/// The file that was named, else `./sluse.toml`, else the user's; none when there is none.
fn file(global: &Global) -> anyhow::Result<Option<PathBuf>> {
    if let Some(named) = &global.config {
        if !named.is_file() {
            bail!("there is no settings file `{}`", named.display());
        }
        return Ok(Some(named.clone()));
    }
    let here = PathBuf::from("sluse.toml");
    let users = user_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("sluse/sluse.toml"));
    Ok([Some(here), users].into_iter().flatten().find(|file| file.is_file()))
}

/// A folder of the XDG base directories.
fn user_folder(variable: &str, under_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute());
    named.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(under_home)))
}

fn read(file: &Path) -> anyhow::Result<RawSettings> {
    let text = std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let table: toml::Table = toml::from_str(&text).with_context(|| format!("`{}` is not TOML", file.display()))?;
    if let Some(unknown) = unknown_key(&table) {
        bail!("`{}`: unknown key `{unknown}`; the nearest known one is `{}`", file.display(), nearest(&unknown));
    }
    toml::from_str(&text).with_context(|| format!("`{}`", file.display()))
}

fn data(raw: RawData) -> anyhow::Result<DataSettings> {
    let folder = match raw.folder {
        Some(folder) => PathBuf::from(folder),
        None => user_folder("XDG_DATA_HOME", ".local/share")
            .ok_or_else(|| anyhow!("there is no home folder: say where data goes with `data.folder` in sluse.toml"))?
            .join("sluse"),
    };
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let key = match (raw.key_file, credentials) {
        (Some(file), _) => KeyPlace::File(PathBuf::from(file)),
        (None, _) if std::env::var_os("SLUSE_MASTER_KEY").is_some() => KeyPlace::Environment,
        (None, Some(folder)) if folder.join("sluse-key").is_file() => KeyPlace::Systemd(folder),
        (None, _) => KeyPlace::DataFolder,
    };
    Ok(DataSettings { folder, key })
}

fn api(raw: RawApi) -> anyhow::Result<ApiSettings> {
    let text = raw.listen.unwrap_or_else(|| USUAL_LISTEN.into());
    let listen = listen_address(&text)?;
    let usual = ServeSettings::default();
    let max_connections = raw.max_connections.unwrap_or(usual.max_connections);
    if max_connections == 0 {
        bail!("`api.max_connections` has to be at least 1");
    }
    Ok(ApiSettings { listen, serve: ServeSettings { max_connections, ..usual } })
}

/// An address to listen on.
pub(crate) fn listen_address(text: &str) -> anyhow::Result<std::net::SocketAddr> {
    text.parse().map_err(|_| {
        anyhow!("`{text}` is no address to listen on: write an address and a port, as in `127.0.0.1:7580`")
    })
}

fn callbacks(raw: RawCallbacks) -> anyhow::Result<Option<CallbackSettings>> {
    let Some(listen) = raw.listen else {
        if raw.url.is_some() {
            bail!("`callbacks.url` says how targets reach the host, and nothing listens: write `callbacks.listen`");
        }
        return Ok(None);
    };
    let listen = listen_address(&listen).context("`callbacks.listen`")?;
    if let Some(url) = &raw.url {
        reaches(url)?;
    }
    let max_body_bytes = raw.max_body_bytes.unwrap_or(USUAL_MAX_ANSWER_BYTES);
    if max_body_bytes == 0 || max_body_bytes > MAX_ANSWER_BYTES {
        bail!("`callbacks.max_body_bytes` has to be from 1 to {MAX_ANSWER_BYTES}");
    }
    Ok(Some(CallbackSettings { listen, url: raw.url, max_body_bytes }))
}

/// A connector has an answer in its hands, in the memory of one call.
const MAX_ANSWER_BYTES: u64 = 8 << 20;

/// Whether addresses can begin with this.
fn reaches(url: &str) -> anyhow::Result<()> {
    let parsed = reqwest::Url::parse(url).ok();
    let is_plain = |url: &reqwest::Url| {
        let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
        is_web
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    if !parsed.is_some_and(|url| is_plain(&url)) {
        bail!("`callbacks.url` is how targets reach the host from outside: write `https://sluse.example.dk`");
    }
    Ok(())
}

fn egress(raw: RawEgress) -> anyhow::Result<Ceiling> {
    let mut ceiling = Ceiling::default();
    for host in &raw.hosts {
        ceiling.hosts.push(host.parse::<HostPattern>().with_context(|| format!("`egress.hosts`: `{host}`"))?);
    }
    for cidr in &raw.cidrs {
        let network: IpNet =
            cidr.parse().map_err(|_| anyhow!("`egress.cidrs`: `{cidr}` is no network: write `10.20.0.0/16`"))?;
        ceiling.cidrs.push(network);
    }
    if let Some(bytes) = raw.max_request_bytes {
        ceiling.max_request_bytes = bytes;
    }
    if let Some(bytes) = raw.max_response_bytes {
        ceiling.max_response_bytes = bytes;
    }
    if let Some(seconds) = raw.max_timeout_seconds {
        ceiling.max_timeout = Duration::from_secs(seconds);
    }
    if let Some(file) = raw.extra_roots {
        let pem = std::fs::read(&file).with_context(|| format!("`egress.extra_roots`: `{file}` cannot be read"))?;
        ceiling.extra_roots = roots_from_pem(&pem).with_context(|| format!("`{file}`"))?;
    }
    Ok(ceiling)
}

/// Where folders may be that connections use.
fn folders(raw: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let place = |path: &String| {
        let folder = PathBuf::from(path);
        // It allows itself when it is written so that it says where it leads.
        Place::find(path, false, std::slice::from_ref(&folder))
            .with_context(|| format!("`egress.folders`: `{path}`"))?;
        Ok(folder)
    };
    raw.iter().map(place).collect()
}

/// A guest's slot costs address space; this many are far beyond what one machine can keep busy.
const MAX_IN_FLIGHT: u32 = 10_000;

fn engine(raw: RawEngine, retention_raw: RawRetention) -> anyhow::Result<EngineSettings> {
    let mut settings = EngineSettings { retention: retention(retention_raw)?, ..EngineSettings::default() };
    if let Some(count) = raw.max_in_flight {
        if count == 0 || count > MAX_IN_FLIGHT {
            bail!("`engine.max_in_flight` has to be from 1 to {MAX_IN_FLIGHT}");
        }
        settings.max_in_flight = count;
    }
    if let Some(seconds) = raw.lease_seconds {
        if seconds < 5 {
            bail!("`engine.lease_seconds` has to be at least 5: a shorter lease lapses while the disk is busy");
        }
        settings.lease = Duration::from_secs(seconds);
    }
    if let Some(seconds) = raw.stop_within_seconds {
        settings.stop_within = Duration::from_secs(seconds);
    }
    Ok(settings)
}

/// How long what is closed is kept.
fn retention(raw: RawRetention) -> anyhow::Result<Option<RetentionSettings>> {
    let usual = RetentionSettings::default();
    let kept = |key: &str, days: Option<u32>, usual: Duration| match days {
        Some(0) => {
            bail!("`retention.{key}` has to be at least 1; what is to be kept for ever: `retention.enabled = false`")
        }
        Some(days) => Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
        None => Ok(usual),
    };
    let settings = RetentionSettings {
        runs: kept("runs_days", raw.runs_days, usual.runs)?,
        journal: kept("journal_days", raw.journal_days, usual.journal)?,
        files: kept("files_days", raw.files_days, usual.files)?,
        ..usual
    };
    Ok(raw.enabled.unwrap_or(true).then_some(settings))
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

fn log(raw: RawLog) -> anyhow::Result<LogSettings> {
    let json = match raw.format.as_deref() {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => bail!("`log.format` is `{other}`: write `text` or `json`"),
    };
    // A word that is no level would be read as the name of a module, and nothing be logged.
    if let Some(level) = raw.level.as_deref().map(str::trim)
        && !level.contains(['=', ',', '['])
        && !LEVELS.iter().any(|one| one.eq_ignore_ascii_case(level))
    {
        bail!("`log.level` is `{level}`: write `error`, `warn`, `info`, `debug`, `trace` or `off`");
    }
    let filter = std::env::var("RUST_LOG").ok().or(raw.level).unwrap_or_else(|| "info".into());
    Ok(LogSettings { json, filter })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many days runs, journals and files are kept; `None` when everything is.
    fn kept(text: &str) -> Option<[u64; 3]> {
        let raw: RawSettings = toml::from_str(text).expect("settings");
        let settings = engine(raw.engine, raw.retention).expect("settings").retention?;
        let days = |kept: Duration| {
            assert_eq!(kept.as_secs() % (24 * 60 * 60), 0, "whole days");
            kept.as_secs() / (24 * 60 * 60)
        };
        Some([days(settings.runs), days(settings.journal), days(settings.files)])
    }

    #[test]
    fn a_place_for_folders_says_where_it_leads() {
        let places = ["/srv/loen".to_owned(), "/mnt/prisme".to_owned()];
        assert_eq!(folders(&places).expect("places"), ["/srv/loen", "/mnt/prisme"].map(PathBuf::from));
        for odd in ["srv/loen", "/srv/../etc", ""] {
            let refused = folders(&[odd.to_owned()]).expect_err(odd);
            assert!(format!("{refused:#}").contains("egress.folders"), "{refused:#}");
        }
    }

    #[test]
    fn what_is_closed_is_given_up_in_time_unless_somebody_says_otherwise() {
        assert_eq!(kept(""), Some([90, 30, 30]));
        assert_eq!(kept("[retention]\nenabled = true\n"), Some([90, 30, 30]));
        assert_eq!(kept("[retention]\nenabled = false\n"), None);
        assert_eq!(kept("[retention]\nenabled = false\nruns_days = 1\n"), None);
    }

    #[test]
    fn each_age_is_that_of_what_it_is_called() {
        assert_eq!(kept("[retention]\nruns_days = 3\njournal_days = 2\nfiles_days = 1\n"), Some([3, 2, 1]));
        assert_eq!(kept("[retention]\nruns_days = 7\n"), Some([7, 30, 30]));
        assert_eq!(kept("[retention]\njournal_days = 7\n"), Some([90, 7, 30]));
        assert_eq!(kept("[retention]\nfiles_days = 7\n"), Some([90, 30, 7]));
    }

    #[test]
    fn an_age_of_no_days_is_refused() {
        for key in ["runs_days", "journal_days", "files_days"] {
            let raw: RawSettings = toml::from_str(&format!("[retention]\n{key} = 0\n")).expect("settings");
            let refused = engine(raw.engine, raw.retention).expect_err("nothing would be kept").to_string();
            assert!(refused.contains(&format!("`retention.{key}`")), "{refused}");
        }
    }
}
