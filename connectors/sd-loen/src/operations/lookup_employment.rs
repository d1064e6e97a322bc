//! Finds the employment of a person on a day. Reads only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{Cpr, Date, DateFormat, xml::Element};
use sluse_sdk::{Call, Failure, http::Request, log};

use crate::{
    problem,
    settings::Settings,
    soap::{self, Fault},
};

/// How SD calls the service, and its answers.
const SERVICE: &str = "GetEmployment20111201";

/// More than SD answers.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// Whose employment, and when. Not printed: a person number stands in it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The CPR number.
    cpr: String,
    /// The day; that of the submission when absent.
    #[serde(default)]
    date: Option<String>,
    /// Which of several employments.
    #[serde(default)]
    employment: Option<String>,
    /// SD's identifier of the institution; that of the settings when absent.
    #[serde(default)]
    institution: Option<String>,
    /// Whether employments that have ended count as well.
    #[serde(default)]
    include_ended: bool,
}

/// The employment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// SD's identifier of the employment.
    employment_id: String,
    /// SD's status: 0, 1 and 3 are employed, 7, 8 and 9 have left, S is deleted.
    status: String,
    /// Whether the status says employed.
    employed: bool,
    /// SD's identifier of the department, where there is one.
    department: Option<String>,
    /// What a person should know: that the CPR number fails modulus 11.
    warnings: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let settings = &call.settings;
    let cpr = Cpr::read(&input.cpr, "Medarbejderen")?;
    let warning = cpr.warning("Medarbejderen");
    warning.iter().for_each(log::warn);
    let date = match &input.date {
        Some(date) => Date::read(date, "Datoen")?,
        None => Date::in_denmark(call.accepted_at_ms),
    };
    let dotted: DateFormat = "dd.MM.yyyy".to_owned().try_into().expect("it is a format");
    let mut request = Request::get(settings.employment_path.as_str())
        .query("InstitutionIdentifier", settings.institution(input.institution.as_deref())?)
        .query("PersonCivilRegistrationIdentifier", cpr.digits())
        .query("EffectiveDate", dotted.write(date))
        .query("StatusActiveIndicator", true)
        .query("StatusPassiveIndicator", input.include_ended)
        .query("EmploymentStatusIndicator", true)
        .query("DepartmentIndicator", true);
    if let Some(employment) = &input.employment {
        request = request.query("EmploymentIdentifier", employment.trim());
    }
    let what = format!("GET {}", settings.employment_path);
    let response = request.send().map_err(|error| problem::unanswered(&error, &what))?;
    let parsed = Element::parse(response.bytes(), MAX_ANSWER_BYTES);
    if let Some(fault) = parsed.as_ref().ok().and_then(|answer| answer.find("Fault")) {
        let Fault { is_callers, reason } = Fault::of(fault);
        let failure = if is_callers { problem::refused(&reason) } else { problem::broken(&reason) };
        return Err(failure.detail(format!("{what} answered with a fault")));
    }
    if !response.is_success() {
        return Err(problem::of_status(&response).detail(format!("{what} answered {}", response.status())));
    }
    let answer = parsed.map_err(|malformed| problem::not_understood(&what, &malformed.to_string()))?;
    let answer = soap::answer_of(answer, SERVICE)
        .ok_or_else(|| problem::not_understood(&what, &format!("something else than an answer of {SERVICE}")))?;
    one(employments(&answer), &input).map(|found| Output { warnings: Vec::from_iter(warning), ..found })
}

fn employments(answer: &Element) -> Vec<Output> {
    let employment = |element: &Element| {
        let status = element.text_at("EmploymentStatus/EmploymentStatusCode").unwrap_or_default().to_owned();
        Output {
            employment_id: element.text_at("EmploymentIdentifier").unwrap_or_default().to_owned(),
            employed: matches!(status.as_str(), "0" | "1" | "3"),
            status,
            department: element.text_at("EmploymentDepartment/DepartmentIdentifier").map(str::to_owned),
            warnings: Vec::new(),
        }
    };
    let people = answer.all("Person");
    people.flat_map(|person| person.all("Employment").map(employment).collect::<Vec<_>>()).collect()
}

fn one(found: Vec<Output>, input: &Input) -> Result<Output, Failure> {
    let is_meant = |found: &Output| {
        let is_named = input.employment.as_ref().is_none_or(|wanted| wanted.trim() == found.employment_id);
        is_named && (found.employed || input.include_ended)
    };
    let mut fitting: Vec<Output> = found.iter().filter(|found| is_meant(found)).cloned().collect();
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 if found.is_empty() => Err(Failure::rejected(
            "employment-not-found",
            "Personen har ingen ansættelse i institutionen på denne dag.",
        )),
        0 => Err(Failure::rejected("employment-ended", "Personens ansættelse er ophørt på denne dag.")),
        count => {
            let names: Vec<&str> = fitting.iter().map(|found| found.employment_id.as_str()).collect();
            Err(Failure::rejected(
                "several-employments",
                format!("Personen har {count} ansættelser: {}. Angiv hvilken.", names.join(", ")),
            ))
        }
    }
}
