//! What the tests of the whole need beside the tests themselves: simulated targets.
//! The stories live in `tests/`, the guests in `guests/`; no part of the host depends on this package.

pub mod workzone; // KMD WorkZone as an integration sees it
