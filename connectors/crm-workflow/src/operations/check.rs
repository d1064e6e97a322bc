//! Tries a connection by listing its configurations: whether it signs in, and whether the tenant has agent integrations.

use sluse_sdk::{Call, Failure, Finding};

use super::list_workflows::active_configurations;
use crate::{read, settings::Settings};

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let failure = match read::list(&active_configurations(settings), settings) {
        Ok(configurations) => return Ok(vec![signed_in(), listed(configurations.len())]),
        // What cannot be asked now is not a finding about the settings.
        Err(failure @ Failure::Unavailable(_)) => return Err(failure),
        Err(failure) => failure,
    };
    Ok(match failure.problem().code.as_str() {
        "sign-in-refused" | "request-forbidden" => vec![Finding::refused("sign-in", &failure)],
        _ => vec![signed_in(), Finding::refused("agent-integrations", &failure)],
    })
}

fn signed_in() -> Finding {
    Finding::passed("sign-in", "CXone svarer og godtager forbindelsens login.")
}

fn listed(configurations: usize) -> Finding {
    match configurations {
        0 => Finding::failed(
            "agent-integrations",
            "Der er ingen aktive konfigurationer. Opret en under Agentintegrationer, Konfigurationer i CXone.",
        ),
        count => Finding::passed(
            "agent-integrations",
            format!("Agentintegrationer er slået til; aktive konfigurationer: {count}."),
        ),
    }
}
