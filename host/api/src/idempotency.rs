//! The key by which a request is known when it comes again.

use http::HeaderMap;

use crate::ApiError;

/// The key that the caller chose, if there is one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::BadRequest("`Idempotency-Key` has to be plain ASCII".into()))?;
    Ok(Some(text.to_owned()))
}
