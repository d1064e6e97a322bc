//! Connections, flows and schedules as TOML: read as a whole, checked as a whole, every finding with its file and line. Writes
//! nothing: what is without findings goes to the store in one transaction, by the caller.
//!
//! Three steps: [`parse`] needs nothing but the files; [`resolve`] takes addresses out of settings, where a connector wants
//! them there; [`check`] holds what they say against what is installed.

mod auth; // how an endpoint signs in
mod check; // against what is installed
mod connections; // a `[[connection]]`
mod diff; // what would change
mod document; // TOML with its lines
mod endpoints; // where targets are
mod finding; // what is wrong, and where
mod flows; // a `[[flow]]`
mod intervals; // how often, where no schedule says so
mod policies; // its `retry`, `gates` and `operations`
mod reader; // a table read key by key
mod resolve; // what stands in settings and is meant for endpoints
mod schedules; // a `[[schedule]]`
mod warnings; // what is seldom meant

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use sluse_model::{Connection, Flow, Name, Schedule};

pub(crate) use check::{Catalog, check};
pub use diff::Change;
pub(crate) use diff::{Stored, diff};
pub use finding::Finding;
pub(crate) use intervals::settle as settle_intervals;
pub(crate) use resolve::resolve;
pub(crate) use warnings::warnings;

use document::Node;
use finding::Origin;
use reader::Reader;

/// All files of an installation, together.
const MAX_FILES: usize = 256;
/// A flow with its schema has some kilobytes.
const MAX_FILE_BYTES: usize = 1 << 20;
/// All files, together.
const MAX_BYTES: usize = 16 << 20;

/// A TOML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationFile {
    /// What findings call it; a path as the user wrote it.
    pub name: String,
    pub text: String,
}

/// What the files say, well-formed but not yet checked.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// The names of the files, in the order given.
    pub(crate) files: Vec<String>,
    pub(crate) connections: Vec<Located<Connection>>,
    pub(crate) flows: Vec<Located<Flow>>,
    pub(crate) schedules: Vec<Located<Schedule>>,
    /// Stored schedules that follow the settings of a connection in the files, as they are from now on.
    pub(crate) followers: Vec<Schedule>,
}

/// Something with the place where it stands.
#[derive(Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl Parsed {
    /// The connections, in the order of the files.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().map(|located| &located.value)
    }

    /// The flows, in the order of the files.
    pub(crate) fn flows(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().map(|located| &located.value)
    }

    /// The schedules, in the order of the files.
    pub(crate) fn schedules(&self) -> impl Iterator<Item = &Schedule> {
        self.schedules.iter().map(|located| &located.value)
    }

    /// What goes to the store.
    pub(crate) fn into_parts(self) -> (Vec<Connection>, Vec<Flow>, Vec<Schedule>) {
        let connections = self.connections.into_iter().map(|located| located.value);
        let flows = self.flows.into_iter().map(|located| located.value);
        let schedules = self.schedules.into_iter().map(|located| located.value).chain(self.followers);
        (connections.collect(), flows.collect(), schedules.collect())
    }
}

/// Reads files of `[[connection]]`, `[[flow]]` and `[[schedule]]` tables.
///
/// Tells every finding, sorted by file (in the order given) and line; nothing is taken from files with findings.
pub(crate) fn parse(files: &[ConfigurationFile]) -> Result<Parsed, Vec<Finding>> {
    let mut parsed = Parsed { files: files.iter().map(|file| file.name.clone()).collect(), ..Parsed::default() };
    let mut findings = Vec::new();
    if files.len() > MAX_FILES {
        let name = files[MAX_FILES].name.clone();
        return Err(vec![Finding::new(name, 1, "", format!("there are more than {MAX_FILES} files"))]);
    }
    if files.iter().map(|file| file.text.len()).sum::<usize>() > MAX_BYTES {
        let message = format!("the files are larger than {MAX_BYTES} bytes together");
        return Err(vec![Finding::new(files[0].name.clone(), 1, "", message)]);
    }
    for file in files {
        parse_file(file, &mut parsed, &mut findings);
    }
    refuse_duplicates("connection", &parsed.connections, |connection| &connection.name, &mut findings);
    refuse_duplicates("flow", &parsed.flows, |flow| &flow.name, &mut findings);
    refuse_duplicates("schedule", &parsed.schedules, |schedule| &schedule.name, &mut findings);
    if findings.is_empty() {
        return Ok(parsed);
    }
    finding::sort(&mut findings, &parsed.files);
    Err(findings)
}

fn parse_file(file: &ConfigurationFile, parsed: &mut Parsed, findings: &mut Vec<Finding>) {
    if file.text.len() > MAX_FILE_BYTES {
        let message = format!("the file is larger than {MAX_FILE_BYTES} bytes");
        return findings.push(Finding::new(file.name.clone(), 1, "", message));
    }
    let (root, origin) = match document::read(file) {
        Ok(read) => read,
        Err(finding) => return findings.push(*finding),
    };
    let mut reader = Reader::new(&root, &origin, "", findings).expect("the root of a document is a table");
    let connections = reader.list("connection");
    let flows = reader.list("flow");
    let schedules = reader.list("schedule");
    reader.finish();
    for (index, node) in connections.iter().enumerate() {
        let path = format!("connection[{index}]");
        if let Some(connection) = connections::read(node, &origin, &path, findings) {
            parsed.connections.push(Located { value: connection, origin: origin.at(&path) });
        }
    }
    for (index, node) in flows.iter().enumerate() {
        let path = format!("flow[{index}]");
        if let Some(flow) = flows::read(node, &origin, &path, findings) {
            parsed.flows.push(Located { value: flow, origin: origin.at(&path) });
        }
    }
    for (index, node) in schedules.iter().enumerate() {
        let path = format!("schedule[{index}]");
        if let Some(schedule) = schedules::read(node, &origin, &path, findings) {
            parsed.schedules.push(Located { value: schedule, origin: origin.at(&path) });
        }
    }
}

fn refuse_duplicates<T>(what: &str, all: &[Located<T>], name: impl Fn(&T) -> &Name, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&Name, &Located<T>> = BTreeMap::new();
    for located in all {
        let Some(first) = seen.get(name(&located.value)) else {
            seen.insert(name(&located.value), located);
            continue;
        };
        let (file, line) = first.origin.place("name");
        let message = format!("there is already a {what} `{}` in {file}, line {line}", name(&located.value));
        findings.push(located.origin.finding("name", message));
    }
}

/// What a node is called in a message.
fn kind_of(node: &Node) -> &'static str {
    match &node.value {
        document::Content::Text(_) => "a text",
        document::Content::Integer(_) => "a whole number",
        document::Content::Float(_) => "a number",
        document::Content::Bool(_) => "true or false",
        document::Content::Date => "a date",
        document::Content::List(_) => "a list",
        document::Content::Table(_) => "a table",
    }
}
