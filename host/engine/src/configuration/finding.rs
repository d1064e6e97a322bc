//! What is wrong in a file, and where.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The file's name as given.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// What it is about: `flow[0].step[1].input.title`. Empty for the file as a whole.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Finding {
    pub(crate) fn new(file: impl Into<String>, line: u32, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line, path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Sorts by file, in the order given, and line.
pub(crate) fn sort(findings: &mut Vec<Finding>, files: &[String]) {
    let order: BTreeMap<&str, usize> = files.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let place = |finding: &Finding| (order.get(finding.file.as_str()).copied().unwrap_or(usize::MAX), finding.line);
    findings.sort_by(|left, right| place(left).cmp(&place(right)).then_with(|| left.path.cmp(&right.path)));
    findings.dedup();
}

/// Where something stands, and the lines of all that is in it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) file: Arc<str>,
    pub(crate) lines: Arc<BTreeMap<String, Lines>>,
    path: String,
}

/// The lines of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) value: u32,
    /// Where a text's first character stands; another line than the quotes' for texts in three quotes.
    pub(crate) content: u32,
}

impl Origin {
    pub(crate) fn new(file: &str, lines: BTreeMap<String, Lines>) -> Self {
        Self { file: file.into(), lines: Arc::new(lines), path: String::new() }
    }

    /// The same file, seen from `path`.
    pub(crate) fn at(&self, path: &str) -> Self {
        Self { path: self.join(path), ..self.clone() }
    }

    /// The file, and the line of what is at `path` from here.
    pub(crate) fn place(&self, path: &str) -> (&str, u32) {
        (&self.file, self.lines(&self.join(path)).value)
    }

    /// A finding about what is at `path` from here; about its nearest holder when it is not there.
    pub(crate) fn finding(&self, path: &str, message: impl Into<String>) -> Finding {
        let path = self.join(path);
        Finding::new(&*self.file, self.lines(&path).value, path, message)
    }

    /// Whether somebody wrote what is at `path` from here.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.lines.contains_key(&self.join(path))
    }

    /// A finding about a line (from 1) of the text at `path`.
    pub(crate) fn finding_in_text(&self, path: &str, line: u32, message: impl Into<String>) -> Finding {
        let path = self.join(path);
        let line = self.lines(&path).content.saturating_add(line.saturating_sub(1));
        Finding::new(&*self.file, line, path, message)
    }

    fn join(&self, path: &str) -> String {
        let dot = if self.path.is_empty() || path.is_empty() || path.starts_with('[') { "" } else { "." };
        format!("{}{dot}{path}", self.path)
    }

    fn lines(&self, path: &str) -> Lines {
        let mut at = path;
        loop {
            if let Some(lines) = self.lines.get(at) {
                return *lines;
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = &at[..end],
                None => return self.lines.get("").copied().unwrap_or(Lines { value: 1, content: 1 }),
            }
        }
    }
}
