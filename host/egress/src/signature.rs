//! Requests signed with a shared key, as Standard Webhooks 1.0.0 has it: over the id, the time and the raw bytes of the
//! body. Which key an endpoint has is `credential`'s business.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use sluse_model::Timestamp;
use zeroize::Zeroizing;

use crate::{Body, Refusal, Secret};

/// Names the message. A guest may choose it, so that a receiver knows the same message again.
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What stands before a key in base64.
const PREFIX: &str = "whsec_";

/// The sizes of a key that the specification allows.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

const MAX_ID_BYTES: usize = 128;

/// How far the time of a message that comes in may be from now.
const TOLERANCE_S: u64 = 5 * 60;

/// What a signed request is called, and when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, unless the guest has chosen one: the same whenever the same is sent again.
    pub id: String,
    /// The time of this try.
    pub at: Timestamp,
}

/// What a message that comes in says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSignature {
    /// Names the message.
    pub id: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub timestamp: String,
    /// One or more, with spaces between: while a key is replaced, its owner signs with both.
    pub signatures: String,
}

impl ReceivedSignature {
    /// `None` unless all of its headers are there, once, as visible ASCII.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let one = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            let value = values.next()?.to_str().ok()?.to_owned();
            values.next().is_none().then_some(value)
        };
        Some(Self { id: one(ID)?, timestamp: one(TIMESTAMP)?, signatures: one(SIGNATURE)? })
    }

    /// Whether one who knows the key has signed these bytes, within five minutes of `now`. Takes the same time wherever
    /// a signature is wrong.
    pub fn check(&self, secret: &Secret, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        if !is_plain_id(&self.id) {
            return Err(not_signed("a `webhook-id` has 1 to 128 letters, digits, `-` and `_`"));
        }
        let said: i64 =
            self.timestamp.parse().map_err(|_| not_signed("`webhook-timestamp` is no number of seconds"))?;
        if now.as_millis().div_euclid(1000).abs_diff(said) > TOLERANCE_S {
            return Err(not_signed("`webhook-timestamp` is more than five minutes from now"));
        }
        let key = key(secret)?;
        let fits = |signature: &str| {
            let signature = signature.strip_prefix("v1,").and_then(|text| BASE64_STANDARD.decode(text).ok());
            signature.is_some_and(|signature| mac(&key, &self.id, said, body).verify_slice(&signature).is_ok())
        };
        // Each of them is looked at, however the others are.
        let fitting = self.signatures.split(' ').filter(|signature| fits(signature)).count();
        if fitting > 0 { Ok(()) } else { Err(not_signed("no signature in `webhook-signature` fits")) }
    }
}

fn not_signed(reason: &str) -> Refusal {
    Refusal::new("signature", reason)
}

/// What a signature is made over, beside its key.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Signed<'a> {
    pub(crate) message: Option<&'a Message>,
    /// None where the bytes are read only while they are sent.
    pub(crate) body: Option<&'a Bytes>,
}

/// Whether the signature alone sets this header.
pub(crate) fn sets(header: &str) -> bool {
    header == TIMESTAMP.as_str() || header == SIGNATURE.as_str()
}

/// The bytes that a body consists of; none where they are read only while they are sent.
pub(crate) fn raw(body: &Body) -> Option<Bytes> {
    match body {
        Body::Empty => Some(Bytes::new()),
        Body::Bytes(bytes) => Some(bytes.clone()),
        Body::Stream { .. } | Body::Multipart { .. } => None,
    }
}

/// The values by which an echo of the key is recognised.
pub(crate) fn forms(secret: &Secret) -> Vec<Secret> {
    let text = std::str::from_utf8(secret.expose()).ok().and_then(|text| text.strip_prefix(PREFIX));
    let without_prefix = text.map(Secret::from);
    let decoded = text.and_then(|text| BASE64_STANDARD.decode(text).ok()).map(Secret::new);
    [Some(secret.clone()), without_prefix, decoded].into_iter().flatten().collect()
}

