//! What is submitted, and what it must leave at the target. A scenario that is new to the host begins here: a line
//! in [`FLOWS`] is submitted, and judged by what its steps say.

/// A flow that submissions go through.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
}

/// A step, with what its operation leaves at the target.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) operation: &'static str,
    /// Behind the submission's key; together they name what the step leaves.
    pub(super) suffix: &'static str,
    pub(super) leaves: Leaves,
}

/// What a step that is done has left at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    Nothing,
    /// One effect: never more, whatever becomes of the step.
    One,
    /// At least one.
    AtLeastOne,
}

pub(super) const FLOWS: &[Flow] = &[
    Flow { name: "once", steps: &[Step { operation: "deliver-once", suffix: "", leaves: Leaves::One }] },
    Flow { name: "blind", steps: &[Step { operation: "deliver-blind", suffix: "", leaves: Leaves::One }] },
    Flow {
        name: "repeatable",
        steps: &[Step { operation: "deliver-repeatable", suffix: "", leaves: Leaves::AtLeastOne }],
    },
    Flow {
        name: "chain",
        steps: &[
            Step { operation: "look", suffix: "-first", leaves: Leaves::Nothing },
            Step { operation: "deliver-once", suffix: "-first", leaves: Leaves::One },
            Step { operation: "deliver-blind", suffix: "-second", leaves: Leaves::One },
        ],
    },
];

/// The time that one exchange may take: what hangs at the target costs an attempt no more.
const TIMEOUT_MS: u64 = 1000;

/// The connection to `target`, and every flow, as they are applied. Retries come fast, so that much happens between
/// two kills.
pub(super) fn configuration(target: &str) -> String {
    let connection = format!(
        r#"
[[connection]]
name = "target"
connector = "courier"
retry = {{ max_attempts = 12, base_ms = 20, cap_ms = 200 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{target}"
allow_plaintext = true
timeout_ms = {TIMEOUT_MS}
"#
    );
    FLOWS.iter().fold(connection, |text, flow| text + &flow.as_applied())
}

impl Flow {
    fn as_applied(&self) -> String {
        let head = format!(
            r#"
[[flow]]
name = "{}"
schema = '{{"type": "object", "required": ["key"], "properties": {{"key": {{"type": "string"}}}}}}'
"#,
            self.name
        );
        self.steps.iter().enumerate().fold(head, |text, (index, step)| text + &step.as_applied(index))
    }
}

impl Step {
    fn as_applied(&self, index: usize) -> String {
        let Self { operation, suffix, .. } = self;
        format!(
            r#"
[[flow.step]]
name = "step-{index}"
connection = "target"
operation = "{operation}"
input = {{ key = "{{{{ submission.key }}}}{suffix}" }}
"#
        )
    }
}
