//! `sluse connector inspect`: verify a component as the host would, and say what it is. Needs no host.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use sluse_connector::{Connector, Loader};
use sluse_model::Description;

use crate::{arguments::Global, failure::Failure, output, serve::sandbox, sources::SystemDice};

pub(super) async fn run(global: &Global, component: &Path) -> Result<(), Failure> {
    let connector = load(component).await?;
    let description = connector.description();
    if global.json {
        let digest = connector.digest().to_string();
        return Ok(output::json(&serde_json::json!({"digest": digest, "description": description}))?);
    }
    output::say(&format!("{} {}  {}", description.name, description.version, description.title));
    output::say(&description.summary);
    output::say(&format!("digest {}", connector.digest()));
    tell(description);
    Ok(())
}

/// Verifies, compiles and describes a component in a sandbox of its own.
pub(super) async fn load(component: &Path) -> Result<Arc<dyn Connector>, Failure> {
    let bytes = tokio::fs::read(component).await;
    let bytes = bytes.with_context(|| format!("`{}` cannot be read", component.display()))?;
    let cache = tempfile::tempdir()?;
    let sandbox = sandbox(cache.path(), 8, Arc::new(SystemDice))?;
    let loaded = sandbox.load(bytes.into()).await;
    loaded.map_err(|error| Failure::Refused { detail: error.to_string(), errors: Vec::new() })
}

fn tell(description: &Description) {
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
}
