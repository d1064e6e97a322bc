//! What went wrong, in words: Danish for the people who handle cases, English for support. Decides which failure an
//! answer is. Neither bodies nor queries get in here, because both hold personal data.

use sluse_sdk::{
    Failure,
    http::{Effect, Response, SendError, SendErrorReason},
};

/// The code of what XFlow refuses because of what is there already.
pub(crate) const CONFLICT: &str = "conflict";

/// What an answer means that is no success. `what` is method and path, for support.
pub(crate) fn of_answer(response: &Response, what: &str) -> Failure {
    let failure = match response.status() {
        401 | 403 | 407 => Failure::denied(
            "token-refused",
            "XFlow afviste forbindelsens token. Er det dannet på ny i XFlow, gælder det gamle ikke længere, heller ikke \
             for andre, der bruger det: sæt forbindelsens hemmelighed (headeren `publicApiToken`) til det nye med \
             `sluse secret set`.",
        ),
        404 | 410 => Failure::rejected("not-found", "XFlow fandt ikke det, der blev spurgt efter."),
        409 => Failure::rejected(CONFLICT, "XFlow afviste det, fordi det ikke passer til det, der er der allerede."),
        300..=399 => Failure::rejected(
            "redirected",
            "XFlow viste videre til en anden adresse. Kontrollér adressen på forbindelsen.",
        ),
        429 | 503 => Failure::unavailable("xflow-busy", "XFlow er optaget og beder om at vente."),
        408 | 500..=599 => Failure::unavailable("xflow-error", "XFlow kunne ikke svare på grund af en fejl."),
        _ => Failure::rejected("unexpected-answer", "XFlow svarede uventet. Kontrollér stierne på forbindelsen."),
    };
    let failure = failure.detail(format!("{what} answered {}", response.status()));
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// No answer.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    let failure = match (&error.reason, error.effect) {
        (SendErrorReason::Forbidden(_), _) => {
            Failure::denied("request-forbidden", "Forbindelsen må ikke sende denne forespørgsel til XFlow.")
        }
        (SendErrorReason::Unreachable(_), _) => {
            Failure::unavailable("xflow-unreachable", "Der er ikke forbindelse til XFlow.")
        }
        (SendErrorReason::Interrupted(_), Effect::Once) => in_doubt(),
        (SendErrorReason::Interrupted(_), Effect::Read | Effect::Repeatable) => {
            Failure::unavailable("xflow-interrupted", "Forbindelsen til XFlow blev afbrudt.")
        }
        (SendErrorReason::TooLarge(_), _) => Failure::rejected("answer-too-large", "XFlows svar er for stort."),
    };
    failure.detail(format!("{what}: {error}"))
}

/// It may have happened, and there is nothing to look at.
pub(crate) fn in_doubt() -> Failure {
    Failure::unknown("outcome-unknown", "Det vides ikke, om XFlow har udført det. Se processen i XFlow.")
}

/// XFlow did not answer as if it had done it, and has not done it as far as one can see.
pub(crate) fn not_yet(what: &str) -> Failure {
    Failure::unavailable("not-accepted", "XFlow har ikke udført det endnu.")
        .detail(format!("{what} gave no usable answer, and what it asked for has not happened"))
}

/// XFlow answered, and not as the settings say.
pub(crate) fn not_understood(what: &str, misfit: &str) -> Failure {
    Failure::rejected(
        "answer-not-understood",
        "XFlow svarede, men svaret kunne ikke forstås. Kontrollér `names` på forbindelsen.",
    )
    .detail(format!("{what}: {misfit}"))
}
