//! A confirmation is taken back: nothing is sent any more, whoever applies what, until somebody confirms again.

use axum::body::Body;
use sluse_tests::host::Told;

use crate::site::{Site, submission};

const SECRET: &str = "workzone-client-secret";

/// The one address that the secret may go to.
async fn origin(site: &Site) -> anyhow::Result<String> {
    let listed = site.host.done(&["secret", "list"], None).await?;
    Ok(listed["items"][0]["origins"][0].as_str().expect("it may go somewhere").to_owned())
}

/// Submits, and finds that the secret stayed where it is.
async fn stays(site: &Site, reference: &str) -> anyhow::Result<()> {
    let before = (site.workzone.requests().len(), site.workzone.tokens_given());
    let run = site.submit(&submission(reference)).await?;
    let found = site.settled(&run).await?;
    assert_eq!(
        (found["state"].as_str(), found["deliveries"][0]["reason"].as_str()),
        (Some("attention"), Some("misconfigured")),
        "{found:#}"
    );
    assert!(found.to_string().contains(&format!("sluse secret confirm {SECRET}")), "{found:#}");
    assert_eq!((site.workzone.requests().len(), site.workzone.tokens_given()), before, "WorkZone heard something");
    Ok(())
}

/// Applies the connection as this command line's owner does.
async fn apply(site: &Site) -> anyhow::Result<Told> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("connection.toml");
    std::fs::write(&file, site.connection())?;
    site.host.sluse_for_people(&["apply", file.to_str().expect("a path of ours is text")]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_secret_stays_until_somebody_confirms_it_again() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let origin = origin(&site).await?;
    let run = site.submit(&submission("before")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");

    let told = site.host.sluse_for_people(&["secret", "withdraw", SECRET, &origin]).await?;
    assert_eq!((told.code, told.stdout.trim()), (0, &*format!("secret `{SECRET}` may no longer go to {origin}")));
    let listed = site.host.done(&["secret", "list"], None).await?["items"][0].clone();
    assert_eq!(
        (listed["origins"].as_array().map(Vec::len), listed["withdrawn"][0].as_str()),
        (Some(0), Some(&*origin))
    );
    let listed = site.host.sluse_for_people(&["secret", "list"]).await?;
    assert!(listed.stdout.contains("NO LONGER TO") && listed.stdout.contains(&origin), "{}", listed.stdout);
    stays(&site, "withdrawn").await?;

    // The token of this command line may write secrets, and still nothing is confirmed by the way.
    let applied = apply(&site).await?;
    let advice = format!("no longer goes to {origin}: if it may again, write `sluse secret confirm {SECRET} {origin}`");
    assert!(applied.code == 0 && applied.stderr.contains(&advice), "{}{}", applied.stdout, applied.stderr);
    let applied = site.apply(&[&site.connection()]).await?.json()?;
    assert_eq!(applied["unconfirmed"][0]["withdrawn"], true, "{applied}");
    stays(&site, "applied").await?;

    site.host.done(&["secret", "confirm", SECRET, &origin], None).await?;
    assert_eq!(site.apply(&[&site.connection()]).await?.json()?["unconfirmed"].as_array().map(Vec::len), Some(0));
    let run = site.submit(&submission("confirmed")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    let log = site.host.stop().await?;
    assert!(log.contains(&format!("secret `{SECRET}` may no longer go to `{origin}`")), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_outlives_the_host() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let origin = origin(&site).await?;
    site.host.done(&["secret", "withdraw", SECRET, &origin], None).await?;
    let Site { host, workzone } = site;
    let site = Site { host: host.kill_and_restart().await?, workzone };
    assert_eq!(apply(&site).await?.code, 0);
    stays(&site, "restarted").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_withdrawn_is_told() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let path = format!("/v1/secrets/{SECRET}/origins");
    let cases = [
        ("", 400, "bad-request"),
        ("?origin=nonsense", 422, "secret-refused"),
        ("?origin=https%3A%2F%2Felsewhere.example", 404, "not-confirmed"),
    ];
    for (query, status, kind) in cases {
        let reply = site.host.api("DELETE", &format!("{path}{query}"), "", Body::empty()).await?;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        assert_eq!(reply.json()?["type"], format!("urn:sluse:problem:{kind}"));
    }
    let elsewhere = ["secret", "withdraw", SECRET, "https://elsewhere.example"];
    let told = site.host.sluse_for_people(&elsewhere).await?;
    assert!(told.code == 3 && told.stderr.contains("sluse secret list"), "{}", told.stderr);
    let run = site.submit(&submission("untouched")).await?;
    assert_eq!(site.settled(&run).await?["state"], "succeeded");
    Ok(())
}
