//! Makes a planted fault happen: before the effect, after it, or to the answer on its way out.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;

use super::access::EntraError;
use super::errors::{Refusal, Shape};
use super::faults::{Fault, FaultAction, ScriptedStatus};
use super::odata::{Version, shape_for, text_header};
use super::server::Shared;
use super::server::{route, service_root};
use crate::simulated::Dropped;

/// Answers a request that a fault hits. `Err` ends the connection without an answer.
pub(super) async fn answer(shared: &Shared, fault: Fault, request: Request<Body>) -> Result<Response<Body>, Dropped> {
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    match fault.action {
        FaultAction::Pass => Ok(route(shared, request).await),
        FaultAction::Status(scripted) => Ok(status(shared, &scripted, &read_whole(request).await)),
        FaultAction::RetryAfter { status: code, seconds, date_in_s } => {
            let wait = date_in_s
                .map_or_else(|| seconds.unwrap_or(1).to_string(), |date_in_s| shared.clock.http_date(date_in_s));
            let headers = [("retry-after".to_owned(), wait)].into();
            let scripted = ScriptedStatus { status: code, headers, ..ScriptedStatus::default() };
            Ok(status(shared, &scripted, &read_whole(request).await))
        }
        FaultAction::Html { status: code } => {
            let scripted =
                ScriptedStatus { status: code, shape: super::faults::PlantedShape::Html, ..ScriptedStatus::default() };
            Ok(status(shared, &scripted, &read_whole(request).await))
        }
        FaultAction::Redirect { location, status: code } => {
            read_whole(request).await;
            Ok(response(code, &[("location".to_owned(), location)], Bytes::new()))
        }
        FaultAction::DropBeforeCommit => {
            read_whole(request).await;
            Err(Dropped)
        }
        FaultAction::DropAfterCommit => {
            route(shared, request).await;
            Err(Dropped)
        }
        after => {
            let parts = request_parts(&request);
            let done = route(shared, request).await;
            Ok(reshape(shared, after, &parts, done).await)
        }
    }
}

/// What happens to the answer after the effect.
async fn reshape(shared: &Shared, action: FaultAction, asked: &Parts, done: Response<Body>) -> Response<Body> {
    let (mut parts, body) = done.into_parts();
    let whole = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.remove(header::TRANSFER_ENCODING);
    match action {
        FaultAction::CommitThenStatus(scripted) => status(shared, &scripted, asked),
        FaultAction::WrongContentType { content_type } => {
            let value = HeaderValue::from_str(&content_type).unwrap_or(HeaderValue::from_static("text/plain"));
            parts.headers.insert(header::CONTENT_TYPE, value);
            Response::from_parts(parts, Body::from(whole))
        }
        FaultAction::TruncatedJson { keep_bytes } => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(whole.slice(..keep_bytes.min(whole.len()))))
        }
        FaultAction::CutBody { keep_bytes } => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
            Response::from_parts(parts, cut(whole, keep_bytes))
        }
        FaultAction::Drip { chunk_bytes, every_ms } => {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
            Response::from_parts(parts, drip(whole, chunk_bytes, every_ms))
        }
        _ => Response::from_parts(parts, Body::from(whole)),
    }
}

/// The beginning of the body, and then the end of the connection.
fn cut(whole: Bytes, keep_bytes: usize) -> Body {
    let kept = whole.slice(..keep_bytes.min(whole.len()));
    let end = stream::once(async {
        // A pause, so that what was kept leaves before the connection ends.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(Dropped)
    });
    Body::from_stream(stream::once(async { Ok(kept) }).chain(end))
}

fn drip(whole: Bytes, chunk_bytes: usize, every_ms: u64) -> Body {
    let pieces = stream::unfold(whole, move |mut left| async move {
        if left.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        let piece = left.split_to(chunk_bytes.clamp(1, left.len()));
        Some((Ok::<Bytes, Dropped>(piece), left))
    });
    Body::from_stream(pieces)
}

/// Reads the request to its end, so that the sender knows no better than that it was sent.
async fn read_whole(request: Request<Body>) -> Parts {
    let (parts, body) = request.into_parts();
    let mut chunks = body.into_data_stream();
    while let Some(Ok(_)) = chunks.next().await {}
    parts
}

fn request_parts(request: &Request<Body>) -> Parts {
    let mut copy = Request::new(());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy.into_parts().0
}

fn status(shared: &Shared, scripted: &ScriptedStatus, asked: &Parts) -> Response<Body> {
    let mut headers = scripted.headers.clone().into_iter().collect::<Vec<_>>();
    let code = StatusCode::from_u16(scripted.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (content_type, body) = match service_root(asked.uri.path()) {
        Some((version, _)) => planted(scripted, code, version, asked),
        None => ("application/json; charset=utf-8", EntraError::planted(code).body(shared).into()),
    };
    if !content_type.is_empty() {
        headers.insert(0, ("content-type".to_owned(), content_type.to_owned()));
    }
    response(scripted.status, &headers, body)
}

fn planted(scripted: &ScriptedStatus, code: StatusCode, version: Version, asked: &Parts) -> (&'static str, Bytes) {
    let shape: Shape = scripted.shape.or(shape_for(version, text_header(&asked.headers, "accept")));
    refusal(scripted, code).render(shape)
}

/// The refusal that a script describes.
pub(super) fn refusal(scripted: &ScriptedStatus, status: StatusCode) -> Refusal {
    let usual = match status.as_u16() {
        403 => Refusal::access_denied(),
        404 => Refusal::not_found("Rækken"),
        409 => Refusal::new(status, "20012.1;SOM_CONFLICT", "Rækken er låst af en anden."),
        412 => Refusal::etag_mismatch(),
        413 => Refusal::too_large(),
        500.. => Refusal::new(status, "10001.7;SOM_ORACLE", "ORA-00600: intern fejl."),
        _ => Refusal::new(status, "20001.1;SOM_BAD_REQUEST", "Kaldet kan ikke udføres."),
    };
    Refusal {
        status,
        code: scripted.code.clone().unwrap_or(usual.code),
        message: scripted.message.clone().unwrap_or(usual.message),
    }
}

fn response(status: u16, headers: &[(String, String)], body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
