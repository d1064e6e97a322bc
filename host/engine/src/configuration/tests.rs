//! What files say, and every finding with its file and line.

mod checking; // against what is installed
mod conditions; // steps with conditions, and failures
mod differences; // what would change
mod example; // the example that ships
mod intervals; // how often, where no schedule says so
mod reading; // what files say
mod resolving; // where addresses come from
mod scheduling; // what happens again and again
mod signing; // how endpoints sign in

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sluse_egress::Ceiling;
use sluse_model::{
    Connection, CredentialKind, Description, Endpoint, EndpointNeed, FeedDescription, FolderGrant, Name,
    OperationDescription,
};

use super::{Catalog, ConfigurationFile, Finding, Parsed, check, parse, resolve};

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn file(name: &str, text: &str) -> ConfigurationFile {
    ConfigurationFile { name: name.to_owned(), text: text.to_owned() }
}

fn operation(name: &str, input: Value, output: Value) -> OperationDescription {
    OperationDescription {
        name: name.to_owned(),
        title: String::new(),
        summary: String::new(),
        input_schema: input.to_string(),
        output_schema: output.to_string(),
        reads_only: false,
    }
}

/// A connector that opens things and adds to them.
fn description() -> Description {
    Description {
        name: "shelf".to_owned(),
        version: "1.0.0".to_owned(),
        title: "Shelf".to_owned(),
        summary: String::new(),
        settings_schema: json!({
            "type": "object", "additionalProperties": false, "required": ["room"],
            "properties": {"room": {"type": "string"}, "rows": {"type": "array", "items": {"type": "integer"}}},
        })
        .to_string(),
        operations: vec![
            operation(
                "open-box",
                json!({
                    "type": "object", "additionalProperties": false, "required": ["title"],
                    "properties": {
                        "title": {"type": "string", "minLength": 3}, "size": {"type": "integer"},
                        "items": {"type": "array", "items": {"type": "object", "required": ["id"], "additionalProperties": false,
                            "properties": {"id": {"type": "string"}, "note": {"type": "string"}}}},
                    },
                }),
                json!({"type": "object", "additionalProperties": false, "properties": {"box_id": {"type": "string"}}}),
            ),
            operation("close-box", json!({"type": "object"}), json!({})),
        ],
        feeds: vec![FeedDescription {
            name: "new-boxes".to_owned(),
            title: String::new(),
            summary: String::new(),
            item_schema: "true".to_owned(),
            usual_interval_seconds: 60,
        }],
        endpoints: vec![
            EndpointNeed {
                name: "default".to_owned(),
                title: "The shelf".to_owned(),
                required: true,
                credentials: vec![
                    CredentialKind::Nothing,
                    CredentialKind::Basic,
                    CredentialKind::ApiKey,
                    CredentialKind::OAuth2ClientCredentials,
                ],
            },
            EndpointNeed {
                name: "archive".to_owned(),
                title: "The archive".to_owned(),
                required: false,
                credentials: Vec::new(),
            },
        ],
        folders: Vec::new(),
        sequences: Vec::new(),
    }
}

fn allow_but_blocked(_: &Connection, _: &Name, endpoint: &Endpoint) -> Result<(), String> {
    let asked = endpoint.discovery.as_ref().map_or(&endpoint.url, |discovery| &discovery.url);
    if asked.contains("blocked") {
        return Err("`blocked.example` is outside the ceiling: add it to `egress.hosts` in sluse.toml".to_owned());
    }
    match endpoint.url.starts_with("http:") && !endpoint.allow_plaintext {
        true => Err("not encrypted: write `allow_plaintext = true` at the endpoint".to_owned()),
        false => Ok(()),
    }
}

fn allow_below_srv(folder: &FolderGrant) -> Result<(), String> {
    let allowed = folder.path.starts_with("/srv/");
    if allowed { Ok(()) } else { Err("add it to `egress.folders` in sluse.toml".to_owned()) }
}

fn catalog() -> Catalog<'static> {
    Catalog {
        connectors: BTreeMap::from([(name("shelf"), description())]),
        connections: BTreeMap::new(),
        flows: BTreeMap::new(),
        secrets: BTreeSet::from([name("shelf-key")]),
        allows_endpoint: &allow_but_blocked,
        allows_folder: &allow_below_srv,
        ceiling: Ceiling::default(),
    }
}

#[track_caller]
fn parsed(files: &[ConfigurationFile]) -> Parsed {
    parse(files).unwrap_or_else(|findings| panic!("{}", told(&findings)))
}

fn told(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// That reading this text gives one finding, on the line that holds `◄`.
#[track_caller]
fn refuses(text: &str, path: &str, part: &str) {
    let findings = parse(&[marked(text)]).err().unwrap_or_default();
    expect_one(&findings, text, path, part);
}

/// That checking this text gives one finding, on the line that holds `◄`.
#[track_caller]
fn faults(text: &str, path: &str, part: &str) {
    let findings = check(&parsed(&[marked(text)]), &catalog());
    expect_one(&findings, text, path, part);
}

#[track_caller]
fn expect_one(findings: &[Finding], text: &str, path: &str, part: &str) {
    let line = text.lines().position(|line| line.contains('◄')).expect("a marked line") + 1;
    assert_eq!(findings.len(), 1, "{text}\n{}", told(findings));
    let finding = &findings[0];
    assert_eq!((finding.file.as_str(), finding.path.as_str()), ("a.toml", path), "{finding}");
    assert_eq!(finding.line as usize, line, "{text}\n{finding}");
    assert!(finding.message.contains(part), "{finding}");
}

fn marked(text: &str) -> ConfigurationFile {
    file("a.toml", &text.replace("# ◄", "").replace('◄', ""))
}

/// A connection that fits, with more lines at its end.
fn connection(more: &str) -> String {
    format!(
        "[[connection]]\nname = \"left\"\nconnector = \"shelf\"\nsettings = {{ room = \"A\" }}\n\
         [connection.endpoints.default]\nurl = \"https://shelf.example/api\"\n{more}"
    )
}

/// A flow that fits, over [`connection`], with this input of its second step.
fn flow(input: &str) -> String {
    connection(&format!(
        "\n[[flow]]\nname = \"store\"\n\
         schema = {{ type = \"object\", additionalProperties = false, properties = {{ what = {{ type = \"string\" }}, where = {{ properties = {{ room = {{}} }}, additionalProperties = false }} }} }}\n\
         [[flow.step]]\nname = \"open\"\nconnection = \"left\"\noperation = \"open-box\"\ninput = {{ title = \"{{{{ submission.what }}}}\" }}\n\
         [[flow.step]]\nname = \"again\"\nconnection = \"left\"\noperation = \"open-box\"\n{input}\n\
         [[flow.step]]\nname = \"shut-it\"\nconnection = \"left\"\noperation = \"close-box\"\n"
    ))
}
