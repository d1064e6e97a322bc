//! A component that was built, and what it asks of its host.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wit_component::DecodedWasm;

/// How the names of our interfaces begin.
const OUR_PACKAGE: &str = "sluse:connector/";

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The guest's name.
    pub name: String,
    /// Where the component is.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// It is not the one that was there before.
    pub changed: bool,
    /// The interfaces that it asks of the host.
    pub imports: Vec<String>,
}

impl Component {
    /// Reads what is there.
    pub(crate) fn read(name: &str, path: PathBuf, changed: bool) -> Result<Self> {
        let component = fs::read(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let imports = imports(&component).with_context(|| format!("`{}` cannot be read back", path.display()))?;
        Ok(Self { name: name.to_owned(), path, size_bytes: component.len() as u64, changed, imports })
    }

    /// A guest of ours that imports something else would carry what every host has to offer, WASI above all.
    pub(crate) fn refuse_foreign(&self) -> Result<()> {
        match self.imports.iter().find(|name| !name.starts_with(OUR_PACKAGE)) {
            Some(foreign) => bail!("guest `{}` imports `{foreign}`: guests import `{OUR_PACKAGE}*` only", self.name),
            None => Ok(()),
        }
    }
}

/// What became of it, in a line.
impl fmt::Display for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.changed { "built" } else { "is up to date" };
        let (path, size_kib) = (self.path.display(), self.size_bytes.div_ceil(1024));
        write!(formatter, "{path} {what}: {size_kib} KiB, imports {}", summary(&self.imports))
    }
}

/// Encodes a core module as a component and validates it.
pub(crate) fn encode(module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default().validate(true).module(module)?.encode()
}

/// The interfaces that a component imports, `types` apart: it has no functions.
pub(crate) fn imports(component: &[u8]) -> Result<Vec<String>> {
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
