//! What failed in the night and is put right in the morning: what people do about deliveries, as they do it.

use serde_json::{Value, json};
use sluse_tests::workzone::Fault;

use crate::site::{FLOW, Site, submission};

/// So many cases are refused from now on.
pub(crate) fn refuse_cases(site: &Site, times: u32) -> anyhow::Result<()> {
    let refused: Fault = serde_json::from_value(json!({
        "method": "POST", "path": "/OData4/Files", "times": times,
        "action": {"kind": "status", "status": 400, "message": "Title is too long"},
    }))?;
    site.workzone.fault(refused);
    Ok(())
}

/// The same flow, in which what has the same reference does not overtake.
pub(crate) fn ordered_flow() -> String {
    FLOW.replace("name = \"case\"\n", "name = \"ordered\"\norder_by = \"{{ submission.reference }}\"\n")
}

/// Hands it in, waits until it is a person's work, and gives the id of its delivery.
pub(crate) async fn refused(site: &Site, flow: &str, submission: &Value) -> anyhow::Result<String> {
    let reply = site.host.post(&format!("/v1/flows/{flow}/runs"), submission).await?;
    let run = reply.json()?["run"].as_str().unwrap_or("").to_owned();
    let found = site.settled(&run).await?;
    anyhow::ensure!(found["state"] == "attention", "{found:#}");
    Ok(found["deliveries"][0]["id"].as_str().unwrap_or("").to_owned())
}

async fn run_of(site: &Site, delivery: &str) -> anyhow::Result<Value> {
    let delivery = site.host.get(&format!("/v1/deliveries/{delivery}")).await?;
    site.settled(delivery["run"].as_str().unwrap_or("")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_puts_right_what_failed_in_the_night() -> anyhow::Result<()> {
    let site = Site::start().await?;
    refuse_cases(&site, 3)?;
    let edited = refused(&site, "case", &submission("edited")).await?;
    let resolved = refused(&site, "case", &submission("resolved")).await?;
    let closed = refused(&site, "case", &submission("closed")).await?;
    let created = site.host.done(&["token", "create", "rikke", "--scope", "operate"], None).await?;
    let token = created["secret"].as_str().unwrap_or("");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("input.json");
    let mut input = site.host.get(&format!("/v1/deliveries/{edited}")).await?["input"].clone();
    input["title"] = json!("Carport");
    std::fs::write(&file, input.to_string())?;
    let path = file.to_str().unwrap_or("");
    let told = site.host.sluse_for_people(&["delivery", "assign", &edited, "building"]).await?;
    assert!(told.stdout.contains("attention: invalid (for building)"), "{}{}", told.stdout, told.stderr);
    let told = site.host.sluse_for_people(&["delivery", "edit", &edited, path, "--why", "too long"]).await?;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert_eq!(run_of(&site, &edited).await?["state"], "succeeded");
    let shown = site.host.sluse_for_people(&["delivery", "show", &edited]).await?.stdout;
    for part in [
        "assign by",
        "edit by first: too long (attention: invalid (for building) → queued)",
        "input before it was edited at",
    ] {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }

    let body =
        json!({"output": {"case_id": "67453", "case_no": null, "created": true, "etag": null}, "why": "it is there"});
    let path = format!("/v1/deliveries/{resolved}/resolve");
    let reply = site.host.api_as(Some(token), "POST", &path, "application/json", body.to_string().into()).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(run_of(&site, &resolved).await?["state"], "succeeded");
    let acts = site.host.get(&format!("/v1/deliveries/{resolved}")).await?["acts"].clone();
    assert_eq!((&acts[0]["by"]["name"], &acts[0]["why"]), (&json!("rikke"), &json!("it is there")));

    let told = site.host.sluse_for_people(&["delivery", "close", &closed, "--why", "handed in twice"]).await?;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert_eq!(run_of(&site, &closed).await?["state"], "failed");
    let told = site.host.sluse_for_people(&["delivery", "retry", &closed]).await?;
    assert_eq!(told.code, 3);
    assert!(told.stderr.contains("closed (failed), and stays so"), "{}", told.stderr);
    let told = site.host.sluse_for_people(&["delivery", "retry", "del-none"]).await?;
    assert!(told.code == 2 && told.stderr.contains("`del-none` is not a delivery id"), "{}", told.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_night_is_put_right_in_one_go() -> anyhow::Result<()> {
    let site = Site::start().await?;
    refuse_cases(&site, 3)?;
    let mut deliveries = Vec::new();
    for reference in ["one", "two", "three"] {
        deliveries.push(refused(&site, "case", &submission(reference)).await?);
    }
    let told = site.host.sluse_for_people(&["bulk", "retry"]).await?;
    assert!(told.code == 3 && told.stderr.contains("`connection`, `flow`"), "{}", told.stderr);
    let meant = ["bulk", "retry", "--connection", "workzone", "--text", "TOO LONG", "--why", "the form was mended"];
    let dry = [&meant[..], &["--dry-run"]].concat();
    let told = site.host.sluse_for_people(&dry).await?;
    assert!(told.stdout.contains("3 deliveries; nothing was done"), "{}{}", told.stdout, told.stderr);
    let batch = site.host.done(&meant, None).await?["id"].as_str().unwrap_or("").to_owned();
    for delivery in &deliveries {
        assert_eq!(tried_again(&site, delivery).await?["state"], "succeeded");
    }
    let told = site.host.sluse_for_people(&["bulk", "show", &batch]).await?.stdout;
    for part in ["retry", "3 of 3", "connection workzone", "by          first", "the form was mended"] {
        assert!(told.contains(part), "`{part}` is missing in:\n{told}");
    }
    let told = site.host.sluse_for_people(&["bulk", "list"]).await?.stdout;
    assert!(told.contains(&batch) && told.contains("3 of 3"), "{told}");
    let shown = site.host.sluse_for_people(&["delivery", "show", &deliveries[0]]).await?.stdout;
    assert!(shown.contains(&format!("retry by first, in {batch}: the form was mended")), "{shown}");
    Ok(())
}

/// Waits until somebody has acted on a delivery, and its run has settled.
async fn tried_again(site: &Site, delivery: &str) -> anyhow::Result<Value> {
    for _ in 0..600 {
        if site.host.get(&format!("/v1/deliveries/{delivery}")).await?["acts"] != json!([]) {
            return run_of(site, delivery).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("nobody acted on {delivery}")
}
