//! What a component may import, one WIT interface per file. Each function checks lengths, hands the request to
//! the call's host and waits for a bounded time; every refusal is an answer, never a trap.

mod attachments; // files of the run
mod callbacks; // addresses at which a target answers
mod folders; // files that are published
mod http; // requests to the connection's endpoints
mod log; // lines on the timeline
mod numbers; // numbers that are handed out once
#[cfg(test)]
mod patience; // with a host that hangs

use wasmtime::component::{HasSelf, Linker};

use crate::{abi::v0_1 as abi, state::CallState};

type Add = fn(&mut Linker<CallState>) -> wasmtime::Result<()>;

/// The interfaces of the contract that a component may import, and how each is offered. There is no other.
pub(crate) const INTERFACES: [(&str, Add); 7] = [
    ("sluse:connector/types@0.1.0", |linker| abi::types::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)),
    ("sluse:connector/http@0.1.0", |linker| abi::http::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)),
    ("sluse:connector/attachments@0.1.0", |linker| {
        abi::attachments::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
    }),
    ("sluse:connector/folders@0.1.0", |linker| {
        abi::folders::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
    }),
    ("sluse:connector/numbers@0.1.0", |linker| {
        abi::numbers::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
    }),
    ("sluse:connector/callbacks@0.1.0", |linker| {
        abi::callbacks::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
    }),
    ("sluse:connector/log@0.1.0", |linker| abi::log::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)),
];

impl abi::types::Host for CallState {}

/// Says that something is longer than it may be, for a person who writes the connector.
fn too_long(what: &str, length: usize, limit: usize) -> String {
    format!("{what} is {length} bytes long, and at most {limit} are allowed")
}

/// Says that there are more of something than there may be.
fn too_many(what: &str, count: usize, limit: usize) -> String {
    format!("there are {count} {what}, and at most {limit} are allowed")
}

/// The host did not answer in time.
const NO_ANSWER: &str = "the host did not answer in time";
