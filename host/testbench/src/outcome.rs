//! How the call of a case must end, and laying the real end beside it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluse_connector::{FeedItem, FeedPage};
use sluse_model::Failure;

/// How the call must end, and what must and must not be said on the way.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it must end.
    pub end: ExpectedEnd,
    /// Log lines that must occur: `level: text`, where the text may be a part of the line.
    pub log: Vec<String>,
    /// Texts that must occur in no problem, output, log line or intent key: personal numbers, planted secrets.
    pub never: Vec<String>,
}

/// An outcome as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOutcome {
    #[serde(default, deserialize_with = "given")]
    done: Option<Option<Value>>,
    waiting: Option<String>,
    failed: Option<ExpectedFailure>,
    findings: Option<Vec<Finding>>,
    page: Option<ExpectedPage>,
    #[serde(default)]
    settled: bool,
    #[serde(default)]
    log: Vec<String>,
    #[serde(default)]
    never: Vec<String>,
}

impl RawOutcome {
    /// The outcome, unless it says none or more than one end.
    pub(crate) fn settle(self) -> Option<Outcome> {
        let ends = [
            self.done.map(|output| ExpectedEnd::Done(output.unwrap_or_default())),
            self.waiting.map(ExpectedEnd::Waiting),
            self.failed.map(ExpectedEnd::Failed),
            self.findings.map(ExpectedEnd::Findings),
            self.page.map(ExpectedEnd::Page),
            self.settled.then_some(ExpectedEnd::Settled),
        ];
        let mut ends = ends.into_iter().flatten();
        let end = ends.next().filter(|_| ends.next().is_none())?;
        Some(Outcome { end, log: self.log, never: self.never })
    }
}

/// How a call must end.
#[derive(Debug, Clone)]
pub enum ExpectedEnd {
    /// With this output.
    Done(Value),
    /// Waiting, with this state.
    Waiting(String),
    /// With this failure.
    Failed(ExpectedFailure),
    /// With these findings, after `check`.
    Findings(Vec<Finding>),
    /// With this page, after `poll`.
    Page(ExpectedPage),
    /// The source was told.
    Settled,
}

/// What a poll must find.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedPage {
    pub items: Vec<ExpectedItem>,
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(default)]
    pub more: bool,
}

/// One item of a page.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedItem {
    pub key: String,
    #[serde(default)]
    pub group: Option<String>,
    #[serde(default)]
    pub flow: Option<String>,
    pub input: Value,
    #[serde(default)]
    pub attachments: Vec<String>,
    /// It is valid against the feed's item schema; one that is not waits for a person.
    #[serde(default = "yes", skip_serializing)]
    pub fits: bool,
}

fn yes() -> bool {
    true
}

impl From<&FeedPage> for ExpectedPage {
    fn from(page: &FeedPage) -> Self {
        let item = |item: &FeedItem| ExpectedItem {
            key: item.key.clone(),
            group: item.group.clone(),
            flow: item.flow.clone(),
            // What is no JSON is a difference that one sees, as a text.
            input: serde_json::from_str(&item.input).unwrap_or_else(|_| Value::String(item.input.clone())),
            attachments: item.attachments.clone(),
            fits: true,
        };
        Self { items: page.items.iter().map(item).collect(), cursor: page.cursor.clone(), more: page.more }
    }
}

/// A failure; what is left out is not compared.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    pub kind: FailureKind,
    pub code: String,
    #[serde(default)]
    pub message: Option<String>,
    /// Null means that there must be none.
    #[serde(default, deserialize_with = "given")]
    pub detail: Option<Option<String>>,
    /// Null means that there must be none.
    #[serde(default, deserialize_with = "given")]
    pub retry_after_ms: Option<Option<u64>>,
}

/// The class of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    Invalid,
    Rejected,
    Denied,
    Unavailable,
    Unknown,
}

/// One thing that `check` looked at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub subject: String,
    pub passed: bool,
    /// Left out, it is not compared.
    #[serde(default)]
    pub message: Option<String>,
}

/// Tells a null from what is left out.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl FailureKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

/// How a call did end.
#[derive(Debug)]
pub(crate) enum SeenEnd {
    Done(Value),
    Waiting(String),
    Failed(Failure),
    Findings(Vec<sluse_connector::Finding>),
    Page(FeedPage),
    Settled,
}

