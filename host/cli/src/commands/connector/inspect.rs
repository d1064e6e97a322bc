//! `sluse connector inspect`: verify a component as the host would, and say what it is. Needs no host.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use sluse_connector::{Connector, Loader};

use super::described;
use crate::{arguments::Global, failure::Failure, output, serve::sandbox, sources::SystemDice};

pub(super) async fn run(global: &Global, component: &Path, of: Option<&str>) -> Result<(), Failure> {
    let connector = load(component).await?;
    let description = connector.description();
    if let Some(name) = of {
        return described::tell_part(global, description, name);
    }
    if global.json {
        let digest = connector.digest().to_string();
        return Ok(output::json(&serde_json::json!({"digest": digest, "description": description}))?);
    }
    described::overview(description);
    output::say(&format!("digest {}", connector.digest()));
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
