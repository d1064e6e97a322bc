//! `http`: requests to the connection's endpoints.

use std::time::Duration;

use bytes::Bytes;
use sluse_connector::{
    Answer, Body, Content, Effect, Keep, Method, Multipart, Part, REQUESTS_SIDE_BY_SIDE, Request, Response, SendError,
};
use sluse_model::Standing;

use super::{NO_ANSWER, too_long, too_many};
use crate::{
    abi::v0_1::http,
    limits::MAX_BODY_BYTES,
    state::{CallState, Patience, wait_for_host},
};

/// As long as web servers take.
const MAX_PATH_BYTES: usize = 16 << 10;

/// Header lines of a request or of a part.
const MAX_HEADERS: usize = 64;

/// Names and values of all header lines together.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// A connector sends pages of records side by side, not a whole register.
const MAX_REQUESTS_AT_ONCE: usize = 64;

/// More than that is no mistake but abuse, and traps: each would be answered with a text.
const MAX_REFUSALS: usize = 1_000;

/// Documents of one case.
const MAX_PARTS: usize = 256;

/// Names of endpoints, of what must happen once, of kept files, subtypes.
const MAX_NAME_BYTES: usize = 256;

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::SendError>> {
        let request = match checked(request) {
            Ok(request) => request,
            Err(reason) => return Ok(Err(http::SendError::Forbidden(reason))),
        };
        let patience = self.patience.with_one(&request);
        let answer = wait_for_host!(self, patience, self.host.send(request));
        Ok(into_wit(answer.unwrap_or_else(no_answer)))
    }

    async fn send_all(
        &mut self,
        requests: Vec<http::Request>,
    ) -> wasmtime::Result<Vec<Result<http::Response, http::SendError>>> {
        let count = requests.len();
        let requests = match all_checked(requests) {
            Ok(requests) => requests,
            // All or none: a connector that counts on order must not find half of them sent.
            Err(reason) if count <= MAX_REFUSALS => {
                return Ok((0..count).map(|_| Err(http::SendError::Forbidden(reason.clone()))).collect());
            }
            Err(reason) => return Err(wasmtime::Error::msg(reason)),
        };
        let patience = self.patience.with_all(&requests);
        let answers = wait_for_host!(self, patience, self.host.send_all(requests));
        let answers = answers.unwrap_or_else(|| (0..count).map(|_| no_answer()).collect());
        Ok(answers.into_iter().map(into_wit).collect())
    }

    async fn conclude(
        &mut self,
        intent_key: String,
        conclusion: http::Conclusion,
    ) -> wasmtime::Result<Result<(), String>> {
        if let Err(reason) = at_most("`intent-key`", intent_key.len(), MAX_NAME_BYTES) {
            return Ok(Err(reason));
        }
        let standing = match conclusion {
            http::Conclusion::Happened => Standing::Happened,
            http::Conclusion::DidNotHappen => Standing::DidNotHappen,
            http::Conclusion::Open => Standing::Open,
        };
        Ok(self.host.conclude(&intent_key, standing))
    }
}

impl Patience {
    fn with_one(&self, request: &Request) -> Duration {
        request.timeout.map_or(self.request, |timeout| timeout.saturating_add(self.grace)).min(self.request)
    }

    /// The host sends some, and then the next ones: each round may take as long as its slowest request.
    fn with_all(&self, requests: &[Request]) -> Duration {
        let rounds = u32::try_from(requests.len().div_ceil(REQUESTS_SIDE_BY_SIDE)).unwrap_or(u32::MAX);
        let longest = requests.iter().map(|request| self.with_one(request)).max().unwrap_or(self.grace);
        longest.saturating_mul(rounds.max(1))
    }
}

fn no_answer() -> Result<Response, SendError> {
    Err(SendError::Interrupted(NO_ANSWER.into()))
}

fn all_checked(requests: Vec<http::Request>) -> Result<Vec<Request>, String> {
    if requests.len() > MAX_REQUESTS_AT_ONCE {
        return Err(too_many("requests at once", requests.len(), MAX_REQUESTS_AT_ONCE));
    }
    requests
        .into_iter()
        .enumerate()
        .map(|(position, request)| checked(request).map_err(|reason| format!("request {}: {reason}", position + 1)))
        .collect()
}

/// The request, when nothing in it is longer than it may be.
fn checked(request: http::Request) -> Result<Request, String> {
    at_most("the path", request.path.len(), MAX_PATH_BYTES)?;
    at_most("the endpoint's name", request.endpoint.as_deref().map_or(0, str::len), MAX_NAME_BYTES)?;
    at_most("`intent-key`", request.intent_key.as_deref().map_or(0, str::len), MAX_NAME_BYTES)?;
    let method = method(request.method);
    Ok(Request {
        method,
        endpoint: request.endpoint,
        path: request.path,
        headers: headers(request.headers)?,
        body: body(request.body)?,
        timeout: request.timeout_ms.map(|timeout_ms| Duration::from_millis(timeout_ms.into())),
        effect: request.effect.map_or(method.usual_effect(), effect),
        intent_key: request.intent_key,
        reconciled: request.reconciled,
        keep: request.keep.map(keep).transpose()?,
    })
}

