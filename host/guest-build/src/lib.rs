//! Builds a connector that is written in Rust: a core module for [`TARGET`], encoded as a component that
//! imports nothing but our interfaces. `sluse connector build` and the project's own automation share it.
//!
//! The products are `<target>/guests/components/NAME.wasm`, NAME being the guest's folder. They have a
//! target folder of their own, so that building them from a running `cargo` does not wait for its lock.

mod component; // what comes out
mod guest; // what goes in
mod toolchain; // the compiler
mod workspace; // where both are

pub use component::Component;
pub use guest::Guest;
pub use toolchain::{Choice, TARGET, Toolchain};
pub use workspace::{PROFILE, Workspace};

/// Tells the person who waits what happens now.
pub type Say<'caller> = &'caller dyn Fn(&str);

#[cfg(test)]
mod tests;
