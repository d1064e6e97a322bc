//! What every simulated target stands on: a port on loopback, an accept loop that can end a connection where a framework
//! would still answer, plain answers, planted faults, and the frame of their programs. What a target does is its own.

mod frame; // the accept loop
mod modulus; // numbers of persons
mod planted; // what shall happen with the next requests
mod plural; // one thing or a list of them
pub mod program; // a target as a program
mod replies; // plain answers
mod tls; // the same with client certificates

pub use planted::{Fault, Planted};

pub(crate) use frame::{Dropped, listen, serve};
pub(crate) use modulus::fails_modulus_11;
pub(crate) use planted::{Faults, befall};
pub(crate) use plural::Plural;
pub(crate) use replies::{plain, with_json};
pub(crate) use tls::serve_tls;
