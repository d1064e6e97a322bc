//! Waiting for an answer: the addresses that targets are given, the answers that come in at them, and what a connector is
//! told when its wait has ended.

use std::{error::Error, fmt, time::Duration};

use bytes::Bytes;
use sluse_connector::Arrival;
use sluse_egress::ReceivedSignature;
use sluse_model::{AttemptEnd, DeliveryId, Failure, Problem, address_number};
use sluse_store::{Answer, Arrived, Resumption, StoreError};
use sluse_vault::VaultError;

use crate::Engine;

/// The longest that a connector may wait: a year. What takes longer is not the business of one delivery.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A longer media type is none.
const MAX_MEDIA_TYPE_BYTES: usize = 200;

/// What a body is when nobody said.
const UNKNOWN_MEDIA_TYPE: &str = "application/octet-stream";

/// What came in at an address.
#[derive(Clone, PartialEq, Eq)]
pub struct TargetAnswer {
    /// The last part of the address.
    pub token: String,
    pub media_type: Option<String>,
    /// How it is signed, if it is.
    pub signature: Option<ReceivedSignature>,
    pub body: Bytes,
}

impl fmt::Debug for TargetAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetAnswer").field("size_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Why an answer has no effect.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("nothing waits for an answer here")]
    Unknown,
    #[error("it came too late: nothing waits for it any more")]
    Late,
    #[error("another answer has come to this address: the first one counts")]
    Answered,
    /// It has to be signed, and is not, or not so. Nothing of it is kept.
    #[error("the answer is not signed as it has to be: {0}")]
    NotSigned(String),
    /// It has to be signed, and the host cannot tell whether it is.
    #[error("it cannot be told whether the answer is signed: {0}")]
    NotJudged(VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Whether this is the last part of an address that was given.
    pub fn is_address(&self, token: &str) -> bool {
        self.vault.read_callback_token(token).is_some()
    }

    /// Takes in an answer; durable when it returns. The same again is taken without effect.
    pub async fn take_answer(&self, answer: TargetAnswer) -> Result<(), AnswerError> {
        let (delivery, number) = self.vault.read_callback_token(&answer.token).ok_or(AnswerError::Unknown)?;
        let message = self.signed_message(delivery, &answer).await?;
        let body = self.vault.seal_callback(delivery, number, &answer.body);
        let media_type = media_type(answer.media_type);
        let arrived_at = self.clock.now();
        let arrived = self.store.arrive(Answer { delivery, number, arrived_at, message, media_type, body }).await?;
        let (became, told) = match arrived {
            Arrived::Taken => ("taken", Ok(())),
            Arrived::Kept => ("kept until it waits", Ok(())),
            Arrived::Again => ("the same again", Ok(())),
            Arrived::Before(sealed) if self.says_the_same(delivery, number, &sealed, &answer.body) => {
                ("the same again", Ok(()))
            }
            Arrived::Before(_) => ("another one, refused", Err(AnswerError::Answered)),
            Arrived::Late => ("too late", Err(AnswerError::Late)),
            Arrived::Unknown => ("unknown", Err(AnswerError::Unknown)),
        };
        let size_bytes = answer.body.len();
        tracing::info!(%delivery, number, became, size_bytes, "an answer for {delivery} came in: {became}");
        told
    }

    fn says_the_same(&self, delivery: DeliveryId, number: u32, sealed: &[u8], body: &[u8]) -> bool {
        self.vault.open_callback(delivery, number, sealed).is_ok_and(|before| before.expose() == body)
    }

    /// What the sender calls its answer, where the connection wants it signed. An answer that is not is refused.
    async fn signed_message(&self, delivery: DeliveryId, answer: &TargetAnswer) -> Result<Option<String>, AnswerError> {
        let found = self.store.delivery(delivery).await?.ok_or(AnswerError::Unknown)?.delivery;
        let connection = self.store.connection(&found.connection).await?.map(|stored| stored.connection);
        let Some(settings) = connection.and_then(|connection| connection.callbacks) else { return Ok(None) };
        let refused = |reason: String| {
            tracing::warn!(%delivery, connection = %found.connection, reason, "an answer for {delivery} was refused: {reason}");
            AnswerError::NotSigned(reason)
        };
        let missing = "`webhook-id`, `webhook-timestamp` and `webhook-signature` are needed, each once";
        let received = answer.signature.as_ref().ok_or_else(|| refused(missing.into()))?;
        let judged = self.vault.check_signature(&settings.secret.secret, received, &answer.body).await;
        match judged.map_err(not_judged)? {
            Ok(()) => Ok(Some(received.id.clone())),
            Err(refusal) => Err(refused(refusal.message)),
        }
    }

    /// The address of this number; `None` when the host takes no callbacks.
    pub(crate) fn callback_address(&self, delivery: DeliveryId, phase: u32, ordinal: u32) -> Option<String> {
        let url = self.settings.callbacks_url.as_deref()?;
        let token = self.vault.callback_token(delivery, address_number(phase, ordinal));
        Some(format!("{}/callbacks/{token}", url.trim_end_matches('/')))
    }

    /// What the connector is told of how its wait ended.
    pub(crate) fn arrival(&self, resumption: &Resumption) -> Result<Arrival, AttemptEnd> {
        let Some(answer) = &resumption.answer else { return Ok(Arrival::TimedOut) };
        let body = self.vault.open_callback(answer.delivery, answer.number, &answer.body);
        let body = body.map_err(|error| not_opened(&error))?;
        Ok(Arrival::Answered { media_type: answer.media_type.clone(), body: Bytes::copy_from_slice(body.expose()) })
    }
}

