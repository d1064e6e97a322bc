//! Answers at the addresses that a delivery gives to its target.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The most addresses that one call opens.
pub const MAX_ADDRESSES: u32 = 16;

/// Numbers of addresses that belong to one phase. A power of two, far above [`MAX_ADDRESSES`].
const PHASE_NUMBERS: u32 = 1 << 8;

/// The number of an address within its delivery, the same on every attempt: the `ordinal`th, from 0, that a call opens in
/// this phase. The phase says how many waits had ended before.
pub fn address_number(phase: u32, ordinal: u32) -> u32 {
    phase * PHASE_NUMBERS + ordinal
}

/// The phase of an address.
pub fn phase_of(number: u32) -> u32 {
    number / PHASE_NUMBERS
}

/// An answer that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The address that it came to.
    pub number: u32,
    pub arrived_at: Timestamp,
    pub standing: CallbackStanding,
}

/// What became of an answer that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackStanding {
    /// It ended the wait, or will.
    Taken,
    /// Nothing waited for it any more. It was refused.
    Late,
}

impl CallbackStanding {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Taken, Self::Late];

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Late => "late",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_its_phase() {
        for phase in [0, 1, 7] {
            for ordinal in [0, MAX_ADDRESSES - 1] {
                assert_eq!(phase_of(address_number(phase, ordinal)), phase);
            }
        }
        assert_ne!(address_number(0, 1), address_number(1, 0));
    }
}
