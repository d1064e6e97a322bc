//! A flow against the connections it uses and what their connectors can do.

use std::collections::BTreeMap;

use serde_json::Value;
use sluse_model::{Description, Flow, Name, Step};

use super::{
    Catalog, connection,
    shapes::{excluded, pointer_to_path},
};
use crate::{
    configuration::{
        Located, Parsed,
        finding::{Finding, Origin},
    },
    mapping::{Condition, Mapping, Reference, did_you_mean},
    schema::{Schema, Violation},
};

/// A run is read by people.
const MAX_STEPS: usize = 100;

/// What is known of the steps before.
type Outputs = BTreeMap<Name, Option<Value>>;

pub(super) fn check(located: &Located<Flow>, parsed: &Parsed, catalog: &Catalog<'_>, findings: &mut Vec<Finding>) {
    let flow = &located.value;
    let origin = &located.origin;
    if let Err(fault) = Schema::compile_value(&flow.schema) {
        findings.push(origin.finding("schema", fault.message));
    }
    if flow.max_attachment_bytes == 0 {
        findings.push(origin.finding("max_attachment_bytes", "it is at least 1; leave it out for the usual size"));
    }
    if flow.steps.is_empty() {
        findings.push(origin.finding("", "a flow has at least one step: write `[[flow.step]]`"));
    }
    if flow.steps.len() > MAX_STEPS {
        findings.push(origin.finding("step", format!("a flow has at most {MAX_STEPS} steps")));
        return;
    }
    let conditions: Vec<_> = flow.steps.iter().map(condition).collect();
    let mut outputs = Outputs::new();
    for (index, step) in flow.steps.iter().enumerate() {
        let origin = origin.at(&format!("step[{index}]"));
        if outputs.contains_key(&step.name) {
            findings.push(origin.finding("name", format!("there is already a step `{}` in this flow", step.name)));
        }
        let description = describe(step, &origin, parsed, catalog, findings);
        let operation = description.and_then(|description| description.operation(step.operation.as_str()));
        if let Some(description) = description.filter(|_| operation.is_none()) {
            findings.push(origin.finding("operation", no_operation(step, description)));
        }
        let before = Before { flow, index, outputs: &outputs, condition: conditions[index].as_ref() };
        when(&before, &origin, findings);
        order(&before, (&located.origin, &origin), findings);
        if let Some(mapping) = mapping(("input", &step.input), &origin, findings) {
            references("input", mapping.references(), &before, &origin, findings);
            if let Some(operation) = operation {
                input(step, &mapping, &operation.input_schema, &origin, findings);
            }
        }
        let output = operation.and_then(|operation| serde_json::from_str(&operation.output_schema).ok());
        outputs.entry(step.name.clone()).or_insert(output);
    }
}

/// What a step knows of those before it.
struct Before<'a> {
    flow: &'a Flow,
    /// The place of the step.
    index: usize,
    outputs: &'a Outputs,
    /// The step's own condition, if it has one that can be read.
    condition: Option<&'a Condition>,
}

impl Before<'_> {
    fn step(&self) -> &Step {
        &self.flow.steps[self.index]
    }

    /// Whether a step has been carried out whenever this one is: it has no condition, or the same one, or this one's says
    /// so.
    fn is_certain(&self, earlier: &Name) -> bool {
        let of = |step: &Step| step.when.as_deref().map(|when| when.trim().to_owned());
        let earlier_when = self.flow.steps.iter().find(|step| step.name == *earlier).and_then(of);
        earlier_when.is_none()
            || earlier_when == of(self.step())
            || self.condition.is_some_and(|condition| condition.ensures(earlier.as_str()))
    }
}

/// A step's condition, unless it has none or what is wrong with it is told where it is looked at.
fn condition(step: &Step) -> Option<Condition> {
    Condition::compile(step.when.as_deref()?).ok()
}

/// Whether a condition can be read, and what it reads be there.
fn when(before: &Before<'_>, origin: &Origin, findings: &mut Vec<Finding>) {
    let Some(written) = &before.step().when else { return };
    match Condition::compile(written) {
        Ok(condition) => {
            // Of itself it says nothing: in `a and b`, what `a` ensures is known to `b` already.
            let before = Before { condition: None, ..*before };
            references("when", condition.references(), &before, origin, findings);
        }
        Err(fault) => findings.push(origin.finding_in_text("when", fault.line, fault.message)),
    }
}

/// What the connector of a step's connection says of itself.
fn describe<'c>(
    step: &Step,
    origin: &Origin,
    parsed: &'c Parsed,
    catalog: &'c Catalog<'_>,
    findings: &mut Vec<Finding>,
) -> Option<&'c Description> {
    let Some(connection) = connection(&step.connection, parsed, catalog) else {
        findings.push(origin.finding("connection", no_connection(&step.connection, parsed, catalog)));
        return None;
    };
    // A missing connector is told where the connection stands.
    catalog.connectors.get(&connection.connector)
}

pub(super) fn no_connection(name: &Name, parsed: &Parsed, catalog: &Catalog<'_>) -> String {
    let known = parsed.connections().map(|connection| &connection.name).chain(catalog.connections.keys());
    let hint = did_you_mean(name.as_str(), known.map(Name::as_str));
    format!("there is no connection `{name}`{hint}: apply its file, before or together with this one")
}

