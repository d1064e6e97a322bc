//! What people are told of a delivery beyond what is kept of it: how often it may be tried, and what holds it now.

use sluse_model::{Delivery, DeliveryState, GateHold, GateKind, Name, displayed_limit};
use sluse_store::{DeliveryDetail, StoreError};

use crate::Engine;

/// What people are told of a delivery beyond what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The most attempts that it may have had since it was accepted. Automatic ones end at the limit of now, which may
    /// be lower.
    pub max_attempts: u32,
    /// What holds it although it is due.
    pub gate: Option<GateHold>,
}

impl Engine {
    /// What people are told of a delivery beyond what is kept of it.
    pub async fn outlook(&self, detail: &DeliveryDetail) -> Result<Outlook, StoreError> {
        let delivery = &detail.delivery;
        let limits = self.store.attempt_limits(&delivery.connection).await?;
        let max_attempts = displayed_limit(&limits, &delivery.operation, delivery.accepted_at).unwrap_or(0);
        let order = detail.behind.map(|head| GateHold {
            kind: GateKind::Order,
            since: delivery.changed_at,
            until: None,
            message: format!("delivery {head} came before and shares its ordering key; it is not closed"),
        });
        Ok(Outlook { max_attempts, gate: order.or_else(|| self.gate_of(delivery)) })
    }

    /// The gate of a connection that is closed now, if one is.
    pub fn gate(&self, connection: &Name) -> Option<GateHold> {
        self.gates.hold(connection)
    }

    fn gate_of(&self, delivery: &Delivery) -> Option<GateHold> {
        let due = match delivery.state {
            DeliveryState::Queued { due }
            | DeliveryState::Retrying { due, .. }
            | DeliveryState::Waiting { until: due } => due,
            _ => return None,
        };
        let hold = self.gate(&delivery.connection).filter(|_| due <= self.clock.now())?;
        // Nothing held it before it was due.
        Some(GateHold { since: hold.since.max(due), ..hold })
    }
}
