//! What can be wrong with a case's folder: always with the file, and with the line where there is one.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A folder that is no case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file that a case needs is not there or cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// A file says something that a case cannot say.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Malformed { path: PathBuf, line: usize, column: usize, message: String },
    /// Two files of a case do not go together.
    #[error("{}: {message}", path.display())]
    Contradictory { path: PathBuf, message: String },
    /// There is no case below the folder.
    #[error("no case below `{}`: put a folder with a `case.toml` there", path.display())]
    NoCase { path: PathBuf },
}

impl CaseError {
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), source }
    }

    pub(crate) fn contradictory(path: &Path, message: impl Into<String>) -> Self {
        Self::Contradictory { path: path.to_owned(), message: message.into() }
    }

    pub(crate) fn json(path: &Path, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        Self::Malformed { path: path.to_owned(), line: error.line(), column: error.column(), message }
    }

    pub(crate) fn toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self::Malformed { path: path.to_owned(), line, column, message: error.message().to_owned() }
    }
}