/// Signs a request that passed every rule.
pub(crate) fn join(secret: &Secret, signed: Signed<'_>, headers: &mut HeaderMap) -> Result<(), Refusal> {
    let Signed { message, body } = signed;
    let message = message.ok_or_else(|| refused("nothing says what it is called and when it is sent"))?;
    let body = body.ok_or_else(|| refused("a body of attachments or parts is not signed: send it as bytes in hand"))?;
    let id = id(message, headers)?;
    let timestamp = message.at.as_millis().div_euclid(1000);
    let mac = mac(&key(secret)?, &id, timestamp, body);
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    let written = |text: String| HeaderValue::try_from(text).expect("ids, numbers and base64 are visible ASCII");
    headers.insert(ID, written(id));
    headers.insert(TIMESTAMP, written(timestamp.to_string()));
    headers.insert(SIGNATURE, written(signature));
    Ok(())
}

/// The guest's id, or the host's. A dot in it would let one signature stand for another time.
fn id(message: &Message, headers: &HeaderMap) -> Result<String, Refusal> {
    let mut chosen = headers.get_all(ID).iter();
    let id = match (chosen.next(), chosen.next()) {
        (None, _) => message.id.as_str(),
        (Some(id), None) => id.to_str().unwrap_or_default(),
        (Some(_), Some(_)) => return Err(refused("`webhook-id` is there twice")),
    };
    if !is_plain_id(id) {
        return Err(refused("a `webhook-id` has 1 to 128 letters, digits, `-` and `_`"));
    }
    Ok(id.to_owned())
}

fn is_plain_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(plain)
}

fn mac(key: &[u8], id: &str, timestamp_s: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a MAC takes a key of any length");
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body);
    mac
}

fn key(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let value = secret.expose();
    let key = match value.strip_prefix(PREFIX.as_bytes()) {
        Some(text) => BASE64_STANDARD.decode(text).ok(),
        // What ends with a line feed is one that somebody did not mean to write.
        None => Some(value.to_vec()).filter(|value| !value.iter().any(u8::is_ascii_control)),
    };
    let key = key.map(Zeroizing::new).filter(|key| KEY_BYTES.contains(&key.len()));
    key.ok_or_else(|| {
        refused("its secret is no key: write `whsec_` and the base64 of 24 to 64 bytes, or as many bytes, with `sluse secret set`")
    })
}

