//! The filters that are ours: XFlow's *Udregn værdi*, and what MiniJinja's own ones do without a bound.

pub(crate) mod absent; // what is not there
pub(crate) mod dates; // 24-12-2026 and its spellings
pub(crate) mod decimals; // 1.234,50 without floats
pub(crate) mod lists; // joined, rebuilt, left out
pub(crate) mod texts; // before and after the comma
