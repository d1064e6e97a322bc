//! The gate: every request passes its rules in one order, and what leaves it is sent once.
//! The rules themselves are in `path`, `grant`, `addresses`, `headers` and `credential`.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, header};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span, field::Empty, info_span};

use crate::{
    Accounts, Body, Ceiling, Credential, EndpointRules, Incoming, Lookup, Outgoing, Refusal, Scrubber, SendError,
    SignInLedger, SystemLookup,
    basic::Guard,
    body::Segments,
    dispatch::{Passed, Ways},
    grant::{AddressRules, check_host, check_scheme},
    headers::{Reserved, check_headers, check_method},
    incoming, multipart,
    ntlm::{Dialer, Place, SignIns},
    path::{Base, query_names},
    resolver::JudgedLookup,
    signature::{self, Signed},
    sockets::Sockets,
    tls::Trust,
};

/// All that leaves the host passes here: one per process, under the operator's ceiling.
pub struct Egress {
    ceiling: Ceiling,
    lookup: Arc<dyn Lookup>,
    trust: OnceLock<Result<Arc<Trust>, Refusal>>,
    /// Accounts that were signed in, or refused: one memory for all endpoints.
    accounts: Arc<Accounts>,
}

impl Egress {
    /// With the operating system's resolver.
    pub fn new(ceiling: Ceiling) -> Self {
        Self::with_lookup(ceiling, Arc::new(SystemLookup::default()))
    }

    /// With another resolver, for tests.
    pub fn with_lookup(ceiling: Ceiling, lookup: Arc<dyn Lookup>) -> Self {
        Self { ceiling, lookup, trust: OnceLock::new(), accounts: Arc::default() }
    }

    /// The operator's bounds.
    pub fn ceiling(&self) -> &Ceiling {
        &self.ceiling
    }

    /// Checks an endpoint against ceiling and grant and builds its client, with a pool of its own.
    ///
    /// Keep it as long as connection, grant and credential stay the same, and build another when one
    /// changes: its sockets belong to exactly these. `credential_bound` says whether requests will carry a
    /// credential; then every request must, and over plaintext it reaches loopback addresses only.
    ///
    /// # Errors
    /// The rule that `base_url`, host, scheme or literal address breaks. A name's addresses are checked
    /// each time one is dialled.
    pub fn endpoint(&self, rules: EndpointRules, credential_bound: bool) -> Result<Endpoint, Refusal> {
        let base = Base::parse(&rules.base_url)?;
        check_scheme(&rules, &base)?;
        check_host(&self.ceiling, &rules, &base)?;
        let addresses = AddressRules {
            connection: rules.connection.clone(),
            host: base.host_text().to_owned(),
            ceiling: self.ceiling.cidrs.clone(),
            granted: rules.cidrs.clone(),
            loopback_only: base.is_plaintext() && credential_bound,
        };
        // A literal is dialled without asking the resolver.
        addresses.check_literal(&base.host())?;
        let lookup = JudgedLookup { lookup: self.lookup.clone(), rules: Arc::new(addresses) };
        let sign_ins = self.sign_ins(&rules, &base, lookup.clone())?;
        let trust = if base.is_plaintext() { None } else { Some(self.trust()?) };
        Ok(Endpoint(Arc::new(Inner {
            limits: Limits::of(&self.ceiling, &rules),
            accounts: self.accounts.clone(),
            ways: Ways { origin: base.origin(), sockets: Sockets::new(rules.clone(), trust, lookup)?, sign_ins },
            base,
            credential_bound,
            rules,
        })))
    }

    /// Sockets of the same target that are signed in each, for a credential of that kind.
    fn sign_ins(&self, rules: &EndpointRules, base: &Base, lookup: JudgedLookup) -> Result<SignIns, Refusal> {
        let tls = if base.is_plaintext() { None } else { Some(Arc::new(self.trust()?.client_config(true, None))) };
        let dialer = Dialer { host: base.host().to_owned(), port: base.port(), tls, lookup };
        let place = Place {
            origin: base.origin(),
            authority: base.authority().try_into().expect("a URL without user info has an ASCII authority"),
            path: base
                .path()
                .parse()
                .map_err(|error| Refusal::new("base-url", format!("`{}` cannot be asked for: {error}", base.path())))?,
            endpoint: format!("endpoint `{}` of connection `{}`", rules.name, rules.connection),
            patience: rules.connect_timeout,
        };
        Ok(SignIns::new(place, dialer, self.accounts.clone()))
    }

