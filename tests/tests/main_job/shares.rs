//! Folders that cannot be used for a while: locked, locked at the worst moment, not mounted, full, gone. Whoever looks is
//! told what to mend, and once it is mended the file is there, once, without anybody doing anything.

use std::{path::PathBuf, time::Duration};

use serde_json::Value;
use sluse_tests::{
    folder::{Manner, Settings, SimulatedFolder},
    host::{Host, HostOptions, Share},
};
use tempfile::TempDir;

use crate::{
    disk::fill,
    folders::{FLOWS, Office, allowing, postings, prisme_with, submit},
    site::settled,
};

/// Room for some files, and filled in a moment.
const SHARE_MIB: u32 = 2;

/// What is told of a share that nobody may write into.
const RIGHTS: &str = "its user needs the right to read and write there";

/// A host that publishes into a share for Prisme, and its consumer.
struct Branch {
    host: Host,
    prisme: SimulatedFolder,
    place: TempDir,
}

impl Branch {
    async fn start() -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let share = Share { folder: place.path().join("share"), size_mib: SHARE_MIB };
        let host = Host::start(HostOptions { share: Some(share), ..allowing(place.path()) }).await?;
        host.install("prisme").await?;
        let flows = FLOWS.split("[[flow]]").filter(|flow| flow.contains("connection = \"prisme\""));
        let flows: String = flows.map(|flow| format!("[[flow]]{flow}")).collect();
        host.apply(&(prisme_with(place.path(), "share", true) + &flows)).await?;
        let prisme = SimulatedFolder::start(Settings::new(Manner::Prisme, host.share()?)).await?;
        Ok(Self { host, prisme, place })
    }

    /// What is there when the share is not.
    fn below_the_share(&self) -> PathBuf {
        self.place.path().join("share")
    }

    /// Has the share locked between the writing and the renaming of a file. The host may be faster than whoever locks, so
    /// it is tried with one batch after the other: gives the run of the last one, and all that are handed in.
    async fn staged_and_locked(&self, first: usize) -> anyhow::Result<(String, Vec<String>)> {
        self.prisme.share().refuse_renaming(true);
        let mut keys = Vec::new();
        for number in first..first + 40 {
            keys.push(format!("B-{number}"));
            let run = submit(&self.host, "finance", &postings(&keys[keys.len() - 1], 100)).await?;
            let is_seen = |run: &Value| run["state"] != "running" || run["deliveries"][0]["state"] == "retrying";
            let found = until(&self.host, &run, is_seen).await?;
            if found["state"] == "running" {
                self.prisme.share().refuse_renaming(false);
                assert!(found.to_string().contains(RIGHTS), "{found:#}");
                return Ok((run, keys));
            }
        }
        anyhow::bail!("the host is always faster")
    }

    async fn arrives(&self, run: &str, keys: &[&str]) -> anyhow::Result<()> {
        arrives(&self.host, &self.prisme, run, keys).await
    }
}

/// Hands in a batch that cannot be written now, and gives its run once somebody who looks is told so.
async fn held_up(host: &Host, key: &str, told: &str) -> anyhow::Result<String> {
    let run = submit(host, "finance", &postings(key, 100)).await?;
    let found = until(host, &run, |run| run["deliveries"][0]["state"] == "retrying").await?;
    let delivery = found["deliveries"][0]["id"].as_str().unwrap_or_default();
    let shown = host.sluse_for_people(&["delivery", "show", delivery]).await?.stdout;
    for part in ["Mappen `prisme` kan ikke bruges lige nu.", told] {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }
    Ok(run)
}

async fn until(host: &Host, run: &str, holds: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
    let mut found = Value::Null;
    for _ in 0..600 {
        found = host.get(&format!("/v1/runs/{run}")).await?;
        if holds(&found) {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("it never came to that: {found:#}")
}

/// Waits until a run succeeds by itself; these batches are all that was ever taken, each once, and nothing lies about.
async fn arrives(host: &Host, prisme: &SimulatedFolder, run: &str, keys: &[&str]) -> anyhow::Result<()> {
    let found = settled(host, run).await?;
    assert_eq!(found["state"], "succeeded", "{found:#}");
    for _ in 0..100 {
        if prisme.share().names()?.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(prisme.share().names()?, Vec::<String>::new());
    let ledger = prisme.ledger();
    assert!(ledger.has_each_once(keys.iter().copied()), "{ledger:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_locked_is_waited_for() -> anyhow::Result<()> {
    let branch = Branch::start().await?;
    branch.prisme.share().lock()?;
    let run = held_up(&branch.host, "B-0", RIGHTS).await?;
    assert!(branch.prisme.ledger().files.is_empty());
    branch.prisme.share().unlock()?;
    branch.arrives(&run, &["B-0"]).await?;

    // Locked between writing and renaming.
    let (run, mut keys) = branch.staged_and_locked(1).await?;
    keys.insert(0, "B-0".to_owned());
    branch.prisme.share().unlock()?;
    branch.arrives(&run, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_replaced_with_a_staged_file_on_it_gets_the_file_all_the_same() -> anyhow::Result<()> {
    let branch = Branch::start().await?;
    let (run, keys) = branch.staged_and_locked(0).await?;
    branch.host.unmount_share().await?;
    branch.host.mount_share().await?;
    branch.arrives(&run, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_that_is_full_or_not_mounted_is_waited_for() -> anyhow::Result<()> {
    let branch = Branch::start().await?;
    let ballast = branch.prisme.share().folder().join("ballast");
    fill(&ballast)?;
    let run = held_up(&branch.host, "B-1", "there is no room left for the folder").await?;
    assert_eq!(branch.prisme.share().names()?, ["ballast"], "half a file is left");
    std::fs::remove_file(&ballast)?;
    branch.arrives(&run, &["B-1"]).await?;

    branch.host.unmount_share().await?;
    let run = held_up(&branch.host, "B-2", "nothing is mounted at").await?;
    assert_eq!(std::fs::read_dir(branch.below_the_share())?.count(), 0, "it was written beside the share");
    branch.host.mount_share().await?;
    branch.arrives(&run, &["B-1", "B-2"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_is_waited_for() -> anyhow::Result<()> {
    let office = Office::start().await?;
    office.prisme.share().remove()?;
    let run = held_up(&office.host, "B-1", "is not there: make it, or mount it again").await?;
    office.prisme.share().restore()?;
    arrives(&office.host, &office.prisme, &run, &["B-1"]).await
}
