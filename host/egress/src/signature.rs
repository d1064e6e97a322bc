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

/// What a signed request is called, and when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, unless the guest has chosen one: the same whenever the same is sent again.
    pub id: String,
    /// The time of this try.
    pub at: Timestamp,
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
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).expect("a MAC takes a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
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
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if id.is_empty() || id.len() > MAX_ID_BYTES || !id.bytes().all(plain) {
        return Err(refused("a `webhook-id` has 1 to 128 letters, digits, `-` and `_`"));
    }
    Ok(id.to_owned())
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

    #[test]
    fn every_form_of_the_key_is_known() {
        let forms = forms(&KEY.into());
        assert_eq!(forms.len(), 3);
        assert_eq!(forms[1].expose(), &KEY.as_bytes()[PREFIX.len()..]);
        assert_eq!(forms[2].expose().len(), 24);
    }
}
