//! What makes the proof from outside fail on purpose, to show that it can. Only in builds with the feature
//! `sabotage`, which no release can have.

use std::sync::LazyLock;

#[cfg(not(debug_assertions))]
compile_error!("the feature `sabotage` sends twice what must happen once; a release never has it");

/// Names what is sabotaged.
const VARIABLE: &str = "SLUSE_SABOTAGE";

/// Whether nothing is written down before a byte leaves: a lost attempt looks like one that has sent nothing.
pub(crate) fn skips_intent() -> bool {
    is_chosen("skip-intent")
}

/// Whether nobody knows what was published before.
pub(crate) fn forgets_publications() -> bool {
    is_chosen("forget-publications")
}

/// Whether each attempt reserves numbers of its own.
pub(crate) fn forgets_numbers() -> bool {
    is_chosen("forget-numbers")
}

fn is_chosen(what: &str) -> bool {
    static CHOSEN: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(VARIABLE).ok());
    CHOSEN.as_deref() == Some(what)
}
