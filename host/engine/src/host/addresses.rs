//! Addresses at which the target answers: the same for the same place in every attempt, and nothing is written when one is
//! opened.

use std::time::Duration;

use sluse_connector::CallbackError;
use sluse_model::MAX_ADDRESSES;

use super::DeliveryHost;
use crate::callbacks::MAX_WAIT;

impl DeliveryHost {
    /// Opens the next address of this call.
    pub(super) fn open_address(&self, timeout: Duration) -> Result<String, CallbackError> {
        let forbidden = |reason: String| Err(CallbackError::Forbidden(reason));
        let Some((delivery, _)) = self.held else { return forbidden("only a delivery waits for an answer".into()) };
        if timeout.is_zero() || timeout > MAX_WAIT {
            return forbidden("the time to wait is from 1 ms to 366 days".into());
        }
        let ordinal = self.record.addresses();
        if ordinal >= MAX_ADDRESSES {
            return forbidden(format!("a call opens at most {MAX_ADDRESSES} addresses"));
        }
        let Some(address) = self.engine.callback_address(delivery, self.phase, ordinal) else {
            let advice = "this host takes no callbacks: say in sluse.toml where it listens for them, and how targets \
                reach it: `callbacks.listen` and `callbacks.url`";
            return forbidden(advice.into());
        };
        self.record.opened_address(timeout);
        Ok(address)
    }
}
