//! What can be said of a component before it is compiled: its size, whether it is one, what it imports and
//! exports. What its `describe` says is checked here too.

use std::collections::HashSet;

use semver::Version;
use sluse_connector::LoadError;
use sluse_model::{Description, Name};
use wasmparser::{Encoding, Parser, Payload};

use crate::{abi::v0_1 as abi, host, wasi};

/// A Python component has 18 MiB, a JavaScript one 12.
pub(crate) const MAX_COMPONENT_BYTES: usize = 32 << 20;

/// What a component is made of, as far as it matters to how it is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) imports_wasi: bool,
    pub(crate) has_operations: bool,
    pub(crate) has_feeds: bool,
}

/// Checks size, kind, imports and exports. Types are checked when it is linked.
pub(crate) fn outline(component: &[u8]) -> Result<Outline, LoadError> {
    if component.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge {
            size_bytes: component.len() as u64,
            limit_bytes: MAX_COMPONENT_BYTES as u64,
        });
    }
    let (imports, exports) = names(component)?;
    let mut imports_wasi = false;
    for import in imports {
        imports_wasi |= check_import(import)? == Offer::Wasi;
    }
    let exports_interface = |wanted| exports.iter().any(|export| same_interface(export, wanted));
    if !exports_interface(abi::CONNECTOR) {
        return Err(LoadError::MissingExport {
            export: abi::CONNECTOR.into(),
            detail: "build it for the world `target`, `source` or `target-and-source`".into(),
        });
    }
    let outline = Outline {
        imports_wasi,
        has_operations: exports_interface(abi::OPERATIONS),
        has_feeds: exports_interface(abi::FEEDS),
    };
    if !outline.has_operations && !outline.has_feeds {
        return Err(LoadError::MissingExport {
            export: abi::OPERATIONS.into(),
            detail: "a connector exports operations, feeds or both".into(),
        });
    }
    Ok(outline)
}

/// The names of the component's own imports and exports.
fn names(component: &[u8]) -> Result<(Vec<&str>, Vec<&str>), LoadError> {
    let not_a_component = |error: wasmparser::BinaryReaderError| LoadError::NotAComponent(error.message().to_owned());
    if !component.starts_with(b"\0asm") {
        return Err(LoadError::NotAComponent("it does not begin as one, with `\\0asm`".into()));
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(not_a_component)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(LoadError::NotAComponent(
                    "it is a core module: make a component of it, as `sluse connector build` does".into(),
                ));
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(not_a_component)?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(not_a_component)?.name.name);
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

#[derive(PartialEq, Eq)]
enum Offer {
    Ours,
    Wasi,
}

/// Whether the host offers it, and if not, what to do.
fn check_import(import: &str) -> Result<Offer, LoadError> {
    if host::INTERFACES.iter().any(|(offered, _)| same_interface(import, offered)) {
        return Ok(Offer::Ours);
    }
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    if wasi::INTERFACES.contains(&interface) && version.starts_with("0.2.") {
        return Ok(Offer::Wasi);
    }
    Err(LoadError::UnknownImport { import: import.chars().take(200).collect(), advice: advice(interface).into() })
}

fn advice(interface: &str) -> &'static str {
    match interface.split_once('/').map_or(interface, |(package, _)| package) {
        "sluse:connector" => "this host speaks version 0.1 of the contract; build it against `wit/v0.1`",
        "wasi:http" => {
            "requests go through `sluse:connector/http`; with componentize-js, build with the feature `http` disabled"
        }
        package if package.starts_with("wasi:") => {
            "of WASI, version 0.2 is offered: cli, clocks, filesystem, io, random and sockets"
        }
        _ => "a connector imports interfaces of `sluse:connector@0.1`, and WASI 0.2 if its toolchain needs it",
    }
}

/// Whether two names are one interface in compatible versions: `0.1.3` and `0.1.0` are.
fn same_interface(one: &str, other: &str) -> bool {
    let (Some((one, one_version)), Some((other, other_version))) = (one.split_once('@'), other.split_once('@')) else {
        return one == other;
    };
    let track = |version: &str| Version::parse(version).ok().map(|version| (version.major, version.minor));
    one == other && track(one_version).is_some() && track(one_version) == track(other_version)
}

/// Titles and names that people see.
const MAX_TITLE_BYTES: usize = 200;

/// Summaries.
const MAX_SUMMARY_BYTES: usize = 4 << 10;

/// A JSON Schema.
const MAX_SCHEMA_BYTES: usize = 512 << 10;

/// Operations, feeds, endpoints, folders, sequences: of each.
const MAX_ENTRIES: usize = 200;

