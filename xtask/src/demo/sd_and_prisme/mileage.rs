//! A claim of mileage that SD Løn refuses with a SOAP fault, and status 200. That is no success: a person mends what was
//! wrong, tries it again, and it is registered once.

use super::ledgers::{SdLoen, claim};
use super::records::CPR;
use crate::demo::example;
use crate::demo::host::Host;
use crate::demo::patience::until;
use crate::demo::target::Target;
use crate::demo::{Manner, Stage};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The flow of the example.
const FLOW: &str = "mileage";

/// The employment that is claimed for.
const EMPLOYMENT: &str = "00123";

pub(super) async fn tell(stage: &Stage<'_>, host: &Host, sd_loen: &mut Target, manner: Manner) -> Result<Vec<String>> {
    manner.show("\na drive: SD Løn refuses it, and says so with status 200");
    let employment =
        json!({ "cpr": CPR.replace('-', ""), "id": EMPLOYMENT, "status": "1", "department": "Ældreplejen" });
    sd_loen.tell("employ", &employment).await?;
    let key = claim(EMPLOYMENT, "2026-03-21", "12.50");
    let fault = json!({ "key": key, "code": "Client", "reason": "Lønperioden er lukket" });
    sd_loen.plant(&fault, "a SOAP fault that comes with 200", manner).await?;
    let drive = json!({
        "cpr": CPR, "date": "21-03-2026", "km": "12,5", "from": "Rådhuset", "to": "Ærø Havn", "reason": "Tilsyn",
    });
    let file = example::write(stage.folder(), "drive.json", &drive.to_string())?;
    host.submit(FLOW, &file, &key, &["--wait", "--timeout", "120"], manner).await?;

    let mut complaints = Vec::new();
    let ledger: SdLoen = sd_loen.ledger().await?;
    if ledger.registered(&key) > 0 {
        complaints.push("SD Løn has registered what it refused".to_owned());
    }
    let runs = host.runs(FLOW).await?;
    let waiting = waiting(&runs).context("the claim does not wait for a person, although SD Løn has refused it")?;
    manner.show("  the period is opened again, and somebody tries it again");
    host.ask(&["delivery", "retry", &waiting]).await?;
    let look = async || {
        let runs = host.runs(FLOW).await?;
        Ok(runs.iter().all(|run| run["state"] == "succeeded").then_some(()))
    };
    until("the claim is registered", look).await?;
    Ok(complaints)
}

/// The delivery that SD Løn has refused.
fn waiting(runs: &[Value]) -> Option<String> {
    let deliveries = runs.iter().flat_map(|run| run["deliveries"].as_array().into_iter().flatten());
    let mut refused = deliveries.filter(|delivery| delivery["reason"] == "rejected");
    refused.next().and_then(|delivery| delivery["id"].as_str()).map(str::to_owned)
}
