//! Signing a socket in: three requests without a body to the path of `base_url`, one after the other on the same
//! socket, each answer read to its end. Only the last one carries proof of the password, and is counted.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderMap, HeaderValue, Request, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::{Place, UNCOUNTED, User, dial::Socket, message::Negotiation};
use crate::{
    SendError, Trial,
    accounts::AWAY,
    body::{DepartingBody, Departure, Segments},
    error::told,
};

/// What the path of `base_url` answers is read and thrown away, so that the socket can be used again. A longer answer
/// costs more than it is worth at each sign-in.
const MAX_ANSWER_BYTES: usize = 1 << 20;

const TOO_LONG: &str =
    "the path of its `url` is answered with more than a megabyte: name a path there that has a short answer";

/// The schemes by which a server asks for NTLM, the one that says so first.
const SCHEMES: [&str; 2] = ["NTLM", "Negotiate"];

/// Signs `socket` in as `user`, or says why that is not possible. Tries the password once.
pub(super) async fn sign_in(
    socket: &mut Socket,
    place: &Place,
    user: User<'_>,
    mut trial: Trial<'_>,
) -> Result<(), SendError> {
    let refuse = |reason: &str| place.not_signed_in(&user, reason);
    let password = std::str::from_utf8(user.password.expose())
        .map_err(|_| refuse("its password is no text: write it again with `sluse secret set`"))?;
    let asked = ask(socket, place, None).await?;
    if !asked.is_whole {
        return Err(refuse(TOO_LONG));
    }
    let scheme = asked.scheme().map_err(|reason| refuse(&reason))?;
    let mut negotiation = Negotiation::new(&user, password, socket.binding.as_deref());
    let first = negotiation.begin().map_err(|error| refuse(&error.to_string()))?;
    let challenged = ask(socket, place, Some(authorization(scheme, &first))).await?;
    let challenge = challenged.challenge(scheme).map_err(|reason| refuse(&reason))?;
    let proof = negotiation
        .prove(challenge)
        .map_err(|error| refuse(&format!("the target's challenge is not understood: {error}")))?;
    // The answer to the challenge may have ended the connection, and this one would count although it never left.
    if !socket.is_ready().await {
        return Err(place.unreachable("it closes the socket within the sign-in, which is bound to it"));
    }
    trial.begin().await.map_err(|error| place.unreachable(&format!("{UNCOUNTED}: {error}")))?;
    let judged = ask(socket, place, Some(authorization(scheme, &proof))).await?;
    if judged.status == StatusCode::UNAUTHORIZED {
        trial.refused().await;
        return Err(refuse(&place.refused()));
    }
    // Whatever else it says of the path, it has let the user in.
    trial.accepted().await;
    if judged.is_whole { Ok(()) } else { Err(refuse(TOO_LONG)) }
}

/// What the target said to one of the requests.
struct Said {
    status: StatusCode,
    headers: HeaderMap,
    /// It was read to its end, and the socket can be used again.
    is_whole: bool,
}

async fn ask(socket: &mut Socket, place: &Place, authorization: Option<HeaderValue>) -> Result<Said, SendError> {
    let mut request = Request::new(DepartingBody::new(Segments::default(), Departure::default()));
    request.uri_mut().clone_from(&place.path);
    place.address(request.headers_mut());
    request.headers_mut().extend(authorization.map(|value| (AUTHORIZATION, value)));
    let exchange = async {
        let response = socket.send(request).await.map_err(|error| told(&error.into_error()))?;
        let (head, body) = response.into_parts();
        let is_whole = match Limited::new(body, MAX_ANSWER_BYTES).collect().await {
            Ok(_) => true,
            Err(error) if error.is::<LengthLimitError>() => false,
            Err(error) => return Err(told(&*error)),
        };
        Ok(Said { status: head.status, headers: head.headers, is_whole })
    };
    match timeout(place.patience, exchange).await {
        Ok(Ok(said)) if AWAY.contains(&said.status.as_u16()) => {
            Err(place.unreachable(&format!("it answers {} to the sign-in", said.status.as_u16())))
        }
        Ok(said) => said.map_err(|error| place.unreachable(&format!("its sign-in broke off: {error}"))),
        Err(_) => Err(place.unreachable("it gave no answer to the sign-in in time")),
    }
}

