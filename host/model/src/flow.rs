//! What happens to a submission: an ordered list of steps.

use serde::{Deserialize, Serialize};

use crate::{Attention, Name, OnFailure, OwnerNotice, Reason, Timestamp};

/// An ordered list of steps. A run keeps to the version that it began with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    pub name: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// JSON Schema (2020-12) of a submission.
    pub schema: serde_json::Value,
    /// The largest file that a submission may carry.
    #[serde(default = "default_max_attachment_bytes")]
    pub max_attachment_bytes: u64,
    /// Fewer files than this, and a submission is refused, an item of a feed is left to a person: what they are for would
    /// be half done.
    #[serde(default, skip_serializing_if = "is_none_at_all")]
    pub min_attachments: u32,
    /// The ordering key of the steps that name none: expressions as in [`Step::input`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// Whose work it is when a step waits for a person: the first rule that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<AttentionRule>,
    /// Who is told when a step fails for good or waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_notice: Option<OwnerNotice>,
    /// What is started for a run that fails, or waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Carried out one after the other.
    pub steps: Vec<Step>,
}

impl Flow {
    /// A flow of the host's own: one step of the same name, whose input is not mapped.
    pub(crate) fn own(name: &str, connection: &Name, operation: &Name) -> Self {
        let name: Name = name.parse().expect("what the host calls its flows is a name");
        let step = Step {
            name: name.clone(),
            title: String::new(),
            connection: connection.clone(),
            operation: operation.clone(),
            when: None,
            order_by: None,
            input: serde_json::json!({}),
        };
        Self {
            name,
            title: String::new(),
            schema: serde_json::Value::Bool(true),
            max_attachment_bytes: 1,
            min_attachments: 0,
            order_by: None,
            attention: Vec::new(),
            owner_notice: None,
            on_failure: None,
            steps: vec![step],
        }
    }

    /// The same work for those whose it is: a queue that it has already stays.
    pub fn assigned(&self, attention: Attention, connection: &Name, step: &Name) -> Attention {
        let fits = |rule: &&AttentionRule| rule.fits(attention.reason, connection, step);
        let queue = attention.queue.or_else(|| self.attention.iter().find(fits).map(|rule| rule.queue.clone()));
        Attention { queue, ..attention }
    }
}

/// Whose work it is when a step waits for a person. What it does not name may be any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionRule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// Whose work it is then.
    pub queue: Name,
}

impl AttentionRule {
    fn fits(&self, reason: Reason, connection: &Name, step: &Name) -> bool {
        self.reason.is_none_or(|named| named == reason)
            && self.connection.as_ref().is_none_or(|named| named == connection)
            && self.step.as_ref().is_none_or(|named| named == step)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_none_at_all(count: &u32) -> bool {
    *count == 0
}

/// A scanned set of drawings is large; a film is a mistake.
fn default_max_attachment_bytes() -> u64 {
    512 << 20
}

/// One delivery of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What later steps call its output: `steps.<name>`.
    pub name: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    pub connection: Name,
    pub operation: Name,
    /// One expression that is true or false, as in `input`: the step is skipped when it is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Deliveries for which this amounts to the same text, also those of other runs and flows, go one after the other,
    /// in the order in which they were accepted: expressions as in `input`. Nothing, or an empty text: no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
    /// The operation's input, with expressions over `submission`, `attachments`, `steps` and `run` in its texts.
    #[serde(default)]
    pub input: serde_json::Value,
}

/// A step of a run that was passed by: its condition was false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedStep {
    /// Its place in the run's flow, from 0.
    pub step_index: u32,
    pub step: Name,
    /// The condition, as it stands in the flow.
    pub when: String,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Problem, Timestamp};

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn flow() -> Flow {
        let rules = json!([
            {"reason": "outcome-unknown", "connection": "payroll", "queue": "night"},
            {"step": "open-case", "queue": "cases"},
            {"connection": "payroll", "queue": "pay"},
            {"reason": "denied", "queue": "operators"},
        ]);
        let flow = json!({"name": "permit", "schema": true, "attention": rules, "steps": []});
        serde_json::from_value(flow).expect("a flow")
    }

    #[track_caller]
    fn check(reason: Reason, connection: &str, step: &str, expected: Option<&str>) {
        let attention = Attention::new(reason, Problem::new("no", "No."), Timestamp::from_millis(0));
        let assigned = flow().assigned(attention.clone(), &name(connection), &name(step));
        assert_eq!(assigned.queue.as_ref().map(Name::as_str), expected);
        assert_eq!(Attention { queue: None, ..assigned }, attention);
    }

    #[test]
    fn the_first_rule_that_fits_says_whose_work_it_is() {
        check(Reason::OutcomeUnknown, "payroll", "open-case", Some("night"));
        check(Reason::Rejected, "payroll", "open-case", Some("cases"));
        check(Reason::Rejected, "payroll", "pay", Some("pay"));
        check(Reason::Denied, "archive", "keep", Some("operators"));
        check(Reason::Invalid, "archive", "keep", None);
    }

    #[test]
    fn what_somebody_has_already_stays_theirs() {
        let mine = Attention::new(Reason::Denied, Problem::new("no", "No."), Timestamp::from_millis(0));
        let mine = Attention { queue: Some(name("mine")), ..mine };
        assert_eq!(flow().assigned(mine.clone(), &name("payroll"), &name("pay")), mine);
    }
}
