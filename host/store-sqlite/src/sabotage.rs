//! What makes the proof from outside fail on purpose, to show that it can. Only in builds with the feature
//! `sabotage`, which no release can have.

use std::{sync::LazyLock, time::Duration};

#[cfg(not(debug_assertions))]
compile_error!("the feature `sabotage` breaks the store's promises on purpose; a release never has it");

/// Names what is sabotaged.
const VARIABLE: &str = "SLUSE_SABOTAGE";

/// How long a commit comes after its acknowledgement: long enough for a kill to come between.
pub(crate) const COMMIT_LATER_BY: Duration = Duration::from_millis(20);

/// Whether work is acknowledged before it is committed.
pub(crate) fn acknowledges_early() -> bool {
    static CHOSEN: LazyLock<bool> =
        LazyLock::new(|| std::env::var(VARIABLE).is_ok_and(|value| value == "acknowledge-early"));
    *CHOSEN
}
