//! A kill at a moment that others tell of: callers and the target say what happens just now, and whoever lies in
//! wait for it ends the host before they go on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Notify;

/// Something that happens between the host and those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A caller hands in a submission.
    Submitting,
    /// A caller was told that it is accepted.
    Acknowledged,
    /// A request has come in at the target, which has done nothing yet.
    Requested,
    /// The target has done what must happen once, and has not answered.
    Committed,
    /// The target has answered.
    Answered,
    /// The target calls back.
    CallingBack,
    /// The target was told that its callback is kept.
    CalledBack,
    /// The target gives out what was found.
    GivingOut,
    /// The target hears what became of what it gave out.
    Hearing,
    /// A file was taken out of the folder that the host publishes into.
    Taken,
}

/// Who lies in wait.
#[derive(Debug, Default)]
pub(super) struct Tripwire {
    armed: Mutex<Option<Armed>>,
    sprung: Notify,
}

#[derive(Debug)]
struct Armed {
    moment: Moment,
    /// How often the moment is let pass.
    skip: u64,
    /// Who is killed at that very moment; `None` leaves the kill to whoever waits.
    process: Option<Pid>,
}

impl Tripwire {
    /// Lies in wait for the moment after it has passed `skip` times.
    pub(super) fn arm(&self, moment: Moment, skip: u64, process: Option<Pid>) {
        *self.armed() = Some(Armed { moment, skip, process });
    }

    /// Ends when it has happened.
    pub(super) async fn sprung(&self) {
        self.sprung.notified().await;
    }

    /// Lies in wait for nothing any more: the process may be another one soon.
    pub(super) fn disarm(&self) {
        *self.armed() = None;
    }

    /// Says that something happens now.
    pub(super) fn pass(&self, moment: Moment) {
        let mut armed = self.armed();
        let Some(waiting) = armed.as_mut().filter(|armed| armed.moment == moment) else { return };
        if waiting.skip > 0 {
            waiting.skip -= 1;
            return;
        }
        if let Some(process) = waiting.process {
            // One that has ended already is what was wanted.
            let _ = kill_process(process, Signal::KILL);
        }
        *armed = None;
        self.sprung.notify_one();
    }

    fn armed(&self) -> MutexGuard<'_, Option<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
