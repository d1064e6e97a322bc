//! A folder becomes a case: reading its files, and what they must not contradict.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sluse_model::ItemReport;

use crate::{
    CallbackAddress, CaseAttachment, CaseError, Conclude, Exchange, Granted, Outcome, Put, Read, Reserve, Resumption,
    attachments, callback::RawResumption, outcome::RawOutcome,
};

const MANIFEST: &str = "case.toml";

/// What a connector is asked, what the target sees and answers, and how it must end.
#[derive(Debug, Clone)]
pub struct Case {
    /// The name of its folder.
    pub name: String,
    /// What it shows, as a sentence.
    pub title: String,
    /// What the connector is asked.
    pub asked: Asked,
    /// From 1.
    pub attempt: u32,
    /// The settings of the connection.
    pub settings: Value,
    /// The addresses that the host gives, in order; none means that it takes no callbacks.
    pub callbacks: Vec<CallbackAddress>,
    /// Files that it publishes and reads, numbers, and what it says that answers mean.
    pub granted: Granted,
    /// The requests and answers, in order.
    pub exchanges: Vec<Exchange>,
    /// How it must end.
    pub outcome: Outcome,
    /// The files of the run.
    pub attachments: Vec<CaseAttachment>,
}

/// What a connector is asked.
#[derive(Debug, Clone)]
pub enum Asked {
    /// Whether the connection works.
    Check,
    /// An operation. A delivery that was waiting goes on with the resumption.
    Operation { name: String, input: Value, resumption: Option<Resumption> },
    /// What is new behind the cursor.
    Poll { feed: String, cursor: Option<String> },
    /// To tell the source what became of a group.
    Settle { feed: String, group: String, report: Vec<ItemReport> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    title: String,
    #[serde(default)]
    check: bool,
    operation: Option<String>,
    poll: Option<String>,
    cursor: Option<String>,
    settle: Option<String>,
    group: Option<String>,
    #[serde(default)]
    report: Vec<ItemReport>,
    #[serde(default = "first")]
    attempt: u32,
    #[serde(default = "shared_settings")]
    settings: PathBuf,
    #[serde(default)]
    callback: Vec<CallbackAddress>,
    resume: Option<RawResumption>,
    #[serde(default)]
    put: Vec<Put>,
    #[serde(default)]
    read: Vec<Read>,
    #[serde(default)]
    reserve: Vec<Reserve>,
    #[serde(default)]
    conclude: Vec<Conclude>,
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
        let mut manifest = read_manifest(&path)?;
        let attachments = attachments::read(&folder.join("attachments"))?;
        Ok(Self {
            name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            title: std::mem::take(&mut manifest.title),
            attempt: manifest.attempt,
            settings: read_json(&folder.join(&manifest.settings))?,
            callbacks: std::mem::take(&mut manifest.callback),
            granted: manifest.granted().with_files(&path)?,
            asked: manifest.asked(&path, &attachments)?,
            exchanges: read_exchanges(&folder.join("exchanges.json"))?,
            outcome: read_outcome(&folder.join("outcome.json"), &attachments)?,
            attachments,
        })
    }
}

impl Manifest {
    fn granted(&mut self) -> Granted {
        Granted {
            puts: std::mem::take(&mut self.put),
            reads: std::mem::take(&mut self.read),
            reserves: std::mem::take(&mut self.reserve),
            conclusions: std::mem::take(&mut self.conclude),
        }
    }

    /// What the connector is asked, and that nothing else is said than belongs to it.
    fn asked(self, path: &Path, attachments: &[CaseAttachment]) -> Result<Asked, CaseError> {
        let Self { check, operation, poll, cursor, settle, group, report, resume, .. } = self;
        for (belongs, is_there, what) in [
            (operation.is_some(), resume.is_some(), "`[resume]` needs an `operation`"),
            (poll.is_some(), cursor.is_some(), "`cursor` needs a `poll`"),
            (settle.is_some(), group.is_some() || !report.is_empty(), "`group` and `[[report]]` need a `settle`"),
        ] {
            if is_there && !belongs {
                return Err(CaseError::contradictory(path, what));
            }
        }
        match (check, operation, poll, settle) {
            (true, None, None, None) => Ok(Asked::Check),
            (false, Some(name), None, None) => {
                let path_of_input = path.with_file_name("input.json");
                let mut input = read_json(&path_of_input)?;
                resolve(&path_of_input, &mut input, attachments)?;
                let resumption = resume.map(|resume| resume.read(path)).transpose()?;
                Ok(Asked::Operation { name, input, resumption })
            }
            (false, None, Some(feed), None) => Ok(Asked::Poll { feed, cursor }),
            (false, None, None, Some(feed)) => {
                let group = group.ok_or_else(|| CaseError::contradictory(path, "`settle` needs a `group`"))?;
                Ok(Asked::Settle { feed, group, report })
            }
            _ => {
                let message = "say one of `operation = \"…\"`, `poll = \"…\"`, `settle = \"…\"` and `check = true`";
                Err(CaseError::contradictory(path, message))
            }
        }
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
    toml::from_str(&text).map_err(|error| CaseError::toml(path, &text, &error))
}

fn read_exchanges(path: &Path) -> Result<Vec<Exchange>, CaseError> {
    let mut exchanges: Vec<Exchange> = read_json(path)?;
    for (index, exchange) in exchanges.iter_mut().enumerate() {
        if let Some(contradiction) = exchange.contradiction() {
            return Err(CaseError::contradictory(path, format!("exchange {}: {contradiction}", index + 1)));
        }
        exchange.answer.read_file(path)?;
    }
    Ok(exchanges)
}

fn read_outcome(path: &Path, attachments: &[CaseAttachment]) -> Result<Outcome, CaseError> {
    let mut value: Value = read_json(path)?;
    // What the call keeps has the same id in every run, and is not there yet.
    attachments::resolve_kept(&mut value, attachments);
    // Once more from the text, because only the text has lines.
    read_json::<RawOutcome>(path)?;
    serde_json::from_value::<RawOutcome>(value).ok().and_then(RawOutcome::settle).ok_or_else(|| {
        CaseError::contradictory(path, "say one of `done`, `failed`, `waiting`, `findings`, `page` and `settled`")
    })
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
