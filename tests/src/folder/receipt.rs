//! What Prisme lays back: a line for each line of the file, with a number, what became of it, and why.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// A line that is refused, whatever stands in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Only in the file of this business key; in the next one when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// Why, as the receipt says it.
    pub reason: String,
}

impl Refusal {
    fn fits(&self, verdict: &Verdict) -> bool {
        let wanted = |key: &String| verdict.lines.iter().any(|line| line.key.as_ref() == Some(key));
        self.key.as_ref().is_none_or(wanted)
    }
}

/// Refuses what was planted for this file, and forgets it.
pub(super) fn apply(refusals: &mut Vec<Refusal>, verdict: &mut Verdict) {
    let (now, later) = refusals.drain(..).partition(|refusal| refusal.fits(verdict));
    *refusals = later;
    let now: Vec<Refusal> = now;
    for Refusal { line, reason, .. } in now {
        if let Some(line) = line.checked_sub(1).and_then(|at| verdict.lines.get_mut(at)) {
            line.refused = Some(reason);
        }
    }
}

/// Lays the receipt of a file; it appears whole, as everything in a folder should.
pub(super) fn lay(folder: &Path, name: &str, verdict: &Verdict) -> std::io::Result<()> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let row = |(number, line): (usize, &super::verdict::Line)| {
        let refused = line.refused.as_deref().or((!verdict.complaints.is_empty()).then_some("Filen er afvist"));
        let status = if refused.is_some() { "AFVIST" } else { "OK" };
        format!("{number};{status};{}\r\n", refused.unwrap_or_default())
    };
    let text: String = (1..).zip(&verdict.lines).map(row).collect();
    let written = folder.join(format!(".{stem}.kvit"));
    fs::write(&written, text)?;
    fs::rename(written, folder.join(format!("{stem}.kvit")))
}
