//! Files for SD Løn and Prisme, and programs that take them at any moment: whole, once for each batch, and nothing at all
//! of what does not fit.

use std::path::Path;

use anyhow::ensure;
use serde_json::{Value, json};
use sluse_tests::{
    folder::{Manner, Refusal, Settings, SimulatedFolder},
    host::{Host, HostOptions},
};
use tempfile::TempDir;

use crate::site::settled;

/// A fictitious person of the public descriptions.
pub(crate) const CPR: &str = "251248-4916";

/// A flow for each operation that has to do with files.
pub(crate) const FLOWS: &str = r#"
[[flow]]
name = "lines"
schema = true
[[flow.step]]
name = "append"
connection = "sd-loen"
operation = "append-lines"
input = { batch_key = "{{ submission.batch }}", date = "2026-03-23", lines = "{{ submission.lines }}" }
[[flow]]
name = "finance"
schema = true
[[flow.step]]
name = "post"
connection = "prisme"
operation = "post-finance"
input = { batch_key = "{{ submission.batch }}", posting_date = "2026-04-15", postings = "{{ submission.postings }}" }
[[flow]]
name = "receipt"
schema = true
[[flow.step]]
name = "check"
connection = "prisme"
operation = "check-receipt"
input = { file_name = "{{ submission.file_name }}", wait = true }
"#;

/// A host with the folders of SD Løn and Prisme, and a consumer of each.
pub(crate) struct Office {
    pub(crate) host: Host,
    pub(crate) sd: SimulatedFolder,
    pub(crate) prisme: SimulatedFolder,
    _place: TempDir,
}

impl Office {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let folder = |name: &str| place.path().join(name);
        for name in ["sd-loen", "prisme", "receipts"] {
            std::fs::create_dir(folder(name))?;
        }
        let receipts = Some(folder("receipts"));
        let sd = SimulatedFolder::start(Settings::new(Manner::Sd, folder("sd-loen"))).await?;
        let prisme = Settings { receipts, ..Settings::new(Manner::Prisme, folder("prisme")) };
        let prisme = SimulatedFolder::start(prisme).await?;
        let host = Host::start(allowing(place.path())).await?;
        for connector in ["sd-loen", "prisme"] {
            host.install(connector).await?;
        }
        host.apply(&(sd_loen(place.path()) + &prisme_with(place.path(), "prisme", false) + FLOWS)).await?;
        Ok(Self { host, sd, prisme, _place: place })
    }

    /// Hands in a submission, and gives the run as it settled.
    async fn run(&self, flow: &str, submission: &Value) -> anyhow::Result<Value> {
        settled(&self.host, &submit(&self.host, flow, submission).await?).await
    }
}

/// Folders below this place may be granted.
pub(crate) fn allowing(place: &Path) -> HostOptions {
    let options = HostOptions::default();
    let settings = format!("{}folders = [\"{}\"]\n", options.settings, place.display());
    HostOptions { settings, ..options }
}

fn sd_loen(place: &Path) -> String {
    format!(
        r#"
[[connection]]
name = "sd-loen"
connector = "sd-loen"
retry = {{ max_attempts = 1000, base_ms = 20, cap_ms = 100, floor_ms = 20 }}
[connection.grant.folders.sd-loen]
path = "{}/sd-loen"
[connection.settings.layout]
encoding = "iso-8859-1"
header = "KØRSEL {{date:yyyyMMdd}} {{count:5}}"
columns = [
  {{ name = "kind", type = "constant", value = "DA607731", width = 8 }},
  {{ name = "cpr", type = "cpr", width = 10, required = true }},
  {{ name = "ekstra", type = "constant", value = "0", width = 1 }},
  {{ name = "tf", type = "text", width = 5, required = true }},
  {{ name = "km", type = "kilometres", width = 6, required = true }},
  {{ name = "nul", type = "constant", value = "000000             ", width = 19 }},
  {{ name = "dato", type = "date", format = "ddMMyy", width = 6, required = true }},
]
"#,
        place.display()
    )
}

/// The connection to a Prisme that imports from this folder.
pub(crate) fn prisme_with(place: &Path, folder: &str, mounted: bool) -> String {
    format!(
        r#"
[[connection]]
name = "prisme"
connector = "prisme"
settings = {{ org_unit = "151", maskinnr = "482" }}
retry = {{ max_attempts = 1000, base_ms = 20, cap_ms = 100, floor_ms = 20 }}
[connection.grant.folders]
prisme = {{ path = "{place}/{folder}", mounted = {mounted} }}
receipts = {{ path = "{place}/receipts" }}
[connection.sequences.postings]
first = 1
last = 999999999999
"#,
        place = place.display()
    )
}

/// Hands in a submission, and gives the run's id.
pub(crate) async fn submit(host: &Host, flow: &str, submission: &Value) -> anyhow::Result<String> {
    let reply = host.post(&format!("/v1/flows/{flow}/runs"), submission).await?;
    ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
    Ok(reply.json()?["run"].as_str().unwrap_or_default().to_owned())
}

/// Drives of one batch.
fn lines(batch: &str, count: usize) -> Value {
    let line = json!({ "cpr": CPR, "tf": "310-4", "km": "12,34", "dato": "21-03-2026" });
    json!({ "batch": batch, "lines": vec![line; count] })
}

/// Two postings of one batch that come out even.
pub(crate) fn postings(batch: &str, ore: u32) -> Value {
    let amount = format!("{},{:02}", ore / 100, ore % 100);
    let posting = |side: &str| json!({ "Kontonr": "22010001", "Beloeb": amount, "DebitKreditMarkering": side, "Posteringstekst": "Løn på Ærø" });
    json!({ "batch": batch, "postings": [posting("D"), posting("K")] })
}

