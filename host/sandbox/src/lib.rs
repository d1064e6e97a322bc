//! The sandbox: components run here, and the only crate that knows wasmtime. It translates the two traits of the
//! seam to and from WIT and enforces limits. It knows no network and no database: what a component asks for is
//! answered by the [`Host`](sluse_connector::Host) of the call.

mod abi; // one WIT version per file
mod cache; // compiled artefacts
mod compile; // in a child process
mod grantless; // the host of `describe`
mod host; // one WIT interface per file
mod invoke; // one call
mod lanes; // the engines that serve
mod limits; // what one call may use
mod load; // from bytes to a connector
#[cfg(feature = "measure")]
pub mod measure;
mod revision; // a connector that is linked
mod runtime; // an engine's settings
mod state; // what lives in the store while it runs
mod text; // what a component says to people
mod ticker; // its heartbeat
mod verify; // what can be said of a component before it runs
mod wasi; // inert, for components of other toolchains // what a call costs without all this

pub use compile::{Compiler, CompilerProcess, compile_child};
pub use load::{Sandbox, SandboxError, SandboxSettings};