fn not_judged(error: VaultError) -> AnswerError {
    match error {
        VaultError::Store(error) => AnswerError::Store(error),
        error => AnswerError::NotJudged(error),
    }
}

/// How the wait ended, for people.
pub(crate) fn told(resumption: &Resumption) -> String {
    match &resumption.answer {
        Some(answer) => format!("The target answered at {} ({}).", answer.arrived_at, answer.media_type),
        None => "The target did not answer in time.".to_owned(),
    }
}

/// What a failure amounts to when no answer came in time: that is the reason that a person has to look, whatever word the
/// connector has for it. A target that is unavailable is asked again all the same.
pub(crate) fn after_silence(end: AttemptEnd) -> AttemptEnd {
    match end {
        AttemptEnd::Failed(Failure::Unavailable { .. }) => end,
        AttemptEnd::Failed(failure) => AttemptEnd::TimedOut(failure.problem().clone()),
        end => end,
    }
}

fn not_opened(error: &dyn Error) -> AttemptEnd {
    let message = "The target's answer cannot be opened.";
    AttemptEnd::Misconfigured(Problem::new("answer-not-opened", message).with_detail(error.to_string()))
}

/// The media type as it is handed over: visible letters, and not many.
fn media_type(said: Option<String>) -> String {
    let is_plain = |text: &String| {
        let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        !text.is_empty() && text.len() <= MAX_MEDIA_TYPE_BYTES && text.bytes().all(visible)
    };
    said.filter(is_plain).unwrap_or_else(|| UNKNOWN_MEDIA_TYPE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: Option<&str>, expected: &str) {
        assert_eq!(media_type(said.map(str::to_owned)), expected);
    }

    #[test]
    fn a_media_type_is_short_and_visible_or_unknown() {
        check(Some("application/json; charset=utf-8"), "application/json; charset=utf-8");
        check(None, UNKNOWN_MEDIA_TYPE);
        check(Some("text/\u{1b}[2J"), UNKNOWN_MEDIA_TYPE);
        check(Some(&"x".repeat(MAX_MEDIA_TYPE_BYTES + 1)), UNKNOWN_MEDIA_TYPE);
    }

    #[test]
    fn silence_is_the_reason_unless_the_target_is_unavailable() {
        let problem = || Problem::new("no-answer", "No answer.");
        for failure in [Failure::Unknown { problem: problem() }, Failure::Rejected { problem: problem() }] {
            assert_eq!(after_silence(AttemptEnd::Failed(failure)), AttemptEnd::TimedOut(problem()));
        }
        let unavailable = AttemptEnd::Failed(Failure::Unavailable { problem: problem(), retry_after_ms: None });
        let done = AttemptEnd::Done { output: "{}".into() };
        for end in [unavailable, done] {
            assert_eq!(after_silence(end.clone()), end);
        }
    }
}
