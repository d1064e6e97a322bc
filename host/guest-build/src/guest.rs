//! One package that is built as a component, and what it may wish for.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

/// What a call's stack may use, unless the guest asks for more. Each page of it that exists is touched and
/// zeroed for every call, and the linker places it first.
const USUAL_STACK_KIB: u32 = 64;

/// What a call's memory is from the start, data and stack included. A usual call fits; pages that are not
/// touched cost nothing.
const USUAL_MEMORY_KIB: u32 = 1024;

/// A page of WebAssembly memory.
const PAGE_KIB: u32 = 64;

/// A package that becomes a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The name of its folder, and of its component.
    pub name: String,
    /// The package, as cargo knows it.
    pub package: String,
    /// The library's file name, without its ending.
    pub(crate) library: String,
    stack_kib: u32,
    memory_kib: u32,
}

/// A package, as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    name: String,
    pub(crate) manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<PackageMetadata>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct PackageMetadata {
    sluse: Option<Wishes>,
}

/// `[package.metadata.sluse]` of a guest.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Wishes {
    stack_kib: Option<u32>,
    memory_kib: Option<u32>,
}

impl Guest {
    /// The guest that a package is.
    pub(crate) fn of(package: &Package) -> Result<Self> {
        let manifest = package.manifest_path.display();
        let folder = package.manifest_path.parent().context("a manifest without a folder")?;
        let library = package.targets.iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"));
        let library = library.with_context(|| format!("`{manifest}`: add `[lib]` with `crate-type = [\"cdylib\"]`"))?;
        let wishes = package.metadata.as_ref().and_then(|metadata| metadata.sluse.as_ref());
        Ok(Self {
            name: folder.file_name().context("a guest without a folder name")?.to_string_lossy().into_owned(),
            package: package.name.clone(),
            library: library.name.replace('-', "_"),
            stack_kib: wishes.and_then(|wishes| wishes.stack_kib).unwrap_or(USUAL_STACK_KIB),
            memory_kib: wishes.and_then(|wishes| wishes.memory_kib).unwrap_or(USUAL_MEMORY_KIB),
        })
    }

    /// What the linker is told.
    pub(crate) fn link_arguments(&self) -> [String; 2] {
        let memory_kib = self.memory_kib.next_multiple_of(PAGE_KIB);
        [
            format!("-Clink-arg=-zstack-size={}", u64::from(self.stack_kib) * 1024),
            format!("-Clink-arg=--initial-memory={}", u64::from(memory_kib) * 1024),
        ]
    }
}
