//! The proof from outside: a real host is killed, suspended and starved over and over while callers submit and a
//! target misbehaves. A client writes down what was acknowledged, the target counts what arrived, and at the end
//! the two are compared. The host's database is never asked; its API says only where runs stand.
//!
//! Everything by chance comes from a seed that is told. What is proved is in `verdict`, what is done to the host
//! in `aim`, what the target does in `target::manners`, what is submitted in `flows`.

mod aim; // where a kill is aimed
mod api; // asking the host
mod book; // what was acknowledged
mod callers; // who submits
mod dice; // chance from a seed
mod faults; // what strace does to a life
mod flows; // what is submitted, and what it must leave at the target
mod process; // one life of a host
mod report; // what was counted
mod round; // one data folder, from its first start to its verdict
mod setup; // a host with everything that is submitted to
mod standings; // where runs stand, as the host says
mod strike; // how it is carried out
mod target; // a target that misbehaves and counts
mod tripwire; // a kill at a moment that others tell of
mod verdict; // what was acknowledged against what arrived

pub use aim::Borders;
pub use report::Report;
pub use round::{Round, torture};
