//! Signatures of Standard Webhooks 1.0.0, made and judged. Written apart from the host, so that one can prove the other.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use tokio::time::Instant;

/// How far a timestamp may be from now, in seconds.
const TOLERANCE_S: i64 = 300;

/// A secret that both sides know, and the time by which it is used.
#[derive(Clone)]
pub struct Signing {
    key: Vec<u8>,
    unix_s: i64,
    since: Instant,
}

impl Signing {
    /// With a secret as people exchange it, `whsec_` and base64, from this time on.
    pub fn new(secret: &str, now_unix_s: i64) -> anyhow::Result<Signing> {
        let text = secret.strip_prefix("whsec_").unwrap_or(secret);
        Ok(Signing { key: BASE64_STANDARD.decode(text)?, unix_s: now_unix_s, since: Instant::now() })
    }

    fn now_unix_s(&self) -> i64 {
        self.unix_s + i64::try_from(self.since.elapsed().as_secs()).unwrap_or_default()
    }

    /// The headers of a message.
    pub(super) fn headers(&self, id: &str, body: &[u8]) -> [(&'static str, String); 3] {
        let timestamp = self.now_unix_s();
        let signature = format!("v1,{}", BASE64_STANDARD.encode(self.mac(id, timestamp, body).finalize().into_bytes()));
        [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
    }

    /// Whether a message was signed with this secret, just now.
    pub(super) fn judges(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(timestamp), Some(signatures)) =
            (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"))
        else {
            return false;
        };
        let Some(timestamp) = timestamp.parse::<i64>().ok() else { return false };
        let is_ours = |signature: &str| {
            let signature = signature.strip_prefix("v1,").and_then(|text| BASE64_STANDARD.decode(text).ok());
            signature.is_some_and(|signature| self.mac(id, timestamp, body).verify_slice(&signature).is_ok())
        };
        (self.now_unix_s() - timestamp).abs() <= TOLERANCE_S && signatures.split(' ').any(is_ours)
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a MAC takes a key of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl std::fmt::Debug for Signing {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Signing(…)")
    }
}
