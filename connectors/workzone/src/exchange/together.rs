//! Creating several rows in one `$batch`, all or none. An error inside a success undoes them all; an
//! interrupted batch is looked up as a whole before it is sent again.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Method, Response, SendErrorReason},
    log,
};

use super::{Made, WorkZone, create::row_of, unanswered};
use crate::{
    odata::{self, batch},
    problem,
};

const WHAT: &str = "POST /$batch";

/// Rows that are created together.
pub(crate) struct Together<'look> {
    pub(crate) creations: Vec<batch::Creation>,
    /// Names the batch within the delivery.
    pub(crate) intent_key: String,
    /// What people call them: `dokumenterne`.
    pub(crate) title: &'static str,
    /// This attempt has looked and found none of them; another attempt would find them.
    pub(crate) looked: bool,
    /// Reads whether they are there: the rows in the order of their creation, or none.
    pub(crate) look: &'look dyn Fn() -> Result<Option<Vec<Value>>, Failure>,
}

enum Sent {
    Happened(Vec<Value>),
    /// An error part: nothing of it happened, although the host's journal has a success.
    Undone(Failure),
    /// It may have happened.
    InDoubt {
        cause: String,
        failure: Option<Failure>,
    },
    Failed(Failure),
}

impl WorkZone<'_> {
    /// Creates the rows, or finds that they are there.
    pub(crate) fn create_together(&self, together: &Together<'_>) -> Result<Vec<Made>, Failure> {
        let mut sent = self.post_batch(together, &together.intent_key, together.looked);
        if self.attempt > 1 && matches!(sent, Sent::Undone(_)) {
            // It may be the recorded answer of an earlier attempt, and nothing came of that one.
            let intent_key = format!("{}:attempt-{}", together.intent_key, self.attempt);
            sent = self.post_batch(together, &intent_key, together.looked);
        }
        match sent {
            Sent::Happened(rows) => Ok(made(rows, true)),
            Sent::Undone(failure) => (together.look)()?.map(|rows| made(rows, false)).ok_or(failure),
            Sent::InDoubt { cause, failure } => match (together.look)()? {
                Some(rows) => {
                    log::info(format!("Forbindelsen blev afbrudt, men {} findes i WorkZone", together.title));
                    Ok(made(rows, true))
                }
                None => match failure {
                    Some(failure) => Err(failure),
                    None => self.batch_again(together, &cause),
                },
            },
            Sent::Failed(failure) => Err(failure),
        }
    }

    fn batch_again(&self, together: &Together<'_>, cause: &str) -> Result<Vec<Made>, Failure> {
        match self.post_batch(together, &together.intent_key, true) {
            Sent::Happened(rows) => Ok(made(rows, true)),
            Sent::Undone(failure) | Sent::Failed(failure) => Err(failure),
            Sent::InDoubt { failure, .. } => match (together.look)()? {
                Some(rows) => Ok(made(rows, true)),
                None => Err(failure.unwrap_or_else(|| problem::not_yet(cause))),
            },
        }
    }

    fn post_batch(&self, together: &Together<'_>, intent_key: &str, reconciled: bool) -> Sent {
        let body = batch::write(&together.creations, odata::headers(self.settings));
        // The version's headers are on the parts, and `Accept` names the shape of the whole.
        let mut request = self.plain_request(Method::Post, "/$batch").header("Accept", "multipart/mixed");
        for (name, value) in odata::headers(self.settings).iter().filter(|(name, _)| *name != "Accept") {
            request = request.header(name, value);
        }
        let request = request.multipart(body).intent_key(intent_key);
        let sent = if reconciled { request.reconciled().send() } else { request.send() };
        match sent {
            Ok(response) => self.read_batch(&response, together.creations.len()),
            Err(error) => match &error.reason {
                SendErrorReason::Interrupted(_) => Sent::InDoubt { cause: format!("{WHAT}: {error}"), failure: None },
                SendErrorReason::TooLarge(_) => in_doubt(together.title, &format!("{WHAT}: {error}")),
                SendErrorReason::Forbidden(_) | SendErrorReason::Unreachable(_) => {
                    Sent::Failed(unanswered(error, WHAT))
                }
            },
        }
    }

    fn read_batch(&self, response: &Response, count: usize) -> Sent {
        match response.status() {
            200..=299 => {}
            408 | 500 | 502 | 504 => {
                let failure = self.failure(response, WHAT);
                return Sent::InDoubt { cause: WHAT.into(), failure: Some(failure) };
            }
            _ => return Sent::Failed(self.failure(response, WHAT)),
        }
        let answers =
            batch::read(response.header("content-type").unwrap_or_default(), response.bytes()).unwrap_or_default();
        if let Some(refused) = answers.iter().find(|answer| answer.status >= 300) {
            return Sent::Undone(problem::of_part(refused.status, &refused.body));
        }
        let rows: Option<Vec<Value>> = answers.iter().map(row_of_part).collect();
        match rows.filter(|rows| rows.len() == count) {
            Some(rows) => Sent::Happened(rows),
            None => in_doubt("det hele", "the answer to POST /$batch does not name each row"),
        }
    }
}

fn in_doubt(title: &str, cause: &str) -> Sent {
    Sent::InDoubt { cause: cause.to_owned(), failure: Some(problem::cannot_look(title, cause)) }
}

fn row_of_part(answer: &batch::PartAnswer) -> Option<Value> {
    let header = |name: &str| {
        answer.headers.iter().find(|(seen, _)| seen.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    row_of(&answer.body, header("location"), header("etag"))
}

fn made(rows: Vec<Value>, created: bool) -> Vec<Made> {
    rows.into_iter().map(|row| Made { row, created }).collect()
}
