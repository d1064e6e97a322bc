//! A WorkZone that lets in a user by Basic, and locks the account after three wrong passwords: a wrong one reaches it once,
//! whoever asks, and the right one makes each case once.

use serde_json::json;
use sluse_tests::{
    host::{Host, HostOptions},
    workzone::{BasicAccount, Settings, SimulatedWorkZone},
};

use crate::site::{FLOW, connection_of_a_user, settled, submission};

const USER: &str = "ærø\\svc-sluse";
const PASSWORD: &str = "Blåbærgrød på Ærø, hver søndag";

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_reaches_the_target_once_and_locks_nobody_out() -> anyhow::Result<()> {
    let account = BasicAccount { user: USER.into(), password: PASSWORD.into(), lock_after: Some(3) };
    let workzone = SimulatedWorkZone::start(Settings { basic: Some(account), ..Settings::default() }).await?;
    let host = Host::start(HostOptions::default()).await?;
    host.done(&["secret", "set", "ad-password"], Some("Blåbærgrød på Læsø".as_bytes())).await?;
    host.install("workzone").await?;
    let auth = format!("{{ kind = \"basic\", username = '{USER}', password = {{ secret = \"ad-password\" }} }}");
    host.apply(&(connection_of_a_user(&workzone, &auth) + FLOW)).await?;

    let references = ["B-1", "B-2", "B-3", "B-4", "B-5"];
    let mut runs = Vec::new();
    for reference in references {
        let reply = host.post("/v1/flows/case/runs", &submission(reference)).await?;
        anyhow::ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        runs.push(reply.json()?["run"].as_str().unwrap_or_default().to_owned());
    }
    let mut reasons = Vec::new();
    let mut waiting = Vec::new();
    for run in &runs {
        let found = settled(&host, run).await?;
        assert_eq!(found["state"], "attention", "{found:#}");
        reasons.push(found["deliveries"][0]["reason"].clone());
        waiting.push(found["deliveries"][0]["id"].as_str().unwrap_or_default().to_owned());
    }
    reasons.sort_by_key(ToString::to_string);
    assert_eq!(
        reasons,
        [
            json!("denied"),
            json!("misconfigured"),
            json!("misconfigured"),
            json!("misconfigured"),
            json!("misconfigured")
        ]
    );
    let checked = host.sluse(&["connection", "check", "workzone"], None).await?;
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert!(checked.code != 0 && said.contains("sluse secret set") && !said.contains("Blåbærgrød"), "{said}");
    let refused = workzone.requests().iter().filter(|request| request.status == Some(401)).count();
    assert_eq!((refused, workzone.ledger().cases), (1, 0));

    host.done(&["secret", "set", "ad-password"], Some(PASSWORD.as_bytes())).await?;
    for (delivery, run) in waiting.iter().zip(&runs) {
        host.done(&["delivery", "retry", delivery], None).await?;
        assert_eq!(settled(&host, run).await?["state"], "succeeded");
    }
    let ledger = workzone.ledger();
    references.iter().for_each(|reference| assert_eq!(ledger.by_key[*reference].cases, 1, "{reference}"));
    Ok(())
}
