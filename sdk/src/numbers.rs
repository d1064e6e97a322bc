//! Numbers that are handed out once: line numbers, dispatch numbers.

use crate::host;

pub use crate::bindings::connector::sluse::connector::numbers::NumberError;

/// Reserves `count` consecutive numbers and gives the first. Durable before it returns, and the same
/// answer on every attempt of the delivery that asks for the same in the same order.
///
/// # Errors
/// Why none could be reserved.
pub fn reserve(sequence: &str, count: u32) -> Result<u64, NumberError> {
    host::numbers::reserve(sequence, count, None)
}

/// Reserves `count` consecutive numbers and gives the first: the same answer whenever the delivery asks for as many for
/// this purpose.
///
/// # Errors
/// Why none could be reserved.
pub fn reserve_for(sequence: &str, count: u32, purpose: &str) -> Result<u64, NumberError> {
    host::numbers::reserve(sequence, count, Some(purpose))
}
