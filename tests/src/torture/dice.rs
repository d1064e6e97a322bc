//! Chance from a seed, so that what was found can be repeated (SplitMix64). Never for keys.

use std::time::Duration;

/// Dice that fall the same way for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for one thing: how they fall does not depend on what happened before.
    pub(super) fn of(seed: u64, name: &str, number: u64) -> Self {
        // FNV-1a: small, and the same everywhere.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(seed ^ hash ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 (included) to `bound` (excluded).
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// From nothing to `longest`, in microseconds.
    pub(super) fn duration(&mut self, longest: Duration) -> Duration {
        let longest_us = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(longest_us))
    }

    /// One of these, each as often as its weight says.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut place = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            if place < *weight {
                return *choice;
            }
            place -= weight;
        }
        choices.last().expect("there is something to choose from").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way() {
        let falls = |seed| {
            let mut dice = Dice::of(seed, "once-7", 2);
            [dice.next(), dice.next()]
        };
        assert_eq!(falls(1), falls(1));
        assert_ne!(falls(1), falls(2));
    }

    #[test]
    fn weights_say_how_often() {
        let mut dice = Dice::of(7, "weights", 0);
        let picked = (0..1000).filter(|_| dice.pick(&[(9, true), (1, false)])).count();
        assert!((850..950).contains(&picked), "{picked}");
    }
}
