//! What a connector is granted besides requests, in a case: files that it publishes and reads, numbers, and what it says
//! that answers mean. Each is written down in the order in which it must be asked for.

use std::{fs, path::Path};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluse_connector::{FolderError, NumberError};
use sluse_model::Standing;

use crate::CaseError;

/// A file that the connector must publish.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Put {
    pub folder: String,
    pub name: String,
    /// The file of the case with the same bytes.
    pub file: String,
    /// Why it is not published.
    pub error: Option<FolderErrorKind>,
    /// What the host says about it.
    #[serde(default)]
    pub message: String,
    #[serde(skip)]
    pub(crate) bytes: Bytes,
}

/// A file that the connector must read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    pub folder: String,
    pub name: String,
    /// The file of the case with what is in it; without one there is no such file.
    pub file: Option<String>,
    /// Why it cannot be read.
    pub error: Option<FolderErrorKind>,
    /// What the host says about it.
    #[serde(default)]
    pub message: String,
    #[serde(skip)]
    pub(crate) bytes: Bytes,
}

/// Why a folder does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FolderErrorKind {
    Forbidden,
    Invalid,
    Conflict,
    Unclear,
    Unavailable,
}

/// Numbers that the connector must reserve.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    pub sequence: String,
    pub count: u32,
    pub purpose: Option<String>,
    /// The first of them.
    pub first: Option<u64>,
    /// Why there are none.
    pub error: Option<NumberErrorKind>,
    /// What the host says about it.
    #[serde(default)]
    pub message: String,
}

/// Why there are no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberErrorKind {
    Forbidden,
    Unavailable,
}

/// What the connector must say that an answer means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Conclude {
    pub intent_key: String,
    pub standing: Standing,
}

/// Everything of this kind in a case.
#[derive(Debug, Clone, Default)]
pub struct Granted {
    pub puts: Vec<Put>,
    pub reads: Vec<Read>,
    pub reserves: Vec<Reserve>,
    pub conclusions: Vec<Conclude>,
}

impl Granted {
    /// With the files that it names. `manifest` names it in errors, and its folder holds them.
    pub(crate) fn with_files(mut self, manifest: &Path) -> Result<Self, CaseError> {
        for put in &mut self.puts {
            put.bytes = file(manifest, &put.file)?;
        }
        for read in &mut self.reads {
            if read.file.is_some() && read.error.is_some() {
                return Err(CaseError::contradictory(manifest, "a `[[read]]` has either `file` or `error`"));
            }
            if let Some(name) = &read.file {
                read.bytes = file(manifest, name)?;
            }
        }
        if self.reserves.iter().any(|reserve| reserve.first.is_some() == reserve.error.is_some()) {
            return Err(CaseError::contradictory(manifest, "a `[[reserve]]` needs either `first` or `error`"));
        }
        Ok(self)
    }

    /// What was not asked for, a line each.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let puts = self.puts.iter().map(|put| format!("put {}/{}", put.folder, put.name));
        let reads = self.reads.iter().map(|read| format!("read {}/{}", read.folder, read.name));
        let reserves = self.reserves.iter().map(|reserve| format!("reserve {} of {}", reserve.count, reserve.sequence));
        let conclusions = self.conclusions.iter().map(|conclude| format!("conclude {}", conclude.intent_key));
        puts.chain(reads).chain(reserves).chain(conclusions).collect()
    }
}

fn file(manifest: &Path, name: &str) -> Result<Bytes, CaseError> {
    let path = manifest.with_file_name(name);
    fs::read(&path).map(Bytes::from).map_err(|source| CaseError::unreadable(&path, source))
}

impl Put {
    pub(crate) fn view(&self) -> Value {
        file_view(&self.folder, &self.name, &self.bytes)
    }

    pub(crate) fn answer(&self) -> Result<(), FolderError> {
        self.error.map_or(Ok(()), |error| Err(error.with(&self.message)))
    }
}

/// A published file, as one compares it.
pub(crate) fn file_view(folder: &str, name: &str, bytes: &[u8]) -> Value {
    // With their ends, and what is no UTF-8 byte by byte: in these files both matter.
    let shown = |line: &[u8]| str::from_utf8(line).map_or_else(|_| line.escape_ascii().to_string(), str::to_owned);
    let lines: Vec<String> = bytes.split_inclusive(|byte| *byte == b'\n').map(shown).collect();
    json!({ "put": { "folder": folder, "name": name, "lines": lines } })
}

impl Read {
    pub(crate) fn answer(&self) -> Result<Option<Bytes>, FolderError> {
        match self.error {
            Some(error) => Err(error.with(&self.message)),
            None => Ok(self.file.is_some().then(|| self.bytes.clone())),
        }
    }
}

impl FolderErrorKind {
    fn with(self, message: &str) -> FolderError {
        match self {
            Self::Forbidden => FolderError::Forbidden(message.to_owned()),
            Self::Invalid => FolderError::Invalid(message.to_owned()),
            Self::Conflict => FolderError::Conflict(message.to_owned()),
            Self::Unclear => FolderError::Unclear(message.to_owned()),
            Self::Unavailable => FolderError::Unavailable(message.to_owned()),
        }
    }
}

impl Reserve {
    pub(crate) fn answer(&self) -> Result<u64, NumberError> {
        match self.error {
            Some(NumberErrorKind::Forbidden) => Err(NumberError::Forbidden(self.message.clone())),
            Some(NumberErrorKind::Unavailable) => Err(NumberError::Unavailable(self.message.clone())),
            // The case was refused when it was read, unless it has one of the two.
            None => Ok(self.first.unwrap_or(1)),
        }
    }
}
