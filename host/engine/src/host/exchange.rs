//! One request out, one answer back: the intent noted, the credential joined, the body streamed, the answer
//! handed over or kept.

use std::time::Instant;

use http::Method;
use sluse_connector::{Answer, AttachmentError, Body, Content, Effect, Part, Request, Response, SendError};
use sluse_egress::{Incoming, Outgoing, boundary};
use sluse_model::{Auth, Exchanged, Standing, TimelineLevel};
use sluse_vault::{IssuedCredential, SignIn, VaultError};

use super::{DeliveryHost, admission::Way, message};
use crate::connections::LiveEndpoint;

impl DeliveryHost {
    /// Sends a request as the connector wants it, the way that it was admitted.
    pub(super) async fn exchange(&self, mut request: Request, way: &Way) -> Result<Response, SendError> {
        if let Way::Once(number) = way {
            self.add_key(&mut request, *number);
        }
        let what = format!("{} {}", request.method.as_str(), shown(&request.path));
        let is_read = request.effect == Effect::Read;
        let began = Instant::now();
        let (result, standing) = self.carry(request).await;
        if let Way::Once(number) = way {
            self.close(*number, standing, result.as_ref().ok());
            if result.is_ok() {
                self.record.answered(*number);
            }
        }
        let elapsed_ms = began.elapsed().as_millis();
        match &result {
            Ok(response) => {
                if is_read && response.status < 500 {
                    self.record.looked();
                }
                let level = if response.status < 400 { TimelineLevel::Info } else { TimelineLevel::Warn };
                self.record.line(level, format!("{what}: {} in {elapsed_ms} ms", response.status));
            }
            Err(error) => self.record.line(TimelineLevel::Warn, format!("{what}: {error}")),
        }
        result
    }

    /// The endpoint that a request names.
    pub(super) fn endpoint(&self, request: &Request) -> Result<&LiveEndpoint, SendError> {
        let name = request.endpoint.as_deref().unwrap_or("default");
        self.connection.endpoint(name).ok_or_else(|| {
            let connection = self.connection_name();
            SendError::Forbidden(format!(
                "connection `{connection}` has no endpoint `{name}`: add `[connection.endpoints.{name}]` to it"
            ))
        })
    }

    async fn carry(&self, request: Request) -> (Result<Response, SendError>, Standing) {
        let endpoint = match self.endpoint(&request) {
            Ok(endpoint) => endpoint,
            Err(error) => return (Err(error), Standing::DidNotHappen),
        };
        let (began, asked) = (Instant::now(), request.timeout);
        let incoming = match self.send_signed(endpoint, &request).await {
            Ok(incoming) => incoming,
            Err(error) => {
                let standing = standing_of(&error);
                self.note_wait(endpoint, asked, began.elapsed(), standing == Standing::Open);
                return (Err(told(error)), standing);
            }
        };
        let standing = endpoint.endpoint.standing_of(incoming.status);
        let handed_over = self.hand_over(endpoint, request, incoming).await;
        if handed_over.is_err() {
            self.note_wait(endpoint, asked, began.elapsed(), true);
        }
        match handed_over {
            Ok(response) => (Ok(response), standing),
            // The head said that it happened; what it said beyond that is lost, and the connector has to look.
            Err(error @ SendError::Interrupted(_)) => (Err(error), Standing::Open),
            Err(error) => (Err(error), standing),
        }
    }

    /// Sends with the connection's credential; after a 401 once more, when there is a fresh one.
    async fn send_signed(
        &self,
        endpoint: &LiveEndpoint,
        request: &Request,
    ) -> Result<Incoming, sluse_egress::SendError> {
        let sign_in = SignIn {
            connection: self.connection_name(),
            endpoint_name: &endpoint.name,
            endpoint: &endpoint.endpoint,
            token_endpoint: endpoint.token_endpoint.as_ref(),
        };
        let vault = &self.engine.vault;
        // Before anything signs in: where the address is refused, no secret is touched.
        let egress = endpoint.route.endpoint(&self.engine).await.inspect_err(|error| {
            if matches!(error, sluse_egress::SendError::Unreachable(_)) {
                self.exchanged(Exchanged::Unreachable);
            }
        })?;
        let issued = vault.credential(&sign_in).await.map_err(|error| self.not_signed_in(&error))?;
        let mut incoming = self.send_with(endpoint, &egress, request, issued.as_ref()).await?;
        if incoming.is_forgotten {
            // The target has let go of sockets that were signed in. It did nothing, and is asked on another one.
            incoming = self.send_with(endpoint, &egress, request, issued.as_ref()).await?;
        }
        let (401, Some(refused)) = (incoming.status, issued) else { return Ok(incoming) };
        match vault.refreshed(&sign_in, &refused).await {
            Ok(Some(fresh)) => self.send_with(endpoint, &egress, request, Some(&fresh)).await,
            Ok(None) => Ok(incoming),
            Err(error) => Err(self.not_signed_in(&error)),
        }
    }

