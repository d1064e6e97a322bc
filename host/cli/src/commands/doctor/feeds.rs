//! Whether feeds and other schedules do what they are for, as the host says.

use serde_json::Value;

use super::Finding;
use crate::{client::Host, commands::schedule::fares, failure::Failure};

pub(super) async fn look(host: &Host) -> Result<Vec<Finding>, Failure> {
    let found: Value = host.get("/v1/schedules").await?;
    Ok(found["items"].as_array().into_iter().flatten().map(finding).collect())
}

fn finding(schedule: &Value) -> Finding {
    let subject = format!("schedule {}", schedule["name"].as_str().unwrap_or(""));
    let next = schedule["next"].as_str().map(|next| format!("; next {next}")).unwrap_or_default();
    let message = format!("{}{next}", fares(schedule));
    let is_ill = matches!(schedule["wellbeing"]["state"].as_str(), Some("not-run" | "failing"));
    let failure = is_ill.then(|| Failure::NotPassed(format!("{subject}: {message}")));
    Finding { subject, message, failure }
}
