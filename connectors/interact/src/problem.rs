//! What went wrong, in words: Danish for the people who handle cases, English for support. Decides which failure an
//! answer is. Neither bodies nor queries get in here, because both hold personal data.

use sluse_sdk::{
    Failure,
    attachments::AttachmentError,
    http::{Response, SendError, SendErrorReason},
};

/// What an answer means that is no success. `what` is method and path, for support.
pub(crate) fn of_answer(response: &Response, what: &str) -> Failure {
    let failure = match response.status() {
        401 | 403 | 407 => Failure::denied(
            "access-denied",
            "Interact gav ikke adgang. Kontrollér certifikatet (CertificateThumbprint) og organisationens id (ClientId).",
        ),
        300..=399 => Failure::rejected(
            "redirected",
            "Interact viste videre til en anden adresse. Kontrollér adressen (Url) på forbindelsen.",
        ),
        429 | 503 => Failure::unavailable("interact-busy", "Interact er optaget og beder om at vente."),
        408 | 500..=599 => Failure::unavailable("interact-error", "Interact kunne ikke svare på grund af en fejl."),
        _ => Failure::rejected("unexpected-answer", "Interact svarede uventet. Kontrollér stierne på forbindelsen."),
    };
    let failure = failure.detail(format!("{what} answered {}", response.status()));
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// Whether an answer says that what was asked for is not there or may not be had, now and later.
pub(crate) fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 403 | 407 | 408 | 429)
}

/// No answer. Everything that this connector sends may be repeated, so that nothing is in doubt.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    let failure = match error.reason {
        SendErrorReason::Forbidden(_) => Failure::denied(
            "request-forbidden",
            "Forbindelsen til Interact blev afvist. Kontrollér certifikatet (CertificateThumbprint) og adressen (Url).",
        ),
        SendErrorReason::Unreachable(_) => {
            Failure::unavailable("interact-unreachable", "Der er ikke forbindelse til Interact.")
        }
        SendErrorReason::Interrupted(_) => {
            Failure::unavailable("interact-interrupted", "Forbindelsen til Interact blev afbrudt.")
        }
        SendErrorReason::TooLarge(_) => Failure::rejected("answer-too-large", "Interacts svar er for stort."),
    };
    failure.detail(format!("{what}: {error}"))
}

/// The service answered, and not as the settings say.
pub(crate) fn not_understood(what: &str, misfit: &str) -> Failure {
    Failure::rejected(
        "answer-not-understood",
        "Interact svarede, men svaret kunne ikke forstås. Kontrollér `names` på forbindelsen.",
    )
    .detail(format!("{what}: {misfit}"))
}

/// A form that Interact does not have.
pub(crate) fn unknown_form(form_id: &str, status: u16) -> Failure {
    Failure::rejected(
        "form-unknown",
        format!("Interact kender ikke formularen `{form_id}`. Ret FormIds på forbindelsen."),
    )
    .detail(format!("listing form `{form_id}` answered {status}"))
}

/// A file that was kept, and cannot be looked at.
pub(crate) fn not_readable(error: AttachmentError) -> Failure {
    match error {
        AttachmentError::Unavailable(reason) => {
            Failure::unavailable("attachment-unavailable", "En hentet fil kan ikke læses lige nu.").detail(reason)
        }
        error => error.into(),
    }
}
