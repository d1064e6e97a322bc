//! What went wrong, told to people, and the exit code told to programs.

use std::{fmt, process::ExitCode};

use crate::output;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something here failed: a file, the network, a bug. Exit code 1.
    Failed(anyhow::Error),
    /// The running host refused, and said why. Exit code 3.
    Refused { detail: String, errors: Vec<String> },
    /// No host answers. Exit code 4.
    NotReachable { url: String, cause: String },
    /// It was done, and its result is not good: a case differs, a check did not pass, a feed fails. Exit code 5.
    NotPassed(String),
    /// A run waits for a person, or has failed. Exit code 6.
    NotSucceeded(String),
    /// A call came to no output. Exit codes 10 to 16, by what came of it.
    NoOutput { code: u8, message: String, errors: Vec<String> },
}

impl Failure {
    /// 2 is clap's, for a command line that cannot be understood.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Refused { .. } => 3,
            Self::NotReachable { .. } => 4,
            Self::NotPassed(_) => 5,
            Self::NotSucceeded(_) => 6,
            Self::NoOutput { code, .. } => *code,
        })
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) {
        match self {
            Self::Failed(error) => output::complain(&format!("failed: {error:#}")),
            Self::Refused { detail, errors } => complain(&format!("refused: {detail}"), errors),
            Self::NoOutput { message, errors, .. } => complain(message, errors),
            Self::NotReachable { .. } => output::complain(&format!(
                "{self}: start one with `sluse serve`, or say where it is with `--url http://HOST:PORT`"
            )),
            Self::NotPassed(message) | Self::NotSucceeded(message) => output::complain(message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "{error:#}"),
            Self::Refused { detail, .. } => f.write_str(detail),
            Self::NotReachable { url, cause } => write!(f, "no host answers at {url} ({cause})"),
            Self::NotPassed(message) | Self::NotSucceeded(message) | Self::NoOutput { message, .. } => {
                f.write_str(message)
            }
        }
    }
}

/// A line, and one for each thing that is wrong.
fn complain(line: &str, errors: &[String]) {
    output::complain(&output::visible(line));
    for error in errors {
        output::complain(&format!("  {}", output::visible(error)));
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
