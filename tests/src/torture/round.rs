//! One round: a data folder of its own, from its first start over all kills to its verdict.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use tokio::{sync::watch, time::sleep};

use super::{
    aim::{Aim, Borders},
    api::Api,
    callers::Callers,
    dice::Dice,
    faults,
    process::{Home, Life, Place, Started},
    report::Report,
    setup,
    standings::{self, Standings},
    strike::Surroundings,
    target::Target,
    tripwire::Tripwire,
    verdict,
};

/// Once faults have stopped, everything is done within this time.
const DRAINS_WITHIN: Duration = Duration::from_secs(60);

/// What a round is made of.
#[derive(Debug, Clone)]
pub struct Round {
    /// The program that is tortured.
    pub sluse: PathBuf,
    /// The courier's component.
    pub courier: PathBuf,
    /// Where the data goes; removed when there is nothing to find in it.
    pub folder: PathBuf,
    pub seed: u64,
    /// What a sabotaged program does wrong in the lives that are ended.
    pub sabotage: Option<String>,
    pub kills: u64,
    /// No further kill after this.
    pub until: Instant,
}

/// Tortures a host, and counts. What is wrong with the harness itself is an error; what is wrong with the host is in
/// the report.
pub async fn torture(round: &Round, borders: &mut Borders) -> anyhow::Result<Report> {
    let began = Instant::now();
    let mut report = Report { seeds: vec![round.seed], without_strace: faults::lacking(), ..Report::default() };
    let mut arena = Arena::open(round).await?;
    arena.strike(round, borders, &mut report).await?;
    arena.judge(&mut report).await?;
    report.wall_ms = u64::try_from(began.elapsed().as_millis())?;
    if report.is_clean() {
        remove(&round.folder)?;
    }
    Ok(report)
}

/// A host's home, and those around it.
struct Arena {
    home: Home,
    component: Bytes,
    target: Target,
    tripwire: Arc<Tripwire>,
    callers: Callers,
    /// Where the host serves; `None` while it does not.
    place: watch::Sender<Option<Place>>,
}

impl Arena {
    /// A home in which the courier is installed and everything applied; callers wait for a host.
    async fn open(round: &Round) -> anyhow::Result<Self> {
        let component = Bytes::from(std::fs::read(&round.courier).context("failed to read the courier")?);
        let home = Home::new(&round.sluse, &round.folder, round.sabotage.clone())?;
        let tripwire = Arc::new(Tripwire::default());
        let place = watch::Sender::new(None);
        let target = Target::start(round.seed, home.out(), place.subscribe(), tripwire.clone()).await?;
        let first = serving(&home.at_peace()).await?;
        setup::set_up(&first.place, &component, &target.url(), &home.out()).await?;
        first.kill().await?;
        let callers = Callers::start(round.seed, place.subscribe(), tripwire.clone());
        Ok(Self { home, component, target, tripwire, callers, place })
    }

    /// One life after the other, each ended as the dice say.
    async fn strike(&mut self, round: &Round, borders: &mut Borders, report: &mut Report) -> anyhow::Result<()> {
        let mut dice = Dice::of(round.seed, "aims", 0);
        for number in 0..round.kills {
            if Instant::now() >= round.until {
                return Ok(());
            }
            let aim = Aim::choose(&mut dice, number, borders, report.without_strace.is_none());
            let Self { home, place, tripwire, component, .. } = &*self;
            let told = || format!("kill {number}, aimed at {aim:?}; the log is `{}`", home.log_path().display());
            let surroundings = Surroundings { home, place, tripwire, component, revision: number };
            let struck = surroundings.strike(&aim, borders).await.with_context(told)?;
            report.struck(aim.name(), struck);
            self.target.settle().await?;
            self.callers.broken()?;
        }
        Ok(())
    }

    /// Lets a host work in peace until everything is done, and compares.
    async fn judge(&mut self, report: &mut Report) -> anyhow::Result<()> {
        self.target.behave();
        let last = serving(&self.home.at_peace()).await?;
        self.place.send_replace(Some(last.place.clone()));
        self.callers.finish().await?;
        let mut api = Api::connect(&last.place).await?;
        drain(&mut api, &self.target, report).await?;
        let standings = Standings::read(&mut api).await?;
        self.target.take_files();
        verdict::judge(&self.callers.book(), &self.target.ledger(), &standings, report);
        last.kill().await
    }
}

/// Starts a host that nothing happens to.
async fn serving(home: &Home) -> anyhow::Result<Life> {
    match home.start(None).await? {
        Started::Serves(life) => Ok(*life),
        Started::Ended(status) => bail!("the host does not start ({status}): see `{}`", home.log_path().display()),
    }
}

/// Waits until nothing is under way. What still is when that takes too long is stuck.
async fn drain(api: &mut Api, target: &Target, report: &mut Report) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        // In this order: what is fetched has started its runs.
        let are_fetched = target.ledger().parcels.are_fetched();
        // Asked in either case: the host ends a connection on which nobody asks for long.
        let is_drained = standings::is_drained(api).await? && are_fetched;
        report.drained_in_ms = u64::try_from(began.elapsed().as_millis())?;
        if is_drained {
            return Ok(());
        }
        if began.elapsed() >= DRAINS_WITHIN {
            let mut left = standings::under_way(api).await?;
            left.extend((!are_fetched).then(|| "the parcels have not been fetched to the last one".to_owned()));
            verdict::stuck(left, report);
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    std::fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.display()))
}