/// The expected end and the real one, in the same form.
pub(crate) fn views(expected: &ExpectedEnd, seen: &SeenEnd) -> (Value, Value) {
    (expected.view(), seen.view(expected))
}

impl ExpectedEnd {
    fn view(&self) -> Value {
        match self {
            Self::Done(output) => json!({ "done": output }),
            Self::Waiting(state) => json!({ "waiting": state }),
            Self::Findings(findings) => json!({ "findings": findings.iter().map(Finding::view).collect::<Vec<_>>() }),
            Self::Page(page) => json!({ "page": page }),
            Self::Settled => json!({ "settled": true }),
            Self::Failed(failure) => {
                let mut view = json!({ "kind": failure.kind.as_str(), "code": failure.code });
                if let Some(message) = &failure.message {
                    view["message"] = json!(message);
                }
                if let Some(detail) = &failure.detail {
                    view["detail"] = json!(detail);
                }
                if let Some(retry_after_ms) = &failure.retry_after_ms {
                    view["retry_after_ms"] = json!(retry_after_ms);
                }
                json!({ "failed": view })
            }
        }
    }
}

impl Finding {
    fn view(&self) -> Value {
        let mut view = json!({ "subject": self.subject, "passed": self.passed });
        if let Some(message) = &self.message {
            view["message"] = json!(message);
        }
        view
    }
}

impl SeenEnd {
    fn view(&self, expected: &ExpectedEnd) -> Value {
        match self {
            Self::Done(output) => json!({ "done": output }),
            Self::Waiting(state) => json!({ "waiting": state }),
            Self::Findings(findings) => findings_view(findings, expected),
            Self::Page(page) => json!({ "page": ExpectedPage::from(page) }),
            Self::Settled => json!({ "settled": true }),
            Self::Failed(failure) => failure_view(failure, expected),
        }
    }

    /// Everything that was said, for `never`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Done(output) => output.to_string(),
            Self::Waiting(state) => state.clone(),
            Self::Findings(findings) => findings.iter().map(|finding| format!("{}\n", finding.message)).collect(),
            // What was submitted is in the items; their names are not.
            Self::Page(page) => page.items.iter().map(|item| format!("{}\n", item.key)).collect(),
            Self::Settled => String::new(),
            Self::Failed(failure) => {
                let problem = failure.problem();
                format!("{}\n{}\n{}", problem.code, problem.message, problem.detail.as_deref().unwrap_or_default())
            }
        }
    }
}

fn findings_view(findings: &[sluse_connector::Finding], expected: &ExpectedEnd) -> Value {
    let wants_message = |index: usize| match expected {
        ExpectedEnd::Findings(expected) => expected.get(index).is_none_or(|finding| finding.message.is_some()),
        _ => true,
    };
    let view = |(index, finding): (usize, &sluse_connector::Finding)| {
        let mut view = json!({ "subject": finding.subject, "passed": finding.passed });
        if wants_message(index) {
            view["message"] = json!(finding.message);
        }
        view
    };
    json!({ "findings": findings.iter().enumerate().map(view).collect::<Vec<_>>() })
}

fn failure_view(failure: &Failure, expected: &ExpectedEnd) -> Value {
    let problem = failure.problem();
    let kind = match failure {
        Failure::Invalid { .. } => FailureKind::Invalid,
        Failure::Rejected { .. } => FailureKind::Rejected,
        Failure::Denied { .. } => FailureKind::Denied,
        Failure::Unavailable { .. } => FailureKind::Unavailable,
        Failure::Unknown { .. } => FailureKind::Unknown,
    };
    let retry_after_ms = match failure {
        Failure::Unavailable { retry_after_ms, .. } => *retry_after_ms,
        _ => None,
    };
    // Another end than a failure was expected: show all of it.
    let compared = match expected {
        ExpectedEnd::Failed(expected) => Some(expected),
        _ => None,
    };
    let mut view = Map::new();
    view.insert("kind".into(), json!(kind.as_str()));
    view.insert("code".into(), json!(problem.code));
    if compared.is_none_or(|expected| expected.message.is_some()) {
        view.insert("message".into(), json!(problem.message));
    }
    if compared.is_none_or(|expected| expected.detail.is_some()) {
        view.insert("detail".into(), json!(problem.detail));
    }
    if compared.is_some_and(|expected| expected.retry_after_ms.is_some()) {
        view.insert("retry_after_ms".into(), json!(retry_after_ms));
    }
    json!({ "failed": view })
}
