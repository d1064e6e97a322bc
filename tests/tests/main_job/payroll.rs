//! XFlow's deliveries to SD Løn and Prisme, with the example's own configuration: one answer for both systems, two files,
//! and XFlow hears of it when both are durable.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use sluse_tests::{
    folder::{Manner, Settings as FolderSettings, SimulatedFolder},
    host::Host,
    sdloen::{Settings as SdSettings, SimulatedSdLoen},
    xflow::{Delivery, DeliveryState, Settings as XFlowSettings, SimulatedXFlow},
};
use tempfile::TempDir;

use crate::{
    folders::{CPR, allowing, submit},
    site::settled,
};

const CONNECTIONS: &str = include_str!("../../../examples/sd-and-prisme/connection.toml");
const FLOWS: &str = include_str!("../../../examples/sd-and-prisme/flow.toml");
const SCHEDULE: &str = include_str!("../../../examples/sd-and-prisme/schedule.toml");

/// A host with everything that the example speaks to.
pub(crate) struct Payroll {
    pub(crate) host: Host,
    pub(crate) xflow: SimulatedXFlow,
    pub(crate) sd: SimulatedSdLoen,
    pub(crate) sd_folder: SimulatedFolder,
    pub(crate) prisme_folder: SimulatedFolder,
    _place: TempDir,
}

impl Payroll {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let folder = |name: &str| place.path().join(name);
        for name in ["sd-loen", "prisme", "prisme-kvittering"] {
            std::fs::create_dir(folder(name))?;
        }
        let xflow = SimulatedXFlow::start(XFlowSettings::default()).await?;
        let sd = SimulatedSdLoen::start(SdSettings::default()).await?;
        let sd_folder = SimulatedFolder::start(FolderSettings::new(Manner::Sd, folder("sd-loen"))).await?;
        let prisme_folder = SimulatedFolder::start(FolderSettings::new(Manner::Prisme, folder("prisme"))).await?;
        let host = Host::start(allowing(place.path())).await?;
        for connector in ["xflow", "sd-loen", "prisme"] {
            host.install(connector).await?;
        }
        host.done(&["secret", "set", "xflow-token"], Some(b"xflow-token-1")).await?;
        host.done(&["secret", "set", "sd-loen-password"], Some(b"sd-password-1")).await?;
        let configuration = configuration(place.path(), &xflow.origin(), &sd.origin());
        host.apply(&configuration).await?;
        Ok(Self { host, xflow, sd, sd_folder, prisme_folder, _place: place })
    }

    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        for _ in 0..1200 {
            if holds(self) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let runs = self.host.get("/v1/runs").await?;
        bail!("{what}: it never came to that: {:#?} {runs:#}", self.xflow.ledger())
    }

    /// What XFlow was told of a delivery: what it came to, how often it was acknowledged, how often it was told anything.
    fn heard(&self, delivery: &str) -> (DeliveryState, u32, u32) {
        let entry = self.xflow.ledger().deliveries[delivery].clone();
        (entry.state, entry.acknowledged, entry.told)
    }

    fn is_acknowledged(&self, delivery: &str) -> bool {
        self.heard(delivery).0 == DeliveryState::Acknowledged
    }
}

/// The example's configuration with the addresses of the simulations, and less patient.
fn configuration(place: &Path, xflow: &str, sd: &str) -> String {
    let place = place.display().to_string();
    let retry = "retry = { max_attempts = 1000, base_ms = 20, cap_ms = 100, floor_ms = 20 }";
    let local = "cidrs = [\"127.0.0.0/8\"]";
    let mut text = [CONNECTIONS, FLOWS, SCHEDULE].concat();
    for (from, to) in [
        ("/srv/sluse", place.as_str()),
        ("mounted = true", "mounted = false"),
        ("https://api.INSTANCE.xflow.dk\"", &format!("{xflow}\"\nallow_plaintext = true")),
        ("https://service.sd.dk\"", &format!("{sd}\"\nallow_plaintext = true")),
        ("INSTITUTION\"", "XA\"\nmileage = { timeout_ms = 1500 }"),
        ("SY-USER", "SY1234"),
        ("title = \"XFlow\"", &format!("{retry}\ngrant = {{ {local} }}")),
        ("title = \"SD Løn\"", retry),
        ("title = \"Prisme\"", retry),
        (
            "[connection.grant.folders.sd-loen]",
            &format!("[connection.grant]\n{local}\n[connection.grant.folders.sd-loen]"),
        ),
        ("feed = \"deliveries\"", "feed = \"deliveries\"\nevery = \"1s\""),
    ] {
        assert!(text.contains(from), "the example has no `{from}`");
        text = text.replace(from, to);
    }
    text
}

