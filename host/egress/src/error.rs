//! How a request can fail, told apart by what the target may have seen of it.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError};

use crate::Refusal;

/// A request that brought no answer to hand over.
///
/// The texts carry no URL, no query and no known secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A rule forbade the request. Nothing was sent.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The request's own body could not be read, which is our fault and not the target's. Nothing was sent.
    #[error("the request's body could not be read: {0}")]
    BodyUnreadable(String),
    /// The target was not reached: name, connection or TLS handshake failed. Nothing was sent.
    #[error("{0}")]
    Unreachable(String),
    /// The target did not let the endpoint's user sign in, or was not asked to, so that the user's account is not
    /// locked; or it refused the certificate that was presented. Somebody has to correct the credential. Nothing was
    /// sent that the target would act on.
    #[error("{0}")]
    NotSignedIn(String),
    /// The request may have been sent, in whole or in part, and no complete answer came.
    #[error("{0}")]
    Interrupted(String),
    /// The request was sent; its answer is larger than this many bytes.
    #[error(
        "the answer is larger than {0} bytes: raise `max_response_bytes` of the endpoint, within `egress.max_response_bytes` in sluse.toml"
    )]
    TooLarge(u64),
    /// The request was sent; its answer broke a rule and was not handed over (or not to its end).
    #[error("{0}")]
    AnswerRefused(Refusal),
}

impl SendError {
    /// Whether the target certainly saw nothing of the request, so that it may go again.
    pub fn nothing_was_sent(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::BodyUnreadable(_) | Self::Unreachable(_) | Self::NotSignedIn(_))
    }
}

/// The first `T` among an error and what caused it.
pub(crate) fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// What an `io::Error` holds, however often: it gives the cause of that as its own, and hides what it holds.
fn held<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut held = error;
    while let Some(inner) = held.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        held = inner;
    }
    held
}

/// What a target says of a certificate that was presented, or of none (RFC 8446, section 6.2).
const CERTIFICATE_ALERTS: [AlertDescription; 8] = [
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::CertificateRequired,
];

/// What the target said of the client's certificate when it gave the handshake up. With TLS 1.3 that is heard when the
/// request has been written already; the target reads no request before the handshake is done, so nothing happened.
pub(crate) fn refused_certificate(error: &(dyn Error + 'static)) -> Option<AlertDescription> {
    let mut next = Some(error);
    while let Some(error) = next {
        let held = held(error);
        match held.downcast_ref() {
            Some(rustls::Error::AlertReceived(alert)) => return CERTIFICATE_ALERTS.contains(alert).then_some(*alert),
            _ => next = held.source(),
        }
        // HTTP/2's client keeps the text of a cause alone.
        let told = held.to_string();
        let is_told = |alert: &AlertDescription| told == rustls::Error::AlertReceived(*alert).to_string();
        if let Some(alert) = CERTIFICATE_ALERTS.into_iter().find(is_told) {
            return Some(alert);
        }
    }
    None
}

/// An error with its causes in one line, each said once. The caller has taken the URL off.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let part = error.to_string();
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        next = error.source();
    }
    if let Some(advice) = untrusted_certificate(error).and_then(advice) {
        text.push_str("; ");
        text.push_str(advice);
    }
    text
}

/// What is wrong with the certificate that the target presented.
fn untrusted_certificate<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    let mut next = Some(error);
    while let Some(error) = next {
        let held = held(error);
        match held.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(certificate)) => return Some(certificate),
            _ => next = held.source(),
        }
    }
    None
}

/// Who has to do what, so that the certificate is trusted.
fn advice(certificate: &CertificateError) -> Option<&'static str> {
    match certificate {
        // An authority of the same name with another key says the second.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(
            "whoever issued the target's certificate is not trusted here: add that authority to `egress.extra_roots` in \
             sluse.toml, or have the target send its whole chain",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Some("the target's certificate is no longer valid: whoever runs the target has to renew it")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Some("the target's certificate is not valid yet: compare the clocks of the target and of this host")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Some(
            "the target's certificate is for another name: correct the host in the endpoint's `url`, or have the target \
             present one for this name",
        ),
        CertificateError::Revoked => {
            Some("the target's certificate was revoked: whoever runs the target has to replace it")
        }
        _ => None,
    }
}
