//! That an attempt was let through. Held until it is settled; letting go of it lets the next one through, also when
//! something panics.

use std::sync::Arc;

use sluse_model::{Entry, Name};

use super::Gates;

/// That an attempt was let through the gates of a connection.
#[derive(Debug)]
pub(crate) struct Pass {
    gates: Arc<Gates>,
    connection: Name,
    /// Absent once it was given up for another.
    entry: Option<Entry>,
    began: bool,
}

impl Pass {
    pub(super) fn new(gates: Arc<Gates>, connection: Name, entry: Entry) -> Self {
        Self { gates, connection, entry: Some(entry), began: false }
    }

    /// Its attempt begins: from now on it counts for the rate.
    pub(crate) fn begin(&mut self) {
        self.began = true;
    }

    /// A pass for what follows. For the same connection the place is kept, and only handed on; for another one it
    /// stays with this attempt, which is not settled yet.
    pub(crate) fn for_next(&mut self, connection: &Name) -> Option<Self> {
        if *connection != self.connection {
            return self.gates.admit_newcomer(connection);
        }
        let now = self.gates.clock.now();
        let mut all = self.gates.kept();
        let kept = all.get_mut(connection)?;
        let mut gate = kept.gate.clone();
        gate.leave(self.entry?, self.began, now);
        let Some(entry) = gate.enter(now) else {
            kept.is_awaited = true;
            return None;
        };
        (kept.gate, self.entry) = (gate, None);
        drop(all);
        Some(Self::new(self.gates.clone(), self.connection.clone(), entry))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(entry) = self.entry.take() else { return };
        let now = self.gates.clock.now();
        let mut all = self.gates.kept();
        let Some(kept) = all.get_mut(&self.connection) else { return };
        kept.gate.leave(entry, self.began, now);
        let has_room = kept.gate.room(now) > 0;
        if has_room {
            kept.callers.one_may_look();
        }
        let is_heard = kept.is_awaited && has_room;
        drop(all);
        if is_heard {
            self.gates.opened.notify_one();
        }
    }
}