/// Something for both systems, with a record that XFlow gives twice.
fn delivery(id: &str) -> Delivery {
    let drive = |number: &str| {
        json!({
            "id": format!("{id}-L{number}"), "kommune": "0773", "form": "1", "cpr": CPR, "ekstra": "0", "tf": "310-4",
            "km": "12,34", "konto": "1234567890", "dato": "21-03-2026",
        })
    };
    let payment = json!({
        "id": format!("{id}-P1"), "Beloeb": "2.345,50", "DebitKreditMarkering": "D", "Ekspeditionsloebenr": "1", "IdentKode": "02",
        "Kontonr": "220010000017042", "Posteringsdato": "15-04-2026", "Posteringstype": "NOR", "Transaktionstype": "01",
        "Udbetalingsberettiget": CPR, "Udbetalingsdato": "16-04-2026", "Betalingstekst": "Befordring, Ærøskøbing",
    });
    Delivery { id: id.into(), sd: vec![drive("1"), drive("2")], prisme: vec![payment], twice: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_for_both_systems_is_acknowledged_when_both_have_it() -> anyhow::Result<()> {
    let payroll = Payroll::start().await?;
    payroll.prisme_folder.share().remove()?;
    payroll.xflow.deliver(delivery("8842"));
    payroll.until("the file of SD Løn", |payroll| payroll.sd_folder.ledger().has_each_once(["8842"])).await?;
    // Polled again and again meanwhile: it is given again, starts nothing, and is not acknowledged.
    let given = payroll.xflow.ledger().deliveries["8842"].given;
    payroll.until("two more polls", |payroll| payroll.xflow.ledger().deliveries["8842"].given > given + 1).await?;
    assert_eq!(payroll.heard("8842"), (DeliveryState::Waiting, 0, 0));

    payroll.prisme_folder.share().restore()?;
    payroll.until("the acknowledgement", |payroll| payroll.is_acknowledged("8842")).await?;
    let (sd, prisme) = (payroll.sd_folder.ledger(), payroll.prisme_folder.ledger());
    assert!(sd.has_each_once(["8842"]) && prisme.has_each_once(["8842"]), "{sd:#?} {prisme:#?}");
    assert_eq!(
        (sd.keys["8842"].records, prisme.keys["8842"].records),
        (2, 1),
        "a record that came twice is there once"
    );
    // XFlow answers 500 to what has worked. It is believed when one looks, and told once.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(payroll.heard("8842"), (DeliveryState::Acknowledged, 1, 1));
    let settled = payroll.host.get("/v1/runs?flow=settle").await?;
    assert!(
        settled["items"].as_array().is_some_and(|runs| runs.iter().all(|run| run["state"] == "succeeded")),
        "{settled:#}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_for_one_system_alone_does_not_wait_for_the_other() -> anyhow::Result<()> {
    let payroll = Payroll::start().await?;
    payroll.xflow.deliver(Delivery { prisme: Vec::new(), ..delivery("1") });
    payroll.xflow.deliver(Delivery { sd: Vec::new(), ..delivery("2") });
    let both = |payroll: &Payroll| payroll.is_acknowledged("1") && payroll.is_acknowledged("2");
    payroll.until("both acknowledgements", both).await?;
    assert!(payroll.sd_folder.ledger().has_each_once(["1"]) && payroll.prisme_folder.ledger().has_each_once(["2"]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_made_anew_is_denied_until_somebody_sets_it() -> anyhow::Result<()> {
    let payroll = Payroll::start().await?;
    payroll.xflow.rotate("xflow-token-2");
    payroll.xflow.deliver(delivery("8842"));
    payroll.until("a poll that is refused", |payroll| payroll.xflow.ledger().refused > 0).await?;
    let mut shown = Value::Null;
    for _ in 0..200 {
        shown = payroll.host.get("/v1/schedules/xflow").await?;
        if shown.to_string().contains("token-refused") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(shown.to_string().contains("token-refused"), "{shown:#}");
    assert!(payroll.sd_folder.ledger().files.is_empty());
    payroll.host.done(&["secret", "set", "xflow-token"], Some(b"xflow-token-2")).await?;
    payroll.until("the acknowledgement", |payroll| payroll.is_acknowledged("8842")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_killed_between_the_two_parts_writes_each_file_once() -> anyhow::Result<()> {
    const ROUNDS: u64 = 5;
    let mut payroll = Payroll::start().await?;
    payroll.prisme_folder.share().remove()?;
    payroll.xflow.deliver(delivery("between"));
    payroll.until("the file of SD Løn", |payroll| payroll.sd_folder.ledger().has_each_once(["between"])).await?;
    let ended = payroll.host.kill().await?;
    payroll.prisme_folder.share().restore()?;
    payroll.host = ended.start().await?;
    payroll.until("the acknowledgement", |payroll| payroll.is_acknowledged("between")).await?;

    // And at other moments: while it asks, writes, publishes, tells.
    let mut keys = vec!["between".to_owned()];
    for round in 0..ROUNDS {
        let key = format!("round-{round}");
        payroll.xflow.deliver(delivery(&key));
        let given = |payroll: &Payroll| payroll.xflow.ledger().deliveries[&key].given > 0;
        payroll.until("another poll", given).await?;
        tokio::time::sleep(Duration::from_millis(round * 12)).await;
        payroll.host = payroll.host.kill_and_restart().await?;
        keys.push(key);
    }
    let all = |payroll: &Payroll| keys.iter().all(|key| payroll.is_acknowledged(key));
    payroll.until("all acknowledgements", all).await?;
    let wanted = || keys.iter().map(String::as_str);
    let (sd, prisme) = (payroll.sd_folder.ledger(), payroll.prisme_folder.ledger());
    assert!(sd.has_each_once(wanted()) && prisme.has_each_once(wanted()), "{sd:#?} {prisme:#?}");
    // XFlow takes an acknowledgement once, whatever comes; what is counted here is how often it was told. A host that was
    // killed before it heard the answer tells once more, and nothing else is a reason to. Each key has met one kill less
    // than the one before it.
    for (key, kills) in keys.iter().zip((1..=1 + ROUNDS).rev()) {
        let told = u64::from(payroll.heard(key).2);
        assert!((1..=1 + kills).contains(&told), "{key} was told {told} times, with {kills} kills since it was there");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn finance_postings_are_one_file_that_prisme_takes_and_uneven_ones_are_none() -> anyhow::Result<()> {
    let payroll = Payroll::start().await?;
    let mut postings: Value = serde_json::from_str(include_str!("../../../examples/sd-and-prisme/finance.json"))?;
    let found = settled(&payroll.host, &submit(&payroll.host, "finance", &postings).await?).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    payroll.until("the file", |payroll| payroll.prisme_folder.ledger().has_each_once(["LØN-2026-04"])).await?;
    let ledger = payroll.prisme_folder.ledger();
    assert!(ledger.files.values().all(|file| file.complaints.is_empty()), "{ledger:#?}");

    (postings["batch"], postings["postings"][1]["Beloeb"]) = (json!("LØN-2026-05"), json!("1.876,49"));
    let found = settled(&payroll.host, &submit(&payroll.host, "finance", &postings).await?).await?;
    assert_eq!(
        (&found["state"], &found["deliveries"][0]["reason"]),
        (&json!("attention"), &json!("invalid")),
        "{found:#}"
    );
    assert!(found.to_string().contains("maskinnr. 00482 den 2026-04-15"), "{found:#}");
    assert_eq!(payroll.prisme_folder.ledger().files.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_is_accepted_as_it_stands() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let mut options = allowing(place.path());
    options.settings = options.settings.replace("[\"127.0.0.1\"]", "[\"api.instance.xflow.dk\", \"service.sd.dk\"]");
    let host = Host::start(options).await?;
    for connector in ["xflow", "sd-loen", "prisme"] {
        host.install(connector).await?;
    }
    let granted = place.path().to_str().context("a path of ours is text")?;
    let mut words = vec!["apply".to_owned()];
    for (name, text) in [("connection.toml", CONNECTIONS), ("flow.toml", FLOWS), ("schedule.toml", SCHEDULE)] {
        words.push(format!("{granted}/{name}"));
        std::fs::write(place.path().join(name), text.replace("/srv/sluse", granted))?;
    }
    for secret in ["xflow-token", "sd-loen-password"] {
        host.done(&["secret", "set", secret], Some(b"secret-1")).await?;
    }
    let told = host.sluse(&words.iter().map(String::as_str).collect::<Vec<_>>(), None).await?;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let schedule = host.get("/v1/schedules/xflow").await?;
    assert!(schedule.to_string().contains("180000"), "not every three minutes: {schedule:#}");
    Ok(())
}
