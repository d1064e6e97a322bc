//! Whose work it is when a step waits for a person, and who is told: rules that can fit, and notices that end.

use std::collections::BTreeMap;

use serde_json::json;
use sluse_model::{Flow, Name, OwnerNotice};

use super::{Catalog, all_flows, connection, flows::no_connection, no_flow};
use crate::{
    configuration::{
        Located, Parsed,
        finding::{Finding, Origin},
    },
    mapping::did_you_mean,
    notices,
    schema::Schema,
};

pub(super) fn check(located: &Located<Flow>, parsed: &Parsed, catalog: &Catalog<'_>, findings: &mut Vec<Finding>) {
    let flow = &located.value;
    for (index, rule) in flow.attention.iter().enumerate() {
        let origin = located.origin.at(&format!("attention[{index}]"));
        if let Some(step) = rule.step.as_ref().filter(|step| flow.steps.iter().all(|known| known.name != **step)) {
            let hint = did_you_mean(step.as_str(), flow.steps.iter().map(|known| known.name.as_str()));
            findings.push(origin.finding("step", format!("this flow has no step `{step}`{hint}")));
        }
        let Some(named) = &rule.connection else { continue };
        if connection(named, parsed, catalog).is_none() {
            findings.push(origin.finding("connection", no_connection(named, parsed, catalog)));
        } else if flow.steps.iter().all(|step| step.connection != *named) {
            let message = format!("no step of this flow uses `{named}`: this rule never fits");
            findings.push(origin.finding("connection", message));
        }
    }
    let flows = all_flows(parsed, catalog);
    if let Some(notice) = &flow.owner_notice {
        owner_notice(notice, &located.origin, &flows, findings);
        // Where both are applied together, it is told of the one that names the other.
        let stored = |other: &&&Flow| parsed.flows().all(|applied| applied.name != other.name);
        if let Some(named_by) = flows.values().filter(stored).find(|other| names(other, &flow.name)) {
            let message =
                format!("flow `{}` carries the notices of `{}`, and tells nobody itself", flow.name, named_by.name);
            findings.push(located.origin.finding("owner_notice", message));
        }
    }
}

fn names(flow: &Flow, notices: &Name) -> bool {
    flow.owner_notice.as_ref().is_some_and(|notice| notice.flow == *notices)
}

fn owner_notice(notice: &OwnerNotice, origin: &Origin, flows: &BTreeMap<&Name, &Flow>, findings: &mut Vec<Finding>) {
    if notice.when.is_empty() {
        let message = "the owner would never be told: leave out `when`, or write \"closed\" or \"attention\"";
        findings.push(origin.finding("owner_notice.when", message));
    }
    let Some(carrier) = flows.get(&notice.flow) else {
        findings.push(origin.finding("owner_notice.flow", no_flow(&notice.flow, flows)));
        return;
    };
    if carrier.owner_notice.is_some() {
        let message =
            format!("flow `{}` has an `owner_notice` of its own: what carries notices tells nobody", notice.flow);
        findings.push(origin.finding("owner_notice.flow", message));
        return;
    }
    // A schema that does not compile is told where it stands.
    let Ok(schema) = Schema::compile_value(&carrier.schema) else { return };
    for violation in schema.check(&json!(notices::sample())).err().unwrap_or_default() {
        let message = format!(
            "flow `{}` does not take notices: at `{}` its schema expects {}",
            notice.flow, violation.path, violation.expected
        );
        findings.push(origin.finding("owner_notice.flow", message));
    }
}
