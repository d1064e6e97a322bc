//! A cargo workspace with guests in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::component::{self, Component};
use crate::guest::{Guest, Package};
use crate::toolchain::{TARGET, Toolchain};

/// How guests are compiled, whatever the profiles of their workspace say.
pub const PROFILE: [&str; 7] = [
    "--profile=guest",
    // Small, no unwinding, no symbols.
    "--config=profile.guest.inherits='release'",
    "--config=profile.guest.opt-level=2",
    "--config=profile.guest.lto='fat'",
    "--config=profile.guest.codegen-units=1",
    "--config=profile.guest.panic='abort'",
    "--config=profile.guest.strip=true",
];

/// The workspace as `cargo metadata` tells it.
#[derive(Debug)]
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    /// Where guests are built: `<target>/guests`.
    pub folder: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

impl Workspace {
    /// Reads the workspace that a folder belongs to.
    ///
    /// # Errors
    /// No cargo, no package there, or manifests that cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .current_dir(folder)
            .output()
            .context("failed to run cargo: install Rust, see https://rustup.rs")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` is in no cargo workspace: {}", folder.display(), said.trim());
        let metadata = serde_json::from_slice(&output.stdout).context(
            "failed to understand `cargo metadata`: `[package.metadata.sluse]` knows `stack_kib` and `memory_kib` (whole numbers) only",
        )?;
        Ok(Self::of(metadata))
    }

    pub(crate) fn of(metadata: Metadata) -> Self {
        let folder = metadata.target_directory.join("guests");
        Self { root: metadata.workspace_root, folder, packages: metadata.packages }
    }

    /// The guest in this folder.
    ///
    /// # Errors
    /// When there is no package, or one that cannot become a component.
    pub fn guest(&self, folder: &Path) -> Result<Guest> {
        let manifest = folder.join("Cargo.toml");
        let package = self.packages.iter().find(|package| package.manifest_path == manifest);
        let package = package.with_context(|| format!("`{}` is no package of its workspace", folder.display()))?;
        Guest::of(package)
    }

    /// The guests directly below these folders of the workspace, by name.
    ///
    /// # Errors
    /// A package there that cannot become a component, and two of one name.
    pub fn guests(&self, folders: &[&str]) -> Result<Vec<Guest>> {
        let is_in = |package: &&Package| {
            let folder = package.manifest_path.parent().and_then(Path::parent);
            folders.iter().any(|guests| folder == Some(&self.root.join(guests)))
        };
        let mut guests = self.packages.iter().filter(is_in).map(Guest::of).collect::<Result<Vec<_>>>()?;
        guests.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(pair) = guests.windows(2).find(|pair| pair[0].name == pair[1].name) {
            bail!("two guests are called `{}`: rename one of their folders", pair[0].name);
        }
        Ok(guests)
    }

    /// Where the component of this name is, once it is built.
    #[must_use]
    pub fn component(&self, name: &str) -> PathBuf {
        self.folder.join("components").join(format!("{name}.wasm"))
    }

    /// Builds a guest.
    ///
    /// # Errors
    /// A guest that does not compile, is no component, or imports what is not ours.
    pub fn build(&self, toolchain: &Toolchain, guest: &Guest) -> Result<Component> {
        let core = self.compile(toolchain, guest)?;
        let module = fs::read(&core).with_context(|| format!("failed to read `{}`", core.display()))?;
        let component = self.keep(&guest.name, &module, |path| {
            let encoded =
                component::encode(&module).with_context(|| format!("guest `{}` is no component", guest.name))?;
            fs::write(path, encoded).with_context(|| format!("failed to write `{}`", path.display()))
        })?;
        component.refuse_foreign()?;
        Ok(component)
    }

    /// Compiles the core module. Cargo knows what is up to date.
    fn compile(&self, toolchain: &Toolchain, guest: &Guest) -> Result<PathBuf> {
        let folder = self.folder.join(toolchain.folder());
        let status = toolchain
            .cargo_rustc()
            .args(["--quiet", "--lib", "--crate-type", "cdylib", "--package", &guest.package])
            .args(PROFILE)
            .arg("--target-dir")
            .arg(&folder)
            .arg("--")
            .args(guest.link_arguments())
            .current_dir(&self.root)
            .status()
            .context("failed to run cargo")?;
        ensure!(status.success(), "guest `{}` does not compile: see the messages above", guest.name);
        let core = folder.join(TARGET).join("guest").join(format!("{}.wasm", guest.library));
        ensure!(core.is_file(), "cargo built guest `{}`, but there is no `{}`", guest.name, core.display());
        Ok(core)
    }

    /// Has `make` write a component, unless the one that is there was made of the same `inputs`. It takes
    /// its place when it is whole, so that whoever reads it meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// What `make` says, and a folder that cannot be written.
    pub fn keep(&self, name: &str, inputs: &[u8], make: impl FnOnce(&Path) -> Result<()>) -> Result<Component> {
        let path = self.component(name);
        let folder = path.parent().context("a component without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
        let stamp_path = folder.join(format!("{name}.sha256-of-inputs"));
        let stamp = stamp(inputs);
        let changed = !path.is_file() || fs::read_to_string(&stamp_path).ok().as_deref() != Some(&stamp);
        if changed {
            let unfinished = folder.join(format!("{name}.unfinished"));
            make(&unfinished)?;
            fs::rename(&unfinished, &path).with_context(|| format!("failed to write `{}`", path.display()))?;
            fs::write(&stamp_path, stamp).with_context(|| format!("failed to write `{}`", stamp_path.display()))?;
        }
        Component::read(name, path, changed)
    }
}

fn stamp(inputs: &[u8]) -> String {
    let digest = Sha256::digest(inputs);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
