//! What differed between a case and what happened, in words and diffs for people.

use std::fmt;

use serde_json::Value;
use similar::TextDiff;

/// What became of one case.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The case's folder name.
    pub case: String,
    /// What it shows.
    pub title: String,
    /// Empty when everything was as written down.
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Whether everything was as written down.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing that was not as written down. Requests are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Settings, input or output do not fit the connector's own schema.
    Schema { what: &'static str, misfit: String },
    /// The connector knows no such operation or feed.
    NotDescribed { what: &'static str, name: String },
    /// A request differs from the expected one.
    Request { number: usize, diff: String },
    /// A request after the end of the script.
    Unexpected { number: usize, request: String },
    /// A request that every host refuses.
    Refused { number: usize, reason: String },
    /// Requests that never came.
    LeftOver { requests: Vec<String> },
    /// Another time was asked for than the case says.
    Timeout { url: String, wanted_ms: u64, asked_ms: u64 },
    /// Addresses for callbacks that nobody asked for.
    Unopened { urls: Vec<String> },
    /// A file, number or conclusion differs from the expected one.
    Granted { diff: String },
    /// A file, number or conclusion that is not in the script.
    NotGranted { asked: String },
    /// Files, numbers or conclusions that never came.
    NotAsked { granted: Vec<String> },
    /// The call ended otherwise.
    Outcome { diff: String },
    /// The call broke: a trap, a limit.
    Broke { message: String },
    /// A log line that never came, and those that did.
    NotLogged { line: String, lines: Vec<String> },
    /// A text that must not be said was said.
    Said { text: String, place: &'static str },
}

impl Difference {
    pub(crate) fn request(number: usize, wanted: &Value, seen: &Value) -> Self {
        Self::Request { number, diff: diff(wanted, seen) }
    }

    pub(crate) fn granted(wanted: &Value, seen: &Value) -> Self {
        Self::Granted { diff: diff(wanted, seen) }
    }

    pub(crate) fn outcome(wanted: &Value, seen: &Value) -> Self {
        Self::Outcome { diff: diff(wanted, seen) }
    }
}

/// Lines of the two as indented JSON: `-` expected, `+` seen.
fn diff(wanted: &Value, seen: &Value) -> String {
    let (wanted, seen) = (indented(wanted), indented(seen));
    let diff = TextDiff::from_lines(&wanted, &seen);
    diff.unified_diff().context_radius(3).header("expected", "seen").to_string()
}

fn indented(value: &Value) -> String {
    let mut value = value.clone();
    // Whatever order the parts of this build keep their members in.
    value.sort_all_objects();
    format!("{value:#}\n")
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed() { "ok" } else { "differs" };
        writeln!(f, "{word:7} {}: {}", self.case, self.title)?;
        for difference in &self.differences {
            for line in difference.to_string().lines() {
                writeln!(f, "        {line}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schema { what, misfit } => write!(f, "the {what} does not fit the connector's schema\n{misfit}"),
            Self::NotDescribed { what, name } => write!(f, "the connector has no {what} `{name}`"),
            Self::Request { number, diff } => write!(f, "request {number} differs\n{diff}"),
            Self::Unexpected { number, request } => write!(f, "request {number} is not in the script: {request}"),
            Self::Refused { number, reason } => write!(f, "request {number} would be refused by every host: {reason}"),
            Self::LeftOver { requests } => write!(f, "requests that never came:\n{}", requests.join("\n")),
            Self::Timeout { url, wanted_ms, asked_ms } => {
                write!(f, "`{url}` was to be opened for {wanted_ms} ms, and was for {asked_ms} ms")
            }
            Self::Unopened { urls } => write!(f, "addresses for callbacks that nobody asked for:\n{}", urls.join("\n")),
            Self::Granted { diff } => write!(f, "what the host was asked for differs\n{diff}"),
            Self::NotGranted { asked } => write!(f, "this is not in `case.toml`: {asked}"),
            Self::NotAsked { granted } => {
                write!(f, "in `case.toml`, and never asked for:\n{}", granted.join("\n"))
            }
            Self::Outcome { diff } => write!(f, "the outcome differs\n{diff}"),
            Self::Broke { message } => write!(f, "the call broke: {message}"),
            Self::NotLogged { line, lines } => write!(f, "never logged: {line}\nlogged:\n{}", lines.join("\n")),
            Self::Said { text, place } => write!(f, "`{text}` must not be said, and is in the {place}"),
        }
    }
}
