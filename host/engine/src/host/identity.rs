//! What names a request that must happen once: the connector's own name for it, or all that it consists of.

use sluse_connector::{AttachmentError, Body, Content, Part, Request};
use sluse_model::{Digest, Digester};

use super::{DeliveryHost, exchange::shown};
use crate::{
    connections::LiveEndpoint,
    intents::{Facts, Identity},
};

/// Header lines that say nothing of what is asked for, and may differ between attempts.
const INSIGNIFICANT: [&str; 10] = [
    "accept",
    "accept-language",
    "cache-control",
    "date",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-correlation-id",
    "x-request-id",
    "client-request-id",
];

impl DeliveryHost {
    /// What a request is known by. Fails when a file in its body cannot be had.
    pub(super) async fn facts(&self, request: &Request, endpoint: &LiveEndpoint) -> Result<Facts, AttachmentError> {
        let mut destination = Digester::default();
        for part in [request.method.as_str(), endpoint.name.as_str(), &request.path] {
            text(&mut destination, part);
        }
        let destination = destination.finish();
        let identity = match &request.intent_key {
            Some(key) => Identity::Named(named(key)),
            None => Identity::Content(self.content(request, destination).await?),
        };
        Ok(Facts {
            identity,
            destination,
            request: format!("{} {}", request.method.as_str(), shown(&request.path)),
            reconciled: request.reconciled,
            is_recognised: endpoint.endpoint.idempotency_header.is_some(),
        })
    }

    async fn content(&self, request: &Request, destination: Digest) -> Result<Digest, AttachmentError> {
        let mut digester = Digester::default();
        digester.update(destination.as_bytes());
        // What consists of the same after a wait is another request than before it.
        if self.phase > 0 {
            digester.update(&self.phase.to_be_bytes());
        }
        headers(&mut digester, &request.headers);
        match &request.body {
            Body::Empty => text(&mut digester, "empty"),
            Body::Content(content) => self.add_content(&mut digester, content).await?,
            Body::Multipart(multipart) => {
                text(&mut digester, &multipart.subtype);
                for Part { headers: lines, content } in &multipart.parts {
                    headers(&mut digester, lines);
                    self.add_content(&mut digester, content).await?;
                }
            }
        }
        Ok(digester.finish())
    }

    /// A file counts by what is in it: the same file has another id when another attempt created it.
    async fn add_content(&self, digester: &mut Digester, content: &Content) -> Result<(), AttachmentError> {
        let digest = match content {
            Content::Bytes(bytes) => Digest::of(bytes),
            Content::Attachment(id) => self.file(id).await?.digest,
        };
        digester.update(digest.as_bytes());
        Ok(())
    }
}

/// What names a request by the connector's own name for it.
pub(super) fn named(intent_key: &str) -> Digest {
    Digest::of(format!("key\0{intent_key}"))
}

fn headers(digester: &mut Digester, headers: &[(String, String)]) {
    let mut significant: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| !INSIGNIFICANT.contains(&name.as_str()))
        .collect();
    significant.sort();
    digester.update(&(significant.len() as u64).to_be_bytes());
    for (name, value) in significant {
        text(digester, &name);
        text(digester, value);
    }
}

/// With its length, so that two texts never read as one.
fn text(digester: &mut Digester, text: &str) {
    digester.update(&(text.len() as u64).to_be_bytes());
    digester.update(text.as_bytes());
}
