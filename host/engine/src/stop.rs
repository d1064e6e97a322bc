//! Coming to an end: nothing new, a bounded time for what is under way, and a word about what was cut off.

use std::{fmt, time::Duration};

use sluse_model::{DeliveryId, Name, Standing};
use sluse_store::StoreError;

use crate::{Engine, judgement::was_cut_off};

/// What is cut off is settled within this.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(2);

/// A call that was cut off. Its delivery waits for the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    pub delivery: DeliveryId,
    pub connection: Name,
    pub operation: Name,
    /// Requests that must happen once, and of which nobody knows whether they did: method and path.
    pub in_doubt: Vec<String>,
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { delivery, operation, in_doubt, .. } = self;
        write!(f, "delivery {delivery} (`{operation}`) was cut off: ")?;
        match in_doubt.as_slice() {
            [] => f.write_str("nothing is in doubt"),
            in_doubt => write!(f, "whether `{}` happened is not known yet", in_doubt.join("`, `")),
        }
    }
}

impl Engine {
    /// Takes nothing new, and waits for what is under way as long as the settings allow. Gives what was cut off then:
    /// nothing is sent any more once this returns.
    pub async fn stop(&self) -> Vec<CutOff> {
        self.dispatcher.stop.cancel();
        self.background.close();
        self.attempts.close();
        let finished = async {
            self.background.wait().await;
            self.attempts.wait().await;
        };
        if tokio::time::timeout(self.settings.stop_within, finished).await.is_ok() {
            return Vec::new();
        }
        let held = self.dispatcher.cut_off();
        if tokio::time::timeout(CUT_OFF_WITHIN, self.attempts.wait()).await.is_err() {
            tracing::warn!(
                "some attempts that were cut off could not be settled; the next start takes them up as lost"
            );
        }
        let mut cut_off = Vec::new();
        for delivery in held {
            match self.what_was_cut_off(delivery).await {
                Ok(found) => cut_off.extend(found),
                Err(error) => tracing::error!(%error, %delivery, "what became of {delivery} cannot be read now"),
            }
        }
        cut_off
    }

    /// Whether the engine takes nothing new.
    pub fn stopping(&self) -> bool {
        self.dispatcher.stop.is_cancelled()
    }

    /// Nothing when its attempt came to its own end after all.
    async fn what_was_cut_off(&self, id: DeliveryId) -> Result<Option<CutOff>, StoreError> {
        let Some(detail) = self.store.delivery(id).await? else { return Ok(None) };
        let delivery = detail.delivery;
        let ended = detail.attempts.last().and_then(|attempt| attempt.result.as_ref());
        let is_cut_off = ended.is_none_or(|result| result.problem.as_ref().is_some_and(was_cut_off));
        if !is_cut_off {
            return Ok(None);
        }
        let open = detail.journal.into_iter().filter(|intent| intent.standing == Standing::Open);
        let in_doubt = open.map(|intent| intent.request).collect();
        Ok(Some(CutOff { delivery: id, connection: delivery.connection, operation: delivery.operation, in_doubt }))
    }
}
