//! What mappings give, what they refuse, and what a hostile one cannot do.

mod bounds; // what a hostile one cannot do
mod conditions; // whether a step is carried out
mod faults; // what is refused when a flow is applied
mod filters; // each of ours, as a table
mod odd; // JSON that nobody would write down
mod rendering; // types, texts, names

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluse_model::{Attachment, Digest, Name, RunId, SkippedStep, Timestamp};

use super::{Mapping, MappingError, RunFacts, Scope};

/// A run with a submission, two attachments and one finished step.
struct World {
    submission: Value,
    attachments: Vec<Attachment>,
    steps: BTreeMap<Name, Value>,
    skipped: Vec<SkippedStep>,
    flow: Name,
}

impl World {
    fn new(submission: Value) -> Self {
        let attachment = |id: &str, name: &str, media_type: &str| Attachment {
            id: id.parse().expect("an id"),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size_bytes: 1234,
            digest: Digest::of(name),
        };
        let first = format!("{}{}", ATTACHMENT_PREFIX, "0".repeat(31) + "1");
        let second = format!("{}{}", ATTACHMENT_PREFIX, "0".repeat(31) + "2");
        Self {
            submission,
            attachments: vec![
                attachment(&first, "ansøgning.pdf", "application/pdf"),
                attachment(&second, "tegning.png", "image/png"),
            ],
            steps: [(name("open-case"), json!({"case_id": "67453", "created": true, "parties": [1, 2]}))].into(),
            skipped: Vec::new(),
            flow: name("building-permit"),
        }
    }

    fn render(&self, input: &Value) -> Result<Value, MappingError> {
        let mapping = Mapping::compile(input).expect("a mapping");
        self.scoped(|scope| mapping.render(scope))
    }

    fn scoped<T>(&self, look: impl FnOnce(&Scope<'_>) -> T) -> T {
        look(&Scope {
            submission: &self.submission,
            attachments: &self.attachments,
            steps: &self.steps,
            skipped: &self.skipped,
            run: RunFacts {
                id: format!("{RUN_PREFIX}{}", "0".repeat(32)).parse::<RunId>().expect("an id"),
                flow: &self.flow,
                accepted_at: Timestamp::from_millis(1_766_618_000_000),
                idempotency_key: Some("xflow-1"),
            },
        })
    }
}

const ATTACHMENT_PREFIX: &str = "att-";
const RUN_PREFIX: &str = "run-";

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// What an expression gives for a submission.
#[track_caller]
fn gives(submission: Value, expression: &str, expected: Value) {
    let rendered = World::new(submission).render(&json!({ "x": format!("{{{{ {expression} }}}}") }));
    assert_eq!(rendered, Ok(json!({ "x": expected })), "{expression}");
}

/// That an expression fails for a submission, with this in the message, and without quoting the submission.
#[track_caller]
fn fails(submission: Value, expression: &str, part: &str) {
    let error = World::new(submission.clone())
        .render(&json!({ "x": format!("{{{{ {expression} }}}}") }))
        .expect_err(expression);
    assert_eq!(error.path, "x");
    assert!(error.message.contains(part), "{expression}: {}", error.message);
    if let Some(secret) = submission.get("secret").and_then(Value::as_str) {
        assert!(!error.message.contains(secret), "{expression}: {}", error.message);
    }
}
