//! The example's submission, under a reference of its own for each run, and what it becomes at the target.

use super::EXAMPLE;
use crate::demo::example;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use toml::Table;

/// What every submission carries: the form as PDF, and its annexes.
pub(super) const ATTACHMENTS: [&str; 3] = ["ansoegning.pdf", "situationsplan.pdf", "tegning.png"];

/// A submission of the example, under a reference of its own.
pub(super) struct Submission {
    pub(super) file: PathBuf,
    /// What the target knows the case by.
    pub(super) reference: String,
}

/// The example's submission as the `number`th one, counted from 0. The first is the example itself.
pub(super) fn submission(folder: &Path, number: u64) -> Result<Submission> {
    let mut submission: Value = serde_json::from_str(&example::read(EXAMPLE, "submission.json")?)?;
    let reference = submission["reference"].as_str().context("the example's submission has no `reference`")?;
    let reference = later(reference, number)?;
    submission["reference"] = reference.clone().into();
    let name = format!("submission-{}.json", number + 1);
    let file = example::write(folder, &name, &serde_json::to_string_pretty(&submission)?)?;
    Ok(Submission { file, reference })
}

/// `XF-2026-004711` and the numbers after it, in as many digits.
fn later(reference: &str, number: u64) -> Result<String> {
    let (kept, digits) = reference.rsplit_once('-').context("the example's reference does not end in a number")?;
    let first: u64 = digits.parse().context("the example's reference does not end in a number")?;
    Ok(format!("{kept}-{:0width$}", first + number, width = digits.len()))
}

/// How much of each kind one submission becomes at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) parties: u64,
    pub(super) documents: u64,
    pub(super) custom_tabs: u64,
}

/// What the example's flow makes of a submission with these attachments.
pub(super) fn expected() -> Result<Expected> {
    count(&example::read(EXAMPLE, "flow.toml")?).context("examples/building-permit/flow.toml")
}

fn count(flow: &str) -> Result<Expected> {
    let table: Table = toml::from_str(flow)?;
    let mut expected = Expected { parties: 0, documents: 0, custom_tabs: 0 };
    let entries = |value: Option<&toml::Value>| value.and_then(toml::Value::as_array).cloned().unwrap_or_default();
    for flow in entries(table.get("flow")) {
        for step in entries(flow.get("step")) {
            match step.get("operation").and_then(toml::Value::as_str) {
                Some("add-parties") => {
                    let parties = step.get("input").and_then(|input| input.get("parties"));
                    expected.parties += entries(parties).len() as u64;
                }
                Some("add-documents") => expected.documents += ATTACHMENTS.len() as u64,
                Some("add-custom-tab") => expected.custom_tabs += 1,
                _ => {}
            }
        }
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_count_on_in_as_many_digits() {
        assert_eq!(later("XF-2026-004711", 0).unwrap(), "XF-2026-004711");
        assert_eq!(later("XF-2026-004799", 1).unwrap(), "XF-2026-004800");
        assert!(later("no number", 1).is_err());
    }

    #[test]
    fn what_a_submission_becomes_is_read_from_the_flow() {
        let flow = r#"
            [[flow]]
            name = "one"
            [[flow.step]]
            operation = "create-or-find-case"
            [[flow.step]]
            operation = "add-parties"
            [[flow.step.input.parties]]
            id = "1"
            [[flow.step.input.parties]]
            id = "2"
            [[flow.step]]
            operation = "add-documents"
            [[flow.step]]
            operation = "add-custom-tab"
        "#;
        let documents = ATTACHMENTS.len() as u64;
        assert_eq!(count(flow).unwrap(), Expected { parties: 2, documents, custom_tabs: 1 });
    }

    #[test]
    fn the_example_can_be_shown() {
        let expected = expected().unwrap();
        assert!(expected.parties > 0 && expected.documents > 0 && expected.custom_tabs > 0, "{expected:?}");
        for name in ATTACHMENTS {
            assert!(example::file(EXAMPLE, name).is_file(), "{name}");
        }
    }
}
