//! The one place that builds an HTTP client, with everything off that would send more than was asked for.

#![expect(clippy::disallowed_types, reason = "this is the place that the ban points to")]

use std::{sync::Arc, time::Duration};

use reqwest::{Request, Response, redirect};
use rustls::ClientConfig;

use crate::{EndpointRules, Refusal, resolver::JudgedLookup};

/// An idle socket is given up before the servers we know give it up: a request on a socket that is just
/// being closed cannot be told from one that arrived.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Sockets kept for the next request; more may be open at once. With fewer than are in use at a time, sockets are
/// closed and opened again all the time, and opening one costs more than a request on it.
const IDLE_SOCKETS: usize = 256;

/// More headers than any honest answer has.
pub(crate) const MAX_ANSWER_HEADERS: usize = 128;

/// HTTP/2's own cap on the headers of an answer, in bytes; HTTP/1's is checked after they arrived.
pub(crate) const MAX_ANSWER_HEADER_BYTES: usize = 64 << 10;

pub(crate) const USER_AGENT: &str = concat!("sluse/", env!("CARGO_PKG_VERSION"));

/// The client of one endpoint, with its sockets. A clone is a pointer.
#[derive(Clone)]
pub(crate) struct Client(reqwest::Client);

impl Client {
    /// Sends the request as it is, once.
    pub(crate) async fn execute(&self, request: Request) -> Result<Response, reqwest::Error> {
        self.0.execute(request).await
    }
}

/// A client for one endpoint under one grant and one credential, so that its sockets never cross either.
pub(crate) fn build(
    rules: &EndpointRules,
    https_only: bool,
    tls: ClientConfig,
    lookup: JudgedLookup,
) -> Result<Client, Refusal> {
    let builder = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .https_only(https_only)
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(lookup))
        .user_agent(USER_AGENT)
        .connect_timeout(rules.connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_SOCKETS)
        .http1_max_headers(MAX_ANSWER_HEADERS)
        .http2_max_header_list_size(MAX_ANSWER_HEADER_BYTES as u32);
    let builder = if rules.http1_only { builder.http1_only() } else { builder };
    builder.build().map(Client).map_err(|error| {
        Refusal::new(
            "client",
            format!(
                "no client could be built for endpoint `{}` of connection `{}`: {}",
                rules.name,
                rules.connection,
                error.without_url()
            ),
        )
    })
}
