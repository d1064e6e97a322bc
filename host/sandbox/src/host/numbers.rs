//! `numbers`: numbers that are handed out once.

use sluse_connector::NumberError;

use super::{NO_ANSWER, too_long};
use crate::{
    abi::v0_1::numbers,
    state::{CallState, wait_for_host},
};

/// Names of sequences and purposes.
const MAX_NAME_BYTES: usize = 256;

/// As the contract says.
const MAX_COUNT: u32 = 100_000;

impl numbers::Host for CallState {
    async fn reserve(
        &mut self,
        sequence: String,
        count: u32,
        purpose: Option<String>,
    ) -> wasmtime::Result<Result<u64, numbers::NumberError>> {
        for (what, length) in
            [("the sequence's name", sequence.len()), ("the purpose", purpose.as_deref().map_or(0, str::len))]
        {
            if length > MAX_NAME_BYTES {
                return Ok(Err(numbers::NumberError::Forbidden(too_long(what, length, MAX_NAME_BYTES))));
            }
        }
        if count == 0 || count > MAX_COUNT {
            let reason = format!("{count} numbers at once, and 1 to {MAX_COUNT} are allowed");
            return Ok(Err(numbers::NumberError::Forbidden(reason)));
        }
        let reserving = self.host.reserve_numbers(sequence, count, purpose);
        let reserved = wait_for_host!(self, self.patience.other, reserving);
        Ok(reserved.unwrap_or_else(|| Err(NumberError::Unavailable(NO_ANSWER.into()))).map_err(into_wit))
    }
}

fn into_wit(error: NumberError) -> numbers::NumberError {
    match error {
        NumberError::Forbidden(reason) => numbers::NumberError::Forbidden(reason),
        NumberError::Unavailable(reason) => numbers::NumberError::Unavailable(reason),
    }
}
