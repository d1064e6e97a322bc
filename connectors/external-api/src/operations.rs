//! What the connector can be asked to do, one file each.

pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod notify;
pub(crate) mod trigger;
