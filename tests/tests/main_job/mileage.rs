//! Mileage over SD Løn's web service, with its three awkward facts: a fault that comes with 200, an answer that takes too
//! long, and a claim that would be paid twice if it came again.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use sluse_tests::{
    sdloen::{ClaimEntry, Employment, SoapFault},
    simulated::{Fault, Planted},
};

use crate::{folders::CPR, folders::submit, payroll::Payroll, site::settled};

/// A claim as SD Løn's ledger names it.
fn key(km: &str) -> String {
    format!("00123 2026-03-21 {km}.00")
}

impl Payroll {
    /// With somebody who is employed.
    async fn with_an_employee() -> anyhow::Result<Self> {
        let payroll = Self::start().await?;
        payroll.employ("00123", "1");
        Ok(payroll)
    }

    fn employ(&self, id: &str, status: &str) {
        let (cpr, department) = (CPR.replace('-', ""), "Ældreplejen".to_owned());
        self.sd.employ(Employment { cpr, id: id.into(), status: status.into(), department });
    }

    /// Claims a drive of so many kilometres, and gives the run as it settled.
    async fn claim(&self, km: &str, more: Value) -> anyhow::Result<Value> {
        let mut drive =
            json!({ "cpr": CPR, "date": "21-03-2026", "km": km, "from": "Rådhuset", "to": "Ærø", "reason": "Tilsyn" });
        let members = drive.as_object_mut().context("an object")?;
        members.extend(more.as_object().cloned().unwrap_or_default());
        settled(&self.host, &submit(&self.host, "mileage", &drive).await?).await
    }

    fn claimed(&self, km: &str) -> ClaimEntry {
        self.sd.ledger().claims.get(&key(km)).cloned().unwrap_or_default()
    }

    fn plant(&self, km: &str, fault: Fault) {
        self.sd.plant(Planted { route: "mileage".into(), key: Some(key(km)), times: 1, fault });
    }

    async fn act(&self, words: &[&str], found: &Value) -> anyhow::Result<Value> {
        let told = self.host.sluse_for_people(words).await?;
        assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
        settled(&self.host, found["id"].as_str().unwrap_or_default()).await
    }
}

/// The delivery that waits for a person, and why.
fn waiting(found: &Value) -> (String, String) {
    let mut deliveries = found["deliveries"].as_array().into_iter().flatten();
    let waiting = deliveries.rfind(|delivery| delivery["state"] == "attention").cloned().unwrap_or_default();
    let text = |name: &str| waiting[name].as_str().unwrap_or_default().to_owned();
    (text("id"), text("reason"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_comes_with_200_is_no_success() -> anyhow::Result<()> {
    let payroll = Payroll::with_an_employee().await?;
    let reason = format!("Lønperioden er lukket for {CPR}");
    payroll.sd.answer_with(SoapFault { key: None, code: "Client".into(), reason, commits: false, status: 200 });
    let found = payroll.claim("12", json!({})).await?;
    let (delivery, reason) = waiting(&found);
    assert_eq!(reason, "rejected", "{found:#}");
    let shown = payroll.host.sluse_for_people(&["delivery", "show", &delivery]).await?.stdout;
    assert!(shown.contains("Lønperioden er lukket for [personnummer]"), "{shown}");
    assert_eq!(payroll.claimed("12").registered, 0);
    // The period is open again, and a person says so: nothing stands in the way of sending it again.
    assert_eq!(payroll.act(&["delivery", "retry", &delivery], &found).await?["state"], "succeeded");
    assert_eq!((payroll.claimed("12").received, payroll.claimed("12").registered), (2, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_may_have_arrived_is_sent_again_only_when_a_person_says_so() -> anyhow::Result<()> {
    let payroll = Payroll::with_an_employee().await?;
    payroll.plant("1", Fault::CommitThenDelay { ms: 4000 });
    payroll.plant("2", Fault::DropAfterCommit);
    payroll.plant("3", Fault::CommitThenStatus { status: 500 });
    payroll.plant("4", Fault::DropBeforeCommit);
    let (code, reason) = ("Server".into(), "Intern fejl".into());
    payroll.sd.answer_with(SoapFault { key: Some(key("5")), code, reason, commits: true, status: 200 });
    let mut found = Vec::new();
    for km in ["1", "2", "3", "4", "5"] {
        found.push(payroll.claim(km, json!({})).await?);
    }
    tokio::time::sleep(Duration::from_millis(1000)).await;
    for (km, found) in ["1", "2", "3", "4", "5"].into_iter().zip(&found) {
        assert_eq!(waiting(found).1, "outcome-unknown", "{found:#}");
        let (entry, is_there) = (payroll.claimed(km), u32::from(km != "4"));
        assert_eq!((entry.received, entry.registered), (is_there, is_there), "{km} km");
    }
    // Somebody has looked in SD Løn: the first one is there, the fourth one is not.
    let folder = tempfile::tempdir()?;
    let result = folder.path().join("result.json");
    std::fs::write(
        &result,
        json!({ "registration_id": null, "created_at": null, "skipped": false, "warnings": [] }).to_string(),
    )?;
    let (result, why) = (result.to_str().context("text")?, "den står i SD Løn");
    let happened = waiting(&found[0]).0;
    let words = ["delivery", "resolve", &happened, result, "--why", why];
    assert_eq!(payroll.act(&words, &found[0]).await?["state"], "succeeded");
    let missing = waiting(&found[3]).0;
    let words = ["delivery", "retry", &missing, "--did-not-happen", "--attempts-seen", "1"];
    assert_eq!(payroll.act(&words, &found[3]).await?["state"], "succeeded");
    assert_eq!((payroll.claimed("1").registered, payroll.claimed("4").registered), (1, 1));
    assert_eq!((payroll.claimed("1").received, payroll.claimed("4").received), (1, 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_needs_the_one_employment_that_is_meant() -> anyhow::Result<()> {
    let payroll = Payroll::start().await?;
    for status in ["7", "8", "9"] {
        payroll.employ(&format!("0070{status}"), status);
        let found = payroll.claim("12", json!({})).await?;
        assert!(waiting(&found).1 == "rejected" && found.to_string().contains("employment-ended"), "{found:#}");
    }
    payroll.employ("00123", "1");
    payroll.employ("00456", "3");
    let found = payroll.claim("12", json!({})).await?;
    assert!(found.to_string().contains("Personen har 2 ansættelser: 00123, 00456."), "{found:#}");
    assert!(payroll.sd.ledger().claims.is_empty());
    assert_eq!(payroll.claim("12", json!({ "employment": "00123" })).await?["state"], "succeeded");
    let entry = payroll.claimed("12");
    assert_eq!((entry.registered, entry.last["KoertTilTekst"].as_str()), (1, "Ærø"));
    Ok(())
}
