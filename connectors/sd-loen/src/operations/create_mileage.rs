//! Claims mileage. A claim that is paid twice is worse than one that a person has to look after: one that may have
//! arrived is `unknown`, and never sent again by itself.

use schemars::JsonSchema;
use serde::Serialize;
use sluse_sdk::{
    Call, Failure,
    http::{self, Conclusion, Request},
    log,
};

use crate::{
    mileage::Claim,
    problem,
    settings::{Settings, ZeroDistance},
    soap::{self, Said},
};

/// Names the claim within its delivery.
const INTENT_KEY: &str = "create-mileage";

/// What became of the claim.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// SD's number of the claim, where the service gives one.
    registration_id: Option<String>,
    /// When SD took it, in SD's words.
    created_at: Option<String>,
    /// There was no distance, and nothing was sent.
    skipped: bool,
    /// What a person should know: CPR numbers that fail modulus 11.
    warnings: Vec<String>,
}

pub(crate) fn run(call: &Call<Settings>, claim: Claim) -> Result<Output, Failure> {
    let settings = &call.settings;
    let hundredths = claim.hundredths()?;
    if hundredths == 0 {
        return match settings.mileage.zero_distance {
            ZeroDistance::Skip => {
                log::info("Kørslen er på 0 km og er ikke sendt");
                Ok(Output { registration_id: None, created_at: None, skipped: true, warnings: Vec::new() })
            }
            ZeroDistance::Refuse => Err(Failure::invalid("distance-zero", "Kørslen er på 0 km.")),
        };
    }
    let mut warnings = Vec::new();
    let envelope = claim.envelope(settings, &mut warnings)?;
    warnings.iter().for_each(log::warn);
    let path = settings.mileage.path();
    let what = format!("POST {path}");
    let request = Request::post(path)
        .header("SOAPAction", &format!("\"{}\"", settings.mileage.soap_action))
        .bytes("text/xml; charset=utf-8", envelope)
        .timeout_ms(settings.mileage.timeout_ms)
        .intent_key(INTENT_KEY);
    let response = request.send().map_err(|error| problem::of_claim(&error, &what))?;
    match soap::read(&response, settings.mileage.service.name(), settings.mileage.server_faults) {
        Said::Answer(answer) => {
            let text = |name: &str| answer.find(name).map(|one| one.text.clone()).filter(|text| !text.is_empty());
            let registration_id = text("RegistreringIdentifikator");
            Ok(Output { registration_id, created_at: text("dannetDatoTid"), skipped: false, warnings })
        }
        Said::Nothing(failure) => {
            conclude(Conclusion::DidNotHappen);
            Err(failure.detail(format!("{what} answered {}", response.status())))
        }
        Said::InDoubt(cause) => {
            conclude(Conclusion::Open);
            Err(problem::in_doubt(&format!("{what}: {cause}")))
        }
    }
}

/// SD sends faults with 200 as well, which would count as a claim that happened.
fn conclude(conclusion: Conclusion) {
    if let Err(reason) = http::conclude(INTENT_KEY, conclusion) {
        log::warn(&reason);
    }
}