fn refused(reason: &str) -> Refusal {
    Refusal::new("signature", format!("the request cannot be signed: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own libraries.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID_TEXT: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const EXPECTED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn message(id: &str) -> Message {
        Message { id: id.into(), at: Timestamp::from_millis(1_614_265_330_999) }
    }

    fn signed(secret: &str, id: &str, chosen: &[&str]) -> Result<HeaderMap, Refusal> {
        let mut headers = HeaderMap::new();
        for id in chosen {
            headers.append(ID, HeaderValue::from_str(id).expect("a value"));
        }
        let (message, body) = (message(id), Bytes::from_static(BODY));
        join(&secret.into(), Signed { message: Some(&message), body: Some(&body) }, &mut headers)?;
        Ok(headers)
    }

    #[track_caller]
    fn refuses(answer: Result<HeaderMap, Refusal>, reason: &str) {
        let refusal = answer.expect_err("refused");
        assert!(refusal.rule == "signature" && refusal.message.contains(reason), "{refusal:?}");
    }

    #[test]
    fn the_specifications_vector_comes_out() {
        let headers = signed(KEY, ID_TEXT, &[]).expect("signed");
        assert_eq!(headers[SIGNATURE], EXPECTED);
        assert_eq!((headers[ID].as_bytes(), headers[TIMESTAMP].as_bytes()), (ID_TEXT.as_bytes(), &b"1614265330"[..]));
    }

    #[test]
    fn a_guests_id_is_the_messages() {
        let headers = signed(KEY, "other", &[ID_TEXT]).expect("signed");
        assert_eq!((headers[SIGNATURE].as_bytes(), headers.get_all(ID).iter().count()), (EXPECTED.as_bytes(), 1));
    }

    #[test]
    fn an_id_that_could_move_the_time_is_refused() {
        for id in ["msg.1", "", "a b", &"a".repeat(129)] {
            refuses(signed(KEY, "host", &[id]), "webhook-id");
        }
        refuses(signed(KEY, "host", &["a", "a"]), "twice");
    }

    #[test]
    fn a_raw_key_is_taken_as_it_is() {
        let raw = "a-key-that-nobody-encoded-in-base64";
        let encoded = format!("whsec_{}", BASE64_STANDARD.encode(raw));
        let signature = |secret: &str| signed(secret, ID_TEXT, &[]).expect("signed")[SIGNATURE].clone();
        assert_eq!(signature(raw), signature(&encoded));
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for secret in ["hunter22", "whsec_hunter22", "whsec_***", "a-key-that-ends-with-a-line-feed\n", &"k".repeat(65)]
        {
            let answer = signed(secret, ID_TEXT, &[]);
            assert!(!format!("{answer:?}").contains("hunter22"));
            refuses(answer, "sluse secret set");
        }
    }

    #[test]
    fn a_body_that_is_streamed_is_refused() {
        let body = Body::Multipart { subtype: "form-data".into(), boundary: String::new(), parts: Vec::new() };
        let (message, body) = (message(ID_TEXT), raw(&body));
        let signed = Signed { message: Some(&message), body: body.as_ref() };
        let answer = join(&KEY.into(), signed, &mut HeaderMap::new());
        refuses(answer.map(|()| HeaderMap::new()), "bytes in hand");
    }

    /// The specification's vector, as it comes in so many seconds after it was signed.
    #[track_caller]
    fn judged(signatures: &str, body: &[u8], late_s: i64, reason: Option<&str>) {
        let received =
            ReceivedSignature { id: ID_TEXT.into(), timestamp: "1614265330".into(), signatures: signatures.into() };
        let now = Timestamp::from_millis((1_614_265_330 + late_s) * 1000);
        match (received.check(&KEY.into(), body, now), reason) {
            (Ok(()), None) => {}
            (Err(refusal), Some(reason)) => assert!(refusal.message.contains(reason), "{refusal:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_signed_with_the_key_just_now_is_taken() {
        judged(EXPECTED, BODY, 0, None);
        judged(EXPECTED, BODY, 300, None);
        judged(EXPECTED, BODY, -300, None);
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let other = format!("v1,{}", BASE64_STANDARD.encode([7; 32]));
        judged(&format!("{other} {EXPECTED}"), BODY, 0, None);
        judged(&format!("{EXPECTED} v2,later"), BODY, 0, None);
    }

    #[test]
    fn what_is_forged_altered_or_old_is_refused() {
        let other = format!("v1,{}", BASE64_STANDARD.encode([7; 32]));
        for signatures in [other.as_str(), "", "v1,", &EXPECTED.replace("v1,", "v2,"), &EXPECTED[..20]] {
            judged(signatures, BODY, 0, Some("no signature"));
        }
        judged(EXPECTED, br#"{"test": 2432232315}"#, 0, Some("no signature"));
        judged(EXPECTED, BODY, 301, Some("five minutes"));
        judged(EXPECTED, BODY, -301, Some("five minutes"));
    }

    #[test]
    fn what_says_something_else_of_itself_is_refused() {
        let now = Timestamp::from_millis(1_614_265_330_000);
        let of = |id: &str, timestamp: &str| ReceivedSignature {
            id: id.into(),
            timestamp: timestamp.into(),
            signatures: EXPECTED.into(),
        };
        let refused =
            |received: ReceivedSignature| received.check(&KEY.into(), BODY, now).expect_err("refused").message;
        assert!(refused(of("msg_other", "1614265330")).contains("no signature"));
        assert!(refused(of(ID_TEXT, "1614265331")).contains("no signature"));
        assert!(refused(of(ID_TEXT, "today")).contains("seconds"));
        // A dot would let what stands before the body belong to the id.
        assert!(refused(of("msg.1614265330", "1614265330")).contains("webhook-id"));
    }

    #[test]
    fn every_header_is_there_once() {
        let mut headers = signed(KEY, ID_TEXT, &[]).expect("signed");
        assert_eq!(ReceivedSignature::of(&headers).expect("a signature").id, ID_TEXT);
        headers.append(ID, HeaderValue::from_static("other"));
        assert_eq!(ReceivedSignature::of(&headers), None);
        headers.remove(ID);
        assert_eq!(ReceivedSignature::of(&headers), None);
    }

    #[test]
    fn every_form_of_the_key_is_known() {
        let forms = forms(&KEY.into());
        assert_eq!(forms.len(), 3);
        assert_eq!(forms[1].expose(), &KEY.as_bytes()[PREFIX.len()..]);
        assert_eq!(forms[2].expose().len(), 24);
    }
}
