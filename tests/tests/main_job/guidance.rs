//! What people are told where something did not go as they meant: what to type next, and what keeps it from being done.

use sluse_tests::host::{Host, HostOptions, check, component, sluse};

use crate::{
    acts::refuse_cases,
    site::{Site, held_by_a_breaker, submission},
};

/// A file that somebody has saved.
fn saved(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let file = folder.path().join(name);
    std::fs::write(&file, bytes)?;
    Ok(file.display().to_string())
}

/// As Windows PowerShell 5 writes with `>`.
fn utf_16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_run_that_waits_is_told_what_to_type() -> anyhow::Result<()> {
    let site = Site::start().await?;
    refuse_cases(&site, 1)?;
    let folder = tempfile::tempdir()?;
    let file = saved(&folder, "submission.json", submission("refused").to_string().as_bytes())?;
    let submitted = site.host.sluse_for_people(&["submit", "case", &file, "--wait"]).await?;
    let page = site.host.done(&["delivery", "list", "--state", "attention"], None).await?;
    let (id, run) = (page["items"][0]["id"].as_str().expect("an id"), page["items"][0]["run"].as_str().expect("a run"));
    let see = format!("see `sluse delivery show {id}`");
    check(&submitted, 6, &[&format!("run {run} waits for a person: {see}"), &format!("because: invalid: {see}")]);
    check(&site.host.sluse_for_people(&["run", "show", run]).await?, 0, &[&see]);
    let shown = site.host.sluse_for_people(&["delivery", "show", id]).await?;
    check(&shown, 0, &["next        ", &format!("`sluse delivery edit {id} input.json`")]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_acts_is_told_what_holds_it_and_the_doctor_tells_of_a_breaker() -> anyhow::Result<()> {
    let site = Site::start().await?;
    refuse_cases(&site, 1)?;
    let waits = crate::acts::refused(&site, "case", &submission("refused")).await?;
    let (_, shown) = held_by_a_breaker(&site).await?;
    anyhow::ensure!(shown["gate"]["kind"] == "breaker", "{shown:#}");
    let retried = site.host.sluse_for_people(&["delivery", "retry", &waits]).await?;
    check(&retried, 0, &["is now queued", "held by     breaker since"]);
    let doctor = site.host.sluse_for_people(&["doctor"]).await?;
    check(&doctor, 0, &["`workzone` is left alone until", "`sluse connection check workzone`"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_one_connection_after_a_paused_start_says_what_still_holds_it() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let Site { host, .. } = site;
    let host = host.kill().await?.start_paused().await?;
    let resumed = host.sluse_for_people(&["connection", "resume", "workzone"]).await?;
    check(&resumed, 5, &["connection `workzone` is still held", "the host was started paused", "`sluse resume`"]);
    let doctor = host.sluse_for_people(&["doctor"]).await?;
    check(&doctor, 0, &["workzone: the host was started paused; let it go with `sluse resume`"]);
    assert!(!doctor.stdout.contains("connection resume"), "{}", doctor.stdout);
    host.done(&["resume"], None).await?;
    host.done(&["connection", "pause", "workzone", "--why", "opgradering på målet"], None).await?;
    check(
        &host.sluse_for_people(&["doctor"]).await?,
        0,
        &["opgradering på målet", "`sluse connection resume workzone`"],
    );
    check(&host.sluse_for_people(&["connection", "resume", "workzone"]).await?, 0, &["is over"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_used_is_not_removed_by_a_slip() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let secret = "workzone-client-secret";
    let listed = site.host.sluse_for_people(&["secret", "list"]).await?;
    check(&listed, 0, &["USED BY"]);
    let listed = site.host.done(&["secret", "list"], None).await?;
    assert_eq!(listed["items"][0]["used_by"], serde_json::json!(["workzone"]), "{listed}");
    let refused = site.host.sluse_for_people(&["secret", "remove", secret]).await?;
    check(&refused, 3, &["connection `workzone` uses", "--force"]);
    assert_eq!(site.host.done(&["secret", "list"], None).await?["items"][0]["name"], secret, "it is there still");
    check(&site.host.sluse_for_people(&["secret", "remove", secret, "--force"]).await?, 0, &["is removed"]);
    assert_eq!(site.host.done(&["secret", "list"], None).await?["items"], serde_json::json!([]));
    site.host.done(&["secret", "set", "spare"], Some(b"value")).await?;
    check(&site.host.sluse_for_people(&["secret", "remove", "spare"]).await?, 0, &["is removed"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_windows_are_read_or_said_to_be_no_utf_8() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let folder = tempfile::tempdir()?;
    let text = submission("æøå").to_string();
    let marked = saved(&folder, "marked.json", format!("\u{feff}{text}").as_bytes())?;
    check(&site.host.sluse_for_people(&["submit", "case", &marked]).await?, 0, &["accepted as run-"]);
    let wide = saved(&folder, "wide.json", &utf_16(&text))?;
    let told = site.host.sluse_for_people(&["submit", "case", &wide]).await?;
    check(&told, 1, &["wide.json", "is not UTF-8", "save it as UTF-8"]);
    let told = site.host.sluse_for_people(&["apply", &wide]).await?;
    check(&told, 1, &["wide.json", "save it as UTF-8"]);
    let broken = saved(&folder, "broken.json", b"{\"reference\": ")?;
    check(&site.host.sluse_for_people(&["submit", "case", &broken]).await?, 1, &["broken.json", "is no JSON"]);
    let call = ["call", "workzone", "create-or-find-case"];
    check(&site.host.sluse_for_people(&[&call[..], &[&broken]].concat()).await?, 1, &["broken.json", "is no JSON"]);
    check(
        &site.host.sluse_for_people(&["submit", "case", "nowhere.json"]).await?,
        1,
        &["`nowhere.json` cannot be read"],
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_refuse_what_cannot_be_meant() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let people = |arguments: &'static [&'static str]| site.host.sluse_for_people(arguments);
    check(&people(&["run", "list", "--flow", "cas"]).await?, 3, &["there is no flow `cas` (did you mean `case`?)"]);
    check(
        &people(&["delivery", "list", "--connection", "workzon"]).await?,
        3,
        &["there is no connection `workzon` (did you mean `workzone`?)"],
    );
    check(&people(&["delivery", "list", "--flow", "cas"]).await?, 3, &["(did you mean `case`?)"]);
    check(&people(&["run", "list", "--limit", "0"]).await?, 2, &["--limit"]);
    check(&people(&["run", "list", "--flow", "case"]).await?, 0, &["no runs"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_activated_by_the_beginning_of_its_digest() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    host.install("echo").await?;
    let listed = host.done(&["connector", "list"], None).await?;
    let digest = listed["items"][0]["digest"].as_str().or(listed["items"][0]["revision"].as_str()).expect("a digest");
    check(&host.sluse_for_people(&["connector", "activate", "echo", &digest[..12]]).await?, 0, &["echo"]);
    let told = host.sluse_for_people(&["connector", "activate", "echo", "0123456789ab"]).await?;
    check(&told, 1, &["no revision of `echo` begins with `0123456789ab`", "sluse connector list"]);
    check(&host.sluse_for_people(&["connector", "activate", "echo", "nix"]).await?, 2, &["hex digits"]);
    Ok(())
}

#[tokio::test]
async fn a_case_that_is_not_there_is_no_success() -> anyhow::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors/workzone");
    let (folder, component) = (folder.display().to_string(), component("workzone")?.display().to_string());
    let test = ["connector", "test", &folder, "--component", &component, "--only"];
    let told = sluse(&[&test[..], &["no such case"]].concat()).await?;
    check(&told, 1, &["no case's name contains `no such case`", "cases are there"]);
    Ok(())
}

#[tokio::test]
async fn a_level_that_is_none_is_refused() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    for (level, code, part) in
        [("debugg", 1, "write `error`, `warn`, `info`, `debug`, `trace` or `off`"), ("warn", 0, "warn")]
    {
        let settings = saved(&folder, "sluse.toml", format!("[log]\nlevel = \"{level}\"\n").as_bytes())?;
        check(&sluse(&["config", "show", "--config", &settings]).await?, code, &[part]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_address_is_no_host_that_is_away() -> anyhow::Result<()> {
    let host = Host::start(HostOptions::default()).await?;
    let token = host.data().join("first-token").display().to_string();
    let at = |url: String| {
        let token = token.clone();
        async move { sluse(&["run", "list", "--url", &url, "--token-file", &token]).await }
    };
    let bare = host.url().trim_start_matches("http://").to_owned();
    check(&at(bare.clone()).await?, 1, &[&format!("write `http://{bare}`")]);
    check(&at(format!("https://{bare}")).await?, 4, &[&format!("answers without TLS: write `http://{bare}`")]);

    let folder = tempfile::tempdir()?;
    let empty = saved(&folder, "empty", b"\n")?;
    let told = sluse(&["run", "list", "--url", host.url(), "--token-file", &empty]).await?;
    check(&told, 1, &[&empty, "is empty"]);
    let foreign = saved(&folder, "foreign", b"sluse_nix\n")?;
    let told = sluse(&["run", "list", "--url", host.url(), "--token-file", &foreign]).await?;
    check(&told, 3, &[&format!("asked with the token in `{foreign}`")]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operation_wants_is_looked_up_at_the_host() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let people = |arguments: &'static [&'static str]| site.host.sluse_for_people(arguments);
    let all = people(&["connector", "show", "workzone"]).await?;
    check(&all, 0, &["OPERATION", "create-or-find-case", "ENDPOINT", "oauth2-client-credentials"]);
    let one = people(&["connector", "show", "workzone", "create-or-find-case"]).await?;
    check(&one, 0, &["INPUT", "case_group", "Sagsgruppe", "OUTPUT", "case_id", "required", "text or null"]);
    check(&people(&["connector", "show", "workzone", "settings"]).await?, 0, &["SETTING", "odata_version"]);
    let unknown = people(&["connector", "show", "workzone", "create-case"]).await?;
    check(&unknown, 1, &["has no `create-case`", "create-or-find-case", "settings"]);
    check(&people(&["connector", "show", "workzon"]).await?, 1, &["no connector `workzon`", "sluse connector list"]);
    let program = site.host.done(&["connector", "show", "workzone"], None).await?;
    assert_eq!(program["description"]["name"], "workzone");

    let component = component("workzone")?;
    let file = component.to_str().unwrap_or_default();
    check(&sluse(&["connector", "inspect", file, "create-or-find-case"]).await?, 0, &["INPUT", "Sagsgruppe"]);
    Ok(())
}
