//! A `[[flow]]` with its `[[flow.step]]`s.

use serde_json::{Value, json};
use sluse_model::{AttentionRule, Flow, NoticeOccasion, OnFailure, OwnerNotice, Reason, Step};

use super::{
    document::{Content, Node},
    finding::{Finding, Origin},
    reader::Reader,
};
use crate::mapping::did_you_mean;

/// Reads a flow. `None` when what is there is not enough to make one; there are findings then.
pub(crate) fn read(node: &Node, origin: &Origin, path: &str, findings: &mut Vec<Finding>) -> Option<Flow> {
    let mut reader = Reader::new(node, origin, path, findings)?;
    let name = reader.name("name");
    let title = reader.optional_text("title").unwrap_or_default().to_owned();
    let schema = schema(&mut reader);
    let max_attachment_bytes = reader.number("max_attachment_bytes");
    let min_attachments = reader.number("min_attachments");
    let order_by = reader.optional_text("order_by").map(str::to_owned);
    let attention = reader.list("attention").iter().enumerate();
    let attention =
        attention.map(|(index, node)| reader.child_at(&format!("attention[{index}]"), node).and_then(attention_rule));
    let attention: Option<Vec<_>> = attention.collect();
    let owner_notice = match reader.get("owner_notice") {
        Some(node) => reader.child("owner_notice", node).and_then(owner_notice).map(Some),
        None => Some(None),
    };
    let on_failure = match reader.get("on_failure") {
        Some(node) => reader.child("on_failure", node).and_then(on_failure).map(Some),
        None => Some(None),
    };
    let mut steps = Vec::new();
    let mut complete = true;
    for (index, node) in reader.list("step").iter().enumerate() {
        let step = reader.child_at(&format!("step[{index}]"), node).and_then(step);
        complete &= step.is_some();
        steps.extend(step);
    }
    reader.finish();
    if !complete {
        return None;
    }
    let name = name?;
    let mut flow: Flow = serde_json::from_value(json!({ "name": name.as_str(), "schema": schema?, "steps": [] }))
        .expect("everything else has a default");
    flow.title = title;
    flow.order_by = order_by;
    flow.attention = attention?;
    flow.owner_notice = owner_notice?;
    flow.on_failure = on_failure?;
    flow.steps = steps;
    flow.max_attachment_bytes = max_attachment_bytes.unwrap_or(flow.max_attachment_bytes);
    flow.min_attachments = min_attachments.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX));
    Some(flow)
}

/// `[[flow.attention]]`.
fn attention_rule(mut reader: Reader<'_, '_>) -> Option<AttentionRule> {
    let reason =
        reader.optional_text("reason").map(|text| one_of(&mut reader, "reason", text, Reason::ALL, Reason::as_str));
    let (connection, step) = (reader.optional_name("connection"), reader.optional_name("step"));
    let queue = reader.name("queue");
    reader.finish();
    let reason = match reason {
        Some(known) => Some(known?),
        None => None,
    };
    Some(AttentionRule { reason, connection, step, queue: queue? })
}

/// `[flow.owner_notice]`.
fn owner_notice(mut reader: Reader<'_, '_>) -> Option<OwnerNotice> {
    let (flow, when) = (reader.name("flow"), occasions(&mut reader));
    reader.finish();
    let notice: OwnerNotice =
        serde_json::from_value(json!({ "flow": flow?.as_str() })).expect("the occasions have a default");
    Some(match when {
        Some(when) => OwnerNotice { when: when?, ..notice },
        None => notice,
    })
}

/// `[flow.on_failure]`.
fn on_failure(mut reader: Reader<'_, '_>) -> Option<OnFailure> {
    let (flow, when) = (reader.name("flow"), occasions(&mut reader));
    let resolves = reader.get("resolves").is_none() || reader.flag("resolves");
    reader.finish();
    let usual: OnFailure =
        serde_json::from_value(json!({ "flow": flow?.as_str() })).expect("everything else has a default");
    let when = match when {
        Some(when) => when?,
        None => usual.when,
    };
    Some(OnFailure { when, resolves, ..usual })
}

/// `when`, if it is there; the inner nothing when it has an unknown word.
fn occasions(reader: &mut Reader<'_, '_>) -> Option<Option<Vec<NoticeOccasion>>> {
    let texts = reader.optional_texts("when")?;
    let known =
        texts.into_iter().map(|(key, text)| one_of(reader, &key, text, NoticeOccasion::ALL, NoticeOccasion::as_str));
    Some(known.collect())
}

/// One of a few words.
fn one_of<T: Copy, const N: usize>(
    reader: &mut Reader<'_, '_>,
    key: &str,
    text: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Option<T> {
    let known = all.into_iter().find(|one| name(*one) == text);
    if known.is_none() {
        let names = all.map(name);
        let hint = did_you_mean(text, names);
        reader.refuse_at(key, format!("`{text}` is unknown here{hint}: there are {}", names.join(", ")));
    }
    known
}

/// A table, or JSON text, or `true` for "anything".
fn schema(reader: &mut Reader<'_, '_>) -> Option<Value> {
    let Some(node) = reader.get("schema") else {
        reader.missing("schema");
        return None;
    };
    match &node.value {
        Content::Text(text) => match serde_json::from_str(text) {
            Ok(schema) => Some(schema),
            Err(error) => {
                let line = u32::try_from(error.line()).unwrap_or(1);
                reader.refuse_in_text("schema", line, format!("the schema is no JSON: {error}"));
                None
            }
        },
        Content::Table(_) => reader.json("schema", node),
        Content::Bool(bool) => Some(Value::Bool(*bool)),
        _ => {
            reader.refuse("schema", "a JSON Schema is needed here: a table, or JSON text in three quotes");
            None
        }
    }
}

fn step(mut reader: Reader<'_, '_>) -> Option<Step> {
    let name = reader.name("name");
    let title = reader.optional_text("title").unwrap_or_default().to_owned();
    let connection = reader.name("connection");
    let operation = reader.name("operation");
    let when = reader.optional_text("when").map(str::to_owned);
    let order_by = reader.optional_text("order_by").map(str::to_owned);
    let input = Value::Object(reader.json_table("input"));
    reader.finish();
    Some(Step { name: name?, title, connection: connection?, operation: operation?, when, order_by, input })
}
