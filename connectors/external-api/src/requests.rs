//! Requests that the settings name: filling them in, sending them, and reading what the target answers.

mod answer; // what an answer says
mod change; // what must happen once
mod message; // a request with its values
mod problem; // what went wrong, in words
mod reading; // what may be sent again
pub(crate) mod template; // texts with places for values

use serde_json::{Map, Value};
use sluse_sdk::{Call, Failure};

pub(crate) use answer::Output;

use crate::{
    once,
    settings::{
        Settings,
        request::{Effect, NamedRequest},
    },
};
use change::Change;

/// Sends the request of this name with the values of the input.
pub(crate) fn send(call: &Call<Settings>, name: &str, input: Map<String, Value>) -> Result<Output, Failure> {
    let named = find(&call.settings, name)?;
    let values = message::values(call, input);
    match named.effect() {
        Effect::Once => once::carry_out(&Change::new(call, name, named, &values)?, call.attempt),
        Effect::Read | Effect::Repeatable => reading::run(&message::fill(call, name, named, &values)?, &call.settings),
    }
}

/// The same, of a request that changes nothing.
pub(crate) fn read(call: &Call<Settings>, name: &str, input: Map<String, Value>) -> Result<Output, Failure> {
    match find(&call.settings, name)?.effect() {
        Effect::Read => send(call, name, input),
        Effect::Repeatable | Effect::Once => Err(problem::not_a_read(name)),
    }
}

fn find<'s>(settings: &'s Settings, name: &str) -> Result<&'s NamedRequest, Failure> {
    settings.requests.get(name).ok_or_else(|| {
        let known: Vec<_> = settings.requests.keys().map(|known| format!("`{known}`")).collect();
        problem::unknown_request(&known.join(", "))
    })
}
