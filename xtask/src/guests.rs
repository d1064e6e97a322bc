//! Guests: every crate under `connectors/` and `tests/guests/`, compiled to a core module and encoded as a
//! component that imports nothing but our interfaces.
//!
//! The products are `<target>/guests/components/NAME.wasm`, NAME being the guest's folder. They have a
//! target folder of their own, so that building them from a running `cargo` does not wait for its lock.

use crate::toolchain::{Choice, TARGET, Toolchain};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use wit_component::DecodedWasm;

/// Folders of the workspace whose crates are guests.
const GUEST_FOLDERS: [&str; 2] = ["connectors", "tests/guests"];

/// What a call's stack may use, unless the guest asks for more. Each page of it that exists is touched and
/// zeroed for every call, and the linker places it first.
const USUAL_STACK_KIB: u32 = 64;

/// What a call's memory is from the start, data and stack included. A usual call fits; pages that are not
/// touched cost nothing.
const USUAL_MEMORY_KIB: u32 = 1024;

/// How the names of our interfaces begin.
const OUR_PACKAGE: &str = "sluse:connector/";

/// A page of WebAssembly memory.
const PAGE_KIB: u32 = 64;

/// One guest of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    /// The name of its folder, and of its component.
    pub(crate) name: String,
    package: String,
    library: String,
    stack_kib: u32,
    memory_kib: u32,
}

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// The guest's name.
    pub(crate) name: String,
    /// Where the component is.
    pub(crate) path: PathBuf,
    /// Its size.
    pub(crate) size_bytes: u64,
    /// It is not the one that was there before.
    pub(crate) changed: bool,
    /// The interfaces that it asks of the host.
    pub(crate) imports: Vec<String>,
}

/// Builds the guests of these names, or all of them when there are none, and says how far it is.
///
/// # Errors
/// An unknown name, a missing toolchain, a guest that does not compile or is no component.
pub(crate) fn build(names: &[String], choice: Choice) -> Result<Vec<Component>> {
    let workspace = Workspace::read()?;
    let guests = workspace.select(names)?;
    let toolchain = Toolchain::prepare(choice)?;
    let mut components = Vec::new();
    for (index, guest) in guests.iter().enumerate() {
        let began = Instant::now();
        crate::say(&format!("guest {} of {}: {}", index + 1, guests.len(), guest.name));
        let core = workspace.compile(&toolchain, guest)?;
        let component = workspace.encode(&core, guest)?;
        component.announce(began.elapsed());
        components.push(component);
    }
    Ok(components)
}

impl Component {
    /// Says what became of it.
    pub(crate) fn announce(&self, took: Duration) {
        let what = if self.changed { "built" } else { "is up to date" };
        let imports = summary(&self.imports);
        crate::say(&format!(
            "  {} {what}: {} KiB in {:.1} s, imports {imports}",
            self.path.display(),
            self.size_bytes.div_ceil(1024),
            took.as_secs_f32()
        ));
    }
}

/// The workspace as `cargo metadata` tells it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where guests are built: `<target>/guests`.
    pub(crate) folder: PathBuf,
    guests: Vec<Guest>,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<PackageTarget>,
    metadata: Option<PackageMetadata>,
}

#[derive(Deserialize)]
struct PackageTarget {
    name: String,
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct PackageMetadata {
    sluse: Option<Wishes>,
}

/// `[package.metadata.sluse]` of a guest.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Wishes {
    stack_kib: Option<u32>,
    memory_kib: Option<u32>,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("failed to run `cargo metadata`")?;
        ensure!(output.status.success(), "`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr));
        let metadata = serde_json::from_slice(&output.stdout).context(
            "a manifest's `[package.metadata.sluse]` knows `stack_kib` and `memory_kib` (whole numbers) only",
        )?;
        Self::of(metadata)
    }

    fn of(metadata: Metadata) -> Result<Self> {
        let mut guests = Vec::new();
        for package in &metadata.packages {
            if let Some(guest) = guest(&metadata.workspace_root, package)? {
                guests.push(guest);
            }
        }
        guests.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(pair) = guests.windows(2).find(|pair| pair[0].name == pair[1].name) {
            bail!("two guests are called `{}`: rename one of their folders", pair[0].name);
        }
        let folder = metadata.target_directory.join("guests");
        Ok(Self { root: metadata.workspace_root, folder, guests })
    }

    fn select(&self, names: &[String]) -> Result<Vec<&Guest>> {
        if names.is_empty() {
            return Ok(self.guests.iter().collect());
        }
        let known = || self.guests.iter().map(|guest| guest.name.as_str()).collect::<Vec<_>>().join(", ");
        let find = |name: &String| {
            let found = self.guests.iter().find(|guest| guest.name == *name);
            found.with_context(|| format!("there is no guest `{name}`; there are: {}", known()))
        };
        names.iter().map(find).collect()
    }

