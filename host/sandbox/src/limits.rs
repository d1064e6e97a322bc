//! What one call may use: memory, time on the processor, and how much it may hand over at once. The numbers
//! that no connection can raise stand here.

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

/// A memory slot, and so the most that a grant can give a call.
pub(crate) const MAX_MEMORY_BYTES: u64 = 256 << 20;

/// The most that a grant can give a call on the processor.
pub(crate) const MAX_CPU: Duration = Duration::from_secs(30);

/// The largest body that a component holds in its hands; larger ones are attachments, and the host streams them.
pub(crate) const MAX_BODY_BYTES: usize = 16 << 20;

/// What a component may hand over in one call: a body, and a little for what surrounds it.
pub(crate) const HOSTCALL_FUEL: usize = MAX_BODY_BYTES + (1 << 20);

/// Handles of resources that are alive at the same time.
pub(crate) const MAX_HANDLES: usize = 1_000;

/// Streams and pollables of a WASI component that are alive at the same time.
pub(crate) const MAX_RESOURCES: usize = 256;

/// A function reference in a table takes a pointer.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Sums all memories and tables of an instance; wasmtime's own limiter counts each alone.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit_bytes: u64,
    used_bytes: u64,
    /// Something was refused, so a trap that follows is most likely its consequence.
    pub(crate) refused: bool,
    /// What the last growth took, given back if the growth then fails.
    last_grown_bytes: u64,
}

impl MemoryLimiter {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes: limit_bytes.min(MAX_MEMORY_BYTES), used_bytes: 0, refused: false, last_grown_bytes: 0 }
    }

    pub(crate) fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    fn grow(&mut self, bytes: u64) -> bool {
        match self.used_bytes.checked_add(bytes) {
            Some(used_bytes) if used_bytes <= self.limit_bytes => {
                self.used_bytes = used_bytes;
                self.last_grown_bytes = bytes;
                true
            }
            _ => {
                self.refused = true;
                self.last_grown_bytes = 0;
                false
            }
        }
    }

    fn give_back(&mut self) {
        self.used_bytes -= self.last_grown_bytes;
        self.last_grown_bytes = 0;
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmtime::Error> {
        Ok(self.grow(desired.saturating_sub(current) as u64))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> Result<(), wasmtime::Error> {
        self.give_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmtime::Error> {
        let elements = desired.saturating_sub(current) as u64;
        Ok(self.grow(elements.saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> Result<(), wasmtime::Error> {
        self.give_back();
        Ok(())
    }
}

/// Time on the processor that a call has left. Counted from outside the guest: from when it runs to when it
/// calls the host or a tick finds it running.
#[derive(Debug)]
pub(crate) struct CpuBudget {
    budget: Duration,
    used: Duration,
    running_since: Instant,
}

impl CpuBudget {
    pub(crate) fn new(budget: Duration) -> Self {
        Self { budget: budget.min(MAX_CPU), used: Duration::ZERO, running_since: Instant::now() }
    }

    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// Charges what was used since the guest went on. A stretch between two ticks is never charged with more
    /// than `tick`: the rest of it the guest was waiting for its turn.
    pub(crate) fn charge(&mut self, tick: Duration) {
        let now = Instant::now();
        self.used += now.duration_since(self.running_since).min(tick);
        self.running_since = now;
    }

    /// The guest goes on after it waited for the host.
    pub(crate) fn go_on(&mut self) {
        self.running_since = Instant::now();
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.used >= self.budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn memories_and_tables_are_summed() {
        let mut limiter = MemoryLimiter::new(3 << 20);
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
        assert!(limiter.table_growing(0, MIB / 8, None).unwrap());
        assert!(!limiter.refused);
        assert!(!limiter.table_growing(0, 1, None).unwrap());
        assert!(limiter.refused);
    }

    #[test]
    fn what_failed_to_grow_is_given_back() {
        let mut limiter = MemoryLimiter::new(1 << 20);
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert!(limiter.memory_growing(0, MIB, None).unwrap());
    }

    #[test]
    fn no_grant_reaches_beyond_a_slot() {
        assert_eq!(MemoryLimiter::new(u64::MAX).limit_bytes(), MAX_MEMORY_BYTES);
        assert_eq!(CpuBudget::new(Duration::MAX).budget(), MAX_CPU);
    }

    #[test]
    fn a_stretch_is_charged_with_one_tick_at_most() {
        let mut cpu = CpuBudget::new(Duration::from_millis(25));
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(15));
            cpu.charge(Duration::from_millis(10));
        }
        assert!(!cpu.is_spent());
        std::thread::sleep(Duration::from_millis(6));
        cpu.charge(Duration::from_millis(10));
        assert!(cpu.is_spent());
    }
}
