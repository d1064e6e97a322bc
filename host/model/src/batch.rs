//! One act on many deliveries: which acts there are, where they are possible, and how fast.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Act, ActKind, Actor, Name, Timestamp};

/// So many acts in a second unless something else is asked for: a target that was down for a night is not to be met
/// with everything at once.
pub const USUAL_BATCH_RATE: u32 = 10;

/// No batch is faster: others write too.
pub const MAX_BATCH_RATE: u32 = 100;

/// What is done about many deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum BatchAct {
    /// As [`Act::Retry`].
    Retry { did_not_happen: bool },
    /// As [`Act::Close`].
    Close,
    /// As [`Act::Assign`].
    Assign { queue: Option<Name> },
}

impl BatchAct {
    pub fn kind(&self) -> ActKind {
        self.act().kind()
    }

    /// What is done about each.
    pub fn act(&self) -> Act {
        match self {
            Self::Retry { did_not_happen } => Act::Retry { did_not_happen: *did_not_happen },
            Self::Close => Act::Close,
            Self::Assign { queue } => Act::Assign { queue: queue.clone() },
        }
    }

    /// The states in which it may be possible. What is running is somebody's, and what is closed stays so.
    pub fn states(&self) -> &'static [&'static str] {
        match self {
            Self::Retry { .. } => &["attention", "retrying"],
            Self::Close => &["attention", "retrying", "waiting", "queued"],
            Self::Assign { .. } => &["attention"],
        }
    }
}

/// The time between two acts of a batch.
pub fn batch_gap(per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second.clamp(1, MAX_BATCH_RATE)
}

/// Why nothing was done about a delivery that a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchRefusal {
    /// Not where it stands.
    NotPossible,
    /// A request of it may have happened.
    InDoubt,
    /// What it would be checked against, or what follows, is not there.
    NotReady,
    /// Somebody else was faster.
    ChangedMeanwhile,
}

impl BatchRefusal {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::NotPossible, Self::InDoubt, Self::NotReady, Self::ChangedMeanwhile];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPossible => "not-possible",
            Self::InDoubt => "in-doubt",
            Self::NotReady => "not-ready",
            Self::ChangedMeanwhile => "changed-meanwhile",
        }
    }
}

/// How a batch ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEnd {
    pub at: Timestamp,
    /// Absent when it came to its end.
    pub stopped_by: Option<Actor>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attention, DeliveryState, Lease, Problem, Reason, Resolution};

    #[test]
    fn the_states_of_a_batch_are_those_in_which_its_act_is_possible() {
        let (now, problem) = (Timestamp::from_millis(0), || Problem::new("no", "No."));
        let states = [
            DeliveryState::Queued { due: now },
            DeliveryState::Running { lease: Lease { number: 1, until: now } },
            DeliveryState::Retrying { due: now, problem: problem() },
            DeliveryState::Waiting { until: now },
            DeliveryState::Attention(Attention::new(Reason::Denied, problem(), now)),
            DeliveryState::Closed { resolution: Resolution::Failed, at: now },
        ];
        let acts = [BatchAct::Retry { did_not_happen: false }, BatchAct::Close, BatchAct::Assign { queue: None }];
        for act in acts {
            for state in &states {
                let is_named = act.states().contains(&state.as_str());
                assert_eq!(is_named, act.kind().is_possible(state, true), "{act:?} {state:?}");
            }
        }
    }

    #[test]
    fn a_batch_is_never_faster_than_it_may_be() {
        assert_eq!(batch_gap(1), Duration::from_secs(1));
        assert_eq!(batch_gap(USUAL_BATCH_RATE), Duration::from_millis(100));
        assert_eq!((batch_gap(0), batch_gap(u32::MAX)), (Duration::from_secs(1), Duration::from_millis(10)));
    }
}