fn no_operation(step: &Step, description: &Description) -> String {
    let names: Vec<&str> = description.operations.iter().map(|operation| operation.name.as_str()).collect();
    let hint = did_you_mean(step.operation.as_str(), names.iter().copied());
    format!("`{}` cannot do `{}`{hint}: it has {}", description.name, step.operation, names.join(", "))
}

/// Whether an ordering key can be made. The flow's own is looked at with its first step: later ones know more.
fn order(before: &Before<'_>, (of_flow, of_step): (&Origin, &Origin), findings: &mut Vec<Finding>) {
    let own = before.step().order_by.as_ref().map(|text| (text, of_step));
    let shared = before.flow.order_by.as_ref().filter(|_| before.index == 0).map(|text| (text, of_flow));
    for (text, origin) in own.into_iter().chain(shared) {
        if let Some(mapping) = mapping(("order_by", &Value::String(text.clone())), origin, findings) {
            references("order_by", mapping.references(), before, origin, findings);
        }
    }
}

fn mapping((key, written): (&str, &Value), origin: &Origin, findings: &mut Vec<Finding>) -> Option<Mapping> {
    Mapping::compile_all(written)
        .map_err(|faults| {
            for fault in faults {
                findings.push(origin.finding_in_text(&below(key, &fault.path), fault.line, fault.message));
            }
        })
        .ok()
}

/// Whether everything that is read can be there.
fn references(key: &str, references: &[Reference], before: &Before<'_>, origin: &Origin, findings: &mut Vec<Finding>) {
    for reference in references {
        let fault = match reference.variable.as_str() {
            "submission" => excluded(&before.flow.schema, &reference.segments)
                .map(|why| format!("`{reference}` is undefined: the flow's schema {why}")),
            "steps" => step_reference(reference, before),
            "run" => run_reference(reference),
            _ => None,
        };
        if let Some(message) = fault {
            findings.push(origin.finding_in_text(&below(key, &reference.path), reference.line, message));
        }
    }
}

fn step_reference(reference: &Reference, before: &Before<'_>) -> Option<String> {
    let Before { flow, index, outputs, .. } = *before;
    let written = reference.step()?;
    let name = written.replace('_', "-");
    let is_written = |step: &Name| step.as_str() == written || step.as_str() == name;
    if let Some((step, output)) = outputs.iter().find(|(step, _)| is_written(step)) {
        if !reference.guarded && !before.is_certain(step) {
            return Some(format!(
                "`{reference}` may be undefined: the step `{step}` is skipped when its condition is false. Say what \
                 holds then (`| default(…)`, `| optional`), or carry this step out only after that one \
                 (`when = \"{{{{ steps.{written} is defined }}}}\"`)"
            ));
        }
        let why = excluded(output.as_ref()?, &reference.segments[1..])?;
        return Some(format!("`{reference}` is undefined: the output of `{step}` {why}"));
    }
    let step = &flow.steps[index].name;
    if is_written(step) {
        return Some(format!("`{reference}` is undefined: it is the output of this very step"));
    }
    if flow.steps[index..].iter().any(|later| is_written(&later.name)) {
        return Some(format!("`{reference}` is undefined: the step `{name}` comes after `{step}`"));
    }
    let hint = did_you_mean(&name, outputs.keys().map(Name::as_str));
    Some(format!("`{reference}` is undefined: no step before `{step}` is called `{name}`{hint}"))
}

fn run_reference(reference: &Reference) -> Option<String> {
    const FACTS: [&str; 4] = ["id", "flow", "accepted_at", "idempotency_key"];
    match reference.segments.first() {
        Some(crate::mapping::Segment::Key(key)) if !FACTS.contains(&key.as_str()) => {
            Some(format!("`{reference}` is undefined{}: `run` has {}", did_you_mean(key, FACTS), FACTS.join(", ")))
        }
        _ => None,
    }
}

/// What of an input is wrong whatever the submission holds.
fn input(step: &Step, mapping: &Mapping, schema: &str, origin: &Origin, findings: &mut Vec<Finding>) {
    let schema = match Schema::compile(schema) {
        Ok(schema) => schema,
        Err(fault) => {
            let message = format!("the input schema of `{}` is broken: {fault}", step.operation);
            return findings.push(origin.finding("operation", message));
        }
    };
    for violation in schema.check(&step.input).err().unwrap_or_default() {
        let path = pointer_to_path("", &violation.path);
        if is_certain(&violation, &path, mapping.holes()) {
            let message = format!("`{}` expects {}", step.operation, violation.expected);
            findings.push(origin.finding(&below("input", &path), message));
        }
    }
}

/// Whether a violation stays when the expressions get their values.
fn is_certain(violation: &Violation, path: &str, holes: &[String]) -> bool {
    let holds_hole = holes.iter().any(|hole| is_at_or_below(hole, path));
    let is_hole = holes.iter().any(|hole| hole == path);
    let names_only = matches!(violation.keyword.as_str(), "required" | "additionalProperties" | "type");
    !holds_hole || (!is_hole && names_only && !violation.conditional)
}

/// Whether `inner` is `outer` or a place in it.
fn is_at_or_below(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

fn below(base: &str, path: &str) -> String {
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{base}{dot}{path}")
}