fn at_most(what: &str, length: usize, limit: usize) -> Result<(), String> {
    if length > limit { Err(too_long(what, length, limit)) } else { Ok(()) }
}

fn headers(headers: Vec<http::Header>) -> Result<Vec<(String, String)>, String> {
    if headers.len() > MAX_HEADERS {
        return Err(too_many("header lines", headers.len(), MAX_HEADERS));
    }
    let length = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    at_most("the header", length, MAX_HEADER_BYTES)?;
    Ok(headers.into_iter().map(|header| (header.name, header.value)).collect())
}

fn body(body: http::Body) -> Result<Body, String> {
    match body {
        http::Body::Empty => Ok(Body::Empty),
        http::Body::Bytes(bytes) => {
            at_most("the body", bytes.len(), MAX_BODY_BYTES)?;
            Ok(Body::Content(Content::Bytes(Bytes::from(bytes))))
        }
        http::Body::Attachment(id) => {
            at_most("the attachment's id", id.len(), MAX_NAME_BYTES)?;
            Ok(Body::Content(Content::Attachment(id)))
        }
        http::Body::Multipart(multipart) => self::multipart(multipart).map(Body::Multipart),
    }
}

fn multipart(multipart: http::Multipart) -> Result<Multipart, String> {
    at_most("the subtype", multipart.subtype.len(), MAX_NAME_BYTES)?;
    if multipart.parts.len() > MAX_PARTS {
        return Err(too_many("parts", multipart.parts.len(), MAX_PARTS));
    }
    let parts = multipart.parts.into_iter().map(part).collect::<Result<Vec<Part>, String>>()?;
    let in_hand = parts.iter().map(|part| match &part.content {
        Content::Bytes(bytes) => bytes.len(),
        Content::Attachment(_) => 0,
    });
    at_most("the body", in_hand.sum(), MAX_BODY_BYTES)?;
    Ok(Multipart { subtype: multipart.subtype, parts })
}

fn part(part: http::Part) -> Result<Part, String> {
    if let http::Content::Attachment(id) = &part.content {
        at_most("the attachment's id", id.len(), MAX_NAME_BYTES)?;
    }
    Ok(Part { headers: headers(part.headers)?, content: part.content.into() })
}

fn keep(keep: http::Keep) -> Result<Keep, String> {
    at_most("the name of the kept file", keep.name.len(), MAX_NAME_BYTES)?;
    at_most("the media type", keep.media_type.as_deref().map_or(0, str::len), MAX_NAME_BYTES)?;
    Ok(Keep { name: keep.name, media_type: keep.media_type })
}

fn method(method: http::Method) -> Method {
    match method {
        http::Method::Get => Method::Get,
        http::Method::Head => Method::Head,
        http::Method::Options => Method::Options,
        http::Method::Post => Method::Post,
        http::Method::Put => Method::Put,
        http::Method::Patch => Method::Patch,
        http::Method::Merge => Method::Merge,
        http::Method::Delete => Method::Delete,
    }
}

fn effect(effect: http::Effect) -> Effect {
    match effect {
        http::Effect::Read => Effect::Read,
        http::Effect::Repeatable => Effect::Repeatable,
        http::Effect::Once => Effect::Once,
    }
}

fn into_wit(answer: Result<Response, SendError>) -> Result<http::Response, http::SendError> {
    match answer {
        Ok(response) => Ok(http::Response {
            status: response.status,
            headers: response.headers.into_iter().map(|(name, value)| http::Header { name, value }).collect(),
            body: match response.body {
                Answer::Bytes(bytes) => http::Answer::Bytes(bytes.into()),
                Answer::Attachment(id) => http::Answer::Attachment(id),
            },
        }),
        Err(SendError::Forbidden(reason)) => Err(http::SendError::Forbidden(reason)),
        Err(SendError::Unreachable(reason)) => Err(http::SendError::Unreachable(reason)),
        Err(SendError::Interrupted(reason)) => Err(http::SendError::Interrupted(reason)),
        Err(SendError::TooLarge(limit_bytes)) => Err(http::SendError::TooLarge(limit_bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(timeout: Option<Duration>) -> Request {
        Request {
            method: Method::Get,
            endpoint: None,
            path: "/".into(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout,
            effect: Effect::Read,
            intent_key: None,
            reconciled: false,
            keep: None,
        }
    }

    #[track_caller]
    fn check(count: usize, timeout: Option<Duration>, expected: Duration) {
        let requests = vec![request(timeout); count];
        assert_eq!(Patience::default().with_all(&requests), expected, "{count} requests of {timeout:?}");
    }

    #[test]
    fn patience_grows_with_the_rounds() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        check(0, None, 10 * second);
        check(1, Some(5 * second), 15 * second);
        check(16, Some(5 * second), 15 * second);
        check(17, Some(5 * second), 30 * second);
        check(64, Some(5 * second), minute);
        check(1, None, 10 * minute);
        check(1, Some(60 * minute), 10 * minute);
        check(64, None, 40 * minute);
    }

    #[test]
    fn the_slowest_request_counts() {
        let requests = [request(Some(Duration::from_secs(1))), request(Some(Duration::from_secs(50)))];
        assert_eq!(Patience::default().with_all(&requests), Duration::from_secs(60));
    }
}
