//! Those who wait for an answer. They do not queue up in the store: where every place is taken, the next one that
//! becomes free is theirs, in turn with the queue, so that neither keeps the other from its target.

use std::{sync::Arc, time::Duration};

use sluse_model::{GateHold, GateKind, Name, Timestamp};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{Gates, Pass};

/// A queue that has not taken its place in this time is held up by something else: the place is a caller's then.
const GIVES_WAY_FOR: Duration = Duration::from_millis(50);

/// Those who wait for a place at one connection.
#[derive(Debug)]
pub(super) struct Callers {
    waiting: u32,
    /// One of them goes before the queue; else the queue does.
    are_next: bool,
    /// Since when a place is free that is left to the queue.
    gave_way_at: Option<Instant>,
    freed: Arc<Notify>,
}

impl Default for Callers {
    fn default() -> Self {
        Self { waiting: 0, are_next: true, gave_way_at: None, freed: Arc::default() }
    }
}

impl Callers {
    /// Whether anybody waits.
    pub(super) fn wait(&self) -> bool {
        self.waiting > 0
    }

    /// What is left for the queue of so much room.
    pub(super) fn leave_of(&self, room: u32) -> u32 {
        room.saturating_sub(u32::from(self.wait() && self.are_next))
    }

    /// The queue has had its turn.
    pub(super) fn come_next(&mut self, has_room: bool) {
        (self.are_next, self.gave_way_at) = (true, None);
        if has_room {
            self.one_may_look();
        }
    }

    /// One who finds room leaves it to the queue, which waits as well, when that is next: until when.
    fn give_way(&mut self) -> Option<Instant> {
        if self.are_next {
            return None;
        }
        let now = Instant::now();
        let until = *self.gave_way_at.get_or_insert(now) + GIVES_WAY_FOR;
        (now < until).then_some(until)
    }

    /// One has entered. Where the queue waits, that is next.
    fn entered(&mut self, is_queue_waiting: bool) {
        (self.are_next, self.gave_way_at) = (!is_queue_waiting, None);
    }

    /// There is room for one.
    pub(super) fn one_may_look(&self) {
        if self.wait() {
            self.freed.notify_one();
        }
    }

    /// Other settings may have made room for all.
    pub(super) fn look_again(&self) {
        self.freed.notify_waiters();
    }
}

/// A caller who waits. Whoever goes away waits no longer.
struct Waiting<'a> {
    gates: &'a Gates,
    connection: &'a Name,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut all = self.gates.kept();
        let Some(kept) = all.get_mut(self.connection) else { return };
        kept.callers.waiting = kept.callers.waiting.saturating_sub(1);
        // A place that was kept for it is somebody else's.
        kept.callers.one_may_look();
        let is_heard = kept.is_awaited && kept.callers.are_next;
        drop(all);
        if is_heard {
            self.gates.opened.notify_one();
        }
    }
}

/// Why a caller is not through.
enum Held {
    /// This gate is closed; nothing is there of a connection that is not.
    Closed(Option<GateHold>),
    /// No place is free. Absent the time, whoever leaves one says so.
    Full { hold: GateHold, look_at: Option<Instant> },
}

impl Gates {
    /// Lets one through who waits for an answer. While all places are taken it waits for one, ahead of the queue, until
    /// `deadline`; what else is closed is told at once, and so is a connection that is not there, by nothing.
    pub(crate) async fn admit_caller(
        self: &Arc<Self>,
        connection: &Name,
        deadline: Instant,
    ) -> Result<Pass, Option<GateHold>> {
        match self.try_admit_caller(connection) {
            Ok(pass) => return Ok(pass),
            Err(Held::Closed(hold)) => return Err(hold),
            Err(Held::Full { .. }) => {}
        }
        let Some(freed) = self.begin_to_wait(connection) else { return Err(None) };
        let _waiting = Waiting { gates: self, connection };
        loop {
            // Heard from here on: what is freed after the look wakes.
            let mut freed = std::pin::pin!(freed.notified());
            freed.as_mut().enable();
            match self.try_admit_caller(connection) {
                Ok(pass) => return Ok(pass),
                Err(Held::Closed(hold)) => return Err(hold),
                Err(Held::Full { hold, look_at }) => {
                    let until = look_at.map_or(deadline, |look_at| look_at.min(deadline));
                    if timeout_at(until, freed).await.is_err() && until == deadline {
                        return Err(Some(hold));
                    }
                }
            }
        }
    }

    fn begin_to_wait(&self, connection: &Name) -> Option<Arc<Notify>> {
        let mut all = self.kept();
        let callers = &mut all.get_mut(connection)?.callers;
        callers.waiting += 1;
        Some(callers.freed.clone())
    }

    fn try_admit_caller(self: &Arc<Self>, connection: &Name) -> Result<Pass, Held> {
        let now = self.clock.now();
        let mut all = self.kept();
        let kept = all.get_mut(connection).ok_or(Held::Closed(None))?;
        if let Some(hold) = kept.gate.hold(now) {
            return Err(match hold.kind {
                GateKind::Concurrency => Held::Full { hold, look_at: None },
                _ => Held::Closed(Some(hold)),
            });
        }
        if kept.is_awaited
            && let Some(look_at) = kept.callers.give_way()
        {
            return Err(Held::Full { hold: the_queue_is_next(now), look_at: Some(look_at) });
        }
        let entry = kept.gate.enter(now).ok_or(Held::Closed(None))?;
        kept.callers.entered(kept.is_awaited);
        Ok(Pass::new(self.clone(), connection.clone(), entry))
    }
}

fn the_queue_is_next(now: Timestamp) -> GateHold {
    let message = "what waits in the queue of this connection has the next place".to_owned();
    GateHold { kind: GateKind::Concurrency, since: now, until: None, message }
}
