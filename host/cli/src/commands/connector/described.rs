//! What a connector says of itself, as people read it: all that it can do, or the members of one thing.

use serde_json::{Value, json};
use sluse_model::{Description, FeedDescription, OperationDescription};

use super::members::members;
use crate::{arguments::Global, failure::Failure, output};

/// What the settings of a connection are asked for as.
const SETTINGS: &str = "settings";

/// Something of a connector that has members.
enum Part<'a> {
    Settings(&'a str),
    Operation(&'a OperationDescription),
    Feed(&'a FeedDescription),
}

impl<'a> Part<'a> {
    fn of(description: &'a Description, name: &str) -> Result<Self, Failure> {
        if name == SETTINGS {
            return Ok(Self::Settings(&description.settings_schema));
        }
        if let Some(operation) = description.operation(name) {
            return Ok(Self::Operation(operation));
        }
        if let Some(feed) = description.feeds.iter().find(|feed| feed.name == name) {
            return Ok(Self::Feed(feed));
        }
        let operations = description.operations.iter().map(|operation| operation.name.as_str());
        let feeds = description.feeds.iter().map(|feed| feed.name.as_str());
        let all: Vec<&str> = operations.chain(feeds).chain([SETTINGS]).collect();
        Err(anyhow::anyhow!("`{}` has no `{name}`: ask for one of {}", description.name, all.join(", ")).into())
    }

    /// Its schemas as JSON, for programs.
    fn json(&self) -> Result<Value, serde_json::Error> {
        let schema = serde_json::from_str::<Value>;
        Ok(match self {
            Self::Settings(text) => json!({"settings_schema": schema(text)?}),
            Self::Operation(operation) => json!({
                "operation": operation.name,
                "reads_only": operation.reads_only,
                "input_schema": schema(&operation.input_schema)?,
                "output_schema": schema(&operation.output_schema)?,
            }),
            Self::Feed(feed) => json!({"feed": feed.name, "item_schema": schema(&feed.item_schema)?}),
        })
    }

    fn tell(&self) -> Result<(), Failure> {
        match self {
            Self::Settings(schema) => told("SETTING", schema),
            Self::Operation(operation) => {
                output::say(&format!("{}: {}", operation.title, operation.summary));
                output::say("");
                told("INPUT", &operation.input_schema)?;
                output::say("");
                told("OUTPUT", &operation.output_schema)
            }
            Self::Feed(feed) => {
                output::say(&format!("{}: {}", feed.title, feed.summary));
                output::say("");
                told("SUBMISSION", &feed.item_schema)
            }
        }
    }
}

/// The members of an operation, of what a feed finds, or of the `settings`.
pub(super) fn tell_part(global: &Global, description: &Description, name: &str) -> Result<(), Failure> {
    let part = Part::of(description, name)?;
    if global.json {
        return Ok(output::json(&part.json()?)?);
    }
    part.tell()
}

fn told(heading: &str, schema: &str) -> Result<(), Failure> {
    let schema: Value = serde_json::from_str(schema)?;
    let row = |required: bool| if required { "required" } else { "" }.to_owned();
    let rows = members(&schema).into_iter();
    let rows = rows.map(|member| vec![member.place, member.kind, row(member.required), member.about]).collect();
    output::table(&[heading, "IS", "", "WHAT IT IS FOR"], rows, &format!("{heading}: no member has a name"));
    Ok(())
}

/// Everything that there is.
pub(super) fn overview(description: &Description) {
    output::say(&format!("{} {}  {}", description.name, description.version, description.title));
    output::say(&description.summary);
    let operations = description
        .operations
        .iter()
        .map(|operation| {
            let reads = if operation.reads_only { "only reads" } else { "" };
            vec![operation.name.clone(), operation.title.clone(), reads.into(), operation.summary.clone()]
        })
        .collect();
    output::say("");
    output::table(&["OPERATION", "TITLE", "", "WHAT IT DOES"], operations, "no operations");
    if !description.feeds.is_empty() {
        let feeds = description.feeds.iter();
        let feeds = feeds.map(|feed| vec![feed.name.clone(), feed.title.clone(), feed.summary.clone()]).collect();
        output::say("");
        output::table(&["FEED", "TITLE", "WHAT IT LOOKS FOR"], feeds, "no feeds");
    }
    let endpoints = description
        .endpoints
        .iter()
        .map(|endpoint| {
            let kinds: Vec<&str> = endpoint.credentials.iter().map(|kind| kind.as_str()).collect();
            let required = if endpoint.required { "required" } else { "optional" };
            vec![endpoint.name.clone(), endpoint.title.clone(), required.into(), kinds.join(", ")]
        })
        .collect();
    output::say("");
    output::table(&["ENDPOINT", "TITLE", "", "SIGNS IN BY"], endpoints, "no endpoints");
    if !description.folders.is_empty() {
        let folders = description
            .folders
            .iter()
            .map(|folder| {
                let required = if folder.required { "required" } else { "optional" };
                let reads = if folder.reads_only { "only reads" } else { "" };
                vec![folder.name.clone(), folder.title.clone(), required.into(), reads.into()]
            })
            .collect();
        output::say("");
        output::table(&["FOLDER", "TITLE", "", ""], folders, "no folders");
    }
}
