//! What every simulated target stands on: a port on loopback, an accept loop that can end a connection where a framework
//! would still answer, plain answers, and the frame of their programs. What a target does is its own.

mod frame; // the accept loop
pub mod program; // a target as a program
mod replies; // plain answers

pub(crate) use frame::{Dropped, listen, serve};
pub(crate) use replies::{plain, with_json};
