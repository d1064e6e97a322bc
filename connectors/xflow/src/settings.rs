//! How one XFlow differs from another. What the public API says is fixed; the service behind the script for SD Løn and
//! Prisme is public nowhere, so that each part of it is a setting, and README.md marks it as an assumption.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::{Failure, template};

/// The settings of a connection to XFlow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The flow for what waits for SD Løn; the schedule's own when absent.
    pub flow_sd: Option<String>,
    /// The flow for what waits for Prisme; the schedule's own when absent.
    pub flow_prisme: Option<String>,
    /// Where what waits for both systems is fetched.
    pub delivery_path: String,
    /// Where the state of a delivery is. `{id}` stands for its id.
    pub state_path: String,
    /// Where a delivery is acknowledged. `{id}` stands for its id.
    pub acknowledge_path: String,
    /// Where a delivery is rejected. `{id}` stands for its id.
    pub reject_path: String,
    /// The words for the state of a delivery.
    pub states: States,
    /// The members of the answers.
    pub names: Names,
}

/// The state of a delivery in XFlow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct States {
    /// Of one that was acknowledged.
    pub acknowledged: String,
    /// Of one that was rejected.
    pub rejected: String,
}

/// Members of the answers. A name that begins with `/` is a JSON Pointer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// What waits for SD Løn: a list of records.
    pub sd: String,
    /// What waits for Prisme: a list of records.
    pub prisme: String,
    /// What names a delivery: in a record, or in the answer for all of its records. Without it each record is one.
    pub batch: String,
    /// In a record: what names it.
    pub record: String,
    /// In the state of a delivery: the word.
    pub state: String,
    /// In an activity of a process: its id.
    pub activity_id: String,
    /// In the answer to a search that is no list itself: the processes.
    pub processes: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flow_sd: None,
            flow_prisme: None,
            delivery_path: "/delivery".into(),
            state_path: "/delivery/{id}".into(),
            acknowledge_path: "/delivery/{id}/acknowledge".into(),
            reject_path: "/delivery/{id}/reject".into(),
            states: States::default(),
            names: Names::default(),
        }
    }
}

impl Default for States {
    fn default() -> Self {
        Self { acknowledged: "acknowledged".into(), rejected: "rejected".into() }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self {
            sd: "sd".into(),
            prisme: "prisme".into(),
            batch: "batch".into(),
            record: "id".into(),
            state: "state".into(),
            activity_id: "activityId".into(),
            processes: "processes".into(),
        }
    }
}

impl Settings {
    /// What the schema cannot say.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        let templates: [(&str, &str, &[&str]); 4] = [
            ("delivery_path", &self.delivery_path, &[]),
            ("state_path", &self.state_path, &["id"]),
            ("acknowledge_path", &self.acknowledge_path, &["id"]),
            ("reject_path", &self.reject_path, &["id"]),
        ];
        for (place, template, known) in templates {
            template::verify(template, known).map_err(|wanted| unfit(place, &wanted))?;
        }
        let Names { sd, prisme, batch, record, state, activity_id, processes } = &self.names;
        let words = [
            ("names.sd", sd),
            ("names.prisme", prisme),
            ("names.batch", batch),
            ("names.record", record),
            ("names.state", state),
            ("names.activity_id", activity_id),
            ("names.processes", processes),
            ("states.acknowledged", &self.states.acknowledged),
            ("states.rejected", &self.states.rejected),
        ];
        match words.iter().find(|(_, word)| word.trim().is_empty()) {
            Some((place, _)) => Err(unfit(place, "a word that XFlow uses")),
            None => Ok(()),
        }
    }
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(settings: serde_json::Value, place: &str) {
        let settings: Settings = serde_json::from_value(settings).expect("of the right shape");
        let failure = settings.verify().expect_err("refused");
        assert!(failure.problem().message.contains(place), "{failure:?}");
    }

    #[test]
    fn the_defaults_can_be_used() {
        assert!(Settings::default().verify().is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        refused(serde_json::json!({ "delivery_path": "delivery" }), "delivery_path");
        refused(serde_json::json!({ "state_path": "/delivery/{batch}" }), "state_path");
        refused(serde_json::json!({ "names": { "sd": " " } }), "names.sd");
        refused(serde_json::json!({ "states": { "rejected": "" } }), "states.rejected");
    }
}
