//! `callbacks`: addresses at which a target answers.

use std::time::Duration;

use sluse_connector::CallbackError;

use super::NO_ANSWER;
use crate::{
    abi::v0_1::callbacks,
    state::{CallState, wait_for_host},
};

/// Nobody answers faster than a request takes.
const SHORTEST: Duration = Duration::from_secs(1);

/// Case work can take a year.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl callbacks::Host for CallState {
    async fn open(&mut self, timeout_ms: u64) -> wasmtime::Result<Result<String, callbacks::CallbackError>> {
        let timeout = Duration::from_millis(timeout_ms);
        if timeout < SHORTEST || timeout > LONGEST {
            let reason = format!("a timeout of {timeout_ms} ms is out of bounds: between a second and 400 days");
            return Ok(Err(callbacks::CallbackError::Forbidden(reason)));
        }
        let opened = wait_for_host!(self, self.patience.other, self.host.open_callback(timeout));
        Ok(opened.unwrap_or_else(|| Err(CallbackError::Unavailable(NO_ANSWER.into()))).map_err(into_wit))
    }
}

fn into_wit(error: CallbackError) -> callbacks::CallbackError {
    match error {
        CallbackError::Forbidden(reason) => callbacks::CallbackError::Forbidden(reason),
        CallbackError::Unavailable(reason) => callbacks::CallbackError::Unavailable(reason),
    }
}
