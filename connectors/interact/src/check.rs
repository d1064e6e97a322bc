//! Tries a connection without changing anything: one page of one submission of each form.

use sluse_sdk::{Call, Failure, Finding};

use crate::{
    interact::{Interact, is_unknown_form},
    problem,
    settings::Settings,
};

/// The intervals that WorkZone's document calls suitable, in seconds.
const SUITABLE: std::ops::RangeInclusive<u32> = 60..=300;

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let settings = &call.settings;
    let interact = Interact::new(settings)?;
    let mut findings = vec![interval(settings.watch_interval), thumbprint(settings)];
    let forms = settings.form_ids.ids();
    if forms.is_empty() {
        findings.push(form(&interact, "")?);
    }
    for id in forms {
        findings.push(form(&interact, id)?);
    }
    Ok(findings)
}

/// Advice, not a limit: another interval works as well.
fn interval(seconds: u32) -> Finding {
    let message = if SUITABLE.contains(&seconds) {
        format!("Interact spørges hvert {seconds}. sekund.")
    } else {
        format!("Bemærk: Interact spørges hvert {seconds}. sekund; 60 til 300 passer som regel.")
    };
    Finding::passed("WatchInterval", message)
}

/// One that is not given chooses nothing: the endpoint has the certificate.
fn thumbprint(settings: &Settings) -> Finding {
    let subject = "CertificateThumbprint";
    match settings.thumbprint() {
        Ok(Some(_)) => Finding::passed(subject, "Certifikatets thumbprint kan læses."),
        Ok(None) => Finding::passed(subject, "Der er ikke angivet et thumbprint. Endpointets certifikat bruges."),
        Err(why) => Finding::failed(subject, format!("Angiv certifikatets thumbprint: {why}.")),
    }
}

fn form(interact: &Interact<'_>, id: &str) -> Result<Finding, Failure> {
    let subject = if id.is_empty() { "FormIds".to_owned() } else { format!("FormIds {id}") };
    let failure = match interact.page(id, "", 1) {
        Ok(response) if response.is_success() => {
            let which = if id.is_empty() { "alle formularer".to_owned() } else { format!("formularen `{id}`") };
            return Ok(Finding::passed(subject, format!("Interact svarer, og {which} kan hentes.")));
        }
        Ok(response) if !id.is_empty() && is_unknown_form(&response) => problem::unknown_form(id, response.status()),
        Ok(response) => problem::of_answer(&response, "the list of submissions"),
        Err(failure) => failure,
    };
    match failure {
        // What cannot be asked now is not a finding about the settings.
        Failure::Unavailable(_) => Err(failure),
        failure => Ok(Finding::refused(subject, &failure)),
    }
}