    /// Compiles the core module. Cargo knows what is up to date.
    fn compile(&self, toolchain: &Toolchain, guest: &Guest) -> Result<PathBuf> {
        let folder = self.folder.join(toolchain.folder());
        let status = toolchain
            .cargo_rustc()
            .args(["--quiet", "--profile", "guest", "--lib", "--crate-type", "cdylib"])
            .args(["--package", &guest.package])
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

    /// Makes a component of the core module, unless the one that is there was made of the same bytes.
    fn encode(&self, core: &Path, guest: &Guest) -> Result<Component> {
        let module = fs::read(core).with_context(|| format!("failed to read `{}`", core.display()))?;
        let component = self.keep(&guest.name, &module, |path| {
            let component =
                encode_module(&module).with_context(|| format!("guest `{}` is no component", guest.name))?;
            fs::write(path, component).with_context(|| format!("failed to write `{}`", path.display()))
        })?;
        refuse_foreign(&component.imports, guest)?;
        Ok(component)
    }

    /// Has `make` write a component, unless the one that is there was made of the same `inputs`. It takes
    /// its place when it is whole, so that whoever reads it meanwhile sees the old one or the new one.
    pub(crate) fn keep(&self, name: &str, inputs: &[u8], make: impl FnOnce(&Path) -> Result<()>) -> Result<Component> {
        let folder = self.folder.join("components");
        fs::create_dir_all(&folder).with_context(|| format!("failed to create `{}`", folder.display()))?;
        let path = folder.join(format!("{name}.wasm"));
        let stamp_path = folder.join(format!("{name}.sha256-of-inputs"));
        let stamp = stamp(inputs);
        let changed = !path.is_file() || fs::read_to_string(&stamp_path).ok().as_deref() != Some(&stamp);
        if changed {
            let unfinished = folder.join(format!("{name}.unfinished"));
            make(&unfinished)?;
            fs::rename(&unfinished, &path).with_context(|| format!("failed to write `{}`", path.display()))?;
            fs::write(&stamp_path, stamp).with_context(|| format!("failed to write `{}`", stamp_path.display()))?;
        }
        let component = fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let imports = imports(&component).with_context(|| format!("`{}` cannot be read back", path.display()))?;
        Ok(Component { name: name.to_owned(), path, size_bytes: component.len() as u64, changed, imports })
    }
}

impl Guest {
    fn link_arguments(&self) -> Vec<String> {
        let memory_kib = self.memory_kib.next_multiple_of(PAGE_KIB);
        vec![
            format!("-Clink-arg=-zstack-size={}", u64::from(self.stack_kib) * 1024),
            format!("-Clink-arg=--initial-memory={}", u64::from(memory_kib) * 1024),
        ]
    }
}

/// The guest that a package is, if it is one.
fn guest(root: &Path, package: &Package) -> Result<Option<Guest>> {
    let folder = package.manifest_path.parent().context("a manifest without a folder")?;
    let is_guest = GUEST_FOLDERS.iter().any(|guests| folder.parent() == Some(&root.join(guests)));
    if !is_guest {
        return Ok(None);
    }
    let manifest = package.manifest_path.display();
    let library = package.targets.iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
    let library = library.with_context(|| format!("`{manifest}`: add `[lib] crate-type = [\"cdylib\"]`"))?;
    let wishes = package.metadata.as_ref().and_then(|metadata| metadata.sluse.as_ref());
    Ok(Some(Guest {
        name: folder.file_name().context("a guest without a folder name")?.to_string_lossy().into_owned(),
        package: package.name.clone(),
        library: library.name.replace('-', "_"),
        stack_kib: wishes.and_then(|wishes| wishes.stack_kib).unwrap_or(USUAL_STACK_KIB),
        memory_kib: wishes.and_then(|wishes| wishes.memory_kib).unwrap_or(USUAL_MEMORY_KIB),
    }))
}

/// Encodes a core module as a component and validates it.
///
/// # Errors
/// What is missing in the module, or not valid in the component.
pub(crate) fn encode_module(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default().validate(true).module(module)?.encode()
}

/// The interfaces that a component imports, `types` apart: it has no functions.
fn imports(component: &[u8]) -> Result<Vec<String>> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        bail!("it is a WIT package, not a component");
    };
    let world = &resolve.worlds[world];
    let names = world.imports.keys().map(|key| resolve.name_world_key(key));
    Ok(names.filter(|name| !name.starts_with(&format!("{OUR_PACKAGE}types@"))).collect())
}

/// The imports in a line: ours by name, the others by number.
fn summary(imports: &[String]) -> String {
    let (ours, foreign): (Vec<&str>, Vec<&str>) =
        imports.iter().map(String::as_str).partition(|name| name.starts_with(OUR_PACKAGE));
    let ours = ours.join(", ");
    match (ours.is_empty(), foreign.len()) {
        (true, 0) => "nothing".to_owned(),
        (false, 0) => ours,
        (_, others) => format!("{ours} and {others} of other packages, {} first", foreign[0]),
    }
}

/// A guest of ours that imports something else would carry what every host has to offer, WASI above all.
fn refuse_foreign(imports: &[String], guest: &Guest) -> Result<()> {
    match imports.iter().find(|name| !name.starts_with(OUR_PACKAGE)) {
        Some(foreign) => bail!("guest `{}` imports `{foreign}`: guests import `{OUR_PACKAGE}*` only", guest.name),
        None => Ok(()),
    }
}

fn stamp(module: &[u8]) -> String {
    let digest = Sha256::digest(module);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
