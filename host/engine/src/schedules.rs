//! Schedules: which ticks have come is decided in `sluse-model`; here is who looks, and what a tick begins with. Ticks
//! follow the wall clock; how long nobody looks is real time, and bounded, so that a clock that was set is noticed.

use std::{sync::Arc, time::Duration};

use sluse_model::{Actor, Name, Planned, Schedule, Task, TickId, Timestamp, Turn, unit_interval};
use sluse_store::{Firing, NewTick, NewTurn, StoreError, StoredSchedule};

use crate::{Engine, figures::Newcomers, flows::FlowError};

/// Waits this long after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A tick that waits for another, or a poll that waits at a gate, is looked at again after this.
pub(crate) const WAITING_LOOK: Duration = Duration::from_secs(1);

/// How often firing by hand is tried when ticks come by themselves meanwhile.
const FIRED_MEANWHILE: u32 = 5;

/// Why nothing was fired.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FireError {
    #[error("there is no schedule `{0}`")]
    Unknown(Name),
    /// What it would start would overlap.
    #[error(
        "the tick before is still at work ({tick}): its poll has not ended, or its run is not closed and may wait for a \
         person (`sluse schedule show`). `overlap = \"{overlap}\"` lets no other begin"
    )]
    AtWork { tick: TickId, overlap: &'static str },
    #[error(transparent)]
    Flow(FlowError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FlowError> for FireError {
    fn from(error: FlowError) -> Self {
        match error {
            FlowError::Store(error) => Self::Store(error),
            error => Self::Flow(error),
        }
    }
}

impl Engine {
    /// Fires ticks as they come, and has feeds polled, until the engine stops.
    pub(crate) async fn keep_schedules(self: Arc<Self>) {
        while !self.stopping() {
            let wait = self.look_at_schedules().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "schedules cannot be looked at now");
                AFTER_FAILURE
            });
            tokio::select! {
                () = tokio::time::sleep(wait.min(self.settings.schedule_look)) => {}
                () = self.schedules_changed.notified() => {}
                () = self.dispatcher.stop.cancelled() => {}
            }
        }
    }

    /// Gives how long nobody need look again.
    async fn look_at_schedules(self: &Arc<Self>) -> Result<Duration, StoreError> {
        let (mut wait, mut failure) = (self.settings.schedule_look, None);
        for stored in self.store.schedules().await? {
            let name = stored.schedule.name.clone();
            let looked = if stored.schedule.enabled {
                self.look_at(stored).await
            } else {
                // What was fired by hand.
                self.start_waiting(&stored).await
            };
            match looked {
                Ok(again) => wait = wait.min(again),
                // Somebody else was faster, or it was changed.
                Err(FireError::Store(StoreError::Stale(_))) => wait = Duration::ZERO,
                // The others are looked at all the same.
                Err(FireError::Store(error)) => failure = Some(error),
                Err(error) => tracing::error!(%error, schedule = %name, "a tick of schedule {name} cannot be fired"),
            }
        }
        let wait = wait.min(self.begin_due_polls().await?);
        failure.map_or(Ok(wait), Err)
    }

    /// Does what is to be done about one schedule now. Gives when to look again.
    async fn look_at(&self, stored: StoredSchedule) -> Result<Duration, FireError> {
        let (now, jitter) = (self.clock.now(), unit_interval(&*self.dice));
        let name = &stored.schedule.name;
        let Ok(calendar) = stored.schedule.cadence.calendar() else { return Ok(Duration::MAX) };
        let Some(planned) = stored.next else {
            let next = calendar.first(now).map(|at| calendar.planned(at, jitter));
            return self.plan(&stored, next, now).await;
        };
        if calendar.was_set_back(planned, now) {
            self.release_polls().await?;
            let next = calendar.after_set_back(now, &self.store.handled(name, now).await?, jitter);
            if next != Some(planned) {
                tracing::warn!(schedule = %name, "the clock was set back; schedule {name} goes on from now");
                return self.plan(&stored, next, now).await;
            }
        }
        if now < planned.fires_at {
            return Ok(self.start_waiting(&stored).await?.min(planned.fires_at.since(now)));
        }
        let handled = self.store.handled(name, planned.at).await?;
        let catch_up = Duration::from_millis(stored.schedule.catch_up_ms);
        let Some(look) = calendar.look(planned, catch_up, now, &handled, jitter) else { return Ok(Duration::ZERO) };
        let missed = look.missed.map(|missed| (TickId::new(now, &*self.dice), missed));
        let fired = match look.fire {
            Some(fire) => Some(self.new_tick(&stored, fire.planned_at, fire.is_late, None).await?),
            None => None,
        };
        tell(name, &missed, &fired);
        let schedule = name.clone();
        let seen = (stored.at_work, stored.waiting);
        let firing = Firing { schedule, planned: stored.next, seen, next: look.next, at: now, missed, fired };
        self.write_firing(firing).await?;
        Ok(look.next.map_or(Duration::MAX, |next| next.fires_at.since(now)))
    }

    async fn plan(
        &self,
        stored: &StoredSchedule,
        next: Option<Planned>,
        now: Timestamp,
    ) -> Result<Duration, FireError> {
        let schedule = stored.schedule.name.clone();
        let seen = (stored.at_work, stored.waiting);
        let firing = Firing { schedule, planned: stored.next, seen, next, at: now, missed: None, fired: None };
        self.store.fire(firing).await?;
        Ok(next.map_or(Duration::MAX, |next| next.fires_at.since(now)))
    }

    async fn write_firing(&self, firing: Firing) -> Result<(), StoreError> {
        let newcomers = match &firing.fired {
            Some(NewTick { turn: NewTurn::Start(run), .. }) => Newcomers::of_run(run),
            _ => Newcomers::default(),
        };
        self.store.fire(firing).await?;
        self.counts.came(&newcomers);
        Ok(())
    }

    /// Starts the run of a tick that waited for the one before, once that is closed.
    async fn start_waiting(&self, stored: &StoredSchedule) -> Result<Duration, FireError> {
        let (Some(tick), Task::Submit { .. }) = (stored.waiting, &stored.schedule.task) else {
            return Ok(Duration::MAX);
        };
        if stored.at_work.is_some() {
            return Ok(WAITING_LOOK);
        }
        let run = self.scheduled_run(&stored.schedule, self.clock.now()).await?;
        let newcomers = Newcomers::of_run(&run);
        self.store.start(tick, run).await?;
        self.counts.came(&newcomers);
        Ok(Duration::MAX)
    }

    async fn new_tick(
        &self,
        stored: &StoredSchedule,
        planned_at: Timestamp,
        is_late: bool,
        by: Option<Actor>,
    ) -> Result<NewTick, FlowError> {
        let now = self.clock.now();
        let turn = match (turn(stored), &stored.schedule.task) {
            (Turn::Never, _) => NewTurn::Overlapped,
            (Turn::Afterwards, _) | (Turn::Now, Task::Poll { .. }) => NewTurn::Queue,
            (Turn::Now, Task::Submit { .. }) => {
                NewTurn::Start(Box::new(self.scheduled_run(&stored.schedule, now).await?))
            }
        };
        Ok(NewTick { id: TickId::new(now, &*self.dice), planned_at, is_late, by, turn })
    }

    /// Fires a tick of a schedule now, whatever is planned, also of one that is switched off. Durable when it returns.
    pub async fn fire(self: &Arc<Self>, name: &Name, by: Actor) -> Result<TickId, FireError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.fire_once(name, by.clone()).await {
                Err(FireError::Store(StoreError::Stale(_))) if tries < FIRED_MEANWHILE => {}
                fired => return fired,
            }
        }
    }

    async fn fire_once(self: &Arc<Self>, name: &Name, by: Actor) -> Result<TickId, FireError> {
        let stored = self.store.schedule(name).await?.ok_or_else(|| FireError::Unknown(name.clone()))?;
        let now = self.clock.now();
        let tick = self.new_tick(&stored, now, false, Some(by.clone())).await?;
        if tick.turn == NewTurn::Overlapped {
            let before = stored.at_work.or(stored.waiting).unwrap_or(tick.id);
            return Err(FireError::AtWork { tick: before, overlap: stored.schedule.overlap.as_str() });
        }
        let (id, engine) = (tick.id, self.clone());
        let (schedule, planned) = (name.clone(), stored.next);
        let seen = (stored.at_work, stored.waiting);
        let firing = Firing { schedule, planned, seen, next: planned, at: now, missed: None, fired: Some(tick) };
        self.to_the_end(async move { engine.write_firing(firing).await }).await?;
        tracing::info!(schedule = %name, tick = %id, by = by.name, "schedule {name} is fired by {}", by.name);
        self.schedules_changed.notify_one();
        Ok(id)
    }
}

/// The turn of a tick that comes now.
fn turn(stored: &StoredSchedule) -> Turn {
    let Schedule { overlap, .. } = stored.schedule;
    overlap.turn(stored.at_work.is_some() || stored.waiting.is_some(), stored.waiting.is_some())
}

fn tell(name: &Name, missed: &Option<(TickId, sluse_model::Skipped)>, fired: &Option<NewTick>) {
    if let Some((_, missed)) = missed {
        tracing::warn!(schedule = %name, count = missed.count, "schedule {name}: ticks were missed");
    }
    match fired {
        Some(NewTick { turn: NewTurn::Overlapped, planned_at, .. }) => {
            tracing::warn!(schedule = %name, "schedule {name}: the tick of {planned_at} is skipped: the poll before has not ended, or the run before is not closed");
        }
        Some(NewTick { is_late: true, planned_at, .. }) => {
            tracing::warn!(schedule = %name, "schedule {name}: the tick of {planned_at} is fired late");
        }
        Some(NewTick { planned_at, .. }) => {
            tracing::debug!(schedule = %name, "schedule {name}: the tick of {planned_at} is fired");
        }
        None => {}
    }
}
