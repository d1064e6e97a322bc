//! A table read key by key: what is missing, of another kind or unknown is a finding, and reading goes on.

use std::{collections::BTreeMap, str::FromStr};

use sluse_model::Name;

use super::{
    document::{Content, Node},
    finding::{Finding, Origin},
    kind_of,
};
use crate::mapping::{nearest, push_key};

/// A table that is being read.
pub(crate) struct Reader<'n, 'f> {
    entries: &'n [(String, Node)],
    origin: &'n Origin,
    path: String,
    known: Vec<&'static str>,
    findings: &'f mut Vec<Finding>,
}

impl<'n, 'f> Reader<'n, 'f> {
    /// `None`, with a finding, when the node is no table.
    pub(crate) fn new(node: &'n Node, origin: &'n Origin, path: &str, findings: &'f mut Vec<Finding>) -> Option<Self> {
        match &node.value {
            Content::Table(entries) => {
                Some(Self { entries, origin, path: path.to_owned(), known: Vec::new(), findings })
            }
            _ => {
                findings.push(origin.finding(path, format!("a table is needed here, not {}", kind_of(node))));
                None
            }
        }
    }

    /// What is at this key.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The one of several spellings of a key that is there, the first when none is. Two of them are a finding.
    pub(crate) fn spelling(&mut self, key: &'static str, others: &[&'static str]) -> &'static str {
        self.known.extend(others);
        let all = || std::iter::once(key).chain(others.iter().copied());
        let mut there = all().filter(|spelling| self.entries.iter().any(|(name, _)| name == spelling));
        let (first, second) = (there.next(), there.next());
        if let (Some(first), Some(second)) = (first, second) {
            self.refuse(second, format!("`{second}` is another name of `{first}`: write one of them"));
        }
        self.known.push(key);
        first.unwrap_or(key)
    }

    /// The dotted path of a key.
    pub(crate) fn path_of(&self, key: &str) -> String {
        let mut path = self.path.clone();
        push_key(&mut path, key);
        path
    }

    /// A finding about a key of this table.
    pub(crate) fn refuse(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path_of(key);
        self.findings.push(self.origin.finding(&path, message));
    }

    /// A finding about a line (from 1) of the text at a key.
    pub(crate) fn refuse_in_text(&mut self, key: &str, line: u32, message: impl Into<String>) {
        let path = self.path_of(key);
        self.findings.push(self.origin.finding_in_text(&path, line, message));
    }

    /// A finding about a place below this table, by its dotted path from here.
    pub(crate) fn refuse_at(&mut self, below: &str, message: impl Into<String>) {
        self.findings.push(self.origin.at(&self.path).finding(below, message));
    }

    /// A reader of a table below this one, by its dotted path from here.
    pub(crate) fn child_at(&mut self, below: &str, node: &'n Node) -> Option<Reader<'n, '_>> {
        let path = format!("{}.{below}", self.path);
        Reader::new(node, self.origin, &path, self.findings)
    }

    /// The items of a list of tables; none when the key is absent.
    pub(crate) fn list(&mut self, key: &'static str) -> &'n [Node] {
        match self.get(key) {
            None => &[],
            Some(Node { value: Content::List(items), .. }) => items,
            Some(_) => {
                self.refuse(key, format!("a list is needed here: `[[{}]]` for tables", last_words(&self.path_of(key))));
                &[]
            }
        }
    }

    /// The entries of a table of tables; none when the key is absent.
    pub(crate) fn table(&mut self, key: &'static str) -> &'n [(String, Node)] {
        match self.get(key) {
            None => &[],
            Some(Node { value: Content::Table(entries), .. }) => entries,
            Some(other) => {
                self.refuse(key, format!("a table is needed here, not {}", kind_of(other)));
                &[]
            }
        }
    }

    /// What is read from each entry of a table of tables, by name; none when the key is absent.
    pub(crate) fn named<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Reader<'n, '_>) -> Option<T>,
    ) -> BTreeMap<Name, T> {
        let mut found = BTreeMap::new();
        for (entry, node) in self.table(key) {
            let mut path = key.to_owned();
            push_key(&mut path, entry);
            let name = Name::from_str(entry).map_err(|error| self.refuse_at(&path, error.to_string())).ok();
            let value = self.child_at(&path, node).and_then(&read);
            if let (Some(name), Some(value)) = (name, value) {
                found.insert(name, value);
            }
        }
        found
    }

    /// A table as JSON; empty when the key is absent.
    pub(crate) fn json_table(&mut self, key: &'static str) -> serde_json::Map<String, serde_json::Value> {
        match self.get(key).map(|node| (self.json(key, node), kind_of(node))) {
            Some((Some(serde_json::Value::Object(table)), _)) => table,
            Some((Some(_), kind)) => {
                self.refuse(key, format!("a table is needed here, not {kind}"));
                serde_json::Map::new()
            }
            _ => serde_json::Map::new(),
        }
    }

    /// A node as JSON.
    pub(crate) fn json(&mut self, key: &str, node: &Node) -> Option<serde_json::Value> {
        node.to_json(&self.path_of(key))
            .map_err(|(path, message)| self.findings.push(self.origin.finding(&path, message)))
            .ok()
    }

    /// A text that may be absent.
    pub(crate) fn optional_text(&mut self, key: &'static str) -> Option<&'n str> {
        match &self.get(key)?.value {
            Content::Text(text) => Some(text),
            _ => {
                let kind = self.kind_at(key);
                self.refuse(key, format!("a text is needed here, not {kind}"));
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<&'n str> {
        if self.get(key).is_none() {
            self.missing(key);
            return None;
        }
        self.optional_text(key)
    }

    /// A name that must be there.
    pub(crate) fn name(&mut self, key: &'static str) -> Option<Name> {
        let text = self.text(key)?;
        Name::from_str(text).map_err(|error| self.refuse(key, error.to_string())).ok()
    }

    /// A name that may be absent.
    pub(crate) fn optional_name(&mut self, key: &'static str) -> Option<Name> {
        let text = self.optional_text(key)?;
        Name::from_str(text).map_err(|error| self.refuse(key, error.to_string())).ok()
    }

    /// A list of texts that may be absent, each with its place from here.
    pub(crate) fn optional_texts(&mut self, key: &'static str) -> Option<Vec<(String, &'n str)>> {
        let Content::List(items) = &self.get(key)?.value else {
            let kind = self.kind_at(key);
            self.refuse(key, format!("a list of texts is needed here, not {kind}"));
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = format!("{key}[{index}]");
            match &item.value {
                Content::Text(text) => texts.push((place, text.as_str())),
                _ => self.refuse_at(&place, format!("a text is needed here, not {}", kind_of(item))),
            }
        }
        Some(texts)
    }

    /// A number of at least zero that may be absent.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<u64> {
        match &self.get(key)?.value {
            Content::Integer(integer) => {
                let number = u64::try_from(*integer).ok();
                if number.is_none() {
                    self.refuse(key, "a number of at least 0 is needed here");
                }
                number
            }
            _ => {
                let kind = self.kind_at(key);
                self.refuse(key, format!("a whole number is needed here, not {kind}"));
                None
            }
        }
    }

    /// True or false; false when absent.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        match self.get(key).map(|node| &node.value) {
            None => false,
            Some(Content::Bool(flag)) => *flag,
            Some(_) => {
                let kind = self.kind_at(key);
                self.refuse(key, format!("`true` or `false` is needed here, not {kind}"));
                false
            }
        }
    }

    /// A finding that a key must be there.
    pub(crate) fn missing(&mut self, key: &str) {
        let path = self.path.clone();
        self.findings.push(self.origin.finding(&path, format!("`{key}` is missing")));
    }

    /// A finding that one of these keys must be there.
    pub(crate) fn missing_one_of(&mut self, keys: &[&str]) {
        let path = self.path.clone();
        self.findings.push(self.origin.finding(&path, format!("one of `{}` is missing", keys.join("` and `"))));
    }

    /// A reader of the table at this key. The key must have been asked for.
    pub(crate) fn child(&mut self, key: &str, node: &'n Node) -> Option<Reader<'n, '_>> {
        let path = self.path_of(key);
        Reader::new(node, self.origin, &path, self.findings)
    }

    /// Every key that was not asked for is a finding.
    pub(crate) fn finish(mut self) {
        let unknown = self.entries.iter().filter(|(key, _)| !self.known.contains(&key.as_str()));
        for key in unknown.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            let hint = match nearest(&key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", words(&self.known)),
            };
            let path = self.path_of(&key);
            self.refuse(&key, format!("unknown key `{path}`: {hint}"));
        }
    }

    fn kind_at(&self, key: &str) -> &'static str {
        self.entries.iter().find(|(name, _)| name == key).map_or("nothing", |(_, node)| kind_of(node))
    }
}

fn words(known: &[&'static str]) -> String {
    let mut known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    known.sort();
    known.dedup();
    known.join(", ")
}

/// `flow[0].step` as it stands in a header: `flow.step`.
fn last_words(path: &str) -> String {
    let mut words = String::new();
    let mut inside = false;
    for char in path.chars() {
        match char {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => words.push(char),
            _ => {}
        }
    }
    words
}
