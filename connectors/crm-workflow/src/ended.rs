//! What an execution came to: its branch, what it found, and the failure that it is where nobody wants a branch.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Effect, Response, SendError, SendErrorReason},
};

use crate::{
    answer,
    branch::Branch,
    problem,
    settings::{OnError, Settings},
};

/// What an execution came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) branch: Branch,
    /// None of a success.
    pub(crate) failure: Option<Failure>,
    pub(crate) status: Option<u16>,
    /// The answer of an execution that gave results, with errors beside them or without.
    pub(crate) result_set: Option<Value>,
    errors: Vec<Value>,
}

/// What went wrong. Studio's variable is `workflowErrorOutput`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorArgs {
    /// A stable short name: `target-busy`.
    code: String,
    /// A sentence for people.
    message: String,
    /// What support needs.
    detail: Option<String>,
    /// The status of the answer; null when there was none.
    status: Option<u16>,
    /// How long CXone asks to be left alone.
    retry_after_ms: Option<u64>,
    /// It may have happened all the same: do not run it again before somebody has looked.
    in_doubt: bool,
    /// The errors of the answer, as they came.
    errors: Vec<Value>,
}

impl Ended {
    /// An input cannot be right, and nothing was sent.
    pub(crate) fn not_sent(failure: Failure) -> Self {
        Self::without_results(Branch::ValidationError, failure)
    }

    /// There is no answer.
    pub(crate) fn unanswered(error: &SendError, what: &str) -> Self {
        let branch = match error.reason {
            SendErrorReason::Interrupted(_) => Branch::Timeout,
            _ => Branch::InternalError,
        };
        Self::without_results(branch, problem::unanswered(error, what))
    }

    /// What an answer means.
    pub(crate) fn answered(response: &Response, effect: Effect, what: &str, settings: &Settings) -> Self {
        let status = response.status();
        let branch = settings.branch(status, &response.text());
        if !response.is_success() {
            let failure = problem::of_answer(response, branch, effect, what);
            let failure = Some(failure).filter(|_| branch != Branch::Success);
            let said: Value = serde_json::from_slice(response.bytes()).unwrap_or_default();
            return Self { branch, failure, status: Some(status), result_set: None, errors: answer::errors(&said) };
        }
        let Some(result_set) = read(response.bytes()) else {
            let failure = Some(problem::not_understood(response, what));
            let branch = Branch::InternalError;
            return Self { branch, failure, status: Some(status), result_set: None, errors: Vec::new() };
        };
        let errors = answer::errors(&result_set);
        let branch = if branch == Branch::Success && !errors.is_empty() { Branch::InternalError } else { branch };
        let failure = (branch != Branch::Success).then(|| problem::partly_done(response, what));
        Self {
            branch,
            failure,
            status: Some(status),
            result_set: Some(result_set).filter(|set| !set.is_null()),
            errors,
        }
    }

    fn without_results(branch: Branch, failure: Failure) -> Self {
        Self { branch, failure: Some(failure), status: None, result_set: None, errors: Vec::new() }
    }

    /// As the connection wants to see it: with its branch, or as a failure.
    pub(crate) fn shown(self, on_error: OnError) -> Result<Self, Failure> {
        match self.failure {
            Some(failure) if on_error == OnError::Fail => Err(failure),
            _ => Ok(self),
        }
    }

    pub(crate) fn error_args(&self) -> Option<ErrorArgs> {
        let failure = self.failure.as_ref()?;
        let problem = failure.problem();
        let retry_after_ms = match failure {
            Failure::Unavailable(unavailable) => unavailable.retry_after_ms,
            _ => None,
        };
        Some(ErrorArgs {
            code: problem.code.clone(),
            message: problem.message.clone(),
            detail: problem.detail.clone(),
            status: self.status,
            retry_after_ms,
            in_doubt: is_in_doubt(failure),
            errors: self.errors.clone(),
        })
    }

    /// The key under which CXone keeps the results, where it says one.
    pub(crate) fn cache_key(&self) -> Option<String> {
        answer::text(self.result_set.as_ref()?.get("cacheKey"))
    }

    /// The records that were found.
    pub(crate) fn records(&self) -> Vec<answer::Record> {
        self.result_set.as_ref().map(|set| answer::records(set, "records")).unwrap_or_default()
    }
}

fn is_in_doubt(failure: &Failure) -> bool {
    matches!(failure, Failure::Unknown(_))
}

/// A body that is empty says nothing, and is understood.
fn read(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() }
}
