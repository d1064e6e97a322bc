//! The town of `interact`: a host between a simulated Interact and a simulated WorkZone, as examples/interact connects
//! them. What becomes of the forms is in `interact`.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use sluse_tests::{
    host::{Host, HostOptions},
    interact::{Certificates, ClientCertificate, Settings, SimulatedInteract, Submission, SubmissionEntry},
    workzone::{CaseEntry, SimulatedWorkZone},
};
use tempfile::TempDir;

use crate::site::CLIENT_SECRET;

const CONNECTION: &str = include_str!("../../../examples/interact/connection.toml");
pub(crate) const FLOW: &str = include_str!("../../../examples/interact/flow.toml");
pub(crate) const SCHEDULE: &str = include_str!("../../../examples/interact/schedule.toml");

/// A host between an Interact and a WorkZone.
pub(crate) struct Town {
    pub(crate) host: Host,
    pub(crate) interact: SimulatedInteract,
    pub(crate) workzone: SimulatedWorkZone,
    /// The certificate that Interact lets in, and those that it does not, with what is told of each.
    pub(crate) known: ClientCertificate,
    pub(crate) strangers: [(&'static str, ClientCertificate); 3],
    _roots: TempDir,
}

impl Town {
    /// Nothing is asked for yet.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(sluse_tests::workzone::Settings::default()).await
    }

    /// The same, with a WorkZone that is set up so.
    pub(crate) async fn with(workzone: sluse_tests::workzone::Settings) -> anyhow::Result<Self> {
        let certificates = Certificates::new()?;
        let folder = tempfile::tempdir()?;
        let roots = folder.path().join("roots.pem");
        std::fs::write(&roots, &certificates.root_pem)?;
        let known = certificates.known.clone();
        let strangers = [
            ("present one that the target knows", certificates.unknown.clone()),
            ("has expired", certificates.expired.clone()),
            ("is not good yet", certificates.not_yet_valid.clone()),
        ];
        let interact =
            SimulatedInteract::start(Settings { certificates: Some(certificates), ..Settings::default() }).await?;
        let workzone = SimulatedWorkZone::start(workzone).await?;
        let egress = "[egress]\nhosts = [\"localhost\", \"127.0.0.1\"]\ncidrs = [\"127.0.0.0/8\", \"::1/128\"]\n";
        let settings = format!("{egress}extra_roots = \"{}\"\n", roots.display());
        let host = Host::start(HostOptions { settings, ..HostOptions::default() }).await?;
        for connector in ["interact", "workzone"] {
            host.install(connector).await?;
        }
        let all = strangers.iter().map(|(_, stranger)| stranger).chain([&known]);
        let pem: String = all.map(|one| one.certificate_pem.clone() + &one.key_pem).collect();
        host.done(&["secret", "set", "interact-certificate"], Some(pem.as_bytes())).await?;
        host.done(&["secret", "set", "workzone-client-secret"], Some(CLIENT_SECRET.as_bytes())).await?;
        Ok(Self { host, interact, workzone, known, strangers, _roots: folder })
    }

    /// Applies the example, with addresses of our own and less patience.
    pub(crate) async fn apply(&self, thumbprint: &str) -> anyhow::Result<()> {
        self.host.apply(&(self.connection(thumbprint)? + FLOW + SCHEDULE)).await
    }

    pub(crate) fn connection(&self, thumbprint: &str) -> anyhow::Result<String> {
        let grant = "grant = { cidrs = [\"127.0.0.0/8\", \"::1/128\"] }";
        let patience = "retry = { base_ms = 20, cap_ms = 100, floor_ms = 20 }";
        let url = self.workzone.base_url_v4();
        let mut text = CONNECTION.to_owned();
        for (in_the_example, here) in [
            ("connector = \"interact\"", format!("connector = \"interact\"\n{grant}\n{patience}")),
            ("connector = \"workzone\"", format!("connector = \"workzone\"\n{grant}")),
            ("WatchInterval = 60", "WatchInterval = 1".to_owned()),
            ("https://preprod-interact-api.mycompany.dk", self.interact.origin()),
            ("A9 4A 8F E5 CC B1 9B A6 1C 4C 08 73 D3 91 E9 87 98 2F BB D3", thumbprint.to_owned()),
            (
                "url = \"https://WORKZONE-HOST/OData4\"",
                format!("url = \"{}\"\nallow_plaintext = true", url.trim_end_matches('/')),
            ),
            ("TenantId = \"TENANT-ID\"", format!("token_url = \"{}\"", self.workzone.token_url())),
            ("CLIENT-ID", "sluse-test-client".to_owned()),
            ("api://APPLICATION-ID/.default", "api://workzone.example/.default".to_owned()),
            ("base_ms = 2000\ncap_ms = 900000", "base_ms = 20\ncap_ms = 100\nfloor_ms = 20".to_owned()),
        ] {
            ensure!(text.matches(in_the_example).count() == 1, "the example does not say `{in_the_example}` once");
            text = text.replace(in_the_example, &here);
        }
        Ok(text)
    }

    /// Applies the example with the certificate that Interact knows.
    pub(crate) async fn open(&self) -> anyhow::Result<()> {
        self.apply(&pasted(&self.known.thumbprint)).await
    }

    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        for _ in 0..600 {
            if holds(self) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let waiting = self.host.get("/v1/deliveries?state=attention").await?;
        anyhow::bail!("{what}: it never came to that: {:#?} {waiting:#}", self.interact.ledger())
    }

    /// Waits until Interact has heard this of a submission.
    pub(crate) async fn until_told(&self, id: &str, status: &str) -> anyhow::Result<SubmissionEntry> {
        let is_told = |town: &Self| town.interact.ledger().submissions[id].status == status;
        self.until(&format!("{id} is {status}"), is_told).await?;
        Ok(self.interact.ledger().submissions[id].clone())
    }

    /// Waits until the host has heard the answers to all that it told, and looks at no status any more.
    pub(crate) async fn until_heard(&self) -> anyhow::Result<()> {
        for _ in 0..200 {
            let told = self.host.get("/v1/runs?flow=settle").await?;
            let runs = told["items"].as_array().context("a list of runs")?;
            if !runs.is_empty() && runs.iter().all(|run| run["state"] == "succeeded") {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the host never heard what it was answered")
    }

    /// Waits until the schedule is told to fail, and why.
    pub(crate) async fn until_the_doctor_says(&self, why: &str) -> anyhow::Result<()> {
        for _ in 0..200 {
            let told = self.host.sluse_for_people(&["doctor", "--feeds"]).await?;
            if told.code == 5 && told.stdout.contains("schedule interact") && told.stdout.contains(why) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the doctor never says `{why}`")
    }

    /// The only case with this reference.
    #[track_caller]
    pub(crate) fn case(&self, reference: &str) -> CaseEntry {
        let ledger = self.workzone.ledger();
        let mut cases = ledger.files.into_iter().filter(|case| case.key == reference);
        let case = cases.next().unwrap_or_else(|| panic!("there is no case {reference}"));
        assert!(cases.next().is_none(), "there is more than one case {reference}");
        case
    }

    /// The property of a row of WorkZone.
    pub(crate) fn property(&self, set: &str, id: &str, property: &str) -> anyhow::Result<Value> {
        let rows = self.workzone.rows(set)?;
        let row = rows.iter().find(|row| row["ID"] == id).with_context(|| format!("{set}('{id}') is not there"))?;
        Ok(row[property].clone())
    }
}

/// A thumbprint as Windows lets it be copied.
pub(crate) fn pasted(thumbprint: &str) -> String {
    let pairs: Vec<_> = thumbprint.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
    format!("\u{200e}{}", pairs.join(" ").to_lowercase())
}

pub(crate) fn whole(id: &str) -> Submission {
    Submission { attachments: vec![120], ..Submission::new(id) }
}
