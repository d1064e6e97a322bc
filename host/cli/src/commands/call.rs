//! `sluse call`: do one operation of a connection, and wait for its output.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    arguments::{Call, Global},
    client::{Host, Problem, query},
    failure::Failure,
    files::json_text,
    output,
};

/// The exit code when it was accepted, and was not through in time.
const UNDER_WAY: u8 = 16;

pub(crate) async fn run(global: &Global, command: Call) -> Result<(), Failure> {
    let Call { connection, operation, input, deadline, key } = command;
    let input = json_text(&input).await?;
    let host = Host::of(global)?;
    let path = format!("/v1/connections/{connection}/operations/{operation}");
    let path = query(&path, &[("deadline_ms", Some(deadline.as_millis().to_string()))]);
    let mut request = host.request(Method::POST, &path).header("Content-Type", "application/json").body(input);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let response = match host.try_send(request).await? {
        Ok(response) => response,
        Err((status, problem)) => {
            if global.json {
                output::json(problem.document())?;
            }
            return Err(no_output(status, problem));
        }
    };
    let status = response.status();
    let called: Value = response.json().await?;
    tell(global, status, &called)
}

fn tell(global: &Global, status: StatusCode, called: &Value) -> Result<(), Failure> {
    if global.json {
        output::json(called)?;
    } else if status != StatusCode::ACCEPTED {
        output::json(&called["output"])?;
    }
    if status != StatusCode::ACCEPTED {
        return Ok(());
    }
    let delivery = called["delivery"].as_str().unwrap_or("");
    let message = format!("delivery {delivery} was accepted and is not through; see `sluse delivery show {delivery}`");
    Err(Failure::NoOutput { code: UNDER_WAY, message, errors: Vec::new() })
}

/// What came of it instead. What no call came to was refused, as with every other command.
fn no_output(status: StatusCode, problem: Problem) -> Failure {
    let (code, what) = match problem.code() {
        "does-not-fit" | "call-invalid" => (10, "invalid"),
        "call-rejected" => (11, "rejected"),
        "call-denied" => (12, "denied"),
        "call-unavailable" | "gate-closed" | "busy" | "deadline-passed" | "not-ready" | "stopping" => {
            (13, "unavailable")
        }
        "call-outcome-unknown" => (14, "unknown"),
        "connector-broken" | "misconfigured" => (15, "broken"),
        _ => {
            let (detail, errors) = problem.told(status);
            return Failure::Refused { detail, errors };
        }
    };
    let (detail, errors) = problem.told(status);
    Failure::NoOutput { code, message: format!("{what}: {detail}"), errors }
}