/// Why the only delivery of a run waits for a person.
#[track_caller]
fn waits_as(found: &Value, reason: &str, code: &str) {
    assert_eq!(
        (&found["state"], &found["deliveries"][0]["reason"]),
        (&json!("attention"), &json!(reason)),
        "{found:#}"
    );
    assert!(found.to_string().contains(&format!("\"{code}\"")), "no `{code}`: {found:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_grabs_at_any_moment_meets_whole_files_and_each_batch_once() -> anyhow::Result<()> {
    const BATCHES: usize = 25;
    const LARGE: usize = 4000;
    let office = Office::start().await?;
    let keys: Vec<String> = (0..BATCHES).map(|number| format!("B-{number}")).collect();
    let mut runs = vec![submit(&office.host, "lines", &lines("B-large", LARGE)).await?];
    for (number, key) in keys.iter().enumerate() {
        runs.push(submit(&office.host, "lines", &lines(key, number + 1)).await?);
        runs.push(submit(&office.host, "finance", &postings(key, 100)).await?);
    }
    for run in &runs {
        let found = settled(&office.host, run).await?;
        assert_eq!(found["state"], "succeeded", "{found:#}");
    }
    let all = || keys.iter().map(String::as_str);
    let ledgers = || (office.sd.ledger(), office.prisme.ledger());
    let (sd, prisme) = ledgers();
    assert!(sd.has_each_once(all().chain(["B-large"])), "{:?} {:?}", sd.complaints(), sd.keys);
    assert!(prisme.has_each_once(all()), "{:?} {:?}", prisme.complaints(), prisme.keys);
    assert_eq!(sd.keys["B-large"].records as usize, LARGE);
    assert!(sd.looked > 1000, "it has hardly looked: {}", sd.looked);

    // The same batch again is the same file, which SD Løn has by now. Prisme has no memory of a file's numbers when the
    // file is gone: whoever hands a batch in again is told, and nothing is paid twice.
    let found = office.run("lines", &lines("B-7", 8)).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    waits_as(&office.run("lines", &lines("B-7", 9)).await?, "rejected", "file-conflict");
    waits_as(&office.run("finance", &postings("B-7", 100)).await?, "rejected", "file-conflict");
    let (sd, prisme) = ledgers();
    assert!(sd.has_each_once(all().chain(["B-large"])) && prisme.has_each_once(all()), "{sd:#?} {prisme:#?}");
    assert!(office.sd.share().names()?.is_empty() && office.prisme.share().names()?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_leaves_nothing_in_the_folder() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.sd.takes(false);
    office.prisme.takes(false);
    let line = |name: &str, value: &str| {
        let mut lines = lines("B-1", 2);
        lines["lines"][1][name] = json!(value);
        lines
    };
    let posting = |name: &str, value: &str| {
        let mut postings = postings("B-1", 100);
        postings["postings"][1][name] = json!(value);
        postings
    };
    for (flow, submission, code) in [
        ("finance", posting("Beloeb", "1,01"), "postings-not-balanced"),
        ("finance", posting("Beloeb", "1,000"), "number-too-precise"),
        ("finance", posting("Posteringstekst", "En tekst, der er længere end Prismes felt"), "text-too-long"),
        ("finance", posting("Posteringstekst", "Børn & Unge"), "character-not-allowed"),
        ("lines", line("tf", "310-€"), "character-not-in-encoding"),
        ("lines", line("tf", "310-45"), "text-too-long"),
        ("lines", line("cpr", "320190-1234"), "cpr-not-valid"),
        ("lines", line("dato", "30-02-2026"), "date-not-valid"),
    ] {
        waits_as(&office.run(flow, &submission).await?, "invalid", code);
        let names = (office.sd.share().names()?, office.prisme.share().names()?);
        assert_eq!(names, (vec![], vec![]), "{code} leaves something behind");
    }
    // The folders can be used: it is the input that was refused.
    assert_eq!(office.run("lines", &lines("B-1", 2)).await?["state"], "succeeded");
    assert_eq!(office.run("finance", &postings("B-1", 100)).await?["state"], "succeeded");
    assert_eq!((office.sd.share().names()?.len(), office.prisme.share().names()?.len()), (1, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_waited_for_and_names_what_was_refused() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.prisme.takes(false);
    let reason = format!("CPR {CPR} er ikke ansat på Ærø");
    office.prisme.refuse(Refusal { key: Some("B-2".into()), line: 2, reason });
    for key in ["B-1", "B-2"] {
        assert_eq!(office.run("finance", &postings(key, 2_345)).await?["state"], "succeeded");
    }
    let mut runs = Vec::new();
    for key in ["B-1", "B-2"] {
        let file = json!({ "file_name": format!("prisme-{key}.txt") });
        runs.push(submit(&office.host, "receipt", &file).await?);
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let waiting = office.host.get(&format!("/v1/runs/{}", runs[0])).await?;
    assert!(waiting["state"] == "running" && waiting.to_string().contains("receipt-not-there"), "{waiting:#}");
    office.prisme.takes(true);
    let [first, second] = [settled(&office.host, &runs[0]).await?, settled(&office.host, &runs[1]).await?];
    let output = |found: &Value| found["deliveries"][0]["output"].clone();
    assert_eq!((&output(&first)["status"], &output(&first)["accepted_lines"]), (&json!("accepted"), &json!(2)));
    let output = output(&second);
    assert_eq!((&output["status"], &output["accepted_lines"]), (&json!("partly-rejected"), &json!(1)), "{second:#}");
    let refused = json!([{ "line_no": 2, "reason": "CPR [personnummer] er ikke ansat på Ærø" }]);
    assert_eq!(output["rejected_lines"], refused);
    Ok(())
}
