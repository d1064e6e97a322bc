//! `sluse connector build`: compile a connector's package and make a component of it. Needs no host.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::{arguments::Global, failure::Failure, output};

/// Guests import nothing of an operating system.
const TARGET: &str = "wasm32-unknown-unknown";

/// What a call's stack may use unless `[package.metadata.sluse] stack_kib` asks for more: every page of it costs
/// each call.
const USUAL_STACK_KIB: u64 = 64;

/// What a call's memory is from the start, unless `[package.metadata.sluse] memory_kib` says otherwise.
const USUAL_MEMORY_KIB: u64 = 1024;

/// A page of WebAssembly memory.
const PAGE_KIB: u64 = 64;

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    #[serde(default)]
    metadata: serde_json::Value,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

/// A connector's package.
struct Plan {
    folder: PathBuf,
    name: String,
    package: String,
    library: String,
    target_folder: PathBuf,
    stack_bytes: u64,
    memory_bytes: u64,
}

impl Plan {
    /// Where the component goes.
    fn component(&self) -> PathBuf {
        self.target_folder.join("guests/components").join(format!("{}.wasm", self.name))
    }
}

pub(super) async fn run(global: &Global, folder: &Path) -> Result<(), Failure> {
    let plan = plan(folder).await?;
    let module = compile(&plan).await?;
    let component = encode(&module).with_context(|| format!("`{}` cannot become a component", plan.name))?;
    let path = plan.component();
    tokio::fs::create_dir_all(path.parent().expect("a file in a folder")).await?;
    let size_bytes = component.len();
    tokio::fs::write(&path, component).await.with_context(|| format!("`{}` cannot be written", path.display()))?;
    if global.json {
        return Ok(output::json(&serde_json::json!({"component": path, "size_bytes": size_bytes}))?);
    }
    output::say(&format!("{}  {} KiB", path.display(), size_bytes.div_ceil(1024)));
    Ok(())
}

/// The component that was built of a folder.
pub(super) async fn component_of(folder: &Path) -> Result<PathBuf, Failure> {
    let component = plan(folder).await?.component();
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

async fn plan(folder: &Path) -> anyhow::Result<Plan> {
    let folder = folder.canonicalize().with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(&folder)
        .output()
        .await
        .context("to run cargo: install Rust first")?;
    if !output.status.success() {
        bail!("`{}` is no package: {}", folder.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("what cargo says of its packages")?;
    let manifest = folder.join("Cargo.toml");
    let package = metadata.packages.into_iter().find(|package| package.manifest_path == manifest);
    let package = package.ok_or_else(|| anyhow!("`{}` is no package of its workspace", folder.display()))?;
    let is_guest = |target: &&Target| target.crate_types.iter().any(|kind| kind == "cdylib");
    let library = package.targets.iter().find(is_guest).map(|target| target.name.replace('-', "_"));
    let library =
        library.ok_or_else(|| anyhow!("`{}`: add `[lib]` with `crate-type = [\"cdylib\"]`", manifest.display()))?;
    let wish = |key: &str, usual: u64| package.metadata["sluse"][key].as_u64().unwrap_or(usual);
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or(&package.name).to_owned();
    Ok(Plan {
        name,
        package: package.name.clone(),
        library,
        target_folder: metadata.target_directory,
        stack_bytes: wish("stack_kib", USUAL_STACK_KIB) * 1024,
        memory_bytes: wish("memory_kib", USUAL_MEMORY_KIB).next_multiple_of(PAGE_KIB) * 1024,
        folder,
    })
}

async fn compile(plan: &Plan) -> anyhow::Result<Vec<u8>> {
    let target_folder = plan.target_folder.join("guests/connector-build");
    let status = Command::new("cargo")
        .args(["rustc", "--quiet", "--release", "--lib", "--crate-type", "cdylib", "--target", TARGET])
        .args(["--package", &plan.package])
        .arg("--target-dir")
        .arg(&target_folder)
        .arg("--")
        .arg(format!("-Clink-arg=-zstack-size={}", plan.stack_bytes))
        .arg(format!("-Clink-arg=--initial-memory={}", plan.memory_bytes))
        .args(["-Cpanic=abort", "-Cstrip=symbols"])
        .current_dir(&plan.folder)
        .status()
        .await
        .context("to run cargo")?;
    if !status.success() {
        bail!("`{}` does not compile; if the target is missing, write `rustup target add {TARGET}`", plan.name);
    }
    let module = target_folder.join(TARGET).join("release").join(format!("{}.wasm", plan.library));
    tokio::fs::read(&module).await.with_context(|| format!("`{}` cannot be read", module.display()))
}

fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    wit_component::ComponentEncoder::default().validate(true).module(module)?.encode()
}
