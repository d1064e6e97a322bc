//! Waiting and going on, in a case: the addresses that the host gives, and the answer that a resumed delivery got.

use std::{fs, path::Path};

use bytes::Bytes;
use serde::Deserialize;
use sluse_connector::Arrival;

use crate::{CaseError, attachments::media_type_of};

/// An address that the host gives when it is asked for one. They are given in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackAddress {
    /// What the connector is told.
    pub url: String,
    /// How long it must ask for, in milliseconds.
    pub timeout_ms: u64,
}

/// How the waiting ended that the case goes on with.
#[derive(Debug, Clone)]
pub struct Resumption {
    /// What the connector left behind.
    pub state: String,
    /// How the waiting ended.
    pub arrival: Arrival,
}

/// A resumption as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawResumption {
    state: String,
    /// The file with the target's answer.
    answer: Option<String>,
    /// The media type that the target named; by default that of the file's name.
    media_type: Option<String>,
    #[serde(default)]
    timed_out: bool,
}

impl RawResumption {
    /// `manifest` names it in errors, and its folder holds the answer.
    pub(crate) fn read(self, manifest: &Path) -> Result<Resumption, CaseError> {
        if self.answer.is_some() == self.timed_out {
            return Err(CaseError::contradictory(manifest, "say either `answer = \"FILE\"` or `timed_out = true`"));
        }
        let arrival = match self.answer {
            None => Arrival::TimedOut,
            Some(name) => {
                let path = manifest.with_file_name(&name);
                let body = fs::read(&path).map_err(|source| CaseError::unreadable(&path, source))?;
                let media_type = self.media_type.unwrap_or_else(|| media_type_of(&name).to_owned());
                Arrival::Answered { media_type, body: Bytes::from(body) }
            }
        };
        Ok(Resumption { state: self.state, arrival })
    }
}