    /// Keeps what fails when somebody signs in here, in place of a memory that ends with the process.
    #[must_use]
    pub fn counting(self, ledger: Arc<dyn SignInLedger>) -> Self {
        Self { accounts: Arc::new(Accounts::new(ledger)), ..self }
    }

    /// The accounts that sign in here, for whoever signs in by other requests than these.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    fn trust(&self) -> Result<Arc<Trust>, Refusal> {
        self.trust.get_or_init(|| Trust::load(&self.ceiling.extra_roots).map(Arc::new)).clone()
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("ceiling", &self.ceiling).finish_non_exhaustive()
    }
}

/// Where one connection may send requests, with sockets of its own. A clone is a pointer.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    rules: EndpointRules,
    limits: Limits,
    accounts: Arc<Accounts>,
    base: Base,
    credential_bound: bool,
    ways: Ways,
}

/// The endpoint's limits within the operator's.
struct Limits {
    request_bytes: u64,
    response_bytes: u64,
    timeout: Duration,
}

impl Limits {
    fn of(ceiling: &Ceiling, rules: &EndpointRules) -> Self {
        Self {
            request_bytes: rules.max_request_bytes.min(ceiling.max_request_bytes),
            response_bytes: rules.max_response_bytes.min(ceiling.max_response_bytes),
            timeout: rules.timeout.min(ceiling.max_timeout),
        }
    }
}

impl Endpoint {
    /// `scheme://host:port`, the port always written. When it changes, the credential must be confirmed.
    pub fn origin(&self) -> &str {
        &self.0.ways.origin
    }

    /// Sends one request, once, and returns as soon as the head of the answer is here.
    ///
    /// The credential joins after every rule was passed; `scrubber` must know its secrets. A redirect is an
    /// answer like any other. Nothing is tried again.
    ///
    /// # Errors
    /// Which variant tells whether the target may have seen the request: see [`SendError`].
    pub async fn send(
        &self,
        outgoing: Outgoing,
        credential: Option<&Credential>,
        scrubber: &Scrubber,
    ) -> Result<Incoming, SendError> {
        let span = info_span!("egress.send", endpoint = %self.0.rules.name, connection = %self.0.rules.connection, method = %outgoing.method, status = Empty, duration_ms = Empty);
        let started = Instant::now();
        let pass = self.0.pass(outgoing, credential, scrubber, started);
        // On the heap: callers hold many of these at once.
        let result = Box::pin(pass.instrument(span.clone())).await;
        record(&span, &result, started);
        result
    }
}

fn record(span: &Span, result: &Result<Incoming, SendError>, started: Instant) {
    if let Ok(incoming) = result {
        span.record("status", incoming.status);
    }
    span.record("duration_ms", started.elapsed().as_millis() as u64);
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("connection", &self.0.rules.connection)
            .field("name", &self.0.rules.name)
            .field("origin", &self.0.ways.origin)
            .finish_non_exhaustive()
    }
}

impl Inner {
    async fn pass(
        &self,
        outgoing: Outgoing,
        credential: Option<&Credential>,
        scrubber: &Scrubber,
        started: Instant,
    ) -> Result<Incoming, SendError> {
        let mut passed = self.gate(outgoing, credential).map_err(SendError::Forbidden)?;
        let deadline = started + passed.timeout;
        match timeout_at(deadline, passed.segments.open()).await {
            Ok(opened) => opened
                .map_err(|failure| SendError::BodyUnreadable(scrubber.scrub_text(&failure.to_string()).into_owned()))?,
            Err(_) => return Err(SendError::BodyUnreadable("it gave no byte in time".to_owned())),
        }
        let user = credential.and_then(Credential::user);
        let sending = self.ways.send(passed, user, deadline, scrubber);
        let guard = credential.and_then(|credential| Guard::new(&self.accounts, &self.ways.sign_ins.place, credential));
        let response = match guard {
            Some(guard) => guard.watch(deadline, sending).await?,
            None => sending.await?,
        };
        incoming::receive(response, self.answer_limits(deadline), scrubber)
    }

