//! Telling the owner of a flow what became of one of its deliveries.

use serde::{Deserialize, Serialize};

use crate::{DeliveryState, Name, Resolution};

/// Who is told, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerNotice {
    /// The flow that carries the notice: each is a run of it.
    pub flow: Name,
    #[serde(default = "usual_occasions")]
    pub when: Vec<NoticeOccasion>,
}

/// What waits for a person is the business of whoever works on its queue.
fn usual_occasions() -> Vec<NoticeOccasion> {
    vec![NoticeOccasion::Closed]
}

/// What the owner is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeOccasion {
    /// The host closed a delivery as failed. Whoever closes one by hand knows already.
    Closed,
    /// A delivery waits for a person.
    Attention,
}

impl NoticeOccasion {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Closed, Self::Attention];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Attention => "attention",
        }
    }

    /// The `type` of the notice.
    pub fn event(self) -> &'static str {
        match self {
            Self::Closed => "delivery.failed",
            Self::Attention => "delivery.attention",
        }
    }

    /// The occasion that a delivery gives by going there.
    pub fn of(state: &DeliveryState) -> Option<Self> {
        match state {
            DeliveryState::Attention(_) => Some(Self::Attention),
            DeliveryState::Closed { resolution: Resolution::Failed, .. } => Some(Self::Closed),
            DeliveryState::Closed { resolution: Resolution::Succeeded, .. } => None,
            DeliveryState::Queued { .. } | DeliveryState::Running { .. } => None,
            DeliveryState::Retrying { .. } | DeliveryState::Waiting { .. } => None,
        }
    }
}

impl OwnerNotice {
    /// What the owner is to be told when a delivery goes there; `None` when nothing.
    pub fn occasion(&self, state: &DeliveryState) -> Option<NoticeOccasion> {
        NoticeOccasion::of(state).filter(|occasion| self.when.contains(occasion))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attention, Lease, Problem, Reason, Timestamp};

    const NOW: Timestamp = Timestamp::from_millis(0);

    #[track_caller]
    fn check(when: &[NoticeOccasion], state: &DeliveryState, expected: Option<&str>) {
        let notice = OwnerNotice { flow: "tell-owner".parse().expect("a name"), when: when.to_vec() };
        assert_eq!(notice.occasion(state).map(NoticeOccasion::event), expected);
    }

    #[test]
    fn the_owner_is_told_of_what_was_asked_for_and_of_nothing_else() {
        let problem = || Problem::new("no", "No.");
        let attention = DeliveryState::Attention(Attention::new(Reason::Denied, problem(), NOW));
        let closed = |resolution| DeliveryState::Closed { resolution, at: NOW };
        check(&NoticeOccasion::ALL, &attention, Some("delivery.attention"));
        check(&NoticeOccasion::ALL, &closed(Resolution::Failed), Some("delivery.failed"));
        check(&[NoticeOccasion::Closed], &attention, None);
        check(&[NoticeOccasion::Attention], &closed(Resolution::Failed), None);
        for state in [
            closed(Resolution::Succeeded),
            DeliveryState::Queued { due: NOW },
            DeliveryState::Running { lease: Lease { number: 1, until: NOW } },
            DeliveryState::Retrying { due: NOW, problem: problem() },
            DeliveryState::Waiting { until: NOW },
        ] {
            check(&NoticeOccasion::ALL, &state, None);
        }
    }

    #[test]
    fn failures_are_told_unless_something_else_is_said() {
        let notice: OwnerNotice = serde_json::from_str(r#"{"flow": "tell-owner"}"#).expect("a notice");
        assert_eq!(notice.when, [NoticeOccasion::Closed]);
    }
}