    async fn send_with(
        &self,
        endpoint: &LiveEndpoint,
        egress: &sluse_egress::Endpoint,
        request: &Request,
        issued: Option<&IssuedCredential>,
    ) -> Result<Incoming, sluse_egress::SendError> {
        let scrubber = self
            .engine
            .vault
            .scrubber(self.connection.connection())
            .await
            .map_err(|error| self.not_signed_in(&error))?;
        let mut outgoing = self.outgoing(request).await?;
        if let Auth::Signature { .. } = endpoint.endpoint.auth {
            outgoing.message =
                Some(message::of(self.held.map(|(delivery, _)| delivery), request, self.engine.clock.now()));
        }
        let sent = egress.send(outgoing, issued.map(IssuedCredential::credential), &scrubber).await;
        if let Err(sluse_egress::SendError::NotSignedIn(reason)) = &sent {
            self.record.misconfigured(reason.clone());
        }
        self.note_target(&sent);
        sent
    }

    /// Nothing was sent: there is no credential to send it with.
    fn not_signed_in(&self, error: &VaultError) -> sluse_egress::SendError {
        if error.is_temporary() {
            // Without a token nothing can be sent: for who waits, the target cannot be reached.
            if matches!(error, VaultError::Unavailable { .. }) {
                self.exchanged(Exchanged::Unreachable);
            }
            if let Some(wait) = error.retry_after() {
                self.record.retry_after(wait);
            }
            return sluse_egress::SendError::Unreachable(error.to_string());
        }
        self.record.misconfigured(error.to_string());
        sluse_egress::SendError::Forbidden(sluse_egress::Refusal { rule: "credential", message: error.to_string() })
    }

    async fn outgoing(&self, request: &Request) -> Result<Outgoing, sluse_egress::SendError> {
        let method =
            Method::from_bytes(request.method.as_str().as_bytes()).expect("the methods of the contract are valid");
        let mut outgoing = Outgoing::new(method, request.path.clone());
        outgoing.headers.clone_from(&request.headers);
        outgoing.timeout = request.timeout;
        outgoing.body = match &request.body {
            Body::Empty => sluse_egress::Body::Empty,
            Body::Content(Content::Bytes(bytes)) => sluse_egress::Body::Bytes(bytes.clone()),
            Body::Content(Content::Attachment(id)) => {
                let (size_bytes, reader) = self.open_file(id).await?;
                sluse_egress::Body::Stream { size_bytes, reader }
            }
            Body::Multipart(multipart) => {
                let mut parts = Vec::with_capacity(multipart.parts.len());
                for part in &multipart.parts {
                    parts.push(self.outgoing_part(part).await?);
                }
                let boundary = boundary(&*self.engine.dice);
                sluse_egress::Body::Multipart { subtype: multipart.subtype.clone(), boundary, parts }
            }
        };
        Ok(outgoing)
    }

    async fn outgoing_part(&self, part: &Part) -> Result<sluse_egress::Part, sluse_egress::SendError> {
        let content = match &part.content {
            Content::Bytes(bytes) => sluse_egress::Content::Bytes(bytes.clone()),
            Content::Attachment(id) => {
                let (size_bytes, reader) = self.open_file(id).await?;
                sluse_egress::Content::Stream { size_bytes, reader }
            }
        };
        Ok(sluse_egress::Part { headers: part.headers.clone(), content })
    }

