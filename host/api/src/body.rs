//! Bodies within their limits: JSON that names the place of its mistake, bytes that are counted as they come.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::ApiError;

/// The largest JSON body. Files travel as parts of their own.
pub(crate) const MAX_JSON_BYTES: u64 = 4 << 20;

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        if !is_media_type(request.headers(), "application/json") {
            return Err(ApiError::UnsupportedMediaType("send `Content-Type: application/json`".into()));
        }
        let bytes = read(request.into_body(), MAX_JSON_BYTES, "").await?;
        object(&bytes)?;
        parse(&bytes).map(Self)
    }
}

/// Names, not places, say what is meant: an array could stand for the same.
fn object(bytes: &[u8]) -> Result<(), ApiError> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') | None => Ok(()),
        Some(_) => Err(ApiError::BadBody("a JSON object is needed: {\"name\": …}".into())),
    }
}

/// Reads JSON; serde_json bounds its depth.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::BadBody(format!("the JSON cannot be read: {error}")))
}

/// Whether the request says that its body is of this type.
pub(crate) fn is_media_type(headers: &HeaderMap, expected: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or("").trim())
        .is_some_and(|found| found.eq_ignore_ascii_case(expected))
}

/// The whole body, when it has at most `limit_bytes`.
pub(crate) async fn read(mut body: Body, limit_bytes: u64, advice: &str) -> Result<Bytes, ApiError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::BadBody("the body ended too early; send it again".into()))?;
        if let Ok(piece) = frame.into_data() {
            if whole.len() as u64 + piece.len() as u64 > limit_bytes {
                return Err(ApiError::TooLarge { limit_bytes, advice: advice.into() });
            }
            whole.extend_from_slice(&piece);
        }
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Said {
        why: String,
    }

    async fn read(text: &'static str) -> Result<Said, ApiError> {
        let request = Request::builder().header("content-type", "application/json").body(Body::from(text));
        JsonBody::from_request(request.expect("a request"), &()).await.map(|JsonBody(said)| said)
    }

    #[tokio::test]
    async fn an_array_is_not_taken_for_an_object() {
        assert_eq!(read(" {\"why\": \"x\"}").await.expect("an object").why, "x");
        for text in ["[\"x\"]", " [\"x\"]", "\"x\"", "null"] {
            let refused = read(text).await.expect_err("no object");
            assert!(refused.to_string().contains("a JSON object is needed"), "{refused}");
        }
    }
}