/// Checks what `describe` said.
pub(crate) fn check_description(description: &Description, outline: Outline) -> Result<(), LoadError> {
    described(description, outline).map_err(LoadError::BadDescription)
}

fn described(description: &Description, outline: Outline) -> Result<(), String> {
    name("name", &description.name)?;
    if let Err(error) = Version::parse(&description.version) {
        return Err(format!("`version` {:?} is not SemVer ({error}): write `1.0.0`", cut(&description.version)));
    }
    text("title", &description.title, MAX_TITLE_BYTES)?;
    text("summary", &description.summary, MAX_SUMMARY_BYTES)?;
    schema("settings-schema", &description.settings_schema)?;
    unique("operations", description.operations.iter().map(|operation| &operation.name))?;
    unique("feeds", description.feeds.iter().map(|feed| &feed.name))?;
    unique("endpoints", description.endpoints.iter().map(|endpoint| &endpoint.name))?;
    unique("folders", description.folders.iter().map(|folder| &folder.name))?;
    unique("sequences", description.sequences.iter())?;
    for operation in &description.operations {
        let of = format!("of operation `{}`", operation.name);
        text(&format!("title {of}"), &operation.title, MAX_TITLE_BYTES)?;
        text(&format!("summary {of}"), &operation.summary, MAX_SUMMARY_BYTES)?;
        schema(&format!("input-schema {of}"), &operation.input_schema)?;
        schema(&format!("output-schema {of}"), &operation.output_schema)?;
    }
    for feed in &description.feeds {
        let of = format!("of feed `{}`", feed.name);
        text(&format!("title {of}"), &feed.title, MAX_TITLE_BYTES)?;
        text(&format!("summary {of}"), &feed.summary, MAX_SUMMARY_BYTES)?;
        schema(&format!("item-schema {of}"), &feed.item_schema)?;
    }
    for endpoint in &description.endpoints {
        text(&format!("title of endpoint `{}`", endpoint.name), &endpoint.title, MAX_TITLE_BYTES)?;
        unique_kinds(endpoint)?;
    }
    for folder in &description.folders {
        text(&format!("title of folder `{}`", folder.name), &folder.title, MAX_TITLE_BYTES)?;
    }
    exported("operations", !description.operations.is_empty(), outline.has_operations)?;
    exported("feeds", !description.feeds.is_empty(), outline.has_feeds)
}

fn name(what: &str, text: &str) -> Result<(), String> {
    text.parse::<Name>().map(|_| ()).map_err(|error| format!("`{what}`: {error}"))
}

fn text(what: &str, text: &str, limit: usize) -> Result<(), String> {
    if text.len() > limit {
        return Err(format!("`{what}` is {} bytes long, and at most {limit} are allowed", text.len()));
    }
    match text.chars().find(|character| character.is_control() && *character != '\n') {
        Some(character) => Err(format!("`{what}` has a control character ({})", character.escape_unicode())),
        None => Ok(()),
    }
}

fn schema(what: &str, text: &str) -> Result<(), String> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(format!("`{what}` is {} bytes long, and at most {MAX_SCHEMA_BYTES} are allowed", text.len()));
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(_) | serde_json::Value::Bool(_)) => Ok(()),
        Ok(_) => Err(format!("`{what}` is no JSON Schema: an object is needed")),
        Err(error) => Err(format!("`{what}` is not JSON: {error}")),
    }
}

fn unique<'a>(what: &str, names: impl ExactSizeIterator<Item = &'a String>) -> Result<(), String> {
    if names.len() > MAX_ENTRIES {
        return Err(format!("there are {} {what}, and at most {MAX_ENTRIES} are allowed", names.len()));
    }
    let mut seen = HashSet::new();
    for entry in names {
        name(what, entry)?;
        if !seen.insert(entry) {
            return Err(format!("`{what}` names `{entry}` twice"));
        }
    }
    Ok(())
}

fn unique_kinds(endpoint: &sluse_model::EndpointNeed) -> Result<(), String> {
    let kinds: HashSet<_> = endpoint.credentials.iter().collect();
    if kinds.len() < endpoint.credentials.len() {
        return Err(format!("endpoint `{}` names a way of signing in twice", endpoint.name));
    }
    Ok(())
}

/// What is described is exported, and the other way round.
fn exported(interface: &str, described: bool, exported: bool) -> Result<(), String> {
    match (described, exported) {
        (true, false) => Err(format!("it describes {interface} and does not export `sluse:connector/{interface}`")),
        (false, true) => Err(format!("it exports `sluse:connector/{interface}` and describes no {interface}")),
        _ => Ok(()),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
