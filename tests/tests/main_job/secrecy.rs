//! A canary: a known secret is looked for wherever it must not be, in every form in which it could be written.

use std::path::Path;

use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sluse_tests::{
    host::HostOptions,
    workzone::{Fault, PLANTED_SECRET, Settings},
};

use crate::site::{CLIENT_SECRET, Site, submission};

fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![secret.as_bytes().to_vec(), BASE64_STANDARD.encode(secret).into_bytes(), hex.into_bytes()]
}

#[track_caller]
fn absent(secret: &str, bytes: &[u8], place: &str) {
    for form in forms(secret) {
        let found = bytes.windows(form.len()).any(|window| window == form);
        assert!(!found, "the secret is in {place}");
    }
}

fn absent_below(secret: &str, folder: &Path) -> anyhow::Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files += absent_below(secret, &path)?;
        } else {
            absent(secret, &std::fs::read(&path)?, &path.display().to_string());
            files += 1;
        }
    }
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_nowhere_but_in_the_request() -> anyhow::Result<()> {
    let options = HostOptions { log: "trace".into(), ..HostOptions::default() };
    let site = Site::start_with(options, Settings::default()).await?;
    // Errors of every kind, each with a body that has something to hide.
    for (status, path) in [(400, "/OData4/Files"), (500, "/OData4/Files"), (403, "/OData4/Files")] {
        let fault: Fault = serde_json::from_value(serde_json::json!({
            "method": "GET", "path": path, "action": {"kind": "status", "status": status, "message": CLIENT_SECRET},
        }))?;
        site.workzone.fault(fault);
        let run = site.submit(&submission(&format!("canary-{status}"))).await?;
        let found = site.settled(&run).await?.to_string();
        absent(CLIENT_SECRET, found.as_bytes(), "a run");
        assert!(!found.contains(PLANTED_SECRET), "a stack trace came through: {found}");
    }
    let run = site.submit(&submission("canary-success")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    assert!(site.workzone.tokens_given() > 0, "the secret was really used");
    for path in
        ["/v1/secrets", "/v1/connections", "/v1/deliveries", "/v1/connectors", "/v1/runs", "/healthz", "/readyz"]
    {
        let reply = site.host.api("GET", path, "", Body::empty()).await?;
        absent(CLIENT_SECRET, &reply.body, path);
    }
    assert!(absent_below(CLIENT_SECRET, &site.host.data())? > 3, "the data folder was looked through");
    let Site { host, .. } = site;
    let log = host.stop().await?;
    assert!(log.contains("TRACE") && log.len() > 10_000, "everything was logged");
    absent(CLIENT_SECRET, log.as_bytes(), "the log at TRACE");
    assert!(!log.contains(PLANTED_SECRET), "a stack trace is in the log");
    Ok(())
}
