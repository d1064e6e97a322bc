//! The gates of each connection, and who is through. What they decide is `sluse_model::Gate`'s business; here is who
//! asks them, and who is woken when one opens.

mod callers; // those who wait for an answer
mod pass; // that an attempt was let through

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sluse_model::{Clock, Connection, Exchanged, Gate, GateHold, Name, Pause, Timestamp};
use sluse_store::{Claimed, Rooms};
use tokio::sync::Notify;

use callers::Callers;
pub(crate) use pass::Pass;

use crate::figures::GateFigures;

/// The gates of each connection.
#[derive(Debug)]
pub(crate) struct Gates {
    kept: Mutex<HashMap<Name, Kept>>,
    pauses: Mutex<Pauses>,
    opened: Notify,
    clock: Arc<dyn Clock>,
}

/// What lets nothing begin.
#[derive(Debug, Default)]
struct Pauses {
    /// All that there are, since then.
    all_since: Option<Timestamp>,
    named: HashMap<Name, Pause>,
}

#[derive(Debug)]
struct Kept {
    gate: Gate,
    /// Somebody waits in the store for want of room: newcomers queue up behind, and whoever leaves says so.
    is_awaited: bool,
    callers: Callers,
}

impl Kept {
    fn new(gate: Gate) -> Self {
        Self { gate, is_awaited: false, callers: Callers::default() }
    }
}

impl Gates {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), pauses: Mutex::default(), opened: Notify::new(), clock })
    }

    /// Takes over what is configured. Who is through stays through.
    pub(crate) fn configure<'a>(&self, connections: impl IntoIterator<Item = &'a Connection>) {
        let now = self.clock.now();
        let mut kept = self.kept();
        for connection in connections {
            match kept.get_mut(&connection.name) {
                Some(kept) => kept.gate.set(connection.gates.clone(), now),
                None => {
                    kept.insert(connection.name.clone(), Kept::new(Gate::new(connection.gates.clone(), now)));
                }
            }
        }
        drop(kept);
        self.apply_pauses();
    }

    /// Nothing begins anywhere until [`Gates::let_go_of_all`].
    pub(crate) fn pause_all(&self) {
        self.pauses().all_since = Some(self.clock.now());
        self.apply_pauses();
    }

    pub(crate) fn let_go_of_all(&self) {
        self.pauses().all_since = None;
        self.apply_pauses();
    }

    /// Nothing begins at these connections, and at others that were paused by name before it does again.
    pub(crate) fn pause_only(&self, named: HashMap<Name, Pause>) {
        self.pauses().named = named;
        self.apply_pauses();
    }

    fn apply_pauses(&self) {
        let pauses = self.pauses();
        for (name, kept) in self.kept().iter_mut() {
            match (pauses.named.get(name), pauses.all_since) {
                (Some(Pause { since, by, why }), _) => {
                    let resume = format!("let it go with `sluse connection resume {name}`");
                    kept.gate.pause(*since, format!("paused by {}: {why}; {resume}", by.name));
                }
                (None, Some(since)) => {
                    kept.gate.pause(since, "the host was started paused; let it go with `sluse resume`".into());
                }
                (None, None) => kept.gate.let_go(),
            }
            kept.callers.look_again();
        }
        drop(pauses);
        self.opened.notify_one();
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one that was closed may be open. Said before anybody waited, it is heard all the same.
    pub(crate) async fn opened(&self) {
        self.opened.notified().await;
    }

    /// Lets a newcomer through that has not been in the queue, unless others wait there already.
    pub(crate) fn admit_newcomer(self: &Arc<Self>, connection: &Name) -> Option<Pass> {
        let mut all = self.kept();
        let kept = all.get_mut(connection)?;
        let is_behind = kept.is_awaited || kept.callers.wait();
        let entry = if is_behind { None } else { kept.gate.enter(self.clock.now()) };
        kept.is_awaited |= entry.is_none();
        entry.map(|entry| Pass::new(self.clone(), connection.clone(), entry))
    }

    /// Lets one through that was claimed. `None` when the gate has closed since the claim was made.
    pub(crate) fn admit(self: &Arc<Self>, connection: &Name) -> Option<Pass> {
        let mut all = self.kept();
        let kept = all.get_mut(connection)?;
        let now = self.clock.now();
        let entry = kept.gate.enter(now);
        kept.is_awaited |= entry.is_none();
        if entry.is_some() {
            kept.callers.come_next(kept.gate.room(now) > 0);
        }
        entry.map(|entry| Pass::new(self.clone(), connection.clone(), entry))
    }

    /// How many may be claimed of each connection. Whoever asks is told when one opens that has no room now.
    pub(crate) fn rooms(&self) -> Rooms {
        let now = self.clock.now();
        let room = |(name, kept): (&Name, &mut Kept)| {
            let room = kept.callers.leave_of(kept.gate.room(now));
            kept.is_awaited |= room == 0;
            (name.clone(), room)
        };
        // Configuration comes here before anything can be claimed under it.
        Rooms { others: 0, named: self.kept().iter_mut().map(room).collect() }
    }

    /// Notes for whom others may still wait, after a claim that was made with these rooms.
    pub(crate) fn note_claim(&self, rooms: &Rooms, claimed: &[Claimed]) {
        let mut counts: HashMap<&Name, u32> = HashMap::new();
        for one in claimed {
            *counts.entry(&one.delivery.connection).or_default() += 1;
        }
        for (name, kept) in self.kept().iter_mut() {
            // What was configured since the rooms were counted was not looked at.
            let Some(&room) = rooms.named.get(name) else { continue };
            let count = counts.get(name).copied().unwrap_or(0);
            kept.is_awaited = count >= room;
            if !kept.is_awaited {
                kept.callers.look_again();
            }
        }
    }

    /// When the next gate opens that only waits for time.
    pub(crate) fn opens_at(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        self.kept().values_mut().filter_map(|kept| kept.gate.hold(now)?.until).min()
    }

    /// The gate that is closed for this connection, if one is.
    pub(crate) fn hold(&self, connection: &Name) -> Option<GateHold> {
        self.kept().get_mut(connection)?.gate.hold(self.clock.now())
    }

    /// What keeps the gates of each connection closed.
    pub(crate) fn figures(&self) -> Vec<GateFigures> {
        let figures = |(connection, kept): (&Name, &Kept)| GateFigures {
            connection: connection.clone(),
            is_paused: kept.gate.is_paused(),
            is_left_alone: kept.gate.leaves_alone(),
        };
        self.kept().iter().map(figures).collect()
    }

    /// Notes what became of an exchange with the connection's target.
    pub(crate) fn exchanged(&self, connection: &Name, exchanged: Exchanged) {
        let now = self.clock.now();
        let is_news = self.kept().get_mut(connection).is_some_and(|kept| {
            let room_before = kept.gate.room(now);
            kept.gate.exchanged(exchanged, now);
            kept.gate.room(now) > room_before
        });
        if is_news {
            self.opened.notify_one();
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Name, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