impl Said {
    /// The scheme to sign in with, if the target asks for that.
    fn scheme(&self) -> Result<&'static str, String> {
        if self.status != StatusCode::UNAUTHORIZED {
            return Err(format!(
                "it was asked for nothing (status {}): name a path in `url` that is answered only to users, or use another `auth`",
                self.status.as_u16()
            ));
        }
        let offered =
            SCHEMES.into_iter().find(|scheme| self.offers().any(|(name, _)| name.eq_ignore_ascii_case(scheme)));
        offered.ok_or_else(|| {
            let short = |name: &str| name.chars().take(20).collect::<String>();
            let names: Vec<String> = self.offers().map(|(name, _)| short(name)).take(5).collect();
            let asked = if names.is_empty() { "nothing that is known".to_owned() } else { names.join(", ") };
            format!("the target asks for {asked}, not for NTLM: use another `auth`")
        })
    }

    /// The target's challenge.
    fn challenge(&self, scheme: &str) -> Result<Vec<u8>, String> {
        let token = self.offers().find(|(name, token)| name.eq_ignore_ascii_case(scheme) && !token.is_empty());
        let challenge = token.and_then(|(_, token)| BASE64_STANDARD.decode(token).ok());
        match challenge {
            Some(challenge) if self.status == StatusCode::UNAUTHORIZED => Ok(challenge),
            _ => Err(format!(
                "the target gave no challenge (status {}): a proxy on the way may share sockets, or NTLM is switched off",
                self.status.as_u16()
            )),
        }
    }

    /// What `WWW-Authenticate` offers: schemes, each with what follows it.
    fn offers(&self) -> impl Iterator<Item = (&str, &str)> {
        let values = self.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).filter_map(|offer| {
            let (scheme, rest) = offer.trim().split_once(' ').unwrap_or((offer.trim(), ""));
            // `realm="x"` is a parameter of the scheme before.
            (!scheme.is_empty() && !scheme.contains('=')).then(|| (scheme, rest.trim()))
        })
    }
}

fn authorization(scheme: &str, message: &[u8]) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("{scheme} {}", BASE64_STANDARD.encode(message)))
        .expect("base64 is fit for a header");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, offers: &[&'static str]) -> Said {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(offer));
        }
        Said { status: StatusCode::from_u16(status).expect("a status"), headers, is_whole: true }
    }

    #[track_caller]
    fn check(offers: &[&'static str], expected: Result<&str, &str>) {
        match (said(401, offers).scheme(), expected) {
            (Ok(scheme), Ok(expected)) => assert_eq!(scheme, expected),
            (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
            (found, _) => panic!("{offers:?}: {found:?}"),
        }
    }

    #[test]
    fn ntlm_is_preferred_and_negotiate_will_do() {
        check(&["Negotiate", "NTLM"], Ok("NTLM"));
        check(&["Negotiate, ntlm"], Ok("NTLM"));
        check(&["Bearer realm=\"a\", NTLM"], Ok("NTLM"));
        check(&["Basic realm=\"a\"", "Negotiate"], Ok("Negotiate"));
    }

    #[test]
    fn what_is_offered_instead_is_said() {
        check(&["Basic realm=\"NTLM\"", "Bearer"], Err("asks for Basic, Bearer"));
        check(&[], Err("asks for nothing that is known"));
        assert!(said(200, &["NTLM"]).scheme().expect_err("no 401").contains("status 200"));
    }

    #[test]
    fn a_challenge_is_what_stands_behind_the_scheme() {
        assert_eq!(said(401, &["Negotiate AAAA", "NTLM TlRMTQ=="]).challenge("NTLM"), Ok(b"NTLM".to_vec()));
        for (status, offer) in [(401, "NTLM"), (200, "NTLM TlRMTQ=="), (401, "NTLM !"), (401, "Negotiate TlRMTQ==")] {
            assert!(said(status, &[offer]).challenge("NTLM").is_err(), "{status} {offer}");
        }
    }
}
