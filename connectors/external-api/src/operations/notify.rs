//! Sends a notice in the shape of Standard Webhooks 1.0.0. Its id is the delivery's, the same on every attempt, so that
//! a receiver knows it again and it may be repeated. Time and signature are joined by the host, where the endpoint
//! signs in with `signature`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluse_sdk::{
    Call, Failure,
    http::{Effect, Request},
};

use crate::{exchange::without_query, problem, settings::Settings, verdict};

/// A notice.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    /// What happened, in words joined by dots: `delivery.closed`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1))]
    kind: String,
    /// When it happened (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    /// What the receiver needs to know.
    data: Map<String, Value>,
}

/// What the receiver said.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The id under which the receiver knows the notice.
    webhook_id: String,
    /// The status of the receiver's answer.
    status: u16,
}

pub(crate) fn run(call: &Call<Settings>, notice: Notice) -> Result<Output, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let what = format!("POST {}", without_query(&settings.notify_path));
    let request = Request::post(settings.notify_path.as_str())
        .header("webhook-id", &call.delivery)
        .json(&notice)?
        .effect(Effect::Repeatable);
    let response = request.send().map_err(|error| problem::unanswered(&error, &what))?;
    match response.status() {
        status @ 200..=299 => Ok(Output { webhook_id: call.delivery.clone(), status }),
        410 => Err(Failure::rejected(
            "receiver-gone",
            "Modtageren vil ikke have flere beskeder. Fjern den fra forbindelsen.",
        )
        .detail(format!("{what} answered 410"))),
        _ => {
            let reason = verdict::refusal_reason(response.bytes(), settings);
            Err(problem::of_answer(&response, &what, reason))
        }
    }
}