    async fn open_file(&self, id: &str) -> Result<(u64, sluse_egress::Reader), sluse_egress::SendError> {
        let unreadable = |error: String| sluse_egress::SendError::BodyUnreadable(format!("attachment `{id}`: {error}"));
        let file = self.file(id).await.map_err(|error: AttachmentError| unreadable(error.to_string()))?;
        let reader = self.engine.store.read_content(&file.digest, 0).await;
        let reader = reader.map_err(|error| unreadable(error.to_string()))?;
        let reader = reader.ok_or_else(|| unreadable("its content is gone".into()))?;
        Ok((file.size_bytes, reader))
    }

    async fn hand_over(
        &self,
        endpoint: &LiveEndpoint,
        request: Request,
        incoming: Incoming,
    ) -> Result<Response, SendError> {
        let Incoming { status, headers, body, .. } = incoming;
        let body = match request.keep {
            // An error's text is for the connector to read, not a file that was asked for.
            Some(keep) if status < 300 => {
                let media_type = header(&headers, "content-type").unwrap_or("application/octet-stream").to_owned();
                Answer::Attachment(self.keep_answer(keep, media_type, body).await?.id.to_string())
            }
            _ => Answer::Bytes(body.bytes(endpoint.endpoint.max_response_bytes).await.map_err(told)?),
        };
        Ok(Response { status, headers, body })
    }
}

pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// What a failure says of a request that must happen once.
fn standing_of(error: &sluse_egress::SendError) -> Standing {
    if error.nothing_was_sent() { Standing::DidNotHappen } else { Standing::Open }
}

/// A failure of the gate, as the contract has it.
pub(super) fn told(error: sluse_egress::SendError) -> SendError {
    use sluse_egress::SendError as Gate;
    match error {
        Gate::Forbidden(refusal) => SendError::Forbidden(refusal.to_string()),
        Gate::BodyUnreadable(message) => SendError::Forbidden(format!("the request's body cannot be read: {message}")),
        Gate::NotSignedIn(message) => SendError::Forbidden(message),
        Gate::Unreachable(message) => SendError::Unreachable(message),
        Gate::Interrupted(message) => SendError::Interrupted(message),
        Gate::TooLarge(limit_bytes) => SendError::TooLarge(limit_bytes),
        Gate::AnswerRefused(refusal) => SendError::Interrupted(format!("the answer was refused: {refusal}")),
    }
}

/// A path as a timeline may have it: without its query, and with long numbers hidden, which may be a person's.
pub(super) fn shown(path: &str) -> String {
    let path = path.split('?').next().unwrap_or("");
    let mut shown = String::with_capacity(path.len());
    let mut digits = String::new();
    for character in path.chars() {
        if character.is_ascii_digit() || (character == '-' && !digits.is_empty()) {
            digits.push(character);
            continue;
        }
        push_digits(&mut shown, &mut digits);
        shown.push(character);
    }
    push_digits(&mut shown, &mut digits);
    shown
}

/// A CPR number has ten digits, perhaps with a dash.
const PERSONAL_NUMBER_DIGITS: usize = 10;

fn push_digits(shown: &mut String, digits: &mut String) {
    if digits.bytes().filter(u8::is_ascii_digit).count() >= PERSONAL_NUMBER_DIGITS {
        shown.push('…');
    } else {
        shown.push_str(digits);
    }
    digits.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(shown(path), expected);
    }

    #[test]
    fn a_path_is_shown_without_query_and_personal_numbers() {
        check("/Files('67453')/Parties?$filter=NameCode%20eq%20'2512484916'", "/Files('67453')/Parties");
        check("/person/251248-4916", "/person/…");
        check("/person/2512484916/x", "/person/…/x");
        check("/a-1/2", "/a-1/2");
    }

    #[test]
    fn a_request_whose_user_was_not_let_in_did_not_happen() {
        let error = sluse_egress::SendError::NotSignedIn("set the password again".into());
        assert_eq!(standing_of(&error), Standing::DidNotHappen);
        assert_eq!(told(error), SendError::Forbidden("set the password again".into()));
    }

    #[test]
    fn an_answer_that_was_refused_leaves_the_request_in_doubt() {
        let refusal = sluse_egress::Refusal { rule: "secret", message: "a secret in a binary answer".into() };
        let error = sluse_egress::SendError::AnswerRefused(refusal);
        assert_eq!(standing_of(&error), Standing::Open);
        assert!(matches!(told(error), SendError::Interrupted(_)));
    }
}
