//! One request: built step by step, sent once.

use super::{Effect, Method, Multipart, Response, SendError, path::append_query};
use crate::bindings::connector::sluse::connector::http as wire;
use crate::host;
use serde::Serialize;
use std::fmt::Display;

/// A request to one of the connection's endpoints.
///
/// ```
/// # use sluse_sdk::prelude::*;
/// let request = Request::get(path!("/cases/{}", "17/2"))
///     .endpoint("archive")
///     .query("$filter", "Title eq 'Carport'")
///     .header("Accept", "application/json");
/// assert_eq!(request.path(), "/cases/17%2F2?$filter=Title%20eq%20'Carport'");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a request does nothing before `send`"]
pub struct Request(wire::Request);

impl Request {
    /// A request to `path`: it begins with one `/`, and what is not ASCII in it is encoded already
    /// ([`path!`](crate::path) does that).
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self(wire::Request {
            method,
            endpoint: None,
            path: path.into(),
            headers: Vec::new(),
            body: wire::Body::Empty,
            timeout_ms: None,
            effect: None,
            intent_key: None,
            reconciled: false,
            keep: None,
        })
    }

    /// Reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// Reads the headers only.
    pub fn head(path: impl Into<String>) -> Self {
        Self::new(Method::Head, path)
    }

    /// Creates or starts; it must happen once unless [`effect`](Self::effect) says otherwise.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    /// Replaces; it may be repeated.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path)
    }

    /// Changes; it must happen once unless [`effect`](Self::effect) says otherwise.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::Patch, path)
    }

    /// Changes, as OData v3 calls it; it must happen once unless [`effect`](Self::effect) says otherwise.
    pub fn merge(path: impl Into<String>) -> Self {
        Self::new(Method::Merge, path)
    }

    /// Removes; it may be repeated.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path)
    }

    /// Names the endpoint; `default` otherwise.
    pub fn endpoint(mut self, name: impl Into<String>) -> Self {
        self.0.endpoint = Some(name.into());
        self
    }

    /// Adds `name=value` to the query, percent-encoded.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        append_query(&mut self.0.path, name, &value);
        self
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push(wire::Header { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Sends `value` as JSON.
    ///
    /// # Errors
    /// When the value has no JSON form (a map whose keys are not texts).
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, serde_json::Error> {
        let bytes = serde_json::to_vec(value)?;
        Ok(self.bytes("application/json", bytes))
    }

    /// Sends bytes in hand. A `Content-Type` that was given as a header stays.
    pub fn bytes(self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.with_body(media_type, wire::Body::Bytes(bytes.into()))
    }

    /// Sends an attachment; the host streams it. A `Content-Type` that was given as a header stays.
    pub fn attachment(self, media_type: &str, id: impl Into<String>) -> Self {
        self.with_body(media_type, wire::Body::Attachment(id.into()))
    }

    /// Sends several parts.
    pub fn multipart(mut self, multipart: Multipart) -> Self {
        self.0.body = wire::Body::Multipart(multipart.0);
        self
    }

    fn with_body(mut self, media_type: &str, body: wire::Body) -> Self {
        self.0.body = body;
        if self.0.headers.iter().any(|header| header.name.eq_ignore_ascii_case("content-type")) {
            return self;
        }
        self.header("Content-Type", media_type)
    }

    /// Bounds the whole exchange, in milliseconds; never longer than the endpoint allows.
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.0.timeout_ms = Some(timeout_ms);
        self
    }

    /// Says what the request does at the target, where the method does not tell: a POST that only searches
    /// is a [`Effect::Read`].
    pub fn effect(mut self, effect: Effect) -> Self {
        self.0.effect = Some(effect);
        self
    }

    /// Names what must happen once, within the delivery: `create-case`.
    pub fn intent_key(mut self, key: impl Into<String>) -> Self {
        self.0.intent_key = Some(key.into());
        self
    }

    /// The connector has looked in this attempt, and what this request would do is not done yet; another
    /// attempt would look again before it sends. Settles earlier requests to this method, endpoint and path
    /// that were interrupted: they did not happen.
    pub fn reconciled(mut self) -> Self {
        self.0.reconciled = true;
        self
    }

    /// Keeps the answer's body as an attachment of the run under this file name.
    pub fn keep(mut self, file_name: impl Into<String>) -> Self {
        self.0.keep = Some(wire::Keep { name: file_name.into(), media_type: None });
        self
    }

    /// Keeps the answer's body as an attachment with a media type of its own.
    pub fn keep_as(mut self, file_name: impl Into<String>, media_type: impl Into<String>) -> Self {
        self.0.keep = Some(wire::Keep { name: file_name.into(), media_type: Some(media_type.into()) });
        self
    }

    /// Path and query as they will be sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Sends it and waits for the answer; any status is an answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn send(self) -> Result<Response, SendError> {
        let effect = effect_of(&self.0);
        answered(host::http::send(&self.0), effect)
    }
}

/// Sends the requests side by side and waits for all answers, in the order of the requests.
pub fn send_all(requests: impl IntoIterator<Item = Request>) -> Vec<Result<Response, SendError>> {
    let requests: Vec<wire::Request> = requests.into_iter().map(|request| request.0).collect();
    let answers = host::http::send_all(&requests);
    requests.iter().zip(answers).map(|(request, answer)| answered(answer, effect_of(request))).collect()
}

fn answered(answer: Result<wire::Response, wire::SendError>, effect: Effect) -> Result<Response, SendError> {
    match answer {
        Ok(response) => Ok(Response::new(response, effect)),
        Err(reason) => Err(SendError { reason, effect }),
    }
}

/// The effect that the contract gives to a method when the request names none.
fn effect_of(request: &wire::Request) -> Effect {
    request.effect.unwrap_or(match request.method {
        Method::Get | Method::Head | Method::Options => Effect::Read,
        Method::Put | Method::Delete => Effect::Repeatable,
        Method::Post | Method::Patch | Method::Merge => Effect::Once,
    })
}
