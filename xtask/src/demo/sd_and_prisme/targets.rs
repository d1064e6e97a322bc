//! Who is there: `XFlow`, SD Løn's web services, and the two programs that import from folders; and the example's
//! configuration with their addresses.

use super::EXAMPLE;
use super::ledgers::{Folder, SdLoen, XFlow};
use crate::demo::example::{self, Configured};
use crate::demo::host::Host;
use crate::demo::target::Target;
use crate::demo::told::System;
use crate::demo::{Children, Manner, Stage};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;

/// The folders that files go into, by the names of their grants.
const FOLDERS: [&str; 3] = ["sd-loen", "prisme", "receipts"];

/// SD's user, and the one institution that it knows.
const USER: &str = "SY1234";
const INSTITUTION: &str = "XA";

/// Long enough for a host that is killed, and for whoever mends a folder.
const ATTEMPTS: i64 = 200;

pub(super) struct Targets {
    pub(super) xflow: Target,
    pub(super) sd_loen: Target,
    pub(super) sd_folder: Target,
    pub(super) prisme: Target,
}

/// Where a folder is.
fn folder(stage: &Stage<'_>, name: &str) -> PathBuf {
    stage.folder().join("folders").join(name)
}

/// What `sluse.toml` has to allow.
pub(super) fn settings(stage: &Stage<'_>) -> Result<String> {
    let mut egress = toml::Table::new();
    let folders = stage.folder().join("folders").to_string_lossy().into_owned();
    egress.insert("folders".into(), vec![folders].into());
    let mut settings = toml::Table::new();
    // As the example asks for it: SD may need two minutes.
    egress.insert("max_timeout_seconds".into(), 180.into());
    settings.insert("egress".into(), egress.into());
    Ok(toml::to_string(&settings)?)
}

impl Targets {
    pub(super) async fn start(stage: &Stage<'_>, manner: Manner, children: &mut Children) -> Result<Self> {
        for name in FOLDERS {
            let folder = folder(stage, name);
            fs::create_dir_all(&folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
        }
        let (token, password) = (stage.secret("xflow"), stage.secret("sd-loen"));
        let [sd, prisme, receipts] = FOLDERS.map(|name| folder(stage, name).to_string_lossy().into_owned());
        let xflow = stage.target("xflow", &["--token", &token], children).await?;
        let words = ["--user", USER, "--password", &password, "--institution", INSTITUTION];
        let sd_loen = stage.target("sd-loen", &words, children).await?;
        let words = [sd.as_str(), "--manner", "sd"];
        let sd_folder = stage.target_called("folder of SD Løn", "folder", &words, children).await?;
        let words = [prisme.as_str(), "--manner", "prisme", "--receipts", &receipts];
        let prisme = stage.target_called("folder of Prisme", "folder", &words, children).await?;
        manner.show(&format!(
            "\na simulated XFlow serves at {}, SD Løn at {}",
            xflow.text("origin")?,
            sd_loen.text("origin")?
        ));
        manner.show("and two programs take every file out of their folders, the moment that they see it");
        Ok(Self { xflow, sd_loen, sd_folder, prisme })
    }

    /// Secrets, connectors, connections, flows and the schedule.
    pub(super) async fn set_up(&self, host: &Host, stage: &Stage<'_>, manner: Manner) -> Result<()> {
        let mut connections = Configured::read(EXAMPLE, "connection.toml")?;
        let mut xflow = connections.connection("xflow")?;
        xflow.endpoint("default", self.xflow.url("origin")?).impatient(ATTEMPTS);
        let token = xflow.secret(&["endpoints", "default", "auth", "value"])?;
        let mut sd_loen = connections.connection("sd-loen")?;
        sd_loen.endpoint("default", self.sd_loen.url("origin")?).impatient(ATTEMPTS);
        sd_loen.set(&["settings", "institution"], INSTITUTION).set(&["endpoints", "default", "auth", "username"], USER);
        let password = sd_loen.secret(&["endpoints", "default", "auth", "password"])?;
        for (connection, granted) in [("sd-loen", "sd-loen"), ("prisme", "prisme"), ("prisme", "receipts")] {
            let folder = folder(stage, granted).to_string_lossy().into_owned();
            let mut connection = connections.connection(connection)?;
            connection.set(&["grant", "folders", granted, "path"], folder);
            connection.set(&["grant", "folders", granted, "mounted"], false).impatient(ATTEMPTS);
        }
        let mut schedule = Configured::read(EXAMPLE, "schedule.toml")?;
        // Every three minutes would do, but somebody watches.
        schedule.entry("schedule", "xflow")?.set(&["every"], "2s");
        host.keep_secret(&token, &stage.secret("xflow"), manner).await?;
        host.keep_secret(&password, &stage.secret("sd-loen"), manner).await?;
        for connector in ["xflow", "sd-loen", "prisme"] {
            host.install(stage.component(connector)?, manner).await?;
        }
        let files =
            [connections.write(stage.folder())?, example::file(EXAMPLE, "flow.toml"), schedule.write(stage.folder())?];
        host.apply(EXAMPLE, &files, manner).await
    }

    /// What each holds, of these deliveries and of the claim.
    pub(super) async fn systems(&self, deliveries: &[String], manner: Manner) -> Result<Vec<System>> {
        let xflow: XFlow = self.xflow.ledger().await?;
        let (sd, prisme): (Folder, Folder) = (self.sd_folder.ledger().await?, self.prisme.ledger().await?);
        let sd_loen: SdLoen = self.sd_loen.ledger().await?;
        manner.show("\nthe ledgers of the simulated systems:");
        xflow.show(manner);
        sd.show("SD Løn", manner);
        prisme.show("Prisme", manner);
        sd_loen.show(manner);
        let grabs = "files are taken at any moment".to_owned();
        let killed = "the host is killed between the two files of a delivery".to_owned();
        let keys: Vec<String> = deliveries.iter().cloned().chain(sd_loen.claims()).collect();
        Ok(vec![
            System::count("xflow", deliveries, |key| xflow.acknowledged(key))
                .under(&["500 to an acknowledgement that has worked".to_owned(), "records come twice".to_owned()]),
            System::count("sd-loen", &keys, |key| sd.effects(key) + sd_loen.registered(key))
                .under(self.sd_loen.faults())
                .under(&[grabs.clone(), killed.clone()])
                .with("records", sd.records()),
            System::count("prisme", deliveries, |key| prisme.effects(key))
                .under(&[grabs, killed, "its folder is gone for a while".to_owned()])
                .with("records", prisme.records()),
        ])
    }

    /// Whatever else is not as it should be.
    pub(super) async fn complaints(&self, deliveries: &[String]) -> Result<Vec<String>> {
        let mut complaints = self.sd_loen.complaints().await?;
        for (name, target) in [("SD Løn", &self.sd_folder), ("Prisme", &self.prisme)] {
            let ledger: Folder = target.ledger().await?;
            complaints.extend(ledger.complaints(name, deliveries));
        }
        Ok(complaints)
    }
}
