//! Watching a host: a feed whose source is away is told by readiness, by metrics and by an exit code, and is well again
//! once its source is back.

use axum::body::Body;
use sluse_tests::host::{Told, sluse};

use crate::feeds::Office;

impl Office {
    async fn readiness(&self, query: &str) -> anyhow::Result<(u16, String)> {
        let reply = self.host.api_as(None, "GET", &format!("/readyz{query}"), "", Body::empty()).await?;
        Ok((reply.status.as_u16(), reply.text()))
    }

    /// Waits until a monitor that looks at the status alone is told this.
    async fn until_told(&self, status: u16) -> anyhow::Result<()> {
        for _ in 0..600 {
            if self.readiness("?feeds=true").await?.0 == status {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        anyhow::bail!("it is never told {status}: {}", self.readiness("").await?.1)
    }

    /// What `sluse doctor` says to whoever has this token.
    async fn doctor(&self, token_file: &std::path::Path) -> anyhow::Result<Told> {
        let token_file = token_file.to_str().expect("a path of ours is text");
        sluse(&["doctor", "--feeds", "--url", self.host.url(), "--token-file", token_file]).await
    }

    /// The value of a metric, as a token with the scope `monitor` reads it.
    async fn metric(&self, token: &str, sample: &str) -> anyhow::Result<Option<f64>> {
        let reply = self.host.api_as(Some(token), "GET", "/metrics", "", Body::empty()).await?;
        assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        let text = reply.text();
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        Ok(value.map(str::parse).transpose()?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_fails_is_told_by_status_metric_and_exit_code_until_it_recovers() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.inbox.post("a", None);
    let created = office.host.done(&["token", "create", "watcher", "--scope", "monitor"], None).await?;
    let token = created["secret"].as_str().expect("a token").to_owned();
    let folder = tempfile::tempdir()?;
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, &token)?;

    office.until("a letter that is filed", |inbox| inbox.ledger().filed.contains_key("a")).await?;
    office.until_told(200).await?;
    let well = office.doctor(&token_file).await?;
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    assert!(well.stdout.contains("schedule letters") && well.stdout.contains("next "), "{}", well.stdout);
    let last_success = r#"sluse_schedule_last_success_timestamp_seconds{schedule="letters"}"#;
    let succeeded_at = office.metric(&token, last_success).await?.expect("it has succeeded");
    assert_eq!(office.metric(&token, r#"sluse_schedule_well{schedule="letters"}"#).await?, Some(1.0));
    let filed = r#"sluse_deliveries_settled_total{connection="inbox",outcome="succeeded"}"#;
    assert!(office.metric(&token, filed).await? >= Some(1.0));
    let answered = r#"sluse_egress_exchanges_total{connection="inbox",outcome="2xx"}"#;
    assert!(office.metric(&token, answered).await? >= Some(1.0));
    let attempts = r#"sluse_attempt_duration_seconds_count{connection="inbox",operation="file"}"#;
    assert_eq!(office.metric(&token, attempts).await?, Some(1.0));

    office.inbox.ledger().is_away = true;
    office.until_told(503).await?;
    // The host itself can serve, and says so; and everybody may know which schedule it is, and nothing of its target.
    let (status, text) = office.readiness("").await?;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("schedule `letters` fails since") && text.contains("\"ready\""), "{text}");
    assert!(!text.contains("503") && !text.contains("inbox"), "{text}");
    let ill = office.doctor(&token_file).await?;
    assert_eq!(ill.code, 5, "{}{}", ill.stdout, ill.stderr);
    for part in ["LOOK", "schedule letters", "fails since", "last success", "last failure", "503"] {
        assert!(ill.stdout.contains(part), "`{part}` is missing in {}", ill.stdout);
    }
    let whole = office.host.sluse_for_people(&["doctor"]).await?;
    assert_eq!(whole.code, 5, "{}{}", whole.stdout, whole.stderr);
    let listed = office.host.sluse_for_people(&["schedule", "list"]).await?;
    assert!(listed.stdout.contains("failing"), "{}", listed.stdout);
    assert_eq!(office.metric(&token, r#"sluse_schedule_well{schedule="letters"}"#).await?, Some(0.0));
    assert_eq!(office.metric(&token, r#"sluse_schedule_last_poll_failed{schedule="letters"}"#).await?, Some(1.0));
    assert!(
        office.metric(&token, r#"sluse_egress_exchanges_total{connection="inbox",outcome="5xx"}"#).await? >= Some(3.0)
    );

    office.inbox.ledger().is_away = false;
    office.until_told(200).await?;
    assert_eq!(office.doctor(&token_file).await?.code, 0);
    assert_eq!(office.metric(&token, r#"sluse_schedule_well{schedule="letters"}"#).await?, Some(1.0));
    assert!(office.metric(&token, last_success).await? > Some(succeeded_at));
    Ok(())
}

/// A feed that fails goes on failing over a restart: nobody forgets what was wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_told_after_a_restart_as_before() -> anyhow::Result<()> {
    let mut office = Office::start().await?;
    office.inbox.ledger().is_away = true;
    office.until_told(503).await?;
    office.host = office.host.kill_and_restart().await?;
    let (status, text) = office.readiness("?feeds=true").await?;
    assert_eq!(status, 503, "{text}");
    office.inbox.ledger().is_away = false;
    office.until_told(200).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_connection_is_told_and_not_named() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.host.done(&["connection", "pause", "inbox", "--why", "it is being moved"], None).await?;
    let (status, text) = office.readiness("").await?;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("1 connection is paused") && !text.contains("inbox") && !text.contains("moved"), "{text}");
    Ok(())
}
