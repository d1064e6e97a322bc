//! A submission becomes a complete case, once.

use serde_json::json;

use crate::site::{FLOW_WITH_FILES, Site, submission};

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_becomes_one_case() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let run = site.submit(&submission("wf-1")).await?;
    let found = site.settled(&run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    let delivery = &found["deliveries"][0];
    assert_eq!(delivery["output"]["created"], true, "{delivery:#}");
    assert_eq!(delivery["attempts"][0]["revision"].as_str().map(str::len), Some(64));
    let ledger = serde_json::to_value(site.workzone.ledger())?;
    assert_eq!(ledger["cases"], 1);
    assert_eq!(ledger["by_key"]["wf-1"]["cases"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_reference_finds_the_case_instead_of_opening_another() -> anyhow::Result<()> {
    let site = Site::start().await?;
    for expected in [true, false] {
        let run = site.submit(&submission("wf-2")).await?;
        let found = site.settled(&run).await?;
        assert_eq!(found["deliveries"][0]["output"]["created"], expected, "{found:#}");
    }
    assert_eq!(serde_json::to_value(site.workzone.ledger())?["cases"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_run() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("submission.json");
    std::fs::write(&file, submission("wf-3").to_string())?;
    let words = ["submit", "case", file.to_str().expect("text"), "--key", "k-1"];
    let first = site.host.done(&words, None).await?;
    let again = site.host.done(&words, None).await?;
    assert_eq!(first["run"], again["run"]);
    assert_eq!((&first["before"], &again["before"]), (&json!(false), &json!(true)));
    std::fs::write(&file, submission("wf-4").to_string())?;
    let other = site.host.sluse(&words, None).await?;
    assert_eq!(other.code, 3, "{}", other.stderr);
    assert!(other.stderr.contains(first["run"].as_str().unwrap_or("?")), "{}", other.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_used_for_something_else_is_a_conflict() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let post = async |reference: &str| {
        let request = http::Request::post(format!("{}/v1/flows/case/runs", site.host.url()))
            .header("authorization", format!("Bearer {}", site.host.token()))
            .header("content-type", "application/json")
            .header("idempotency-key", "k-2");
        sluse_tests::client::send(request.body(submission(reference).to_string().into())?).await
    };
    let (first, again, other) = (post("wf-8").await?, post("wf-8").await?, post("wf-9").await?);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 200));
    assert_eq!((other.status.as_u16(), other.header("content-type")), (409, "application/problem+json"));
    let problem = other.json()?;
    assert_eq!(problem["type"], "urn:sluse:problem:idempotency-key-taken");
    let run = first.json()?["run"].as_str().unwrap_or("?").to_owned();
    assert!(problem["detail"].as_str().unwrap_or("").contains(&run), "{problem}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_arrive_with_their_bytes_and_names() -> anyhow::Result<()> {
    let site = Site::start().await?;
    assert_eq!(site.apply(&[FLOW_WITH_FILES]).await?.status, 200);
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    std::fs::write(path("submission.json"), json!({"reference": "wf-5"}).to_string())?;
    std::fs::write(path("ansøgning.pdf"), b"%PDF-1.4 form")?;
    std::fs::write(path("tegning.png"), b"\x89PNG drawing")?;
    let (submission, main, annex) = (path("submission.json"), path("ansøgning.pdf"), path("tegning.png"));
    let words = ["submit", "case-with-files", &submission, "--attach", &main, "--attach", &annex, "--wait"];
    let run = site.host.done(&words, None).await?;
    assert_eq!(run["state"], "succeeded", "{run:#}");
    let ledger = serde_json::to_value(site.workzone.ledger())?;
    assert_eq!(ledger["documents"], 2, "{ledger:#}");
    let digest = sluse_model::Digest::of(b"%PDF-1.4 form").to_string();
    assert!(ledger.to_string().contains(&digest), "{ledger:#}");
    let attachment = run["attachments"][0]["id"].as_str().unwrap_or("");
    let path = format!("/v1/runs/{}/attachments/{attachment}", run["id"].as_str().unwrap_or(""));
    let reply = site.host.api("GET", &path, "", axum::body::Body::empty()).await?;
    assert_eq!(&reply.body[..], b"%PDF-1.4 form");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_tried_without_writing() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let report = site.host.done(&["connection", "check", "workzone"], None).await?;
    assert_eq!(report["passed"], true, "{report:#}");
    let ledger = serde_json::to_value(site.workzone.ledger())?;
    assert_eq!(ledger["cases"], 0);
    let asked = site.workzone.requests();
    let writes: Vec<_> =
        asked.iter().filter(|request| request.path.starts_with("/OData") && request.method != "GET").collect();
    assert!(writes.is_empty() && asked.len() > 1, "{asked:?}");
    Ok(())
}
