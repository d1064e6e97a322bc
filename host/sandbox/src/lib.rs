//! The sandbox: components run here, and the only crate that knows wasmtime. It translates the two traits of the
//! seam to and from WIT and enforces limits. It knows no network and no database: what a component asks for is
//! answered by the [`Host`](sluse_connector::Host) of the call.

mod runtime; // the engine and its settings
mod ticker; // its heartbeat
mod limits; // what one call may use
mod state; // what lives in the store while it runs
mod log; // what a component writes
mod host; // one WIT interface per file
mod abi; // one WIT version per file
mod wasi; // inert, for components of other toolchains
mod verify; // what can be said of a component before it runs
mod compile; // in a child process
mod cache; // compiled artefacts
mod grantless; // the host of `describe`
mod invoke; // one call
mod revision; // a connector that is linked
mod load; // from bytes to a connector

pub use compile::{Compiler, CompilerProcess, compile_child};
pub use load::{Sandbox, SandboxError, SandboxSettings};
