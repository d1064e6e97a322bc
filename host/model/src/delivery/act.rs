//! What people do about a delivery: which acts there are, where each is possible, and what it leads to.

use serde::{Deserialize, Serialize};

use super::{Attention, DeliveryState, Reason, Resolution};
use crate::{BatchId, Name, Timestamp, TokenId};

/// What somebody does about a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Try it again now, also when the policy has nothing left for it.
    ///
    /// `did_not_happen` answers what is in doubt: nothing of it happened, and it may be sent again. Without that, the
    /// connector has to look. Of a delivery that went on after a wait it says that nothing at all happened: it begins
    /// anew, with another address. Without that, what happened is not sent again.
    Retry { did_not_happen: bool },
    /// Try it again now, with another input: JSON text that fits the operation.
    Edit { input: String, did_not_happen: bool },
    /// It happened; this came of it: JSON text that fits the operation.
    Resolve { output: String },
    /// Nothing will come of it.
    Close,
    /// Those that share its ordering key go on without it. It stays where it is, and is ordered by nothing any more.
    Skip,
    /// Whose work it is; nobody's in particular without a queue.
    Assign { queue: Option<Name> },
}

/// The name of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActKind {
    Retry,
    Edit,
    Resolve,
    Close,
    Skip,
    Assign,
}

impl ActKind {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Retry, Self::Edit, Self::Resolve, Self::Close, Self::Skip, Self::Assign];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Edit => "edit",
            Self::Resolve => "resolve",
            Self::Close => "close",
            Self::Skip => "skip",
            Self::Assign => "assign",
        }
    }

    /// Whether it has to say why: it decides for good what became of the delivery.
    pub fn needs_a_reason(self) -> bool {
        matches!(self, Self::Resolve | Self::Close)
    }

    /// Whether it is possible for a delivery that stands there.
    pub fn is_possible(self, state: &DeliveryState, leads_its_key: bool) -> bool {
        let can_be_tried = matches!(state, DeliveryState::Retrying { .. } | DeliveryState::Attention(_));
        match self {
            // What has no input yet cannot be tried with it.
            Self::Retry => can_be_tried && !is_without_input(state),
            Self::Edit => can_be_tried,
            Self::Skip => can_be_tried && leads_its_key,
            // Where an answer is waited for, somebody may have phoned it in. Tried again, it would be asked for twice.
            Self::Resolve | Self::Close => {
                can_be_tried || matches!(state, DeliveryState::Queued { .. } | DeliveryState::Waiting { .. })
            }
            Self::Assign => matches!(state, DeliveryState::Attention(_)),
        }
    }

    /// What is possible for a delivery that stands there.
    pub fn possible(state: &DeliveryState, leads_its_key: bool) -> Vec<Self> {
        Self::ALL.into_iter().filter(|kind| kind.is_possible(state, leads_its_key)).collect()
    }
}

fn is_without_input(state: &DeliveryState) -> bool {
    matches!(state, DeliveryState::Attention(attention) if attention.reason == Reason::MappingFailed)
}

impl Act {
    pub fn kind(&self) -> ActKind {
        match self {
            Self::Retry { .. } => ActKind::Retry,
            Self::Edit { .. } => ActKind::Edit,
            Self::Resolve { .. } => ActKind::Resolve,
            Self::Close => ActKind::Close,
            Self::Skip => ActKind::Skip,
            Self::Assign { .. } => ActKind::Assign,
        }
    }

    /// Whether it says of what is in doubt that it did not happen.
    pub fn says_did_not_happen(&self) -> bool {
        matches!(self, Self::Retry { did_not_happen: true } | Self::Edit { did_not_happen: true, .. })
    }

    /// Where it leads a delivery for which it is possible.
    pub(super) fn leads_to(&self, state: &DeliveryState, now: Timestamp) -> DeliveryState {
        match self {
            Self::Retry { .. } | Self::Edit { .. } => DeliveryState::Queued { due: now },
            Self::Resolve { .. } => DeliveryState::Closed { resolution: Resolution::Succeeded, at: now },
            Self::Close => DeliveryState::Closed { resolution: Resolution::Failed, at: now },
            Self::Skip => state.clone(),
            Self::Assign { queue } => match state {
                DeliveryState::Attention(attention) => {
                    DeliveryState::Attention(Attention { queue: queue.clone(), ..attention.clone() })
                }
                state => state.clone(),
            },
        }
    }
}

/// Who did something: a token, by the name that it had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub token: TokenId,
    pub name: String,
}

/// What somebody did about a delivery, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneAct {
    pub at: Timestamp,
    pub by: Actor,
    pub act: ActKind,
    pub why: Option<String>,
    /// It said of what was in doubt that it did not happen.
    pub did_not_happen: bool,
    pub before: DeliveryState,
    pub after: DeliveryState,
    /// It was done to many at once.
    pub batch: Option<BatchId>,
    /// JSON text: the input until then, where it was edited.
    pub input_before: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lease, Problem};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn attention(reason: Reason) -> DeliveryState {
        DeliveryState::Attention(Attention::new(reason, Problem::new("no", "No."), NOW))
    }

    #[track_caller]
    fn check(state: &DeliveryState, leads_its_key: bool, expected: &str) {
        let names: Vec<_> = ActKind::possible(state, leads_its_key).into_iter().map(ActKind::as_str).collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn what_is_possible_depends_on_where_it_stands() {
        check(&DeliveryState::Queued { due: NOW }, true, "resolve close");
        check(&DeliveryState::Running { lease: Lease { number: 1, until: NOW } }, true, "");
        let retrying = DeliveryState::Retrying { due: NOW, problem: Problem::new("busy", "Busy.") };
        check(&retrying, false, "retry edit resolve close");
        check(&retrying, true, "retry edit resolve close skip");
        check(&DeliveryState::Waiting { until: NOW }, true, "resolve close");
        check(&attention(Reason::Rejected), true, "retry edit resolve close skip assign");
        check(&attention(Reason::MappingFailed), false, "edit resolve close assign");
        check(&DeliveryState::Closed { resolution: Resolution::Failed, at: NOW }, true, "");
    }

    #[test]
    fn who_it_is_assigned_to_changes_nothing_else() {
        let queue: Option<Name> = Some("payroll".parse().expect("a name"));
        let after = Act::Assign { queue: queue.clone() }.leads_to(&attention(Reason::Denied), NOW);
        let DeliveryState::Attention(assigned) = after else { panic!("{after:?}") };
        assert_eq!(assigned.queue, queue);
        assert_eq!(DeliveryState::Attention(Attention { queue: None, ..assigned }), attention(Reason::Denied));
    }
}
