//! What is started for a run that failed: a run of another flow, which stands for it.

use serde::{Deserialize, Serialize};

use crate::{DeliveryState, ItemStanding, Name, NoticeOccasion, RunId, RunState};

/// What is started for a run one of whose steps fails, or waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnFailure {
    /// One run of it is started for each run that fails, and ever.
    pub flow: Name,
    #[serde(default = "usual_occasions")]
    pub when: Vec<NoticeOccasion>,
    /// When that run succeeds, what waits for a person is closed as failed: it needs nobody any more.
    #[serde(default = "usually_resolves")]
    pub resolves: bool,
}

/// Whatever keeps a run from succeeding.
fn usual_occasions() -> Vec<NoticeOccasion> {
    NoticeOccasion::ALL.to_vec()
}

/// Who made a case of it need not look at it twice.
fn usually_resolves() -> bool {
    true
}

impl OnFailure {
    /// Whether something is to be started when a delivery goes there.
    pub fn is_meant(&self, state: &DeliveryState) -> bool {
        NoticeOccasion::of(state).is_some_and(|occasion| self.when.contains(&occasion))
    }
}

/// The failed run that a run was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandsFor {
    pub run: RunId,
    /// When it succeeds, what of the failed one waits for a person is closed as failed.
    pub resolves: bool,
}

impl ItemStanding {
    /// What a source has a word for when the run of its item has failed and another one stands for it; nothing while
    /// that is under way. The other's success is as good as its own, and as long as somebody may still put either
    /// right, the item is held.
    pub fn of_runs(failed: RunState, stands_for_it: RunState) -> Option<Self> {
        match (failed, stands_for_it) {
            (RunState::Running, _) => None,
            (RunState::Succeeded, _) | (_, RunState::Succeeded) => Some(Self::Succeeded),
            (_, RunState::Running) => None,
            (RunState::Failed, RunState::Failed) => Some(Self::Failed),
            (_, RunState::Attention) | (RunState::Attention, RunState::Failed) => Some(Self::Held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attention, Problem, Reason, Resolution, Timestamp};

    const NOW: Timestamp = Timestamp::from_millis(0);

    #[test]
    fn any_failure_is_meant_unless_something_else_is_said() {
        let attention = DeliveryState::Attention(Attention::new(Reason::Denied, Problem::new("no", "No."), NOW));
        let closed = |resolution| DeliveryState::Closed { resolution, at: NOW };
        let usual: OnFailure = serde_json::from_str(r#"{"flow": "error-case"}"#).expect("it has a flow");
        assert!(usual.resolves && usual.is_meant(&attention) && usual.is_meant(&closed(Resolution::Failed)));
        assert!(
            !usual.is_meant(&closed(Resolution::Succeeded)) && !usual.is_meant(&DeliveryState::Queued { due: NOW })
        );
        let closed_only = OnFailure { when: vec![NoticeOccasion::Closed], ..usual };
        assert!(!closed_only.is_meant(&attention) && closed_only.is_meant(&closed(Resolution::Failed)));
    }

    #[track_caller]
    fn check(failed: RunState, stands_for_it: RunState, expected: Option<ItemStanding>) {
        assert_eq!(ItemStanding::of_runs(failed, stands_for_it), expected, "{failed:?} {stands_for_it:?}");
    }

    #[test]
    fn a_source_is_told_what_became_of_the_run_that_stands_for_its_item() {
        use RunState::{Attention, Failed, Running, Succeeded};
        for failed in [Attention, Failed] {
            check(failed, Running, None);
            check(failed, Succeeded, Some(ItemStanding::Succeeded));
            check(failed, Attention, Some(ItemStanding::Held));
        }
        // Somebody waits for it still, or nobody.
        check(Attention, Failed, Some(ItemStanding::Held));
        check(Failed, Failed, Some(ItemStanding::Failed));
    }

    #[test]
    fn what_succeeds_when_it_is_tried_again_has_succeeded() {
        for stands_for_it in RunState::ALL {
            check(RunState::Running, stands_for_it, None);
            check(RunState::Succeeded, stands_for_it, Some(ItemStanding::Succeeded));
        }
    }
}
