//! Hands an action to the API, and ends when the API has said whether it succeeded: in its answer, or in its callback.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_sdk::{Arrival, Call, Failure, Reply, callbacks, log};

use crate::{
    exchange::Trigger,
    packet::{self, Action},
    problem,
    settings::{ResponseMode, Settings},
    verdict::{self, Verdict},
};

/// What the API is to do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    action: Action,
    /// The custom data that the API may change.
    custom_data: Option<Map<String, Value>>,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    outcome: Outcome,
    /// The custom data that the API changed.
    data: Map<String, Value>,
    /// Custom data that the API sent and the connection does not know, by name.
    ignored: Vec<String>,
}

/// How an action ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    DoneSuccessfully,
}

/// What is kept while the API works.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    timeout_s: u64,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Reply<Output>, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    // The same on every attempt, so that the body is too.
    let address = match settings.response_mode {
        ResponseMode::Sync => String::new(),
        ResponseMode::Callback => {
            callbacks::open(settings.callback_timeout_s.saturating_mul(1000)).map_err(problem::no_address)?
        }
    };
    let body = packet::body(&input.action, input.custom_data.as_ref(), &address, &settings.names);
    let answer = Trigger::new(call, &input.action, &body)?.send()?;
    match settings.response_mode {
        ResponseMode::Sync => done(answer.bytes(), settings, "the answer").map(Reply::Done),
        ResponseMode::Callback => {
            log::info("Det eksterne system har taget imod handlingen; der ventes på dets svar");
            Reply::waiting(&Waiting { timeout_s: settings.callback_timeout_s })
        }
    }
}

pub(crate) fn resume(call: &Call<Settings>, _: Input, waiting: Waiting, arrival: Arrival) -> Result<Output, Failure> {
    match arrival {
        Arrival::Answered(answer) => done(&answer.body, &call.settings, "the callback"),
        Arrival::TimedOut => Err(problem::timed_out(waiting.timeout_s)),
    }
}

/// What the API's words come to. `what` tells support where they stood.
fn done(body: &[u8], settings: &Settings, what: &str) -> Result<Output, Failure> {
    match verdict::read(body, settings).map_err(|misfit| problem::not_understood(what, &misfit))? {
        Verdict::Unsuccessful { reason } => Err(problem::unsuccessful(reason).detail(format!("said by {what}"))),
        Verdict::Succeeded { data, ignored } => {
            if !ignored.is_empty() {
                log::warn(format!(
                    "Det eksterne system sendte {} ukendte felter, som ikke er taget med",
                    ignored.len()
                ));
            }
            Ok(Output { outcome: Outcome::DoneSuccessfully, data, ignored })
        }
    }
}
