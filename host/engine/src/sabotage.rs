//! What makes the proof from outside fail on purpose, to show that it can. Only in builds with the feature
//! `sabotage`, which no release can have.

use std::sync::LazyLock;

#[cfg(not(debug_assertions))]
compile_error!("the feature `sabotage` sends twice what must happen once; a release never has it");

/// Names what is sabotaged.
const VARIABLE: &str = "SLUSE_SABOTAGE";

/// Whether nothing is written down before a byte leaves: a lost attempt looks like one that has sent nothing.
pub(crate) fn skips_intent() -> bool {
    static CHOSEN: LazyLock<bool> = LazyLock::new(|| std::env::var(VARIABLE).is_ok_and(|value| value == "skip-intent"));
    *CHOSEN
}
