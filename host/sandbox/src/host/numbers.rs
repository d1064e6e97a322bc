//! `numbers`: numbers that are handed out once.

use sluse_connector::NumberError;

use super::{NO_ANSWER, too_long};
use crate::{
    abi::v0_1::numbers,
    state::{CallState, wait_for_host},
};

const MAX_SEQUENCE_BYTES: usize = 256;

/// As the contract says.
const MAX_COUNT: u32 = 100_000;

impl numbers::Host for CallState {
    async fn reserve(&mut self, sequence: String, count: u32) -> wasmtime::Result<Result<u64, numbers::NumberError>> {
        if sequence.len() > MAX_SEQUENCE_BYTES {
            let reason = too_long("the sequence's name", sequence.len(), MAX_SEQUENCE_BYTES);
            return Ok(Err(numbers::NumberError::Forbidden(reason)));
        }
        if count == 0 || count > MAX_COUNT {
            let reason = format!("{count} numbers at once, and 1 to {MAX_COUNT} are allowed");
            return Ok(Err(numbers::NumberError::Forbidden(reason)));
        }
        let reserved = wait_for_host!(self, self.patience.other, self.host.reserve_numbers(sequence, count));
        Ok(reserved.unwrap_or_else(|| Err(NumberError::Unavailable(NO_ANSWER.into()))).map_err(into_wit))
    }
}

fn into_wit(error: NumberError) -> numbers::NumberError {
    match error {
        NumberError::Forbidden(reason) => numbers::NumberError::Forbidden(reason),
        NumberError::Unavailable(reason) => numbers::NumberError::Unavailable(reason),
    }
}
