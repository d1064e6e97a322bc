//! How a life of the host is ended, as it was aimed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    aim::{Aim, Borders},
    api::Api,
    faults::{Effect, Fault},
    process::{Home, Life, Place, Started},
    setup,
    tripwire::{Moment, Tripwire},
};

/// A moment that does not come within this time is not waited for.
const MOMENT_WITHIN: Duration = Duration::from_millis(800);

/// A life with a fault goes on for so long when the fault does not end it.
const TRACED_FOR: Duration = Duration::from_millis(1500);

/// What strace says is read this often.
const LOOKS_EACH: Duration = Duration::from_millis(50);

/// A host that goes on when the disk fails it is watched for so long: more than it waits before it writes again.
const GOES_ON_FOR: Duration = Duration::from_millis(700);

/// A host that must end does so at once. Far more than that, also where others work beside.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A host that was suspended works on for so long.
const AFTER_SUSPENSION: Duration = Duration::from_millis(300);

/// Those around the host.
pub(super) struct Surroundings<'a> {
    pub(super) home: &'a Home,
    /// Says to those around it where it serves.
    pub(super) place: &'a watch::Sender<Option<Place>>,
    pub(super) tripwire: &'a Arc<Tripwire>,
    pub(super) component: &'a Bytes,
    /// Makes each new revision another one.
    pub(super) revision: u64,
}

/// What became of a life.
#[derive(Debug, Default)]
pub(super) struct Struck {
    /// How long its start took, where nothing slowed it down and it came so far.
    pub(super) started_in: Option<Duration>,
    /// The fault that was injected ended it.
    pub(super) ended_by_fault: bool,
    /// The fault that came to pass.
    pub(super) met: Option<String>,
    /// The file that could not be made durable, and the host went on.
    pub(super) survived: Option<String>,
}

impl Surroundings<'_> {
    /// Starts the host, does what was aimed at, and leaves no process behind.
    pub(super) async fn strike(&self, aim: &Aim, borders: &mut Borders) -> anyhow::Result<Struck> {
        if let Aim::Starting(after) = aim {
            return self.while_starting(*after).await;
        }
        let fault = if let Aim::Traced(fault) = aim { Some(fault) } else { None };
        let life = match self.home.start(fault).await? {
            Started::Serves(life) => *life,
            Started::Ended(status) => {
                anyhow::ensure!(fault.is_some(), "the host ended by itself at its start ({status})");
                let met = fault.map(|fault| self.met(fault, true)).transpose()?.flatten();
                return Ok(Struck { ended_by_fault: true, met, ..Struck::default() });
            }
        };
        let started_in = fault.is_none().then_some(life.started_in);
        self.place.send_replace(Some(life.place.clone()));
        let struck = self.end(life, aim, borders).await;
        self.tripwire.disarm();
        self.place.send_replace(None);
        Ok(Struck { started_in, ..struck? })
    }

    async fn while_starting(&self, after: Duration) -> anyhow::Result<Struck> {
        let mut child = self.home.spawn(None)?;
        sleep(after).await;
        child.kill().await?;
        Ok(Struck::default())
    }

    async fn end(&self, mut life: Life, aim: &Aim, borders: &mut Borders) -> anyhow::Result<Struck> {
        match aim {
            Aim::Random(after) | Aim::Starting(after) => sleep(*after).await,
            Aim::At { moment, skip, later } => self.wait_for(&life, *moment, *skip, *later).await,
            Aim::Activation(after) => self.activate(&life, *after).await,
            Aim::Traced(fault) => return self.traced(life, fault, borders).await,
            Aim::Suspended(pause) => {
                sleep(AFTER_SUSPENSION).await;
                life.suspend(*pause).await?;
                sleep(AFTER_SUSPENSION).await;
                let ended = life.ended_within(Duration::ZERO).await?;
                anyhow::ensure!(ended.is_none(), "the host ended by itself after it was suspended ({ended:?})");
            }
        }
        life.kill().await?;
        Ok(Struck::default())
    }

    async fn wait_for(&self, life: &Life, moment: Moment, skip: u64, later: Duration) {
        let process = if later.is_zero() { life.process() } else { None };
        self.tripwire.arm(moment, skip, process);
        if timeout(MOMENT_WITHIN, self.tripwire.sprung()).await.is_ok() {
            sleep(later).await;
        }
    }

    /// Hands in a new revision while callers submit, and does not wait for it longer than that.
    async fn activate(&self, life: &Life, after: Duration) {
        let revision = setup::revision(self.component, self.revision);
        let installing = async {
            let mut api = Api::connect(&life.place).await?;
            setup::install(&mut api, revision).await
        };
        // Whether it came so far is not what is asked here.
        let _ = timeout(after, installing).await;
    }

    /// Ends when the fault has ended the life, or when it was seen that the host goes on.
    async fn traced(&self, mut life: Life, fault: &Fault, borders: &mut Borders) -> anyhow::Result<Struck> {
        let began = Instant::now();
        let mut met_at = None;
        let (mut ended, mut survived) = (false, None);
        while !ended && began.elapsed() < TRACED_FOR {
            ended = life.ended_within(LOOKS_EACH).await?.is_some();
            if ended || fault.effect == Effect::Kill {
                continue;
            }
            let failed = self.home.failed_files()?;
            if let Some(file) = failed.iter().find(|file| fault.must_end(file)) {
                ended = life.ended_within(ENDS_WITHIN).await?.is_some();
                survived = (!ended).then(|| file.clone());
                break;
            }
            if !failed.is_empty() && met_at.get_or_insert_with(Instant::now).elapsed() >= GOES_ON_FOR {
                break;
            }
        }
        if !ended {
            life.kill().await?;
            if fault.effect == Effect::Kill {
                borders.begin_anew();
            }
        }
        let met = self.met(fault, ended)?;
        Ok(Struck { started_in: None, ended_by_fault: ended, met, survived })
    }

    /// The fault, if it came to pass: a kill has ended the life, and of others strace tells.
    fn met(&self, fault: &Fault, ended: bool) -> anyhow::Result<Option<String>> {
        let is_met = if fault.effect == Effect::Kill { ended } else { !self.home.failed_files()?.is_empty() };
        Ok(is_met.then(|| fault.name()))
    }
}
