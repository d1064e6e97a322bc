//! What to type next about a delivery that waits for a person.

use serde_json::Value;
use sluse_model::Reason;

/// The way out, as its reason suggests it; `None` where nobody is waited for.
pub(super) fn next(delivery: &Value) -> Option<String> {
    if delivery["state"] != "attention" {
        return None;
    }
    let reason: Reason = serde_json::from_value(delivery["reason"].clone()).ok()?;
    let (id, run) = (delivery["id"].as_str()?, delivery["run"].as_str().unwrap_or("run-…"));
    let mut intents = delivery["journal"].as_array().into_iter().flatten();
    if reason.leaves_doubt() || intents.any(|intent| intent["standing"] == "open") {
        return Some(format!(
            "look at the target. If it happened, `sluse delivery resolve {id} result.json --why \"…\"`; if it did not, \
             `sluse delivery retry {id} --did-not-happen --attempts-seen {}`",
            delivery["attempt_count"]
        ));
    }
    Some(match reason {
        Reason::Invalid | Reason::Rejected => format!(
            "mend the input (`sluse delivery show {id} --json` has it as `input`) and hand it in with `sluse delivery edit \
             {id} input.json`; or mend what refused it, and `sluse delivery retry {id}`"
        ),
        Reason::MappingFailed => format!(
            "write the input by hand (`sluse run show {run} --json` has what was handed in as `submission`) and hand it in \
             with `sluse delivery edit {id} input.json`; mend the flow for the next one"
        ),
        Reason::Denied | Reason::Misconfigured => format!("mend what is said, then `sluse delivery retry {id}`"),
        Reason::ConnectorBroken => format!("install a connector that can do it, then `sluse delivery retry {id}`"),
        Reason::AttemptsExhausted | Reason::OutcomeUnknown | Reason::TimedOut => {
            format!("once the target answers, `sluse delivery retry {id}`")
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waits(reason: &str, standing: &str) -> Value {
        json!({"id": "del-1", "run": "run-1", "state": "attention", "reason": reason, "attempt_count": 6,
            "journal": [{"standing": standing}]})
    }

    #[test]
    fn every_reason_has_a_command() {
        for reason in Reason::ALL {
            let told = next(&waits(reason.as_str(), "happened")).expect("a way out");
            assert!(told.contains("`sluse delivery ") && told.contains("del-1"), "{told}");
        }
        assert_eq!(next(&json!({"id": "del-1", "state": "queued"})), None);
    }

    #[test]
    fn what_may_have_happened_is_not_simply_retried() {
        for (reason, standing) in [("outcome-unknown", "happened"), ("timed-out", "happened"), ("rejected", "open")] {
            let told = next(&waits(reason, standing)).expect("a way out");
            assert!(told.contains("--did-not-happen --attempts-seen 6") && told.contains("resolve del-1"), "{told}");
        }
        let told = next(&waits("mapping-failed", "happened")).expect("a way out");
        assert!(told.contains("`sluse run show run-1 --json`"), "{told}");
    }
}
