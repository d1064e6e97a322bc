//! What is submitted, and what it must leave at the target. A scenario that is new to the host begins here: a line
//! in [`FLOWS`] is submitted, and judged by what its steps say.

use std::path::Path;

/// A flow that submissions go through.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
    /// What it leaves at the target once it has succeeded, in this order: what names it behind the submission's key.
    pub(super) leaves: &'static [(&'static str, Leaves)],
    /// A file comes with each submission.
    pub(super) has_file: bool,
    pub(super) ends: Ends,
    /// Somebody calls its operation and waits, instead of submitting.
    pub(super) is_called: bool,
}

/// How a flow ends when nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Succeeded,
    /// Its last step is refused, and a run of [`INSTEAD`] stands for it.
    StoodFor,
}

/// What most flows are like.
const PLAIN: Flow =
    Flow { name: "", steps: &[], leaves: &[], has_file: false, ends: Ends::Succeeded, is_called: false };

/// A step of a flow.
#[derive(Debug)]
pub(super) struct Step {
    operation: &'static str,
    /// Behind the submission's key.
    suffix: &'static str,
    /// The condition on which it is carried out.
    when: Option<&'static str>,
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

/// The operation that is always refused.
pub(super) const REFUSE: &str = "refuse";

/// What a step leaves that is passed by: nothing of this name may ever happen.
const NEVER: &str = "-never";

/// What a run leaves that stands for one that has failed.
const INSTEAD_SUFFIX: &str = "-instead";

const fn step(operation: &'static str, suffix: &'static str) -> Step {
    Step { operation, suffix, when: None }
}

const fn step_when(when: &'static str, operation: &'static str, suffix: &'static str) -> Step {
    Step { operation, suffix, when: Some(when) }
}

pub(super) const FLOWS: &[Flow] = &[
    Flow { name: "once", steps: &[step("deliver-once", "")], leaves: &[("", Leaves::One)], ..PLAIN },
    Flow { name: "blind", steps: &[step(BLIND, "")], leaves: &[("", Leaves::One)], ..PLAIN },
    Flow { name: "repeatable", steps: &[step("deliver-repeatable", "")], leaves: &[("", Leaves::AtLeastOne)], ..PLAIN },
    Flow {
        name: "chain",
        steps: &[step("look", "-first"), step("deliver-once", "-first"), step(BLIND, "-second")],
        leaves: &[("-first", Leaves::One), ("-second", Leaves::One)],
        ..PLAIN
    },
    Flow {
        name: "told",
        steps: &[step("deliver-and-wait", "")],
        leaves: &[("", Leaves::One), ("-told", Leaves::One)],
        ..PLAIN
    },
    Flow {
        name: "file",
        steps: &[step("deliver-file", "")],
        leaves: &[("", Leaves::AtLeastOne)],
        has_file: true,
        ..PLAIN
    },
    Flow { name: "published", steps: &[step("publish", "")], leaves: &[("", Leaves::One)], ..PLAIN },
    Flow { name: "numbered", steps: &[step("deliver-numbered", "")], leaves: &[("", Leaves::AtLeastOne)], ..PLAIN },
    Flow {
        name: "forked",
        steps: &[
            step("deliver-once", "-first"),
            step_when("{{ not steps['step-0'].there }}", "deliver-once", NEVER),
            step_when("{{ steps['step-0'].there }}", "deliver-once", "-second"),
        ],
        leaves: &[("-first", Leaves::One), ("-second", Leaves::One)],
        ..PLAIN
    },
    Flow {
        name: "refused",
        steps: &[step("look", ""), step(REFUSE, "")],
        leaves: &[(INSTEAD_SUFFIX, Leaves::One)],
        ends: Ends::StoodFor,
        ..PLAIN
    },
    CALL,
];

/// The host's own flow for what somebody calls. Its one operation is the whole of it.
pub(super) const CALL: Flow =
    Flow { name: "call", steps: &[step("deliver-once", "")], leaves: &[("", Leaves::One)], is_called: true, ..PLAIN };

/// What is started when a run of a flow fails whose end is to be [`Ends::StoodFor`].
pub(super) const INSTEAD: &str = "instead";

/// What names, at the target, what a run leaves that stands for the one of this key.
pub(super) fn instead_of(key: &str) -> String {
    format!("{key}{INSTEAD_SUFFIX}")
}

/// What is known of the sequence that numbers come from: the first one.
pub(super) const FIRST_NUMBER: u64 = 1;

/// The file that comes with a submission of this key. Longer than a piece that is read at once from a socket.
pub(super) fn file_of(key: &str) -> Vec<u8> {
    format!("the file of {key}\n").repeat(1000).into_bytes()
}

/// The time that one exchange may take: what hangs at the target costs an attempt no more.
const TIMEOUT_MS: u64 = 1000;

/// How often a delivery is tried.
pub(super) const MAX_ATTEMPTS: u64 = 12;

/// The connection to `target` with the folder `out`, and every flow, as they are applied. Retries come fast, so that much happens between
/// two kills.
pub(super) fn configuration(target: &str, out: &Path) -> String {
    let out = out.display();
    let connection = format!(
        r#"
[[connection]]
name = "target"
connector = "courier"
retry = {{ max_attempts = {MAX_ATTEMPTS}, base_ms = 20, cap_ms = 200 }}
[connection.endpoints.default]
url = "{target}"
allow_plaintext = true
timeout_ms = {TIMEOUT_MS}
[connection.grant]
cidrs = ["127.0.0.0/8"]
[connection.grant.folders.out]
path = "{out}"
[connection.sequences.parcels]
first = {FIRST_NUMBER}
last = 99999999
"#
    );
    let submitted = FLOWS.iter().filter(|flow| !flow.is_called);
    let applied = submitted.fold(connection, |text, flow| text + &flow.as_applied());
    applied + &PARCEL.as_applied() + &instead_as_applied() + SCHEDULE
}

/// What a parcel goes through: found by a poll, and nobody hands it in. Blind, so that a second run would be seen.
pub(super) const PARCEL: Flow =
    Flow { name: "parcel", steps: &[step(BLIND, "")], leaves: &[("", Leaves::One)], ..PLAIN };

fn instead_as_applied() -> String {
    format!(
        r#"
[[flow]]
name = "{INSTEAD}"
schema = true
[[flow.step]]
name = "step-0"
connection = "target"
operation = "deliver-once"
input = {{ key = "{{{{ submission.submission.key }}}}{INSTEAD_SUFFIX}" }}
"#
    )
}

const SCHEDULE: &str = r#"
[[schedule]]
name = "parcels"
every = "1s"
connection = "target"
feed = "parcels"
flow = "parcel"
"#;

impl Flow {
    /// The flow of this name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        FLOWS.iter().chain([&PARCEL]).find(|flow| flow.name == name)
    }

    /// Whether a run of it stands as it should.
    pub(super) fn has_ended_well(&self, state: &str) -> bool {
        match self.ends {
            Ends::Succeeded => state == "succeeded",
            Ends::StoodFor => state == "failed",
        }
    }

    /// The operation of a flow that somebody calls.
    pub(super) fn called(&self) -> Option<&'static str> {
        self.steps.first().filter(|_| self.is_called).map(|step| step.operation)
    }

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
        let head = match self.ends {
            Ends::Succeeded => head,
            Ends::StoodFor => format!("{head}[flow.on_failure]\nflow = \"{INSTEAD}\"\n"),
        };
        self.steps.iter().enumerate().fold(head, |text, (index, step)| text + &step.as_applied(index))
    }
}

impl Step {
    fn as_applied(&self, index: usize) -> String {
        let Self { operation, suffix, when } = self;
        let when = when.map(|when| format!("when = \"{when}\"\n")).unwrap_or_default();
        format!(
            r#"
[[flow.step]]
name = "step-{index}"
{when}connection = "target"
operation = "{operation}"
input = {{ key = "{{{{ submission.key }}}}{suffix}" }}
"#
        )
    }
}
