//! What no compiler checks: that ARCHITECTURE.md and the workspace say the same, and the house's habits. Each
//! finding names the line to write or to remove.

mod architecture; // the lists in ARCHITECTURE.md
mod edges; // who depends on whom
mod habits; // what sources and manifests look like

use crate::programs::root;
use anyhow::{Context, Result, bail};
use std::fs;

use architecture::Architecture;
use edges::Workspace;

/// Compares, and tells every finding.
///
/// # Errors
/// When there is a finding.
pub(crate) fn run() -> Result<()> {
    let read = |name: &str| fs::read_to_string(root().join(name)).with_context(|| format!("failed to read `{name}`"));
    let architecture = Architecture::parse(&read("ARCHITECTURE.md")?).context("ARCHITECTURE.md")?;
    let workspace = Workspace::read()?;
    let mut findings = workspace.compare(&architecture);
    findings.extend(habits::dependency_lines(&read("Cargo.toml")?));
    findings.extend(habits::sources(root())?);
    for finding in &findings {
        crate::say(&format!("  {finding}"));
    }
    if !findings.is_empty() {
        bail!("mend what the lines above name, or change ARCHITECTURE.md where that is what is wrong");
    }
    crate::say(&format!("tidy: {} crates are as ARCHITECTURE.md says", workspace.len()));
    Ok(())
}
