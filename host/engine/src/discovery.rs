//! Addresses that are asked for: who says where an endpoint is, and how far that is believed. The question goes through the
//! same gate as everything, without a credential; the answer decides where a credential goes, so its host is one that the
//! operator named beforehand.

use std::{fmt, time::Duration};

use http::Method;
use sluse_egress::{
    Egress, Endpoint, EndpointRules, HostSuffix, Incoming, Outgoing, Refusal, Scrubber, SendError, origin_and_path,
};
use sluse_model::{Clock, Discovery, Timestamp};
use tokio::sync::Mutex;
use url::Url;

/// How long an address is used before it is asked for again.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

/// How long a refusal is taken for the answer: a thousand waiting deliveries ask once.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// How long somebody who did not answer is left alone.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(1);

/// A person may be waiting behind it.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest answer, in bytes; real ones have one or two thousand.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// What is shown of a text that somebody else wrote.
const MAX_SHOWN_CHARS: usize = 120;

/// An endpoint whose address is asked for.
pub(crate) struct Discovered {
    asked: Endpoint,
    path: String,
    field: String,
    suffixes: Vec<HostSuffix>,
    scheme: &'static str,
    /// Of the endpoint itself, but for its address.
    rules: EndpointRules,
    credential_bound: bool,
    /// Held while somebody asks, so that the others wait for the answer.
    known: Mutex<Option<Known>>,
}

/// What came of the latest question.
struct Known {
    since: Timestamp,
    until: Timestamp,
    found: Result<Endpoint, SendError>,
}

impl Discovered {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The rule that the address of the question breaks.
    pub(crate) fn build(
        egress: &Egress,
        discovery: &Discovery,
        rules: EndpointRules,
        credential_bound: bool,
    ) -> Result<Self, Refusal> {
        let (base_url, path) = origin_and_path(&discovery.url)?;
        let asking = EndpointRules {
            base_url,
            timeout: MAX_TIMEOUT.min(rules.timeout),
            max_response_bytes: MAX_ANSWER_BYTES,
            ..rules.clone()
        };
        let suffixes: Result<_, _> = discovery.host_suffixes.iter().map(|text| text.parse()).collect();
        let suffixes = suffixes.map_err(|error| Refusal { rule: "discovery", message: format!("{error}") })?;
        Ok(Self {
            asked: egress.endpoint(asking, false)?,
            path,
            field: discovery.field.clone(),
            suffixes,
            scheme: discovery.scheme(rules.allow_plaintext),
            rules,
            credential_bound,
            known: Mutex::new(None),
        })
    }

    /// The endpoint at the address that was said, which is asked for when it is not known or was said long ago.
    ///
    /// # Errors
    /// `Forbidden` when the address is not one that is believed, or may not be reached; `Unreachable` when there was no
    /// answer that holds one. In either case nothing was sent to the endpoint.
    pub(crate) async fn endpoint(&self, egress: &Egress, clock: &dyn Clock) -> Result<Endpoint, SendError> {
        let mut known = self.known.lock().await;
        let now = clock.now();
        if let Some(known) = known.as_ref().filter(|known| known.since <= now && now < known.until) {
            return known.found.clone();
        }
        let found = self.ask(egress).await;
        let kept_for = match &found {
            Ok(endpoint) => {
                tracing::debug!("`{}` is at `{}`, says `{}`", self.rules.name, endpoint.origin(), self.asked.origin());
                KEPT_FOR
            }
            Err(SendError::Forbidden(_)) => REFUSED_FOR,
            Err(_) => UNAVAILABLE_FOR,
        };
        let since = clock.now();
        *known = Some(Known { since, until: since.plus(kept_for), found: found.clone() });
        found
    }

    async fn ask(&self, egress: &Egress) -> Result<Endpoint, SendError> {
        let outgoing = Outgoing {
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            ..Outgoing::new(Method::GET, self.path.clone())
        };
        let incoming = self.asked.send(outgoing, None, &Scrubber::default()).await;
        let incoming = incoming.map_err(|error| self.not_told(error))?;
        let address = self.read(incoming).await?;
        self.believe(egress, &address)
    }

    async fn read(&self, incoming: Incoming) -> Result<String, SendError> {
        let Incoming { status, body, .. } = incoming;
        if matches!(status, 408 | 425 | 429 | 500..) {
            return Err(self.unavailable(&format!("it answered {status}")));
        }
        if status != 200 {
            return Err(self.refuse(format!("it answered {status}: check `discovery.url`")));
        }
        let body = body.bytes(MAX_ANSWER_BYTES).await.map_err(|error| self.not_told(error))?;
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let address = answer.get(&self.field).and_then(serde_json::Value::as_str);
        address.map(str::to_owned).ok_or_else(|| {
            self.unavailable(&format!("its answer is no JSON object with a text in `{}` (200)", self.field))
        })
    }

    /// Holds an address against what is believed of whoever said it, before anything goes there.
    fn believe(&self, egress: &Egress, address: &str) -> Result<Endpoint, SendError> {
        let url = Url::parse(address).map_err(|_| self.refuse(format!("`{}` is no address", shown(address))))?;
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != self.scheme {
            let message = format!("the address at `{}` does not begin with `{}://`", shown(host), self.scheme);
            return Err(self.refuse(message));
        }
        if !self.suffixes.iter().any(|suffix| suffix.matches(&url)) {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Err(self.refuse(format!(
                "it names host `{}{port}`, which is not believed, and nothing was sent there: if it is right, add its end to `discovery.host_suffixes`",
                shown(host)
            )));
        }
        let rules = EndpointRules { base_url: address.to_owned(), ..self.rules.clone() };
        egress.endpoint(rules, self.credential_bound).map_err(SendError::Forbidden)
    }

    fn not_told(&self, error: SendError) -> SendError {
        match error {
            SendError::Forbidden(refusal) => SendError::Forbidden(refusal),
            error => self.unavailable(&error.to_string()),
        }
    }

    fn unavailable(&self, reason: &str) -> SendError {
        SendError::Unreachable(format!(
            "`{}` did not say where endpoint `{}` is: {reason}",
            self.asked.origin(),
            self.rules.name
        ))
    }

    fn refuse(&self, reason: String) -> SendError {
        let (name, connection) = (&self.rules.name, &self.rules.connection);
        let message = format!(
            "what `{}` says of endpoint `{name}` of connection `{connection}` is refused: {reason}",
            self.asked.origin()
        );
        SendError::Forbidden(Refusal { rule: "discovery", message })
    }
}

/// Bounded, without control characters.
fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).flat_map(char::escape_debug).collect()
}

impl fmt::Debug for Discovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovered").field("asked", &self.asked.origin()).finish_non_exhaustive()
    }
}
