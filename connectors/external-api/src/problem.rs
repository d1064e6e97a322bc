//! What went wrong, in words: Danish for the people who handle cases, English for support. Decides which failure an
//! answer is. Neither bodies nor queries get in here, because both hold personal data.

use sluse_sdk::{
    Failure,
    callbacks::CallbackError,
    http::{Response, SendError, SendErrorReason},
};

/// The action is named by what cannot stand in the path where it is looked for.
pub(crate) fn not_for_a_path(name: &str) -> Failure {
    let message = format!("Handlingens `{name}` kan ikke stå i adressen, hvor der ses efter, om den er udført.");
    let detail = format!(
        "`status_path` has `{{{name}}}` in its path, where no slash can stand: name it in the query, or use `{{key}}`"
    );
    Failure::invalid("value-unfit", message).detail(detail)
}

/// An answer that says that nothing was done, whatever was asked.
///
/// `what` is method and path, for support; `reason` the API's own words.
pub(crate) fn of_answer(response: &Response, what: &str, reason: Option<String>) -> Failure {
    let failure = match response.status() {
        401 | 407 => Failure::denied(
            "sign-in-refused",
            "Det eksterne system afviste forbindelsens login. Kontrollér forbindelsens hemmelighed.",
        ),
        403 => Failure::denied("access-denied", with_reason("Det eksterne system gav ikke adgang", reason)),
        300..=399 => Failure::rejected(
            "redirected",
            "Det eksterne system viste videre til en anden adresse. Kontrollér adressen på forbindelsen.",
        ),
        429 | 503 => busy(),
        408 | 500..=599 => {
            Failure::unavailable("target-error", "Det eksterne system kunne ikke svare på grund af en fejl.")
        }
        _ => unsuccessful(reason),
    };
    waiting(failure.detail(format!("{what} answered {}", response.status())), response)
}

/// The same answer, where a refusal counts as a connection that failed.
pub(crate) fn not_reached(response: &Response, what: &str) -> Failure {
    waiting(busy().detail(format!("{what} answered {}", response.status())), response)
}

fn busy() -> Failure {
    Failure::unavailable("target-busy", "Det eksterne system kan ikke tage imod lige nu.")
}

fn waiting(failure: Failure, response: &Response) -> Failure {
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// The API understood, and the action did not succeed.
pub(crate) fn unsuccessful(reason: Option<String>) -> Failure {
    Failure::rejected(
        "updated-by-integration",
        with_reason("Det eksterne system kunne ikke gennemføre handlingen", reason),
    )
}

fn with_reason(sentence: &str, reason: Option<String>) -> String {
    match reason {
        Some(reason) => format!("{sentence}: {reason}"),
        None => format!("{sentence}, og gav ingen begrundelse."),
    }
}

/// The API answered or called back, and not as the settings say.
pub(crate) fn not_understood(what: &str, misfit: &str) -> Failure {
    Failure::invalid(
        "answer-not-understood",
        "Det eksterne system svarede, men svaret kunne ikke forstås. Se i det eksterne system, om handlingen er udført.",
    )
    .detail(format!("{what}: {misfit}"))
}

/// The host gives no address for the callback.
pub(crate) fn no_address(error: CallbackError) -> Failure {
    match error {
        CallbackError::Forbidden(reason) => {
            Failure::denied("callback-forbidden", "Der kan ikke tages imod et svar på denne forbindelse.")
                .detail(reason)
        }
        CallbackError::Unavailable(reason) => {
            Failure::unavailable("callback-unavailable", "Der kan ikke oprettes en adresse til svaret lige nu.")
                .detail(reason)
        }
    }
}

/// No callback came in time.
pub(crate) fn timed_out(timeout_s: u64) -> Failure {
    Failure::unknown("callback-timed-out", "Det eksterne system svarede ikke inden for den fastsatte tid.")
        .detail(format!("no callback within {timeout_s} s"))
}

/// It may have happened, and there is no way to look.
pub(crate) fn cannot_look(cause: &str) -> Failure {
    Failure::unknown(
        "outcome-unknown",
        "Det eksterne system svarede ikke, og det kan ikke slås op, om det fik handlingen. Se efter i det eksterne system.",
    )
    .detail(cause)
}

/// It did not happen as far as one can see, or may be done again, and another attempt takes care of that.
pub(crate) fn not_yet(cause: &str) -> Failure {
    Failure::unavailable("trigger-interrupted", "Forbindelsen til det eksterne system blev afbrudt.").detail(cause)
}

/// No answer, and nothing in doubt.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    let cause = format!("{what}: {error}");
    match error.reason {
        SendErrorReason::Forbidden(_) => Failure::denied(
            "request-forbidden",
            "Forbindelsen må ikke sende denne forespørgsel til det eksterne system.",
        )
        .detail(cause),
        SendErrorReason::Unreachable(_) => {
            Failure::unavailable("target-unreachable", "Der er ikke forbindelse til det eksterne system.").detail(cause)
        }
        SendErrorReason::Interrupted(_) => not_yet(&cause),
        SendErrorReason::TooLarge(_) => {
            Failure::rejected("answer-too-large", "Det eksterne systems svar er for stort.").detail(cause)
        }
    }
}
