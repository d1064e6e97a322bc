//! The command line as its users have it: what people read, what programs read, and the exit codes.

use std::path::Path;

use serde_json::{Value, json};
use sluse_tests::{
    host::{check, component, sluse},
    workzone::Fault,
};

use crate::site::{CLIENT_SECRET, Site, held_by_a_breaker, submission};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_finds_out_what_failed_and_why() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let refused: Fault = serde_json::from_value(json!({
        "method": "POST", "path": "/OData4/Files", "action": {"kind": "status", "status": 400, "message": "Title is too long"},
    }))?;
    site.workzone.fault(refused);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("submission.json");
    std::fs::write(&file, submission("refused").to_string())?;

    let submitted = site.host.sluse_for_people(&["submit", "case", text(&file), "--wait"]).await?;
    check(&submitted, 6, &["accepted", "open-case", "Title is too long"]);

    let listed = site.host.sluse_for_people(&["delivery", "list", "--state", "attention"]).await?;
    check(&listed, 0, &["DELIVERY", "CONNECTION", "attention: invalid", "create-or-find-case"]);
    let page = site.host.done(&["delivery", "list", "--state", "attention"], None).await?;
    let id = page["items"][0]["id"].as_str().expect("an id");
    let shown = site.host.sluse_for_people(&["delivery", "show", id]).await?;
    check(
        &shown,
        0,
        &[
            "attempts    1 of 4",
            "last error",
            "attempt 1",
            "revision",
            "POST /Files: 400",
            "[workzone-validation]",
            "\"title\": \"Ansøgning",
        ],
    );

    let run = page["items"][0]["run"].as_str().expect("a run");
    check(&site.host.sluse_for_people(&["run", "show", run]).await?, 0, &["open-case", "Title is too long"]);
    check(&site.host.sluse_for_people(&["run", "list"]).await?, 0, &["RUN", run, "attention"]);
    check(&site.host.sluse_for_people(&["run", "show", "run-none"]).await?, 2, &["`run-none` is not a run id"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_whether_everything_is_well() -> anyhow::Result<()> {
    let site = Site::start().await?;
    check(&site.host.sluse_for_people(&["doctor"]).await?, 0, &["well", "settings", "connections may reach 127.0.0.1"]);
    let found = site.host.done(&["doctor"], None).await?;
    assert!(found["findings"].as_array().is_some_and(|findings| findings.len() >= 5), "{found}");

    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("sluse.toml");
    std::fs::write(&settings, format!("[data]\nfolder = {:?}\n", folder.path().join("data")))?;
    let token = site.host.data().join("first-token");
    // The discard port of loopback, where nobody listens.
    let nobody = ["--url", "http://127.0.0.1:9", "--token-file", text(&token), "--config", text(&settings)];
    let ill = sluse(&[&["doctor"][..], &nobody].concat()).await?;
    check(&ill, 4, &["LOOK", "egress.hosts", "no host answers at http://127.0.0.1:9"]);
    let feeds = sluse(&[&["doctor", "--feeds"][..], &nobody].concat()).await?;
    check(&feeds, 4, &["no host answers at http://127.0.0.1:9"]);
    let unset = ["doctor", "--config", text(&settings), "--url", site.host.url(), "--token-file", text(&token)];
    check(&sluse(&unset).await?, 0, &["the host read", "connections may reach 127.0.0.1", "ready, version"]);
    // What the host reads at its start alone has changed since: what holds is told, and what to do.
    let file = site.host.data().with_file_name("sluse.toml");
    std::fs::write(&file, "[egress]\nhosts = [\"other.example.dk\"]\ncidrs = [\"127.0.0.0/8\"]\n")?;
    let changed = site.host.sluse_for_people(&["doctor"]).await?;
    check(&changed, 1, &["LOOK", "has changed since the host read it", "for egress.hosts", "may reach 127.0.0.1"]);
    assert!(!changed.stdout.contains("other.example.dk"), "{}", changed.stdout);
    check(&sluse(&["doctor", "--help"]).await?, 0, &["Exit codes:", "5  a feed or another schedule has not run"]);
    let unreachable = sluse(&[&["run", "list"][..], &nobody].concat()).await?;
    check(&unreachable, 4, &["no host answers at http://127.0.0.1:9", "sluse serve"]);
    let shown = sluse(&[&["config", "show"][..], &nobody].concat()).await?;
    check(&shown, 0, &["SETTING", "egress.hosts", "data.folder", text(&settings)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_finds_out_what_holds_a_delivery() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let (id, shown) = held_by_a_breaker(&site).await?;
    assert_eq!((&shown["gate"]["kind"], &shown["attempt_count"]), (&json!("breaker"), &json!(1)), "{shown:#}");
    assert!(shown["gate"]["until"].is_string() && shown["last_error"]["at"].is_string(), "{shown:#}");
    let told = site.host.sluse_for_people(&["delivery", "show", &id]).await?;
    check(&told, 0, &["held by     breaker since", "until", "attempts    1 of 4", "last error  "]);
    check(&site.host.sluse_for_people(&["connection", "list"]).await?, 0, &["GATE", "breaker"]);
    Ok(())
}

#[tokio::test]
async fn a_component_is_built_and_inspected_without_a_host() -> anyhow::Result<()> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests");
    let built = sluse(&["connector", "build", text(&guests.join("echo")), "--json"]).await?;
    check(&built, 0, &[]);
    let path = built.json()?["component"].as_str().expect("a path").to_owned();
    let inspected = sluse(&["connector", "inspect", &path]).await?;
    check(&inspected, 0, &["echo", "digest", "post"]);
    let described = sluse(&["connector", "inspect", text(&component("workzone")?), "--json"]).await?.json()?;
    assert_eq!(described["description"]["name"], "workzone");

    let folder = tempfile::tempdir()?;
    let garbage = folder.path().join("garbage.wasm");
    std::fs::write(&garbage, b"no component")?;
    check(&sluse(&["connector", "inspect", text(&garbage)]).await?, 3, &["refused", "not a WebAssembly component"]);
    check(&sluse(&["connector", "build", text(folder.path())]).await?, 1, &["in no cargo workspace"]);
    check(&sluse(&["connector", "biuld", "."]).await?, 2, &["build"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_change_is_said_and_nothing_is_changed() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let before = site.host.get("/v1/connections").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("connection.toml");
    let changed = site.connection().replace("timeout_ms = 20000", "timeout_ms = 10000");
    std::fs::write(&file, changed)?;
    let told = site.host.sluse_for_people(&["apply", text(&file), "--diff"]).await?;
    check(&told, 0, &["~ connection workzone", "timeout_ms"]);
    assert_eq!(site.host.get("/v1/connections").await?, before);
    check(&site.host.sluse_for_people(&["apply", text(&file)]).await?, 0, &["~ connection workzone"]);
    check(&site.host.sluse_for_people(&["apply", text(&file)]).await?, 0, &["nothing has changed"]);
    check(&site.host.sluse_for_people(&["connection", "list"]).await?, 0, &["CONNECTION", "oauth2-client-credentials"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_listed_without_their_values_and_removed() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let listed = site.host.sluse_for_people(&["secret", "list"]).await?;
    check(&listed, 0, &["SECRET", "workzone-client-secret", "http://127.0.0.1:"]);
    assert!(!listed.stdout.contains(CLIENT_SECRET));
    let remove = ["secret", "remove", "workzone-client-secret", "--force"];
    check(&site.host.sluse_for_people(&remove).await?, 0, &["is removed"]);
    let left = site.host.done(&["secret", "list"], None).await?;
    assert_eq!(left["items"].as_array().map(Vec::len), Some(0), "{left}");
    check(&site.host.sluse_for_people(&["secret", "remove", "workzone-client-secret"]).await?, 3, &["refused"]);
    // A check that does not pass.
    let report = site.host.sluse(&["connection", "check", "workzone"], None).await?;
    assert_eq!(report.code, 5, "{}{}", report.stdout, report.stderr);
    assert_eq!(report.json()?["passed"], Value::Bool(false));
    Ok(())
}
