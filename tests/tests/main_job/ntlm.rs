//! A WorkZone that lets in a user of the directory: by the right password, on sockets that stay signed in; a wrong one
//! is tried once, whoever asks, so that the account is not locked.

use serde_json::{Value, json};
use sluse_tests::{
    host::{Host, HostOptions},
    workzone::{DirectoryUser, Fault, Settings, SimulatedWorkZone},
};

use crate::site::{FLOW, connection_of_a_user, settled, submission};

const DOMAIN: &str = "ÆRØ";
const USER: &str = "søren.ødegård";
const PASSWORD: &str = "Blåbærgrød på Ærø, hver søndag";
const WRONG_PASSWORD: &str = "Blåbærgrød på Læsø";

/// A host with a WorkZone that knows one user, and locks the account after three wrong passwords.
struct Domain {
    host: Host,
    workzone: SimulatedWorkZone,
}

impl Domain {
    async fn start(domain: &str, password: &str) -> anyhow::Result<Self> {
        let (known, right) = (DOMAIN.to_owned(), PASSWORD.to_owned());
        let user = DirectoryUser { domain: known, user: USER.into(), password: right, lock_after: Some(3) };
        let workzone = SimulatedWorkZone::start(Settings { ntlm: Some(user), ..Settings::default() }).await?;
        let host = Host::start(HostOptions::default()).await?;
        host.done(&["secret", "set", "ad-password"], Some(password.as_bytes())).await?;
        host.install("workzone").await?;
        let site = Self { host, workzone };
        site.host.apply(&(site.connection(domain) + FLOW)).await?;
        Ok(site)
    }

    fn connection(&self, domain: &str) -> String {
        let auth = format!(
            "{{ kind = \"ad-user\", Username = \"{USER}\", Password = {{ secret = \"ad-password\" }}, Domain = \"{domain}\" }}"
        );
        connection_of_a_user(&self.workzone, &auth)
    }

    /// Hands these in at once, and gives each as it settled.
    async fn submit(&self, references: &[&str]) -> anyhow::Result<Vec<Value>> {
        let mut runs = Vec::new();
        for reference in references {
            let reply = self.host.post("/v1/flows/case/runs", &submission(reference)).await?;
            anyhow::ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
            runs.push(reply.json()?["run"].as_str().unwrap_or_default().to_owned());
        }
        let mut found = Vec::new();
        for run in &runs {
            found.push(settled(&self.host, run).await?);
        }
        Ok(found)
    }

    /// Each of these has one case.
    #[track_caller]
    fn has_one_case_each(&self, references: &[&str]) {
        let ledger = self.workzone.ledger();
        assert_eq!(ledger.cases, references.len(), "{ledger:?}");
        references.iter().for_each(|reference| assert_eq!(ledger.by_key[*reference].cases, 1, "{reference}"));
    }

