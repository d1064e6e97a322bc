//! Tries a connection without any effect: by a path that may be read, where the settings name one. Also says what
//! will be left to a person.

use sluse_sdk::{Call, Failure, Finding, http::Request};

use crate::{
    exchange::without_query,
    problem,
    settings::{
        Settings,
        request::{Effect, NamedRequest},
    },
};

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    call.settings.verify()?;
    Ok(vec![sign_in(&call.settings)?, interruption(&call.settings)])
}

fn sign_in(settings: &Settings) -> Result<Finding, Failure> {
    let Some(path) = &settings.check_path else {
        return Ok(Finding::failed(
            "sign-in",
            "Forbindelsen kan ikke prøves uden at udløse noget. Angiv `check_path`, en sti der kan læses uden virkning.",
        ));
    };
    let what = format!("GET {}", without_query(path));
    let failure = match Request::get(path.as_str()).send() {
        Ok(response) if response.is_success() => {
            return Ok(Finding::passed("sign-in", "Det eksterne system svarer og godtager forbindelsens login."));
        }
        Ok(response) => problem::of_answer(&response, &what, None),
        Err(error) => problem::unanswered(&error, &what),
    };
    match failure {
        // What cannot be asked now is not a finding about the settings.
        Failure::Unavailable(_) => Err(failure),
        Failure::Denied(_) => Ok(Finding::refused("sign-in", &failure)),
        _ => Ok(Finding::failed("sign-in", format!("`check_path` kan ikke læses: {what} gav ikke et brugbart svar."))),
    }
}

fn interruption(settings: &Settings) -> Finding {
    let is_left = |request: &NamedRequest| request.effect() == Effect::Once && request.lookup.is_none();
    if let Some((name, _)) = settings.requests.iter().find(|(_, request)| is_left(request)) {
        return Finding::failed(
            "interruption",
            format!(
                "`requests.{name}` har ingen `lookup`: om den er udført, når den afbrydes, må afgøres af en person."
            ),
        );
    }
    let by_itself = Settings::default();
    let triggers = settings.trigger_path != by_itself.trigger_path;
    // A notice may always be repeated.
    let notifies = settings.notify_path != by_itself.notify_path;
    let is_triggered = triggers || (settings.requests.is_empty() && !notifies);
    if !is_triggered || settings.repeatable || settings.status_path.is_some() {
        return Finding::passed("interruption", "En afbrudt handling afgøres uden en person.");
    }
    Finding::failed(
        "interruption",
        "Hverken `repeatable` eller `status_path` er sat: om en afbrudt handling er udført, må afgøres af en person.",
    )
}
