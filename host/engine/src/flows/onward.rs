//! Where a run goes on: which steps are skipped, and what the first that is not begins with.

use sluse_model::{Digest, SkippedStep, Timestamp};

use super::CompiledFlow;
use crate::mapping::{MappingError, Scope};

/// Where a run goes on from one of its steps.
#[derive(Debug)]
pub(crate) struct Onward {
    /// The steps whose condition is false.
    pub(crate) skipped: Vec<SkippedStep>,
    /// The first one that is carried out; none when no other is left.
    pub(crate) step: Option<Computed>,
}

/// What a step begins with.
#[derive(Debug)]
pub(crate) struct Computed {
    pub(crate) index: usize,
    /// JSON text.
    pub(crate) input: Result<String, NotComputed>,
    /// Without an input it holds its key all the same: nobody overtakes what a person has to put right.
    pub(crate) ordering_key: Option<Digest>,
}

/// What cannot be computed of a step, and why.
#[derive(Debug)]
pub(crate) struct NotComputed {
    pub(crate) what: &'static str,
    pub(crate) error: MappingError,
}

impl CompiledFlow {
    /// Passes by the steps from `index` on whose condition is false. One that cannot be said to be true or false is
    /// carried out by a person.
    pub(crate) fn onward(&self, index: usize, scope: &Scope<'_>, now: Timestamp) -> Onward {
        let before = scope.skipped.len();
        let mut skipped = scope.skipped.to_vec();
        for index in index..self.flow.steps.len() {
            let scope = Scope { skipped: &skipped, ..*scope };
            match self.conditions[index].as_ref().map_or(Ok(true), |condition| condition.holds(&scope)) {
                Ok(false) => skipped.push(self.skipped(index, now)),
                Ok(true) => {
                    let step = Some(self.computed(index, &scope));
                    return Onward { skipped: skipped.split_off(before), step };
                }
                Err(error) => {
                    let input = Err(NotComputed { what: "condition", error });
                    let step = Some(Computed { input, ..self.computed(index, &scope) });
                    return Onward { skipped: skipped.split_off(before), step };
                }
            }
        }
        Onward { skipped: skipped.split_off(before), step: None }
    }

    /// What a step begins with, whatever its condition.
    pub(crate) fn computed(&self, index: usize, scope: &Scope<'_>) -> Computed {
        let not_computed = |what| move |error| NotComputed { what, error };
        let key = self.ordering_key(index, scope);
        let ordering_key = key.as_ref().ok().copied().flatten();
        let input = self.mappings[index].render(scope).map(|input| input.to_string());
        let input = key.map_err(not_computed("ordering key")).and_then(|_| input.map_err(not_computed("input")));
        Computed { index, input, ordering_key }
    }

    fn skipped(&self, index: usize, at: Timestamp) -> SkippedStep {
        let step = &self.flow.steps[index];
        let (when, step) = (step.when.clone().unwrap_or_default(), step.name.clone());
        SkippedStep { step_index: u32::try_from(index).unwrap_or(u32::MAX), step, when, at }
    }
}
