//! `XFlow` -> SD Løn and Prisme: each answer of `XFlow` becomes a file for either system, which programs grab at any
//! moment; the host is killed between the two; and SD Løn answers a claim of mileage with a fault that comes with 200.
//! What is shown, in order. What cannot go on is an error; what is not as it should be is a complaint.

mod ledgers; // what the targets really hold
mod mileage; // a claim that SD Løn refuses at first
mod records; // what waits in XFlow
mod targets; // who is there, and the example with their addresses

use super::patience::until;
use super::{Children, Manner, Stage, Told};
use anyhow::Result;
use serde_json::json;

use ledgers::{Folder, XFlow};
use targets::Targets;

/// The example.
pub(super) const EXAMPLE: &str = "sd-and-prisme";

/// What waits in `XFlow`, one after the other.
const DELIVERIES: [&str; 3] = ["8842", "8843", "8844"];

pub(super) async fn tell(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Told> {
    let mut targets = Targets::start(stage, manner, children).await?;
    let settings = targets::settings(stage)?;
    let host = stage.host_with(&settings, manner, children).await?;
    targets.set_up(&host, stage, manner).await?;

    let [usual, killed, alone] = DELIVERIES;
    manner.show(&format!("\ndelivery {usual}: a record comes twice, and XFlow answers 500 when it is acknowledged"));
    deliver(&targets, usual, manner).await?;
    acknowledged(&targets, usual, manner).await?;

    manner.show(&format!("\ndelivery {killed}: Prisme's folder is gone, and the host is killed between the two files"));
    targets.prisme.tell("share", &json!("removed")).await?;
    deliver(&targets, killed, manner).await?;
    taken(&targets, killed).await?;
    children.kill_last().await?;
    manner.show("  SD Løn has its file, Prisme has none, and the host is killed");
    targets.prisme.tell("share", &json!("restored")).await?;
    let host = stage.host_with(&settings, manner, children).await?;
    acknowledged(&targets, killed, manner).await?;

    manner.show(&format!("\ndelivery {alone}: for both systems again, as if nothing had been"));
    deliver(&targets, alone, manner).await?;
    acknowledged(&targets, alone, manner).await?;

    let mut complaints = mileage::tell(stage, &host, &mut targets.sd_loen, manner).await?;
    let keys = DELIVERIES.map(str::to_owned);
    let systems = targets.systems(&keys, manner).await?;
    complaints.extend(targets.complaints(&keys).await?);
    Ok(Told { host, systems, complaints })
}

async fn deliver(targets: &Targets, delivery: &str, manner: Manner) -> Result<()> {
    targets.xflow.tell("deliver", &records::delivery(delivery)).await?;
    manner.show(&format!("  {delivery} waits in XFlow, for SD Løn and for Prisme"));
    Ok(())
}

/// Waits until SD Løn has taken the file of a delivery.
async fn taken(targets: &Targets, delivery: &str) -> Result<()> {
    let look = async || {
        let ledger: Folder = targets.sd_folder.ledger().await?;
        Ok((ledger.effects(delivery) > 0).then_some(()))
    };
    until(&format!("SD Løn takes the file of {delivery}"), look).await
}

/// Waits until `XFlow` has heard that a delivery has arrived.
async fn acknowledged(targets: &Targets, delivery: &str, manner: Manner) -> Result<()> {
    let look = async || {
        let ledger: XFlow = targets.xflow.ledger().await?;
        Ok((ledger.acknowledged(delivery) > 0).then_some(()))
    };
    until(&format!("XFlow hears of {delivery}"), look).await?;
    manner.show(&format!("  {delivery} is acknowledged: both files are durable"));
    Ok(())
}
