//! Forms of Interact, as examples/interact handles them: they become cases with contacts and documents for the executing
//! user, or error cases, and Interact hears what it has a word for.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use sluse_tests::{
    host::{Host, HostOptions},
    interact::{Certificates, ClientCertificate, Settings, Shape, SimulatedInteract, Submission, SubmissionEntry},
    simulated,
    workzone::{CaseEntry, Fault, SimulatedWorkZone},
};
use tempfile::TempDir;

use crate::site::CLIENT_SECRET;

const CONNECTION: &str = include_str!("../../../examples/interact/connection.toml");
const FLOW: &str = include_str!("../../../examples/interact/flow.toml");
const SCHEDULE: &str = include_str!("../../../examples/interact/schedule.toml");

/// A host between an Interact and a WorkZone.
struct Town {
    host: Host,
    interact: SimulatedInteract,
    workzone: SimulatedWorkZone,
    /// The certificate that Interact lets in, and those that it does not, with what is told of each.
    known: ClientCertificate,
    strangers: [(&'static str, ClientCertificate); 3],
    _roots: TempDir,
}

impl Town {
    /// Nothing is asked for yet.
    async fn start() -> anyhow::Result<Self> {
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
        let workzone = SimulatedWorkZone::start(sluse_tests::workzone::Settings::default()).await?;
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
    async fn apply(&self, thumbprint: &str) -> anyhow::Result<()> {
        self.host.apply(&(self.connection(thumbprint)? + FLOW + SCHEDULE)).await
    }

    fn connection(&self, thumbprint: &str) -> anyhow::Result<String> {
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
    async fn open(&self) -> anyhow::Result<()> {
        self.apply(&pasted(&self.known.thumbprint)).await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
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
    async fn until_told(&self, id: &str, status: &str) -> anyhow::Result<SubmissionEntry> {
        let is_told = |town: &Self| town.interact.ledger().submissions[id].status == status;
        self.until(&format!("{id} is {status}"), is_told).await?;
        Ok(self.interact.ledger().submissions[id].clone())
    }

    /// Waits until the schedule is told to fail, and why.
    async fn until_the_doctor_says(&self, why: &str) -> anyhow::Result<()> {
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
    fn case(&self, reference: &str) -> CaseEntry {
        let ledger = self.workzone.ledger();
        let mut cases = ledger.files.into_iter().filter(|case| case.key == reference);
        let case = cases.next().unwrap_or_else(|| panic!("there is no case {reference}"));
        assert!(cases.next().is_none(), "there is more than one case {reference}");
        case
    }

    /// The property of a row of WorkZone.
    fn property(&self, set: &str, id: &str, property: &str) -> anyhow::Result<Value> {
        let rows = self.workzone.rows(set)?;
        let row = rows.iter().find(|row| row["ID"] == id).with_context(|| format!("{set}('{id}') is not there"))?;
        Ok(row[property].clone())
    }
}

/// A thumbprint as Windows lets it be copied.
fn pasted(thumbprint: &str) -> String {
    let pairs: Vec<_> = thumbprint.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair)).collect();
    format!("\u{200e}{}", pairs.join(" ").to_lowercase())
}

fn whole(id: &str) -> Submission {
    Submission { attachments: vec![120], ..Submission::new(id) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_becomes_a_case_with_contacts_and_documents_for_the_executing_user() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let known = json!({ "NameType_Value": "P", "NameCode": "2512484916", "Name1": "Åse Fra Før" });
    let contact = town.workzone.seed("Contacts", known.as_object().context("an object")?.clone())?;
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    let told = town.until_told("S-1001", "Imported").await?;
    assert_eq!(told.told, [("Imported".to_owned(), None)]);

    let case = town.case("S-1001");
    assert_eq!(
        (case.title.as_str(), &case.fields["FileClass_Value"]),
        ("Ansøgning om plads på Ærø Havn", &json!("27.36.04"))
    );
    let [party] = &case.parties[..] else { panic!("{case:?}") };
    assert_eq!(
        (party.contact_id.as_str(), party.role.as_str(), party.name.as_str()),
        (contact.as_str(), "Ansøger", "Åse Ærø")
    );
    let documents: Vec<_> = case.documents.iter().map(|one| (one.title.as_str(), one.role.as_str())).collect();
    assert_eq!(documents, [("formular.pdf", "main"), ("formular.xml", "annex"), ("bilag-æ0.txt", "main")]);
    for (document, record_type, state) in [(0, "DOK", "ARK"), (1, "DOK", "ARK"), (2, "I", "UÅ")] {
        let record = &case.documents[document].record_id;
        assert_eq!(town.property("Records", record, "RecordType_Value")?, record_type);
        assert_eq!(town.property("Records", record, "State_Value")?, state);
        assert_eq!(case.documents[document].contact_ids, [contact.as_str()]);
    }
    let asked = town.workzone.requests();
    let for_whom: BTreeSet<_> = asked
        .iter()
        .filter(|request| request.path.starts_with("/OData4"))
        .map(|request| request.headers.get("onbehalfof").map(String::as_str))
        .collect();
    assert_eq!(for_whom, BTreeSet::from([Some("User=ANSO")]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_names_a_case_updates_it() -> anyhow::Result<()> {
    let town = Town::start().await?;
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    town.until_told("S-1001", "Imported").await?;
    let before = town.case("S-1001");
    let title = "Ansøgning om plads på Ærø Havn, rettet".to_owned();
    let case_no = Some(before.user_key.clone());
    town.interact.submit(Submission { title: title.clone(), case_no, ..whole("S-1002") });
    town.until_told("S-1002", "Imported").await?;
    let after = town.case("S-1001");
    assert_eq!((&after.id, &after.title, after.updates), (&before.id, &title, 1));
    // The form is another one, and so is its PDF; the attachment has the same bytes and is there once.
    assert_eq!((after.parties.len(), after.documents.len(), town.workzone.ledger().cases), (1, 5, 1), "{after:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_acknowledgement_makes_no_second_case() -> anyhow::Result<()> {
    let town = Town::start().await?;
    for (id, times) in [("S-1001", 1), ("S-1002", 2)] {
        let lost = json!({ "route": "status", "key": id, "times": times, "fault": { "kind": "drop-after-commit" } });
        town.interact.plant(serde_json::from_value::<simulated::Planted>(lost)?);
        town.interact.submit(whole(id));
    }
    town.open().await?;
    for (id, times) in [("S-1001", 1), ("S-1002", 2)] {
        town.until("what is told again", |town| town.interact.ledger().submissions[id].told.len() > times).await?;
        let told = town.interact.ledger().submissions[id].clone();
        assert_eq!((told.status.as_str(), told.imported), ("Imported", 1), "{told:?}");
        assert_eq!(town.case(id).documents.len(), 3);
    }
    // Somebody at Interact puts it back: it is known, whatever its status.
    town.interact.set_status("S-1001", "Delivered");
    let listed = town.interact.ledger().submissions["S-1001"].listed;
    town.until("another poll", |town| town.interact.ledger().submissions["S-1001"].listed > listed + 1).await?;
    assert_eq!(town.workzone.ledger().cases, 2);
    assert!(town.host.get("/v1/deliveries?state=attention").await?["items"].as_array().is_some_and(Vec::is_empty));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mapped_becomes_an_error_case_and_is_imported() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let shapes = [
        ("bombe", Shape::EntityBomb, 2, "kan ikke læses"),
        ("udefra", Shape::ExternalEntity, 2, "kan ikke læses"),
        ("halv", Shape::MalformedXml, 2, "kan ikke læses"),
        ("uden-xml", Shape::MissingXml, 1, "Filen findes ikke"),
        ("uden-titel", Shape::Unmappable, 2, "title"),
    ];
    for (id, shape, ..) in shapes {
        town.interact.submit(Submission { shape, ..Submission::new(id) });
    }
    town.open().await?;
    for (id, _, documents, reason) in shapes {
        assert_eq!(town.until_told(id, "Imported").await?.imported, 1);
        let case = town.case(&format!("{id}-fejl"));
        assert_eq!(
            (&case.fields["FileClass_Value"], case.documents.len()),
            (&json!("00.01.00"), documents),
            "{case:?}"
        );
        let text = case.fields["Text"].as_str().unwrap_or_default();
        assert!(text.contains(reason), "`{reason}` is missing in `{text}`");
    }
    assert_eq!(town.workzone.ledger().cases, shapes.len());
    let waiting = town.host.get("/v1/deliveries?state=attention").await?;
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(0), "nobody need look twice: {waiting:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_blocked_while_not_even_its_error_case_can_be_made() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let why = "Standardsagsgruppen 00.01.00 er udgået, 251248-4916";
    let refused = json!({ "method": "POST", "path": "/OData4/Files", "times": 2,
        "action": { "kind": "status", "status": 400, "message": why } });
    town.workzone.fault(serde_json::from_value::<Fault>(refused)?);
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    let told = town.until_told("S-1001", "Temporary blocked").await?;
    let reason = told.told.last().and_then(|(_, message)| message.clone()).unwrap_or_default();
    assert!(reason.contains("Standardsagsgruppen 00.01.00 er udgået") && !reason.contains("4916"), "{reason}");
    assert_eq!(town.workzone.ledger().cases, 0);

    // Somebody mends the group, and tries the error case again.
    let waiting = town.host.get("/v1/runs?flow=interact-error-case").await?;
    let run = town.host.get(&format!("/v1/runs/{}", waiting["items"][0]["id"].as_str().context("a run")?)).await?;
    let delivery = run["deliveries"][0]["id"].as_str().context("a delivery")?;
    town.host.done(&["delivery", "retry", delivery], None).await?;
    assert_eq!(town.until_told("S-1001", "Imported").await?.imported, 1);
    assert_eq!(town.case("S-1001-fejl").documents.len(), 3);
    assert_eq!(town.workzone.ledger().cases, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_taken_is_told_to_whoever_looks() -> anyhow::Result<()> {
    let town = Town::start().await?;
    town.interact.submit(whole("S-1001"));
    let nobodys =
        ("holds no certificate with thumbprint", "A9 4A 8F E5 CC B1 9B A6 1C 4C 08 73 D3 91 E9 87 98 2F BB D3");
    let strangers = town.strangers.iter().map(|(told, stranger)| (*told, stranger.thumbprint.as_str()));
    for (told, thumbprint) in strangers.chain([nobodys]) {
        town.apply(thumbprint).await?;
        let checked = town.host.sluse_for_people(&["connection", "check", "interact"]).await?;
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(checked.code == 5 && said.contains("(CertificateThumbprint)") && said.contains(told), "{told}: {said}");
        town.until_the_doctor_says(told).await?;
    }
    assert_eq!((town.interact.ledger().lists, town.workzone.ledger().cases), (0, 0));

    town.open().await?;
    town.until_told("S-1001", "Imported").await?;
    Ok(())
}
