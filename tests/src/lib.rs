//! What the tests of the whole need beside the tests themselves: simulated targets, and a real host to talk to.
//! The stories live in `tests/`, the guests in `guests/`; no part of the host depends on this package.

pub mod client; // a small HTTP client
pub mod cxone; // a tenant of NICE CXone
pub mod echo; // the guest that sends what it gets
pub mod external; // an outside API that is triggered and calls back
pub mod folder; // a program that takes files out of a folder
pub mod host; // a running `sluse`
pub mod inbox; // a source of letters
pub mod interact; // WorkZone Interact as an integration sees it
pub mod sdloen; // SD Løn's web services as an integration sees them
pub mod simulated; // what every simulated target stands on
pub mod torture; // a host that is killed over and over
pub mod workzone; // KMD WorkZone as an integration sees it
pub mod xflow; // XFlow as an integration sees it
