//! What came of a call instead of an output: the class that programs go by, and the problem that people read.

use std::{fmt, time::Duration};

use sluse_model::{AttemptEnd, DeliveryId, DeliveryState, Failure, Problem, Reason};
use sluse_store::DeliveryDetail;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallClass {
    /// The input or the settings cannot be right.
    Invalid,
    /// The target understood and refused, or a person did.
    Rejected,
    /// The target refused who we are or what we may do.
    Denied,
    /// The target could not answer now.
    Unavailable,
    /// It may or may not have happened.
    Unknown,
    /// The connector broke.
    Broken,
    /// The host is not set up for it.
    Misconfigured,
}

impl CallClass {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Invalid,
        Self::Rejected,
        Self::Denied,
        Self::Unavailable,
        Self::Unknown,
        Self::Broken,
        Self::Misconfigured,
    ];

    fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::Invalid => Self::Invalid,
            Reason::Rejected => Self::Rejected,
            Reason::Denied => Self::Denied,
            Reason::AttemptsExhausted => Self::Unavailable,
            Reason::OutcomeUnknown | Reason::TimedOut => Self::Unknown,
            Reason::ConnectorBroken => Self::Broken,
            Reason::MappingFailed | Reason::Misconfigured => Self::Misconfigured,
        }
    }

    /// By the name that attempts are kept under; without any of these, a person closed it.
    fn of_kind(kind: &str) -> Self {
        match kind {
            "invalid" => Self::Invalid,
            "denied" => Self::Denied,
            "unavailable" | "lost" => Self::Unavailable,
            "unknown" | "timed-out" => Self::Unknown,
            "broken" => Self::Broken,
            "misconfigured" => Self::Misconfigured,
            _ => Self::Rejected,
        }
    }
}

/// What came of a call instead of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    pub class: CallClass,
    pub problem: Problem,
    /// How long the target asked to be left alone.
    pub retry_after: Option<Duration>,
    /// What is kept of it.
    pub delivery: Option<FailedDelivery>,
}

/// A delivery that is closed without success, or waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedDelivery {
    pub id: DeliveryId,
    /// Why a person has to look; nobody has to when it is closed.
    pub reason: Option<Reason>,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)?;
        match self.delivery {
            None => Ok(()),
            Some(FailedDelivery { id, reason: Some(reason) }) => {
                write!(f, " (delivery {id} waits for a person: {})", reason.as_str())
            }
            Some(FailedDelivery { id, reason: None }) => write!(f, " (delivery {id} is closed)"),
        }
    }
}

impl CallFailure {
    /// Of a call of which nothing is kept, and that did not end as it should.
    pub(super) fn of_end(end: AttemptEnd) -> Self {
        let retry_after = match &end {
            AttemptEnd::Failed(Failure::Unavailable { retry_after_ms, .. }) => {
                retry_after_ms.map(Duration::from_millis)
            }
            _ => None,
        };
        let problem = end.problem().cloned().unwrap_or_else(no_output);
        Self { class: CallClass::of_kind(end.kind()), problem, retry_after, delivery: None }
    }

    /// Of a delivery that waits for a person, or was closed without success.
    pub(super) fn of_delivery(detail: &DeliveryDetail) -> Self {
        let id = detail.delivery.id;
        if let DeliveryState::Attention(attention) = &detail.delivery.state {
            let (class, problem) = (CallClass::of_reason(attention.reason), attention.problem.clone());
            let delivery = Some(FailedDelivery { id, reason: Some(attention.reason) });
            return Self { class, problem, retry_after: None, delivery };
        }
        let last = detail.attempts.last().and_then(|attempt| attempt.result.as_ref());
        let problem = last.and_then(|result| result.problem.clone()).unwrap_or_else(closed_by_hand);
        let class = CallClass::of_kind(last.map_or("", |result| &result.kind));
        Self { class, problem, retry_after: None, delivery: Some(FailedDelivery { id, reason: None }) }
    }
}

fn no_output() -> Problem {
    Problem::new("no-output", "The operation came to no output.")
}

fn closed_by_hand() -> Problem {
    Problem::new("closed-by-hand", "It was closed by hand.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever an attempt or a person's work can be called has its class.
    #[test]
    fn the_reason_and_the_attempt_say_the_same() {
        for (reason, kind) in [
            (Reason::Invalid, "invalid"),
            (Reason::Rejected, "rejected"),
            (Reason::Denied, "denied"),
            (Reason::AttemptsExhausted, "unavailable"),
            (Reason::AttemptsExhausted, "lost"),
            (Reason::OutcomeUnknown, "unknown"),
            (Reason::TimedOut, "timed-out"),
            (Reason::ConnectorBroken, "broken"),
            (Reason::Misconfigured, "misconfigured"),
        ] {
            assert_eq!(CallClass::of_reason(reason), CallClass::of_kind(kind), "{kind}");
        }
        let reached: Vec<_> = Reason::ALL.map(CallClass::of_reason).into();
        assert!(CallClass::ALL.iter().all(|class| reached.contains(class)));
    }
}
