//! Tries a connection without writing: the layout, the folder, and whether SD lets the user in. That one may write into
//! the folder is for the host to prove.

use sluse_formats::{file, xml::Element};
use sluse_sdk::{Call, Failure, Finding, http::Request};

use crate::{FOLDER, problem, settings::Settings, soap};

/// How SD calls the service that knows institutions, and its answers.
const SERVICE: &str = "GetInstitution20111201";

/// A file that nobody has, because no batch is called so.
const NO_FILE: &str = "sluse-findes-ikke.txt";

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let settings = &call.settings;
    let mut findings = Vec::new();
    if settings.layout.is_some() {
        findings.push(match settings.layout() {
            Ok(layout) => Finding::passed("layout", format!("Layoutet har {} kolonner.", layout.columns.len())),
            Err(failure) => Finding::refused("layout", &failure),
        });
        findings.push(of("folder", file::read(FOLDER, NO_FILE).map(drop), "Mappen kan læses.")?);
    }
    findings.push(match settings.institution(None) {
        Ok(institution) => {
            of("sign-in", sign_in(settings, institution), "SD Løn godtager brugeren og kender institutionen.")?
        }
        // Whoever only writes files needs none, and whether there is an endpoint is not told to a connector.
        Err(_) if settings.layout.is_some() => Finding::passed(
            "sign-in",
            "Bemærk: Brugeren er ikke prøvet hos SD Løn. Angiv `institution`, så prøves den; filer kræver det ikke.",
        ),
        Err(_) => Finding::failed(
            "settings",
            "Der er intet at prøve. Angiv `layout`, hvis der skrives filer, og `institution`, hvis SD Løn spørges.",
        ),
    });
    Ok(findings)
}

fn sign_in(settings: &Settings, institution: &str) -> Result<(), Failure> {
    let what = format!("GET {}", settings.institution_path);
    let request = Request::get(settings.institution_path.as_str()).query("InstitutionIdentifier", institution);
    let response = request.send().map_err(|error| problem::unanswered(&error, &what))?;
    let answer = Element::parse(response.bytes(), 1 << 20).ok();
    if answer.as_ref().is_some_and(|answer| answer.find("Fault").is_some()) {
        return Err(Failure::rejected(
            "institution-unknown",
            "SD Løn kender ikke institutionen, eller brugeren må ikke se den.",
        ));
    }
    if !response.is_success() {
        return Err(problem::of_status(&response).detail(what));
    }
    match answer.and_then(|answer| soap::answer_of(answer, SERVICE)) {
        Some(_) => Ok(()),
        None => Err(problem::not_understood(&what, &format!("something else than an answer of {SERVICE}"))),
    }
}

/// What cannot be asked now is not a finding about the settings.
fn of(subject: &str, asked: Result<(), Failure>, passed: &str) -> Result<Finding, Failure> {
    match asked {
        Ok(()) => Ok(Finding::passed(subject, passed)),
        Err(failure @ Failure::Unavailable(_)) => Err(failure),
        Err(failure) => Ok(Finding::refused(subject, &failure)),
    }
}
