//! What goes wrong with a named request, in words: Danish for people, English for support. Names requests, places and
//! statuses; neither values, queries nor bodies.

use sluse_sdk::{
    Failure,
    http::{Response, SendError},
};

use super::template::Misfit;
use crate::{problem, settings::request::Meaning};

/// The connection has no request of this name.
pub(crate) fn unknown_request(known: &str) -> Failure {
    Failure::invalid("unknown-request", "Forbindelsen har ingen forespørgsel af dette navn.").detail(match known {
        "" => "the settings name no `requests`".to_owned(),
        known => format!("the settings name the requests {known}"),
    })
}

/// `read` promises to change nothing.
pub(crate) fn not_a_read(name: &str) -> Failure {
    Failure::invalid("request-changes", format!("Forespørgslen `{name}` ændrer noget og kan ikke bruges til at læse."))
        .detail(format!("`requests.{name}` has another effect than `read`: use the operation `call`"))
}

/// A value that the request needs is not there, or cannot stand there.
pub(crate) fn value_unfit(name: &str, misfit: &Misfit) -> Failure {
    match misfit {
        Misfit::Missing(place) => Failure::invalid("value-missing", format!("Oplysningen `{place}` mangler."))
            .detail(format!("`requests.{name}` needs `{{{place}}}`, and `values` has none")),
        Misfit::Unfit(place) => {
            Failure::invalid("value-unfit", format!("Oplysningen `{place}` kan ikke bruges i forespørgslen."))
                .detail(format!("`requests.{name}` has `{{{place}}}` where the value given cannot stand"))
        }
    }
}

/// The host takes no such intent key.
pub(crate) fn intent_too_long(name: &str) -> Failure {
    Failure::invalid("value-unfit", "Oplysningerne, der skal kende forespørgslen igen, er for lange.")
        .detail(format!("`requests.{name}.intent` becomes longer than 256 bytes"))
}

/// No answer to what may be asked again.
pub(crate) fn unanswered(error: &SendError, what: &str) -> Failure {
    if error.is_interrupted() { interrupted(&format!("{what}: {error}")) } else { problem::unanswered(error, what) }
}

/// It did not happen as far as one can see, or may be done again.
pub(crate) fn interrupted(cause: &str) -> Failure {
    Failure::unavailable("request-interrupted", "Forbindelsen til det eksterne system blev afbrudt.").detail(cause)
}

/// An answer that is no success, and means what `meaning` says where the settings say it.
pub(crate) fn of_answer(response: &Response, what: &str, meaning: Option<Meaning>, reason: Option<String>) -> Failure {
    let status = response.status();
    let refused = |failure: Failure| failure.detail(format!("{what} answered {status}"));
    match (meaning, status) {
        (Some(Meaning::Invalid), _) => refused(Failure::invalid(
            "values-refused",
            with_reason("Det eksterne system kan ikke bruge oplysningerne", reason),
        )),
        (Some(Meaning::Denied), _) => {
            refused(Failure::denied("access-denied", with_reason("Det eksterne system gav ikke adgang", reason)))
        }
        (Some(Meaning::Unavailable), _) => problem::not_reached(response, what),
        (Some(Meaning::Unknown), _) => problem::cannot_look(&format!("{what} answered {status}")),
        (None, 200..=299) => not_understood(what, &format!("the status {status} is none of `success`")),
        (Some(Meaning::Rejected), _) | (None, 400 | 402 | 404..=406 | 409..=428 | 430..=499) => refused(
            Failure::rejected("target-refused", with_reason("Det eksterne system afviste forespørgslen", reason)),
        ),
        (None, _) => problem::of_answer(response, what, reason),
    }
}

/// The target answered, and not as the settings say.
pub(crate) fn not_understood(what: &str, misfit: &str) -> Failure {
    problem::not_understood(&format!("the answer to {what}"), misfit)
}

fn with_reason(sentence: &str, reason: Option<String>) -> String {
    match reason {
        Some(reason) => format!("{sentence}: {reason}"),
        None => format!("{sentence}."),
    }
}
