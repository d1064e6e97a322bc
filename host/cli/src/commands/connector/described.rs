//! What a connector says of itself, as people read it: all that it can do, or the members of one thing.

use serde_json::Value;
use sluse_model::Description;

use super::members::members;
use crate::{failure::Failure, output};

/// What the settings of a connection are asked for as.
const SETTINGS: &str = "settings";

/// Everything that there is, or the one thing that is asked for: an operation, a feed, or `settings`.
pub(super) fn tell(description: &Description, of: Option<&str>) -> Result<(), Failure> {
    match of {
        None => overview(description),
        Some(SETTINGS) => told("SETTING", &description.settings_schema)?,
        Some(name) => one(description, name)?,
    }
    Ok(())
}

fn one(description: &Description, name: &str) -> Result<(), Failure> {
    if let Some(operation) = description.operation(name) {
        output::say(&format!("{}: {}", operation.title, operation.summary));
        output::say("");
        told("INPUT", &operation.input_schema)?;
        output::say("");
        return told("OUTPUT", &operation.output_schema);
    }
    if let Some(feed) = description.feeds.iter().find(|feed| feed.name == name) {
        output::say(&format!("{}: {}", feed.title, feed.summary));
        output::say("");
        return told("SUBMISSION", &feed.item_schema);
    }
    let operations = description.operations.iter().map(|operation| operation.name.as_str());
    let feeds = description.feeds.iter().map(|feed| feed.name.as_str());
    let all: Vec<&str> = operations.chain(feeds).chain([SETTINGS]).collect();
    Err(anyhow::anyhow!("`{}` has no `{name}`: ask for one of {}", description.name, all.join(", ")).into())
}

fn told(heading: &str, schema: &str) -> Result<(), Failure> {
    let schema: Value = serde_json::from_str(schema)?;
    let row = |required: bool| if required { "required" } else { "" }.to_owned();
    let rows = members(&schema).into_iter();
    let rows = rows.map(|member| vec![member.place, member.kind, row(member.required), member.about]).collect();
    output::table(&[heading, "IS", "", "WHAT IT IS FOR"], rows, &format!("{heading}: no member has a name"));
    Ok(())
}

fn overview(description: &Description) {
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
