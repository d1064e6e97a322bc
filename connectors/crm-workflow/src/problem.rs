//! What went wrong, in words: Danish for the people who handle cases and calls, English for support. Decides which
//! failure an answer is. Neither bodies nor queries get in here, because both hold personal data.

use sluse_sdk::{
    Failure,
    http::{Effect, Response, SendError, SendErrorReason},
};

use crate::{answer, branch::Branch};

/// An input cannot be right, and nothing is sent.
pub(crate) fn bad_input(code: &str, message: &str, wanted: &str) -> Failure {
    Failure::invalid(code, message).detail(format!("nothing was sent: {wanted}"))
}

/// An answer that is no success, by the branch that it takes. `what` is method and path, for support.
pub(crate) fn of_answer(response: &Response, branch: Branch, effect: Effect, what: &str) -> Failure {
    let status = response.status();
    let said = answer::said(response.bytes());
    let failure = match (branch, status) {
        (branch, status) if effect == Effect::Once && leaves_open(status) && !branch.is_sure() => outcome_unknown(),
        (Branch::ValidationError, _) => {
            Failure::invalid("validation-error", with("CXone godtog ikke oplysningerne", said))
        }
        (Branch::InvalidWorkflow, _) => {
            Failure::rejected("invalid-workflow", with("Workflowet findes ikke eller kan ikke bruges", said))
        }
        (Branch::NotConfigured, _) => Failure::denied("not-configured", with(NOT_CONFIGURED, said)),
        (Branch::Timeout, _) => timed_out(),
        (_, 401 | 407) => Failure::denied(
            "sign-in-refused",
            "CXone afviste forbindelsens login. Kontrollér adgangsnøglen og forbindelsens klient.",
        ),
        (_, 403) => Failure::denied("access-denied", with("CXone gav ikke adgang", said)),
        (_, 300..=399) => Failure::rejected(
            "redirected",
            "CXone viste videre til en anden adresse. Kontrollér adressen på forbindelsen.",
        ),
        (_, 429 | 503) => Failure::unavailable("target-busy", "CXone kan ikke tage imod lige nu."),
        (_, 408 | 500..=599) => Failure::unavailable("target-error", "CXone kunne ikke svare på grund af en fejl."),
        _ => Failure::rejected("unexpected-answer", with("CXone svarede uventet", said)),
    };
    let failure = failure.detail(format!("{what} answered {status}"));
    match response.retry_after_ms() {
        Some(wait_ms) => failure.retry_after(wait_ms),
        None => failure,
    }
}

/// Whether something that must happen once may have happened with this status.
pub(crate) fn leaves_open(status: u16) -> bool {
    matches!(status, 408 | 500..=502 | 504..=599)
}

/// What a tenant without agent integrations is told.
pub(crate) const NOT_CONFIGURED: &str =
    "Agentintegrationer er ikke slået til for lejeren i CXone. Kontakt jeres CXone-repræsentant";

fn with(sentence: &str, said: Option<String>) -> String {
    said.map_or_else(|| format!("{sentence}."), |said| format!("{sentence}: {said}"))
}

fn timed_out() -> Failure {
    Failure::unavailable("timeout", "CXone svarede ikke i tide.")
}

fn outcome_unknown() -> Failure {
    Failure::unknown(
        "outcome-unknown",
        "CXone svarede ikke som ventet, og det vides ikke, om workflowet er udført. Se efter i CRM-systemet.",
    )
}

/// Results with errors beside them.
pub(crate) fn partly_done(response: &Response, what: &str) -> Failure {
    let said = answer::said(response.bytes());
    Failure::rejected("partly-done", with("Workflowet gav et resultat, men ikke uden fejl", said))
        .detail(format!("{what} answered {} with errors", response.status()))
}

/// A success that nobody can read.
pub(crate) fn not_understood(response: &Response, what: &str) -> Failure {
    Failure::rejected("answer-not-understood", "CXone svarede, men svaret kunne ikke forstås.")
        .detail(format!("{what} answered {} with a body that is not what was agreed", response.status()))
}

/// No answer.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    let failure = match (&error.reason, error.effect) {
        (SendErrorReason::Interrupted(_) | SendErrorReason::TooLarge(_), Effect::Once) => outcome_unknown(),
        (SendErrorReason::Interrupted(_), _) => timed_out(),
        (SendErrorReason::TooLarge(_), _) => Failure::rejected("answer-too-large", "CXones svar er for stort."),
        (SendErrorReason::Unreachable(_), _) => {
            Failure::unavailable("target-unreachable", "Der er ikke forbindelse til CXone.")
        }
        (SendErrorReason::Forbidden(_), _) => {
            Failure::denied("request-forbidden", "Forbindelsen må ikke sende denne forespørgsel til CXone.")
        }
    };
    failure.detail(format!("{what}: {error}"))
}

/// A creation is in doubt, and there is no way to look.
pub(crate) fn cannot_look(cause: &str) -> Failure {
    Failure::unknown(
        "outcome-unknown",
        "Det vides ikke, om posten er oprettet, og den kan ikke slås op. Se efter i CRM-systemet.",
    )
    .detail(format!("{cause}; an `external_ref` and a `search_workflow_id` would let it be looked up"))
}

/// A creation is in doubt, and its record is not there yet.
pub(crate) fn not_yet(cause: &str, wait_ms: u64) -> Failure {
    Failure::unavailable(
        "creation-interrupted",
        "Oprettelsen blev afbrudt, og posten er ikke fundet. Den kan stadig dukke op, så der ses efter igen.",
    )
    .retry_after(wait_ms)
    .detail(cause)
}

/// More than one record has the external reference.
pub(crate) fn several_records(count: usize) -> Failure {
    Failure::rejected(
        "several-records",
        "Flere poster i CRM-systemet har den samme eksterne reference. Ryd op, og prøv igen.",
    )
    .detail(format!("{count} records have it"))
}

/// The search finds records and does not show by which reference.
pub(crate) fn reference_not_shown(field: &str) -> Failure {
    Failure::unknown(
        "reference-not-shown",
        format!("Søgningen viser ikke feltet `{field}`, så det kan ikke afgøres, om posten er oprettet."),
    )
    .detail(format!("let the search workflow give the field `{field}`, or name it in the setting `names.external_ref`"))
}

/// Nothing is kept under a key any more.
pub(crate) fn not_cached(what: &str) -> Failure {
    Failure::rejected("not-cached", "CXone har ikke længere noget gemt under denne cacheKey.").detail(what)
}

/// An answer that should be a list.
pub(crate) fn no_list(what: &str) -> Failure {
    Failure::rejected("answer-not-understood", "CXone svarede, men svaret indeholder ingen liste.")
        .detail(format!("{what} answered with JSON that is no list and has none"))
}

/// A list that has more and more pages.
pub(crate) fn list_without_end(pages: u32) -> Failure {
    Failure::rejected("too-many-pages", "CXones liste er for lang. Sæt `page_size` højere på forbindelsen.")
        .detail(format!("it has more than {pages} pages"))
}
