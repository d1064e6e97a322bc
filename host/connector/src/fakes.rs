//! Fakes of both sides of the seam, for tests: a connector made of a closure, a host that answers by script.

mod connector;
mod host;

pub use connector::{FakeConnector, description};
pub use host::{FakeHost, HostRecord};
