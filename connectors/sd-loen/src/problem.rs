//! What went wrong, in words: Danish for the people who handle cases, English for support. Neither bodies nor queries get
//! in here, because both hold person numbers.

use sluse_sdk::{
    Failure,
    http::{Response, SendError, SendErrorReason},
};

/// A claim that has no answer.
pub(crate) fn of_claim(error: &SendError, what: &str) -> Failure {
    match error.reason {
        SendErrorReason::Interrupted(_) | SendErrorReason::TooLarge(_) => in_doubt(&format!("{what}: {error}")),
        _ => unanswered(error, what),
    }
}

/// No answer, and nothing in doubt.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    let cause = format!("{what}: {error}");
    match error.reason {
        SendErrorReason::Forbidden(_) => {
            Failure::denied("request-forbidden", "Forbindelsen må ikke sende denne forespørgsel til SD Løn.")
                .detail(cause)
        }
        SendErrorReason::TooLarge(_) => {
            Failure::rejected("answer-too-large", "SD Løns svar er for stort.").detail(cause)
        }
        SendErrorReason::Unreachable(_) => {
            Failure::unavailable("target-unreachable", "Der er ikke forbindelse til SD Løn.").detail(cause)
        }
        SendErrorReason::Interrupted(_) => {
            Failure::unavailable("request-interrupted", "Forbindelsen til SD Løn blev afbrudt.").detail(cause)
        }
    }
}

/// A claim of which nobody knows whether SD has taken it.
pub(crate) fn in_doubt(cause: &str) -> Failure {
    Failure::unknown(
        "outcome-unknown",
        "Det vides ikke, om SD Løn har modtaget kørslen. Se efter i SD Løn, før den sendes igen: ellers kan den blive udbetalt to gange.",
    )
    .detail(cause)
}

/// SD understood, and refused.
pub(crate) fn refused(reason: &str) -> Failure {
    Failure::rejected("refused-by-sd", with_reason("SD Løn afviste oplysningerne", reason))
}

/// SD could not.
pub(crate) fn broken(reason: &str) -> Failure {
    Failure::unavailable("target-error", with_reason("SD Løn kunne ikke svare på grund af en fejl", reason))
}

fn with_reason(sentence: &str, reason: &str) -> String {
    if reason.is_empty() { format!("{sentence} uden begrundelse.") } else { format!("{sentence}: {reason}") }
}

/// A status that says that nothing was done.
pub(crate) fn of_status(response: &Response) -> Failure {
    let failure = match response.status() {
        401 => Failure::denied(
            "sign-in-refused",
            "SD Løn afviste forbindelsens login. Kontrollér brugeren (den begynder med SY) og adgangskoden.",
        ),
        403 => Failure::denied("access-denied", "Brugeren har ikke adgang til denne service hos SD Løn."),
        404 => Failure::denied(
            "service-not-found",
            "SD Løns service findes ikke på denne adresse. Kontrollér forbindelsen.",
        ),
        429 | 503 => Failure::unavailable("target-busy", "SD Løn kan ikke tage imod lige nu."),
        408 | 500..=599 => Failure::unavailable("target-error", "SD Løn kunne ikke svare på grund af en fejl."),
        _ => refused(""),
    };
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// SD answered, and not as its description says.
pub(crate) fn not_understood(what: &str, misfit: &str) -> Failure {
    Failure::rejected("answer-not-understood", "SD Løn svarede, men svaret kunne ikke forstås.")
        .detail(format!("{what}: {misfit}"))
}
