//! What ran, and how it ended, as the programs that ran it say.

use std::fmt;
use std::iter::Sum;

/// Tests, cases and checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// Tests that were not run because they are marked so.
    pub(super) ignored: u64,
}

impl Count {
    /// One check that passed.
    pub(super) const ONE: Self = Self { passed: 1, failed: 0, ignored: 0 };

    /// What a line of `cargo test` says, if it is one that counts:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    pub(super) fn of_line(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let number = |what: &str| {
            let part = counts.split("; ").find_map(|part| part.strip_suffix(what))?;
            part.trim().parse().ok()
        };
        Some(Self { passed: number("passed")?, failed: number("failed")?, ignored: number("ignored")? })
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            ignored: sum.ignored + one.ignored,
        })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 { write!(f, ", {} ignored", self.ignored) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 1.20s";
        assert_eq!(Count::of_line(line), Some(Count { passed: 12, failed: 2, ignored: 1 }));
    }

    #[test]
    fn a_test_that_prints_is_not_counted() {
        assert_eq!(Count::of_line("test engine::it_works ... ok"), None);
        assert_eq!(Count::of_line("test result: unclear"), None);
    }

    #[test]
    fn counts_add_up() {
        let sum: Count = [Count::ONE, Count { passed: 2, failed: 3, ignored: 0 }].into_iter().sum();
        assert_eq!(sum.to_string(), "3 passed, 3 failed");
    }
}
