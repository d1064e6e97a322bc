//! What a signed request is called, so that its receiver knows it again when it comes once more.

use sluse_connector::{Body, Content, Request};
use sluse_egress::Message;
use sluse_model::{DeliveryId, Digest, Timestamp};

/// The request's name within its delivery, if it is on behalf of one: by its intent key, else by its body. The same on
/// every attempt.
pub(super) fn of(delivery: Option<DeliveryId>, request: &Request, at: Timestamp) -> Message {
    let delivery = delivery.map(|delivery| delivery.to_string()).unwrap_or_default();
    let endpoint = request.endpoint.as_deref().unwrap_or("default");
    let content = match (&request.intent_key, &request.body) {
        (Some(key), _) => key.as_bytes(),
        (None, Body::Content(Content::Bytes(bytes))) => bytes,
        // Of these the host signs none but the empty one.
        (None, _) => &[],
    };
    let place = [delivery.as_str(), endpoint, request.method.as_str(), &request.path].join("\0");
    let digest = Digest::of([place.as_bytes(), b"\0", content].concat());
    let half = digest.as_bytes().first_chunk().copied().map(u128::from_be_bytes);
    Message { id: format!("msg_{:032x}", half.expect("a digest has 32 bytes")), at }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sluse_connector::{Effect, Method};

    use super::*;

    fn request(intent_key: Option<&str>, body: &'static str) -> Request {
        Request {
            method: Method::Post,
            endpoint: None,
            path: "/hooks".into(),
            headers: Vec::new(),
            body: Body::Content(Content::Bytes(Bytes::from_static(body.as_bytes()))),
            timeout: None,
            effect: Effect::Once,
            intent_key: intent_key.map(str::to_owned),
            reconciled: false,
            keep: None,
        }
    }

    fn id(delivery: char, intent_key: Option<&str>, body: &'static str, at: i64) -> String {
        let delivery = format!("del-{}", delivery.to_string().repeat(32)).parse().expect("an id");
        of(Some(delivery), &request(intent_key, body), Timestamp::from_millis(at)).id
    }

    #[test]
    fn the_same_request_has_the_same_id_in_every_attempt() {
        assert_eq!(id('d', Some("trigger"), "a", 1), id('d', Some("trigger"), "b", 2));
        assert_eq!(id('d', None, "a", 1), id('d', None, "a", 2));
        assert_eq!(id('d', None, "a", 1).len(), "msg_".len() + 32);
    }

    #[test]
    fn another_request_has_another_id() {
        let all = [id('d', None, "a", 1), id('d', None, "b", 1), id('e', None, "a", 1), id('d', Some("k"), "a", 1)];
        let different: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
