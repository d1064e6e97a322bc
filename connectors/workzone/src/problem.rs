//! What went wrong, in words: Danish for the people who handle cases, English for support. Decides which
//! failure an answer is. Neither bodies nor queries get in here, because both hold personal data.

use sluse_sdk::{Failure, attachments::AttachmentError, http::Response};

use crate::odata::error::Refusal;

/// Parts of WorkZone's own error codes that mean a case nobody may write to (I).
const CLOSED_CASE_TERMS: [&str; 2] = ["CLOSED", "ARCHIVED"];

/// What an answer means that is no success.
///
/// `what` is the request without its query, for support.
pub(crate) fn of_answer(response: &Response, what: &str) -> Failure {
    let refusal = crate::odata::error::read(response.bytes());
    let failure = of_status(response.status(), &refusal);
    let failure = failure.detail(detail(response.status(), &refusal, what));
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// What an error inside a batch means.
pub(crate) fn of_part(status: u16, body: &[u8]) -> Failure {
    let refusal = crate::odata::error::read(body);
    of_status(status, &refusal).detail(detail(status, &refusal, "a part of POST /$batch"))
}

fn of_status(status: u16, refusal: &Refusal) -> Failure {
    let says = refusal.message.as_ref().map(|message| format!(": {message}")).unwrap_or_else(|| ".".into());
    let too_large = refusal.message.as_ref().is_some_and(|message| message.contains("404.13"));
    match status {
        400 if is_closed_case(refusal) => {
            Failure::rejected("case-closed", format!("Sagen kan ikke ændres i WorkZone{says}"))
        }
        400 | 422 => Failure::invalid("workzone-validation", format!("WorkZone godtog ikke oplysningerne{says}")),
        401 => Failure::denied(
            "sign-in-refused",
            "WorkZone afviste forbindelsens login. Kontrollér forbindelsens bruger eller klient.",
        ),
        403 => Failure::denied("access-denied", format!("Integrationen har ikke adgang i WorkZone{says}")),
        404 if too_large => too_large_document(),
        404 => Failure::rejected("not-found", format!("WorkZone fandt ikke det, der blev spurgt efter{says}")),
        409 | 412 => Failure::rejected("conflict", format!("Oplysningerne er ændret af andre i WorkZone{says}")),
        413 => too_large_document(),
        429 | 503 => Failure::unavailable("workzone-busy", "WorkZone er optaget og beder om at vente."),
        408 | 500 | 502 | 504 => {
            Failure::unavailable("workzone-error", "WorkZone kunne ikke svare på grund af en fejl.")
        }
        300..=399 => Failure::rejected(
            "redirected",
            "WorkZone viste videre til en anden adresse. Kontrollér adressen på forbindelsen.",
        ),
        _ => Failure::rejected("unexpected-answer", format!("WorkZone svarede uventet{says}")),
    }
}

fn is_closed_case(refusal: &Refusal) -> bool {
    let code = refusal.code.as_deref().unwrap_or_default().to_ascii_uppercase();
    CLOSED_CASE_TERMS.iter().any(|term| code.contains(term))
}

fn too_large_document() -> Failure {
    Failure::rejected("document-too-large", "Dokumentet er for stort til WorkZone.")
}

fn detail(status: u16, refusal: &Refusal, what: &str) -> String {
    match &refusal.code {
        Some(code) => format!("{what} answered {status}, code {code}"),
        None => format!("{what} answered {status}"),
    }
}

/// The answer is a success, and not what OData says.
pub(crate) fn not_understood(what: &str) -> Failure {
    Failure::rejected(
        "not-odata",
        "WorkZones svar kunne ikke forstås. Kontrollér adressen og versionen på forbindelsen.",
    )
    .detail(what)
}

/// The answer broke off.
pub(crate) fn broken_answer(what: &str) -> Failure {
    Failure::unavailable("broken-answer", "WorkZones svar blev afbrudt.").detail(what)
}

/// It may have happened, and there is no way to look.
pub(crate) fn cannot_look(what: &str, cause: &str) -> Failure {
    Failure::unknown(
        "outcome-unknown",
        format!("WorkZone svarede ikke, og det kan ikke slås op, om {what} blev oprettet. Se efter i WorkZone."),
    )
    .detail(cause)
}

/// It did not happen as far as one can see, and the next attempt will look first.
pub(crate) fn not_yet(cause: &str) -> Failure {
    Failure::unavailable("workzone-interrupted", "Forbindelsen til WorkZone blev afbrudt.").detail(cause)
}

/// More rows than the one that was meant.
pub(crate) fn ambiguous(what: &str) -> Failure {
    Failure::rejected("ambiguous-match", format!("Der er flere {what} i WorkZone, der passer. Ret det i WorkZone."))
}

/// There is no such case.
pub(crate) fn case_not_found(by: &str) -> Failure {
    Failure::rejected("case-not-found", format!("Sagen findes ikke i WorkZone (søgt på {by})."))
}

/// The host could not tell which files the run has.
pub(crate) fn no_files(error: AttachmentError) -> Failure {
    match error {
        AttachmentError::Unavailable(reason) => {
            Failure::unavailable("attachment-unavailable", "De vedhæftede filer kan ikke læses lige nu.").detail(reason)
        }
        error => error.into(),
    }
}

/// A value of the flow that cannot be right.
pub(crate) fn bad_input(code: &str, message: impl Into<String>, detail: impl Into<String>) -> Failure {
    Failure::invalid(code, message).detail(detail)
}
