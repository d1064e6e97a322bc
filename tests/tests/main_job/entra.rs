//! A WorkZone whose Entra gives no token: a person is told which secret or which setting to mend, after one attempt;
//! nothing is half-done, and what is mended is done once.

use serde_json::{Value, json};
use sluse_tests::{host::HostOptions, workzone::Settings};

use crate::site::{CLIENT_SECRET, FLOW, Site, submission};

const EXPIRED: &str = "sluse-last-years-secret";

async fn site() -> anyhow::Result<Site> {
    let settings = Settings { expired_secret: Some(EXPIRED.to_owned()), ..Settings::default() };
    Site::start_with(HostOptions::default(), settings).await
}

/// What waits for a person is told so, after one attempt and without a case. Gives the delivery.
async fn is_told(site: &Site, reference: &str, found: &Value, advice: &[&str]) -> anyhow::Result<String> {
    let delivery = &found["deliveries"][0];
    assert_eq!((&found["state"], &delivery["reason"]), (&json!("attention"), &json!("misconfigured")), "{found:#}");
    let id = delivery["id"].as_str().unwrap_or_default().to_owned();
    let shown = site.host.sluse_for_people(&["delivery", "show", &id]).await?.stdout;
    for part in advice.iter().chain(&["attempts    1 of 4"]) {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }
    assert!(!shown.contains(EXPIRED) && !shown.contains(CLIENT_SECRET), "{shown}");
    assert!(!site.workzone.ledger().by_key.contains_key(reference), "nothing is half-done");
    Ok(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_expired_or_is_another_is_named_and_mended_by_writing_it() -> anyhow::Result<()> {
    let site = site().await?;
    for (secret, reference, told) in
        [(EXPIRED, "E-1", "the client secret has expired"), ("another", "E-2", "write the secret's value, not its id")]
    {
        site.host.done(&["secret", "set", "workzone-client-secret"], Some(secret.as_bytes())).await?;
        let run = site.submit(&submission(reference)).await?;
        let advice = [told, "`sluse secret set workzone-client-secret`"];
        let waiting = is_told(&site, reference, &site.settled(&run).await?, &advice).await?;
        site.host.done(&["secret", "set", "workzone-client-secret"], Some(CLIENT_SECRET.as_bytes())).await?;
        site.host.done(&["delivery", "retry", &waiting], None).await?;
        assert_eq!(site.settled(&run).await?["state"], "succeeded");
        assert_eq!(site.workzone.ledger().by_key[reference].cases, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_a_tenant_or_a_scope_that_nobody_knows_is_named_and_mended_in_the_connection()
-> anyhow::Result<()> {
    let site = site().await?;
    let right = site.connection();
    let tenant = Settings::default().tenant;
    for (wrong, told) in [
        (right.replace("sluse-test-client", "another-client"), "check `client_id` and the tenant"),
        (right.replace(&tenant, "00000000-0000-0000-0000-000000000000"), "check `tenant`"),
        (right.replace("api://workzone.example/", "api://another.example/"), "check `scope`"),
    ] {
        assert_ne!(wrong, right);
        let applied = site.apply(&[&wrong, FLOW]).await?;
        anyhow::ensure!(applied.status == 200, "not applied: {}", applied.text());
        let run = site.submit(&submission(told)).await?;
        let waiting = is_told(&site, told, &site.settled(&run).await?, &[told]).await?;
        let applied = site.apply(&[&right, FLOW]).await?;
        anyhow::ensure!(applied.status == 200, "not applied: {}", applied.text());
        site.host.done(&["delivery", "retry", &waiting], None).await?;
        assert_eq!(site.settled(&run).await?["state"], "succeeded");
        assert_eq!(site.workzone.ledger().by_key[told].cases, 1);
    }
    Ok(())
}
