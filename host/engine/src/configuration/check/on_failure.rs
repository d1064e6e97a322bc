//! What is started for a run that fails: a flow that is there, that takes it, does something, and starts nothing itself.

use std::collections::BTreeMap;

use sluse_model::{Flow, Name, OnFailure};

use super::{Catalog, all_flows, no_flow};
use crate::{
    configuration::{Located, Parsed, finding::Finding},
    failures,
    schema::Schema,
};

pub(super) fn check(located: &Located<Flow>, parsed: &Parsed, catalog: &Catalog<'_>, findings: &mut Vec<Finding>) {
    let flow = &located.value;
    let Some(on_failure) = &flow.on_failure else { return };
    let flows = all_flows(parsed, catalog);
    let mut refuse = |path: &str, message: String| findings.push(located.origin.finding(path, message));
    if on_failure.when.is_empty() {
        let message = "nothing would ever be started: leave out `when`, or write \"attention\" or \"closed\"";
        refuse("on_failure.when", message.to_owned());
    }
    handler(on_failure, &flows, &mut refuse);
    // Where both are applied together, it is told of the one that names the other.
    let is_stored = |other: &&&Flow| parsed.flows().all(|applied| applied.name != other.name);
    let names = |other: &&&Flow| other.on_failure.as_ref().is_some_and(|on_failure| on_failure.flow == flow.name);
    if let Some(named_by) = flows.values().filter(is_stored).find(names) {
        let message = format!(
            "flow `{}` is started for failures of `{}`, and nothing is started for its own",
            flow.name, named_by.name
        );
        refuse("on_failure", message);
    }
}

fn handler(on_failure: &OnFailure, flows: &BTreeMap<&Name, &Flow>, refuse: &mut impl FnMut(&str, String)) {
    let name = &on_failure.flow;
    let Some(handler) = flows.get(name) else { return refuse("on_failure.flow", no_flow(name, flows)) };
    if handler.on_failure.is_some() {
        let message = format!(
            "flow `{name}` has an `on_failure` of its own: for what is started for a failure, nothing more is started"
        );
        return refuse("on_failure.flow", message);
    }
    if !handler.steps.is_empty() && handler.steps.iter().all(|step| step.when.is_some()) {
        let message = format!(
            "every step of flow `{name}` has a condition: when all are false, a failure would count as handled without \
             anything done"
        );
        refuse("on_failure.flow", message);
    }
    // A schema that does not compile is told where it stands.
    let Ok(schema) = Schema::compile_value(&handler.schema) else { return };
    for violation in schema.check(&failures::sample()).err().unwrap_or_default() {
        // What was submitted may be anything.
        if violation.path.starts_with(failures::SUBMITTED) {
            continue;
        }
        let message = format!(
            "flow `{name}` does not take failures: at `{}` its schema expects {}",
            violation.path, violation.expected
        );
        refuse("on_failure.flow", message);
    }
}
