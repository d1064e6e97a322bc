//! The examples that ship: they are read, and what is submitted becomes what their steps need.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluse_model::{Attachment, Digest, Timestamp};

use super::{file, name, parsed};
use crate::{
    mapping::{Mapping, RunFacts, Scope},
    notices,
    schema::Schema,
};

const CONNECTION: &str = include_str!("../../../../../examples/building-permit/connection.toml");
const FLOW: &str = include_str!("../../../../../examples/building-permit/flow.toml");
const OWNER_CONNECTION: &str = include_str!("../../../../../examples/owner-notice/connection.toml");
const OWNER_FLOW: &str = include_str!("../../../../../examples/owner-notice/flow.toml");
const SUBMISSION: &str = include_str!("../../../../../examples/building-permit/submission.json");

fn attachments() -> Vec<Attachment> {
    let files = [
        ("ansoegning.pdf", "application/pdf"),
        ("situationsplan.pdf", "application/pdf"),
        ("tegning.png", "image/png"),
    ];
    files
        .iter()
        .enumerate()
        .map(|(index, (name, media_type))| Attachment {
            id: format!("att-{index:032x}").parse().expect("an id"),
            name: (*name).to_owned(),
            media_type: (*media_type).to_owned(),
            size_bytes: 1,
            digest: Digest::of(name),
        })
        .collect()
}

#[test]
fn the_submission_becomes_the_inputs_of_all_steps() {
    let parsed = parsed(&[file("connection.toml", CONNECTION), file("flow.toml", FLOW)]);
    let flow = parsed.flows().next().expect("a flow");
    let submission: Value = serde_json::from_str(SUBMISSION).expect("JSON");
    assert_eq!(Schema::compile_value(&flow.schema).expect("a schema").check(&submission), Ok(()));
    let attachments = attachments();
    let steps = BTreeMap::from([
        (name("open-case"), json!({"case_id": "67453"})),
        (name("add-parties"), json!({"party_ids": ["1", "2", "3"]})),
    ]);
    let scope = Scope {
        submission: &submission,
        attachments: &attachments,
        steps: &steps,
        skipped: &[],
        run: RunFacts {
            id: format!("run-{:032x}", 1).parse().expect("an id"),
            flow: &flow.name,
            accepted_at: Timestamp::from_millis(0),
            idempotency_key: None,
        },
    };
    let inputs: Vec<Value> = flow
        .steps
        .iter()
        .map(|step| Mapping::compile(&step.input).expect("a mapping").render(&scope).expect("an input"))
        .collect();
    assert_eq!(inputs[0]["case_group"], "27.36.04");
    assert_eq!(inputs[0]["title"], "Byggetilladelse: tilbygning, Prøvestrædet 12");
    assert_eq!(
        inputs[0]["fields"],
        json!({
            "Matrikel": "12a", "Byggeadresse": "Prøvestrædet 12, 8410 Rønde", "Boligareal": 48.5, "Ansøgningsdato": "2026-11-22",
            "Anslået pris": "1250000.00", "Ønsket start": "01.04.2027",
        })
    );
    assert_eq!(inputs[1]["parties"][0]["address"]["postcode"], "8410");
    assert_eq!(inputs[1]["parties"][2]["id"], "byggesag@example.dk");
    assert_eq!(inputs[2]["documents"][2]["id"], attachments[2].id.to_string());
    assert_eq!(inputs[2]["documents"][2]["name"], "tegning.png");
    assert_eq!(inputs[2]["party_ids"], json!(["1", "2", "3"]));
    assert_eq!(inputs[3]["values"]["Areal"], 48.5);
}

#[test]
fn every_setting_of_the_form_is_one_of_the_connection() {
    let parsed = parsed(&[file("connection.toml", CONNECTION), file("flow.toml", FLOW)]);
    let settings = &parsed.connections().next().expect("a connection").settings;
    let flow = parsed.flows().next().expect("a flow");
    let known = |table: &Value, field: &String| assert!(table.get(field).is_some(), "{field}");
    let fields = flow.steps[0].input["fields"].as_object().expect("fields");
    fields.keys().for_each(|field| known(&settings["custom_field_map"], field));
    let values = flow.steps[3].input["values"].as_object().expect("values");
    values.keys().for_each(|field| known(&settings["custom_tabs"]["Byggesag"]["fields"], field));
}

#[test]
fn a_notice_goes_out_as_it_was_written() {
    let parsed = parsed(&[file("connection.toml", OWNER_CONNECTION), file("flow.toml", OWNER_FLOW)]);
    let (flow, notice) = (parsed.flows().next().expect("a flow"), notices::sample());
    assert_eq!(Schema::compile_value(&flow.schema).expect("a schema").check(&notice), Ok(()));
    let run = RunFacts {
        id: format!("run-{:032x}", 1).parse().expect("an id"),
        flow: &flow.name,
        accepted_at: Timestamp::from_millis(0),
        idempotency_key: None,
    };
    let scope = Scope { submission: &notice, attachments: &[], steps: &BTreeMap::new(), skipped: &[], run };
    let input = Mapping::compile(&flow.steps[0].input).expect("a mapping").render(&scope).expect("an input");
    assert_eq!(input, notice);
}
