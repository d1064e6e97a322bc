//! What expressions see: the submission, its attachments, the outputs of earlier steps, and the run.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use minijinja::value::Value;
use serde_json::json;
use sluse_model::{Attachment, Name, RunId, SkippedStep, Timestamp};

use super::{
    analysis::{Reference, Segment},
    condition::same_step,
    limits,
    skipped::skipped,
    value::{self, Printed},
};

type Json = serde_json::Value;

/// What the expressions of a step may look at.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub submission: &'a Json,
    /// Those of the run, in the order of the submission.
    pub attachments: &'a [Attachment],
    /// The outputs of the steps before, by name.
    pub steps: &'a BTreeMap<Name, Json>,
    /// The steps before that were skipped: they are undefined.
    pub skipped: &'a [SkippedStep],
    pub run: RunFacts<'a>,
}

/// What expressions see of the run: `run.id`, `run.flow`, `run.accepted_at` (RFC 3339, UTC) and `run.idempotency_key`
/// (null when the submission came without).
#[derive(Debug, Clone, Copy)]
pub struct RunFacts<'a> {
    pub id: RunId,
    pub flow: &'a Name,
    pub accepted_at: Timestamp,
    pub idempotency_key: Option<&'a str>,
}

/// A scope for one rendering. What expressions compute with is made when the first one asks for it.
pub(crate) struct Prepared<'a> {
    scope: &'a Scope<'a>,
    attachments: Json,
    run: Json,
    pub(crate) printed: Printed,
    values: RefCell<BTreeMap<String, Value>>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(scope: &'a Scope<'a>) -> Self {
        let attachments = scope.attachments.iter().map(|attachment| {
            json!({
                "id": attachment.id.to_string(),
                "name": attachment.name,
                "media_type": attachment.media_type,
                "size_bytes": attachment.size_bytes,
                "sha256": attachment.digest.to_string(),
            })
        });
        let run = json!({
            "id": scope.run.id.to_string(),
            "flow": scope.run.flow.as_str(),
            "accepted_at": scope.run.accepted_at.to_string(),
            "idempotency_key": scope.run.idempotency_key,
        });
        Self {
            scope,
            attachments: attachments.collect(),
            run,
            printed: Arc::new(AtomicBool::new(false)),
            values: RefCell::default(),
        }
    }

    /// What a reference points at; `None` when it is undefined.
    pub(crate) fn resolve(&self, reference: &Reference) -> Option<&Json> {
        let (root, segments) = self.root(reference)?;
        segments.iter().try_fold(root, |at, segment| match segment {
            Segment::Key(key) => at.as_object()?.get(key),
            Segment::Index(index) => at.as_array()?.get(*index),
        })
    }

    /// Where the path of a reference begins, and what is left of it.
    fn root<'r>(&self, reference: &'r Reference) -> Option<(&Json, &'r [Segment])> {
        let segments = reference.segments.as_slice();
        Some(match reference.variable.as_str() {
            "submission" => (self.scope.submission, segments),
            "attachments" => (&self.attachments, segments),
            "run" => (&self.run, segments),
            _ => (self.step(reference.step()?)?, &segments[1..]),
        })
    }

    fn step(&self, written: &str) -> Option<&Json> {
        self.scope.steps.get(written).or_else(|| self.scope.steps.get(written.replace('_', "-").as_str()))
    }

    fn was_skipped(&self, written: &str) -> bool {
        self.scope.skipped.iter().any(|skipped| same_step(written, skipped.step.as_str()))
    }

    /// The variables that an expression with these references needs.
    pub(crate) fn context(&self, references: &[Reference]) -> Result<Value, String> {
        let mut variables = BTreeMap::new();
        let mut steps = BTreeMap::new();
        for reference in references {
            if let Some(step) = reference.step().filter(|step| self.was_skipped(step)) {
                let of_step = references.iter().filter(|other| other.step() == Some(step));
                let places: Vec<_> = of_step.map(|other| &other.segments[1..]).collect();
                steps.insert(Arc::from(step), skipped(&places));
                continue;
            }
            let Some((root, _)) = self.root(reference) else { continue };
            match reference.step() {
                Some(step) => {
                    steps.insert(Arc::from(step), self.value(&format!("steps.{step}"), root)?);
                }
                None => {
                    variables.insert(Arc::from(reference.variable.as_str()), self.value(&reference.variable, root)?);
                }
            }
        }
        variables.insert(Arc::from("steps"), value::table(steps, &self.printed));
        Ok(value::table(variables, &self.printed))
    }

    fn value(&self, name: &str, json: &Json) -> Result<Value, String> {
        if let Some(value) = self.values.borrow().get(name) {
            return Ok(value.clone());
        }
        let mut nodes = limits::MAX_SCOPE_NODES;
        let value = value::from_json(json, &self.printed, &mut nodes, 0).map_err(|why| format!("`{name}`: {why}"))?;
        self.values.borrow_mut().insert(name.to_owned(), value.clone());
        Ok(value)
    }
}