    /// Bytes, build, authority (in `append`), literal and grant (when the endpoint was built), headers, credential.
    fn gate(&self, outgoing: Outgoing, credential: Option<&Credential>) -> Result<Passed, Refusal> {
        let Outgoing { method, path, headers, body, timeout, message } = outgoing;
        check_method(&method)?;
        let mut url = self.base.append(&path)?;
        self.check_credential(credential, &path)?;
        let reserved = Reserved {
            bound: self.credential_bound,
            header: credential.and_then(Credential::header),
            signs: credential.is_some_and(Credential::signs),
        };
        let mut headers = check_headers(&headers, reserved, matches!(body, Body::Multipart { .. }))?;
        let raw = signature::raw(&body);
        let segments = self.lay_out(&method, body, &mut headers)?;
        if let Some(credential) = credential {
            credential.join(Signed { message: message.as_ref(), body: raw.as_ref() }, &mut headers, &mut url)?;
        }
        let timeout = timeout.map_or(self.limits.timeout, |timeout| timeout.min(self.limits.timeout));
        let client = self.ways.sockets.client(credential.and_then(Credential::certificate))?;
        Ok(Passed { method, url, headers, segments, timeout, client })
    }

    /// An endpoint has one credential or none, all its life: its sockets belong to it.
    fn check_credential(&self, credential: Option<&Credential>, path: &str) -> Result<(), Refusal> {
        let (name, connection) = (&self.rules.name, &self.rules.connection);
        if credential.is_some() != self.credential_bound {
            let (expected, given) = if self.credential_bound { ("a", "without one") } else { ("no", "with one") };
            return Err(Refusal::new(
                "credential",
                format!(
                    "endpoint `{name}` of connection `{connection}` was built with {expected} credential and used {given}: build it again after its credential changed"
                ),
            ));
        }
        match credential.and_then(Credential::parameter) {
            Some(parameter) if query_names(path, parameter) => Err(Refusal::new(
                "query",
                format!("query parameter `{parameter}` is refused: it carries the credential of endpoint `{name}`"),
            )),
            _ => Ok(()),
        }
    }

    fn lay_out(&self, method: &Method, body: Body, headers: &mut HeaderMap) -> Result<Segments, Refusal> {
        let mut segments = Segments::default();
        match body {
            Body::Empty => {}
            Body::Bytes(bytes) => segments.push_bytes(bytes),
            Body::Stream { size_bytes, reader } => segments.push_stream(size_bytes, reader),
            Body::Multipart { subtype, boundary, parts } => {
                let content_type = multipart::write(&subtype, &boundary, parts, &mut segments)?;
                headers
                    .insert(header::CONTENT_TYPE, content_type.try_into().expect("subtype and boundary were checked"));
            }
        }
        let (size_bytes, most) = (segments.size_bytes(), self.limits.request_bytes);
        if size_bytes > most {
            return Err(Refusal::new(
                "request-size",
                format!(
                    "a request of {size_bytes} bytes to endpoint `{}` is larger than {most}: raise `limits.max_attachment_bytes` of connection `{}`, and `egress.max_request_bytes` in sluse.toml if that is smaller",
                    self.rules.name, self.rules.connection
                ),
            ));
        }
        // Some servers answer 411 to a POST that says nothing of its length.
        if size_bytes == 0 && !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS" | "DELETE") {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(segments)
    }

    fn answer_limits(&self, deadline: Instant) -> incoming::Limits {
        incoming::Limits {
            max_bytes: self.limits.response_bytes,
            deadline,
            min_bytes_per_second: self.rules.min_bytes_per_second,
            rate_window: self.rules.rate_window,
        }
    }
}