    /// What waits for a person says who is not let in, and what to write; the password was tried once.
    async fn waits_for_a_person(&self, found: &Value, domain: &str) -> anyhow::Result<String> {
        let delivery = &found["deliveries"][0];
        assert_eq!((&found["state"], &delivery["reason"]), (&json!("attention"), &json!("misconfigured")), "{found:#}");
        let id = delivery["id"].as_str().unwrap_or_default().to_owned();
        let shown = self.host.sluse_for_people(&["delivery", "show", &id]).await?.stdout;
        for part in [&format!("{domain}\\{USER}"), "not-signed-in", "`sluse secret set`", "attempts    1 of 4"] {
            assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
        }
        assert!(!shown.contains("Blåbærgrød"), "{shown}");
        Ok(id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_danish_letters_is_let_in_once_for_each_socket() -> anyhow::Result<()> {
    let site = Domain::start(DOMAIN, PASSWORD).await?;
    let checked = site.host.sluse(&["connection", "check", "workzone"], None).await?;
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    let references = ["æ-1", "ø-2", "å-3", "AD-4", "AD-5"];
    for found in site.submit(&references).await? {
        assert_eq!(found["state"], "succeeded", "{found:#}");
    }
    site.has_one_case_each(&references);
    let sockets = site.workzone.requests().iter().map(|request| request.connection).max();
    assert!(Some(site.workzone.passwords_proved()) <= sockets, "more proofs than sockets");
    let asked = site.workzone.requests();
    let carried = asked.iter().filter(|request| request.status != Some(401));
    assert!(carried.clone().count() >= 10, "{asked:#?}");
    assert!(asked.iter().filter_map(|request| request.authorization.as_ref()).all(|sent| sent.scheme == "NTLM"));
    let log = site.host.stop().await?;
    assert!(!log.contains(PASSWORD), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once_and_mended_by_writing_it_again() -> anyhow::Result<()> {
    let site = Domain::start(DOMAIN, WRONG_PASSWORD).await?;
    let found = site.submit(&["AD-1", "AD-2", "AD-3", "AD-4", "AD-5"]).await?;
    let mut waiting = Vec::new();
    for run in &found {
        waiting.push(site.waits_for_a_person(run, DOMAIN).await?);
    }
    let checked = site.host.sluse(&["connection", "check", "workzone"], None).await?;
    let said = format!("{}{}", checked.stdout, checked.stderr);
    assert!(checked.code != 0 && said.contains(USER) && said.contains("sluse secret set"), "{}: {said}", checked.code);
    assert_eq!((site.workzone.passwords_proved(), site.workzone.ledger().cases), (1, 0));

    site.host.done(&["secret", "set", "ad-password"], Some(PASSWORD.as_bytes())).await?;
    for delivery in &waiting {
        site.host.done(&["delivery", "retry", delivery], None).await?;
    }
    for run in &found {
        let run = run["id"].as_str().unwrap_or_default();
        assert_eq!(settled(&site.host, run).await?["state"], "succeeded");
    }
    site.has_one_case_each(&["AD-1", "AD-2", "AD-3", "AD-4", "AD-5"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_domain_is_tried_once_and_mended_in_the_connection() -> anyhow::Result<()> {
    let site = Domain::start("LÆSØ", PASSWORD).await?;
    let found = site.submit(&["AD-1", "AD-2"]).await?;
    let mut waiting = Vec::new();
    for run in &found {
        waiting.push(site.waits_for_a_person(run, "LÆSØ").await?);
    }
    assert_eq!((site.workzone.passwords_proved(), site.workzone.ledger().cases), (1, 0));
    site.host.apply(&site.connection(DOMAIN)).await?;
    for (run, delivery) in found.iter().zip(&waiting) {
        site.host.done(&["delivery", "retry", delivery], None).await?;
        let run = run["id"].as_str().unwrap_or_default();
        assert_eq!(settled(&site.host, run).await?["state"], "succeeded");
    }
    site.has_one_case_each(&["AD-1", "AD-2"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_the_server_forgot_is_signed_in_anew_and_makes_one_case() -> anyhow::Result<()> {
    let site = Domain::start(DOMAIN, PASSWORD).await?;
    assert_eq!(site.submit(&["AD-1"]).await?[0]["state"], "succeeded");
    let proofs = site.workzone.passwords_proved();
    site.workzone.forget_sign_ins();
    assert_eq!(site.submit(&["AD-2"]).await?[0]["state"], "succeeded");
    assert_eq!(site.workzone.passwords_proved(), proofs + 1);

    // It may forget between the look and the creation, too: what it does not let in has not happened.
    let forgotten = json!({ "method": "POST", "path": "/OData4/Files", "action": { "kind": "status", "status": 401,
        "headers": { "www-authenticate": "NTLM" }, "shape": "html" } });
    site.workzone.fault(serde_json::from_value::<Fault>(forgotten)?);
    let found = site.submit(&["AD-3"]).await?.remove(0);
    assert_eq!(
        (&found["state"], &found["deliveries"][0]["attempt_count"]),
        (&json!("succeeded"), &json!(1)),
        "{found:#}"
    );
    assert_eq!((site.workzone.passwords_proved(), site.workzone.waiting_faults().len()), (proofs + 2, 0));
    site.has_one_case_each(&["AD-1", "AD-2", "AD-3"]);
    Ok(())
}
