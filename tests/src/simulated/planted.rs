//! Faults that a test plants: what shall happen with the next requests to a route, whatever the target would have done.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use super::{Dropped, plain};

/// What shall happen with the next requests to a route.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// The route, by the name that the simulation gives it.
    pub route: String,
    /// Only requests about this; each when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// How many requests, one after the other.
    #[serde(default = "once")]
    pub times: u32,
    /// What happens.
    pub fault: Fault,
}

fn once() -> u32 {
    1
}

/// What happens with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// An error without any effect.
    Refuse {
        status: u16,
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The effect, and then an error.
    CommitThenStatus { status: u16 },
    /// The effect and the answer, after a while.
    Delay { ms: u64 },
    /// The effect at once, and the answer after a while.
    CommitThenDelay { ms: u64 },
    /// 307 to another address, without any effect.
    Redirect { location: String },
    /// The effect, and half of the answer.
    Truncate,
    /// The connection ends after the request was read, without any effect.
    DropBeforeCommit,
    /// The connection ends after the effect, without an answer.
    DropAfterCommit,
}

/// What was planted, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Planted>);

impl Faults {
    pub(crate) fn plant(&mut self, planted: Planted) {
        if planted.times > 0 {
            self.0.push(planted);
        }
    }

    /// What waits for requests.
    pub(crate) fn waiting(&self) -> &[Planted] {
        &self.0
    }

    /// The fault of a request, if one was planted for it.
    pub(crate) fn take(&mut self, route: &str, key: &str) -> Option<Fault> {
        let fits =
            |planted: &Planted| planted.route == route && planted.key.as_deref().is_none_or(|wanted| wanted == key);
        let at = self.0.iter().position(fits)?;
        self.0[at].times -= 1;
        let fault = self.0[at].fault.clone();
        if self.0[at].times == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}

/// Answers a request as the fault has it. `act` does what the request asks for.
pub(crate) async fn befall(
    fault: Option<Fault>,
    act: impl FnOnce() -> Response<Body>,
) -> Result<Response<Body>, Dropped> {
    match fault {
        None => Ok(act()),
        Some(Fault::Delay { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(act())
        }
        Some(Fault::CommitThenDelay { ms }) => {
            let answer = act();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(answer)
        }
        Some(Fault::Refuse { status, retry_after }) => {
            let mut response = plain(of_number(status));
            response.headers_mut().extend(said(header::RETRY_AFTER, retry_after));
            Ok(response)
        }
        Some(Fault::Redirect { location }) => {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT);
            response.headers_mut().extend(said(header::LOCATION, Some(location)));
            Ok(response)
        }
        Some(Fault::CommitThenStatus { status }) => {
            act();
            Ok(plain(of_number(status)))
        }
        Some(Fault::Truncate) => half(act()).await,
        Some(Fault::DropBeforeCommit) => Err(Dropped),
        Some(Fault::DropAfterCommit) => {
            act();
            Err(Dropped)
        }
    }
}

fn of_number(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn said(name: header::HeaderName, value: Option<String>) -> Option<(header::HeaderName, HeaderValue)> {
    Some((name, value?.parse().ok()?))
}

/// Announces the whole, and ends in the middle.
async fn half(response: Response<Body>) -> Result<Response<Body>, Dropped> {
    let (mut parts, body) = response.into_parts();
    let whole: Bytes = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let pieces = [Ok(whole.slice(..whole.len() / 2)), Err(Dropped)];
    Ok(Response::from_parts(parts, Body::from_stream(stream::iter(pieces))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_for_the_requests_that_it_fits() {
        let mut faults = Faults::default();
        let fault = Fault::DropBeforeCommit;
        faults.plant(Planted { route: "list".into(), key: None, times: 0, fault: Fault::Truncate });
        faults.plant(Planted { route: "file".into(), key: Some("a".into()), times: 2, fault: fault.clone() });
        assert_eq!(faults.take("list", "a"), None);
        assert_eq!(faults.take("file", "b"), None);
        assert_eq!(faults.take("file", "a"), Some(fault.clone()));
        assert_eq!(faults.take("file", "a"), Some(fault));
        assert_eq!(faults.take("file", "a"), None);
        assert!(faults.waiting().is_empty());
    }
}
