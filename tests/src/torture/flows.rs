//! What is submitted, and what it must leave at the target. A scenario that is new to the host begins here: a line
//! in [`FLOWS`] is submitted, and judged by what its steps say.

/// A flow that submissions go through.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
    /// What it leaves at the target once it has succeeded, in this order: what names it behind the submission's key.
    pub(super) leaves: &'static [(&'static str, Leaves)],
    /// A file comes with each submission.
    pub(super) has_file: bool,
}

/// A step of a flow.
#[derive(Debug)]
pub(super) struct Step {
    operation: &'static str,
    /// Behind the submission's key.
    suffix: &'static str,
}

/// How often something is left at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaves {
    /// One effect: never more, whatever becomes of the step.
    One,
    /// At least one.
    AtLeastOne,
}

/// The one operation that has no way to find out what became of a message.
pub(super) const BLIND: &str = "deliver-blind";

const fn step(operation: &'static str, suffix: &'static str) -> Step {
    Step { operation, suffix }
}

pub(super) const FLOWS: &[Flow] = &[
    Flow { name: "once", steps: &[step("deliver-once", "")], leaves: &[("", Leaves::One)], has_file: false },
    Flow { name: "blind", steps: &[step(BLIND, "")], leaves: &[("", Leaves::One)], has_file: false },
    Flow {
        name: "repeatable",
        steps: &[step("deliver-repeatable", "")],
        leaves: &[("", Leaves::AtLeastOne)],
        has_file: false,
    },
    Flow {
        name: "chain",
        steps: &[step("look", "-first"), step("deliver-once", "-first"), step(BLIND, "-second")],
        leaves: &[("-first", Leaves::One), ("-second", Leaves::One)],
        has_file: false,
    },
    Flow {
        name: "told",
        steps: &[step("deliver-and-wait", "")],
        leaves: &[("", Leaves::One), ("-told", Leaves::One)],
        has_file: false,
    },
    Flow { name: "file", steps: &[step("deliver-file", "")], leaves: &[("", Leaves::AtLeastOne)], has_file: true },
];

/// The file that comes with a submission of this key. Longer than a piece that is read at once from a socket.
pub(super) fn file_of(key: &str) -> Vec<u8> {
    format!("the file of {key}\n").repeat(1000).into_bytes()
}

/// The time that one exchange may take: what hangs at the target costs an attempt no more.
const TIMEOUT_MS: u64 = 1000;

/// How often a delivery is tried.
pub(super) const MAX_ATTEMPTS: u64 = 12;

/// The connection to `target`, and every flow, as they are applied. Retries come fast, so that much happens between
/// two kills.
pub(super) fn configuration(target: &str) -> String {
    let connection = format!(
        r#"
[[connection]]
name = "target"
connector = "courier"
retry = {{ max_attempts = {MAX_ATTEMPTS}, base_ms = 20, cap_ms = 200 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{target}"
allow_plaintext = true
timeout_ms = {TIMEOUT_MS}
"#
    );
    let applied = FLOWS.iter().fold(connection, |text, flow| text + &flow.as_applied());
    applied + &PARCEL.as_applied() + SCHEDULE
}

/// What a parcel goes through: found by a poll, and nobody hands it in. Blind, so that a second run would be seen.
pub(super) const PARCEL: Flow =
    Flow { name: "parcel", steps: &[step(BLIND, "")], leaves: &[("", Leaves::One)], has_file: false };

const SCHEDULE: &str = r#"
[[schedule]]
name = "parcels"
every = "1s"
connection = "target"
feed = "parcels"
flow = "parcel"
"#;

impl Flow {
    /// Whether each of its steps can find out what became of what it sent.
    pub(super) fn can_look(&self) -> bool {
        self.steps.iter().all(|step| step.operation != BLIND)
    }

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
        let Self { operation, suffix } = self;
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
