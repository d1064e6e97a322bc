//! Tells Interact what became of a submission, in its own words. Putting the same status again changes nothing, so that
//! a lost answer is no more than one more request.

use serde_json::json;
use sluse_sdk::{
    Call, Failure, ItemReport, Standing,
    http::Response,
    log, member,
    text::{one_line, shortened, without_personal_numbers},
};

use crate::{interact::Interact, problem, settings::Settings};

/// Of a longer message nobody reads the end.
const MAX_MESSAGE_CHARS: usize = 250;

pub(crate) fn run(call: &Call<Settings>, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
    let interact = Interact::new(&call.settings)?;
    let Some(told) = report.iter().find(|report| report.standing != Standing::Succeeded).or(report.first()) else {
        return Ok(());
    };
    let statuses = &call.settings.statuses;
    let (status, message) = match told.standing {
        Standing::Succeeded => (&statuses.imported, None),
        Standing::Held | Standing::Failed => (&statuses.temporary_blocked, Some(presentable(told.message.as_deref()))),
    };
    let body = match message {
        Some(message) => json!({ "status": status, "message": message }),
        None => json!({ "status": status }),
    };
    let response = interact.put_status(group, &body)?;
    match response.status() {
        200..=299 => Ok(()),
        409 => look(&interact, group, status),
        404 | 410 => Err(Failure::rejected(
            "submission-gone",
            "Indsendelsen findes ikke længere i Interact, så dens status kan ikke ændres.",
        )
        .detail(format!("PUT the status of a submission answered {}", response.status()))),
        _ => Err(problem::of_answer(&response, "PUT the status of a submission")),
    }
}

/// Interact would not take the status: it is right when the submission has it already, which a lost answer leaves
/// behind, or is imported already.
fn look(interact: &Interact<'_>, id: &str, wanted: &str) -> Result<(), Failure> {
    let response = interact.describe(id)?;
    if !response.is_success() {
        return Err(problem::of_answer(&response, "GET a submission"));
    }
    let status = status(interact, &response).unwrap_or_default();
    if status.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    if status.eq_ignore_ascii_case(&interact.settings.statuses.imported) {
        log::warn(format!("Indsendelsen er allerede `{status}` i Interact, så den blev ikke `{wanted}`."));
        return Ok(());
    }
    Err(Failure::rejected(
        "status-refused",
        format!("Interact ville ikke ændre indsendelsens status til `{wanted}`. Se den i Interact under Submitted dialogues."),
    )
    .detail("PUT the status of a submission answered 409, and it has another status"))
}

fn status(interact: &Interact<'_>, response: &Response) -> Option<String> {
    member::text(&response.json().ok()?, &interact.settings.names.status)
}

/// A message as people in Interact may read it: on one line, without personal numbers, not long.
fn presentable(message: Option<&str>) -> String {
    let message = message.unwrap_or("Indsendelsen afventer en medarbejder.");
    shortened(&without_personal_numbers(&one_line(message)), MAX_MESSAGE_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line_without_personal_numbers() {
        assert_eq!(presentable(Some("Kontakten\r\n 251248-4916\tfindes ikke")), "Kontakten [personnummer] findes ikke");
        let long = presentable(Some(&"ø".repeat(300)));
        assert_eq!((long.chars().count(), long.ends_with('…')), (250, true));
        assert_eq!(presentable(None), "Indsendelsen afventer en medarbejder.");
    }
}
