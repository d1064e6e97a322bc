//! The engines that serve. A few threads share a lane, and each lane has an engine with a pool of its own: a slot
//! that another processor used last has its stack and memory in that one's cache, and fetching them costs more than
//! the call. Measured with two threads: most often 1.4 times the calls of one, instead of 1.1 with one pool for both.

use std::{
    cell::Cell,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};
use wasmtime::Engine;

use crate::runtime::serving_engine;

/// A lane holds its own copy of each connector's machine code: beyond these, memory is worth more than the gain.
const MAX_LANES: usize = 4;

/// The lanes, and how many calls may yet begin in each.
pub(crate) struct Lanes {
    engines: Vec<Engine>,
    /// As many calls run side by side, in whichever lane.
    places: Semaphore,
    free: Mutex<Vec<u32>>,
}

/// A place in a lane, until it is dropped.
pub(crate) struct Place<'a> {
    lanes: &'a Lanes,
    lane: usize,
    _permit: SemaphorePermit<'a>,
}

impl Lanes {
    /// Lanes for `max_calls` side by side, as many as there are processors to serve them.
    pub(crate) fn start(max_calls: u32) -> wasmtime::Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::with(processors.clamp(1, MAX_LANES), max_calls)
    }

    fn with(count: usize, max_calls: u32) -> wasmtime::Result<Self> {
        let count = u32::try_from(count).unwrap_or(1).min(max_calls.max(1));
        let each = max_calls.div_ceil(count);
        Ok(Self {
            engines: (0..count).map(|_| serving_engine(each)).collect::<Result<_, _>>()?,
            places: Semaphore::new(max_calls as usize),
            free: Mutex::new(vec![each; count as usize]),
        })
    }

    /// The engine of each lane. What one has compiled fits all.
    pub(crate) fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// A place, in this thread's lane if that has one. `None` when there was none in time.
    pub(crate) async fn place(&self, deadline: Instant) -> Option<Place<'_>> {
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(_) => timeout_at(deadline, self.places.acquire()).await.ok()?.expect("the semaphore is never closed"),
        };
        let lane = self.take(lane_of_this_thread() % self.engines.len());
        Some(Place { lanes: self, lane, _permit: permit })
    }

    fn take(&self, wanted: usize) -> usize {
        let mut free = self.free();
        let lane = if free[wanted] > 0 { wanted } else { emptiest(&free) };
        free[lane] -= 1;
        lane
    }

    fn free(&self) -> MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane with the most places. There is one: permits are as many as places, and a permit is let go of last.
fn emptiest(free: &[u32]) -> usize {
    (0..free.len()).max_by_key(|lane| free[*lane]).expect("there is a lane")
}

/// Threads take lanes in turn, each for good.
fn lane_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static LANE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    LANE.with(|lane| {
        let number = lane.get().unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        lane.set(Some(number));
        number
    })
}

impl Place<'_> {
    /// The number of its lane, from 0.
    pub(crate) fn lane(&self) -> usize {
        self.lane
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.lanes.free()[self.lane] += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(10)
    }

    #[tokio::test]
    async fn a_thread_keeps_to_its_lane_until_that_is_full() {
        let lanes = Lanes::with(2, 4).expect("engines");
        let first = lanes.place(soon()).await.expect("a place");
        let second = lanes.place(soon()).await.expect("a place");
        assert_eq!(first.lane(), second.lane());
        let third = lanes.place(soon()).await.expect("a place");
        assert_ne!(first.lane(), third.lane());
        drop(second);
        let fourth = lanes.place(soon()).await.expect("a place");
        assert_eq!(first.lane(), fourth.lane());
    }

    #[tokio::test]
    async fn no_more_run_side_by_side_than_are_allowed() {
        let lanes = Lanes::with(2, 3).expect("engines");
        let mut places = Vec::new();
        for _ in 0..3 {
            places.push(lanes.place(soon()).await.expect("a place"));
        }
        assert!(lanes.place(soon()).await.is_none());
        places.pop();
        assert!(lanes.place(soon()).await.is_some());
    }

    #[test]
    fn there_are_no_more_lanes_than_calls() {
        assert_eq!(Lanes::with(4, 1).expect("an engine").engines().len(), 1);
        assert_eq!(Lanes::with(4, 3).expect("engines").engines().len(), 3);
    }
}
