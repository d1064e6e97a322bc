//! A folder becomes a case: reading its files, and what they must not contradict.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    CallbackAddress, CaseAttachment, CaseError, Exchange, Outcome, Resumption, attachments, callback::RawResumption,
    outcome::RawOutcome,
};

const MANIFEST: &str = "case.toml";

/// What a connector is asked, what the target sees and answers, and how it must end.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of its folder.
    pub name: String,
    /// What it shows, as a sentence.
    pub title: String,
    /// The operation; `None` asks for `check`.
    pub operation: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// The settings of the connection.
    pub settings: Value,
    /// The input; null for `check`.
    pub input: Value,
    /// The addresses that the host gives, in order; none means that it takes no callbacks.
    pub callbacks: Vec<CallbackAddress>,
    /// What a delivery that was waiting goes on with; `None` begins it.
    pub resumption: Option<Resumption>,
    /// The requests and answers, in order.
    pub exchanges: Vec<Exchange>,
    /// How it must end.
    pub outcome: Outcome,
    /// The files of the run.
    pub attachments: Vec<CaseAttachment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    title: String,
    operation: Option<String>,
    #[serde(default)]
    check: bool,
    #[serde(default = "first")]
    attempt: u32,
    #[serde(default = "shared_settings")]
    settings: PathBuf,
    #[serde(default)]
    callback: Vec<CallbackAddress>,
    resume: Option<RawResumption>,
}

fn first() -> u32 {
    1
}

fn shared_settings() -> PathBuf {
    PathBuf::from("../settings.json")
}

impl Case {
    /// Reads the case in `folder`.
    ///
    /// # Errors
    /// The first file that is missing or says what a case cannot say, with its line.
    pub fn read(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join(MANIFEST);
        let manifest = read_manifest(&path)?;
        let attachments = attachments::read(&folder.join("attachments"))?;
        let mut input: Value = match manifest.operation {
            Some(_) => read_json(&folder.join("input.json"))?,
            None => Value::Null,
        };
        resolve(&folder.join("input.json"), &mut input, &attachments)?;
        Ok(Self {
            name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            title: manifest.title,
            operation: manifest.operation,
            attempt: manifest.attempt,
            settings: read_json(&folder.join(manifest.settings))?,
            input,
            callbacks: manifest.callback,
            resumption: manifest.resume.map(|resume| resume.read(&path)).transpose()?,
            exchanges: read_exchanges(&folder.join("exchanges.json"))?,
            outcome: read_outcome(&folder.join("outcome.json"), &attachments)?,
            attachments,
        })
    }
}

/// The folders of all cases in or below `folder`, by name.
///
/// # Errors
/// When a folder cannot be read, or there is no case at all.
pub fn find_cases(folder: &Path) -> Result<Vec<PathBuf>, CaseError> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    if found.is_empty() {
        return Err(CaseError::NoCase { path: folder.to_owned() });
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), CaseError> {
    if folder.join(MANIFEST).is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    let unreadable = |source| CaseError::unreadable(folder, source);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // A link may lead back up.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}

fn read_manifest(path: &Path) -> Result<Manifest, CaseError> {
    let text = read_text(path)?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| CaseError::toml(path, &text, &error))?;
    if manifest.check == manifest.operation.is_some() {
        return Err(CaseError::contradictory(path, "say either `operation = \"…\"` or `check = true`"));
    }
    if manifest.check && manifest.resume.is_some() {
        return Err(CaseError::contradictory(path, "a check never waits: `[resume]` needs an `operation`"));
    }
    Ok(manifest)
}

fn read_exchanges(path: &Path) -> Result<Vec<Exchange>, CaseError> {
    let exchanges: Vec<Exchange> = read_json(path)?;
    for (index, exchange) in exchanges.iter().enumerate() {
        if let Some(contradiction) = exchange.contradiction() {
            return Err(CaseError::contradictory(path, format!("exchange {}: {contradiction}", index + 1)));
        }
    }
    Ok(exchanges)
}

fn read_outcome(path: &Path, attachments: &[CaseAttachment]) -> Result<Outcome, CaseError> {
    let mut value: Value = read_json(path)?;
    resolve(path, &mut value, attachments)?;
    // Once more from the text, because only the text has lines.
    read_json::<RawOutcome>(path)?;
    serde_json::from_value::<RawOutcome>(value)
        .ok()
        .and_then(RawOutcome::settle)
        .ok_or_else(|| CaseError::contradictory(path, "say one of `done`, `failed`, `waiting` and `findings`"))
}

fn resolve(path: &Path, value: &mut Value, attachments: &[CaseAttachment]) -> Result<(), CaseError> {
    attachments::resolve(value, attachments).map_err(|name| {
        CaseError::contradictory(path, format!("`attachment:{name}`: put a file of this name into `attachments/`"))
    })
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CaseError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| CaseError::json(path, &error))
}

fn read_text(path: &Path) -> Result<String, CaseError> {
    fs::read_to_string(path).map_err(|source| CaseError::unreadable(path, source))
}
