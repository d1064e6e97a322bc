//! Addresses at which a target answers a waiting delivery.

use crate::host;

pub use crate::bindings::connector::sluse::connector::callbacks::CallbackError;

/// Opens an address for this delivery and gives its URL: the same on every attempt for the same ordinal of
/// call. After `timeout_ms` without an answer the delivery goes on with `Arrival::TimedOut`.
///
/// # Errors
/// Why none could be opened.
pub fn open(timeout_ms: u64) -> Result<String, CallbackError> {
    host::callbacks::open(timeout_ms)
}
