//! Where chance comes from.

use std::fmt;

/// Randomness for ids, tokens, keys and jitter. The only door to it, so that a test can repeat a run.
///
/// What fills it in production must be fit for keys (the operating system's generator).
pub trait Dice: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl fmt::Debug for dyn Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}

/// A number from 0 (included) to 1 (excluded), for jitter.
pub fn unit_interval(dice: &dyn Dice) -> f64 {
    let mut bytes = [0; 8];
    dice.fill(&mut bytes);
    // 53 bits are what a double keeps.
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}
