//! A target that lets in by client certificate: who is not let in has done nothing there, and a person hears what to mend.
//! So does one of a target whose own certificate nobody trusts.

use std::time::Duration;

use serde_json::json;
use sluse_tests::{
    host::{Host, HostOptions},
    interact::{Certificates, ClientCertificate, Settings, SimulatedInteract},
};

/// What may be reached. No authority is added to those that the machine trusts.
const EGRESS: &str = "[egress]\nhosts = [\"localhost\"]\ncidrs = [\"127.0.0.0/8\", \"::1/128\"]\n";

/// A request that must happen once, of which the target knows nothing: whoever is let in hears so.
fn connection(origin: &str, certificate: &ClientCertificate) -> String {
    format!(
        r#"
[[connection]]
name = "target"
connector = "external-api"
grant = {{ cidrs = ["127.0.0.0/8", "::1/128"] }}
[connection.settings.requests.pay]
method = "post"
path = "/pay"
body = {{ text = "Løn til Søren Ærø" }}
[connection.endpoints.default]
url = "{origin}"
auth = {{ kind = "client-certificate", secret = {{ secret = "certificates" }}, thumbprint = "{}" }}
"#,
        certificate.thumbprint
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_taken_is_mended_and_nothing_is_in_doubt() -> anyhow::Result<()> {
    let certificates = Certificates::new()?;
    let folder = tempfile::tempdir()?;
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &certificates.root_pem)?;
    let (known, unknown) = (certificates.known.clone(), certificates.unknown.clone());
    let (expired, early) = (certificates.expired.clone(), certificates.not_yet_valid.clone());
    let target = SimulatedInteract::start(Settings { certificates: Some(certificates), ..Settings::default() }).await?;
    let settings = format!("{EGRESS}extra_roots = \"{}\"\n", roots.display());
    let host = Host::start(HostOptions { settings, ..HostOptions::default() }).await?;
    host.install("external-api").await?;
    let all = [&known, &unknown, &expired, &early];
    let pem: String = all.iter().map(|one| one.certificate_pem.clone() + &one.key_pem).collect();
    host.done(&["secret", "set", "certificates"], Some(pem.as_bytes())).await?;

    let input = json!({ "request": "pay" }).to_string();
    for (certificate, code, part) in [
        (&unknown, 15, "nothing happened there"),
        (&expired, 15, "`thumbprint`"),
        (&early, 15, "`thumbprint`"),
        (&known, 11, ""),
    ] {
        host.apply(&connection(&target.origin(), certificate)).await?;
        let told = host.sluse(&["call", "target", "call", "-"], Some(input.as_bytes())).await?;
        let said = format!("{}{}", told.stdout, told.stderr);
        assert_eq!(told.code, code, "{said}");
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    for delivery in host.get("/v1/deliveries").await?["items"].as_array().into_iter().flatten() {
        assert!(
            ["misconfigured", "rejected"].map(|reason| json!(reason)).contains(&delivery["reason"]),
            "{delivery:#}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_trusted_is_tried_again_and_whoever_looks_is_told_what_to_add() -> anyhow::Result<()> {
    let certificates = Certificates::new()?;
    let known = certificates.known.clone();
    let target = SimulatedInteract::start(Settings { certificates: Some(certificates), ..Settings::default() }).await?;
    let host = Host::start(HostOptions { settings: EGRESS.into(), ..HostOptions::default() }).await?;
    host.install("external-api").await?;
    let pem = known.certificate_pem.clone() + &known.key_pem;
    host.done(&["secret", "set", "certificates"], Some(pem.as_bytes())).await?;
    host.apply(&connection(&target.origin(), &known)).await?;

    let path = "/v1/connections/target/operations/call?deadline_ms=200";
    let reply = host.post(path, &json!({ "request": "pay" })).await?;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let accepted = reply.json()?;
    let delivery = accepted["delivery"].as_str().unwrap_or_default();
    let mut shown = String::new();
    for _ in 0..600 {
        shown = host.sluse_for_people(&["delivery", "show", delivery]).await?.stdout;
        if shown.contains("retrying at") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for part in ["retrying at", "is not trusted here", "`egress.extra_roots` in sluse.toml"] {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }
    assert!(!shown.contains("may have happened"), "{shown}");
    Ok(())
}
