//! The API's documentation: `docs/openapi.json`, as the endpoints describe themselves. An example of `sluse-api` prints
//! it, so that xtask itself, the first thing that anybody builds, needs nothing of the host.

use crate::programs::{self, root, told};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::process::Command;

const FILE: &str = "docs/openapi.json";

/// Writes the document.
///
/// # Errors
/// When the host does not build, or the file cannot be written.
pub(crate) fn run() -> Result<()> {
    let mut command = Command::new(programs::build(&["--example=openapi"])?.find("openapi")?);
    let output = command.output().with_context(|| format!("failed to start `{}`", told(&command)))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{}` failed ({}): {complaint}", told(&command), output.status);
    fs::write(root().join(FILE), output.stdout).with_context(|| format!("failed to write `{FILE}`"))?;
    crate::say(&format!("{FILE} says what the API is"));
    Ok(())
}
