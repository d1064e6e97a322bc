//! What lives in the store while a call runs: the host that answers, what is left of each limit, the log.

use std::time::Duration;

use sluse_connector::{CallLimits, Host};

use crate::{
    limits::{CpuBudget, MemoryLimiter},
    text::{MAX_LINE_BYTES, tidy},
    ticker::TICK,
    wasi::Wasi,
};

/// The state of one call. Small: nothing is built that the call may not use.
pub(crate) struct CallState {
    pub(crate) host: Box<dyn Host>,
    pub(crate) memory: MemoryLimiter,
    pub(crate) cpu: CpuBudget,
    pub(crate) patience: Patience,
    /// Only for components that import WASI.
    pub(crate) wasi: Option<Box<Wasi>>,
}

impl CallState {
    pub(crate) fn new(limits: &CallLimits, host: Box<dyn Host>, wasi: Option<Box<Wasi>>) -> Self {
        Self {
            host,
            memory: MemoryLimiter::new(limits.memory_bytes),
            cpu: CpuBudget::new(limits.cpu),
            patience: Patience::default(),
            wasi,
        }
    }

    /// Hands what a WASI component printed to the log, whole lines unless the call has ended.
    pub(crate) fn drain_output(&mut self, ended: bool) {
        if let Some(wasi) = &mut self.wasi {
            for (level, line) in wasi.take_lines(ended) {
                self.host.log(level, tidy(line, MAX_LINE_BYTES));
            }
        }
    }
}

/// Waits for the host on behalf of the guest: not on the guest's time, and never longer than `patience`.
/// `None` when the host did not answer in time.
macro_rules! wait_for_host {
    ($state:expr, $patience:expr, $answering:expr) => {{
        $state.cpu.charge($crate::ticker::TICK);
        let answer = tokio::time::timeout($patience, $answering).await;
        $state.cpu.go_on();
        answer.ok()
    }};
}
pub(crate) use wait_for_host;

/// Keeps `TICK` and the epoch callback in one place: charges a tick, and says whether the budget is spent.
pub(crate) fn on_tick(state: &mut CallState) -> bool {
    state.cpu.charge(TICK);
    state.cpu.is_spent()
}

/// How long a call waits for its host. The host's own timeouts come first; these are for a host that hangs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// With a request.
    pub(crate) request: Duration,
    /// What a request is given beyond the time that it may take itself.
    pub(crate) grace: Duration,
    /// With anything else.
    pub(crate) other: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: Duration::from_secs(10 * 60), grace: Duration::from_secs(10), other: Duration::from_secs(60) }
    }
}
