//! `sluse connector build`: compile a connector's package and make a component of it. Needs no host.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use sluse_guest_build::{Choice, Component, Toolchain, Workspace};

use crate::{arguments::Global, failure::Failure, output};

pub(super) async fn run(global: &Global, folder: &Path, toolchain: Choice) -> Result<(), Failure> {
    let folder = absolute(folder)?;
    let built = tokio::task::spawn_blocking(move || build(&folder, toolchain)).await;
    let component = built.context("the build ended without a result")??;
    if global.json {
        let told = serde_json::json!({"component": component.path, "size_bytes": component.size_bytes});
        return Ok(output::json(&told)?);
    }
    output::say(&component.to_string());
    Ok(())
}

fn build(folder: &Path, toolchain: Choice) -> anyhow::Result<Component> {
    let workspace = Workspace::read(folder)?;
    let guest = workspace.guest(folder)?;
    let toolchain = Toolchain::prepare(toolchain, &output::complain)?;
    workspace.build(&toolchain, &guest)
}

/// The component that was built of a folder.
pub(super) fn component_of(folder: &Path) -> Result<PathBuf, Failure> {
    let absolute = absolute(folder)?;
    let workspace = Workspace::read(&absolute)?;
    let component = workspace.component(&workspace.guest(&absolute)?.name);
    if component.is_file() {
        return Ok(component);
    }
    let message = format!(
        "`{}` is not built yet: write `sluse connector build {}`, or name a component with `--component`",
        component.display(),
        folder.display()
    );
    Err(Failure::Failed(anyhow!(message)))
}

/// As cargo names it.
fn absolute(folder: &Path) -> anyhow::Result<PathBuf> {
    folder.canonicalize().with_context(|| format!("`{}` cannot be read", folder.display()))
}
