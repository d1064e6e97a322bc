//! What a planted fault answers.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::script::Fault;
use super::shared::Shared;
use super::workflows::{Answer, refusal, results, with_error};
use crate::simulated::{Dropped, with_json};

/// The answer that a fault gives; `found` is what would have been answered.
pub(super) async fn broken(shared: &Shared, fault: Fault, found: Option<Value>) -> Result<Response<Body>, Dropped> {
    let found = found.unwrap_or_else(|| results(&[]));
    Ok(match fault {
        Fault::Partial => with_json(StatusCode::PARTIAL_CONTENT, &with_error(found)),
        Fault::WithErrors => with_json(StatusCode::OK, &with_error(found)),
        Fault::Empty => with_json(StatusCode::OK, &results(&[])),
        Fault::Html { status } => page(status_of(status)),
        Fault::NoJson => page(StatusCode::OK),
        Fault::Refuse { status, retry_after, message } => {
            let message = message.unwrap_or_else(|| "Refused by script".to_owned());
            let mut response = told(refusal(status_of(status), "Refused", &message));
            if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        Fault::CommitThenStatus { status } => {
            told(refusal(status_of(status), "Failed", "Something failed after the work was done"))
        }
        Fault::Slow { delay_ms } => {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            with_json(StatusCode::OK, &found)
        }
        Fault::Revoke => {
            shared.access().revoke();
            unauthorized()
        }
        Fault::DropBeforeCommit | Fault::DropAfterCommit => return Err(Dropped),
    })
}

/// An answer in the API's shape.
pub(super) fn told((status, body): Answer) -> Response<Body> {
    with_json(status, &body)
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What a gateway says before the API is reached.
fn page(status: StatusCode) -> Response<Body> {
    let text = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

pub(super) fn unauthorized() -> Response<Body> {
    let mut response = told(refusal(StatusCode::UNAUTHORIZED, "Unauthorized", "The token is not good any more"));
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
