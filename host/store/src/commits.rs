//! How writes fare: how many share a commit, and how long it takes until one is durable.

use sluse_model::Histogram;

/// Commits since the store was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Commits {
    /// How many pieces of work each had. The sum is how many pieces there were.
    pub sizes: Histogram,
    /// How long each took from the last piece of work until it was durable.
    pub seconds: Histogram,
}

/// Few callers are alone in a commit, many share one.
pub const COMMIT_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// From a disk that answers from its own memory to one that hardly answers.
pub const COMMIT_SECONDS: &[f64] = &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0];

impl Default for Commits {
    fn default() -> Self {
        Self { sizes: Histogram::new(COMMIT_SIZES), seconds: Histogram::new(COMMIT_SECONDS) }
    }
}
