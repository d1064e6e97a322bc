//! The heartbeat of the engines: an OS thread that advances their epochs. A task of the runtime would starve with
//! the runtime that it is meant to save.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use wasmtime::{Engine, EngineWeak};

/// Guests give way to others this often.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A ticker that was silent for so long has died, or the machine stands still.
const SILENCE: Duration = Duration::from_secs(2);

/// The thread that advances the epoch; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    last_beat_ms: AtomicU64,
    stopped: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engines: &[Engine]) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            started: Instant::now(),
            last_beat_ms: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let beating = Arc::clone(&shared);
        let engines: Vec<EngineWeak> = engines.iter().map(Engine::weak).collect();
        thread::Builder::new().name("sluse-epoch".into()).spawn(move || {
            while !beating.stopped.load(Ordering::Relaxed) {
                thread::sleep(TICK);
                let mut living = engines.iter().filter_map(EngineWeak::upgrade).peekable();
                if living.peek().is_none() {
                    return;
                }
                living.for_each(|engine| engine.increment_epoch());
                beating.beat();
            }
        })?;
        Ok(Self { shared })
    }

    /// Whether it was heard of lately.
    pub(crate) fn is_alive(&self) -> bool {
        let last_beat = Duration::from_millis(self.shared.last_beat_ms.load(Ordering::Relaxed));
        self.shared.started.elapsed().saturating_sub(last_beat) < SILENCE
    }
}

impl Shared {
    fn beat(&self) {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_beat_ms.store(elapsed_ms, Ordering::Relaxed);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_beats_and_falls_silent_with_its_engines() {
        let engine = crate::runtime::compiling_engine().expect("an engine");
        let ticker = Ticker::start(std::slice::from_ref(&engine)).expect("a thread");
        thread::sleep(TICK * 10);
        assert!(ticker.is_alive());
        assert!(ticker.shared.last_beat_ms.load(Ordering::Relaxed) > 0, "it has beaten");
        drop(engine);
        thread::sleep(SILENCE + TICK * 10);
        assert!(!ticker.is_alive());
    }
}
