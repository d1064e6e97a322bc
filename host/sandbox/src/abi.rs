//! The contract as types, one WIT version per module. The newest module has the logic; an older one, once there
//! is one, translates into it.

pub(crate) mod v0_1; // wit/v0.1
