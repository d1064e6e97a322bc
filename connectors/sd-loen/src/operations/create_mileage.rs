//! Claims mileage. A claim that is paid twice is worse than one that a person has to look after: one that may have
//! arrived is `unknown`, and never sent again by itself.

use schemars::JsonSchema;
use serde::Serialize;
use sluse_sdk::{Call, Failure, http, http::Request, log};

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
}

pub(crate) fn run(call: &Call<Settings>, claim: Claim) -> Result<Output, Failure> {
    let settings = &call.settings;
    let hundredths = claim.hundredths()?;
    if hundredths == 0 {
        return match settings.mileage.zero_distance {
            ZeroDistance::Skip => {
                log::info("Kørslen er på 0 km og er ikke sendt");
                Ok(Output { registration_id: None, created_at: None, skipped: true })
            }
            ZeroDistance::Refuse => Err(Failure::invalid("distance-zero", "Kørslen er på 0 km.")),
        };
    }
    let envelope = claim.envelope(settings)?;
    let path = settings.mileage.path();
    let what = format!("POST {path}");
    let request = Request::post(path)
        .header("SOAPAction", &format!("\"{}\"", settings.mileage.soap_action))
        .bytes("text/xml; charset=utf-8", envelope)
        .timeout_ms(settings.mileage.timeout_ms)
        .intent_key(INTENT_KEY);
    let response = request.send().map_err(|error| problem::of_claim(&error, &what))?;
    let said = soap::read(&response, settings.mileage.server_faults);
    match said {
        Said::Answer(answer) => {
            let text = |name: &str| answer.find(name).map(|element| element.text.clone()).filter(|text| !text.is_empty());
            if !soap::is_of(&answer, settings.mileage.service.name()) && text("dannetDatoTid").is_none() {
                return Err(problem::not_understood(&what));
            }
            Ok(Output {
                registration_id: text("RegistreringIdentifikator"),
                created_at: text("dannetDatoTid"),
                skipped: false,
            })
        }
        Said::Nothing(failure) => {
            // The status may say that it happened: SD sends faults with 200. Where it says that already, there is
            // nothing to add.
            if let Err(reason) = http::conclude(INTENT_KEY, false) {
                log::warn(&reason);
            }
            Err(failure.detail_before(&what))
        }
        Said::InDoubt(cause) => {
            if let Err(reason) = http::conclude_open(INTENT_KEY) {
                log::warn(&reason);
            }
            Err(problem::in_doubt(&format!("{what}: {cause}")))
        }
    }
}
