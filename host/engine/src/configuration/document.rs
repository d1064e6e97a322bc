//! TOML with the line of each value. The parser's own limit on nesting (80) holds.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Number};
use toml_edit::{Document, Item, TableLike, Value};

use super::{
    ConfigurationFile,
    finding::{Finding, Lines, Origin},
};
use crate::mapping::push_key;

/// A value of a file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Content,
    lines: Lines,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Date,
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

/// Reads a file; its root is a table.
pub(crate) fn read(file: &ConfigurationFile) -> Result<(Node, Origin), Box<Finding>> {
    let text = file.text.as_str();
    let breaks = Breaks::new(text);
    let document = Document::parse(text).map_err(|error| {
        let span = error.span();
        let line = span.clone().map_or(1, |span| breaks.line(span.start));
        // The parser does not say which one.
        let key = span.filter(|_| error.message() == "duplicate key").and_then(|span| text.get(span));
        let key = key.map(|key| format!(" `{}`", key.trim())).unwrap_or_default();
        Box::new(Finding::new(
            file.name.clone(),
            line,
            "",
            format!("not TOML: {}{key}", error.message().replace('\n', "; ")),
        ))
    })?;
    let builder = Builder { text, breaks };
    let root = builder.table(document.as_table(), Lines { value: 1, content: 1 });
    let mut lines = BTreeMap::new();
    collect(&root, &mut String::new(), &mut lines);
    Ok((root, Origin::new(&file.name, lines)))
}

fn collect(node: &Node, path: &mut String, lines: &mut BTreeMap<String, Lines>) {
    lines.insert(path.clone(), node.lines);
    let length = path.len();
    match &node.value {
        Content::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                collect(item, path, lines);
                path.truncate(length);
            }
        }
        Content::Table(entries) => {
            for (key, entry) in entries {
                push_key(path, key);
                collect(entry, path, lines);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// Where lines begin.
struct Breaks(Vec<usize>);

impl Breaks {
    fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|end| *end < at)).unwrap_or(u32::MAX - 1) + 1
    }
}

struct Builder<'t> {
    text: &'t str,
    breaks: Breaks,
}

impl Builder<'_> {
    fn table(&self, table: &dyn TableLike, lines: Lines) -> Node {
        let mut entries = Vec::new();
        for (key, item) in table.iter() {
            let key_span = table.key(key).and_then(|key| key.span());
            if let Some(node) = self.item(item, self.lines(key_span, lines)) {
                entries.push((key.to_owned(), node));
            }
        }
        Node { value: Content::Table(entries), lines }
    }

    fn item(&self, item: &Item, key: Lines) -> Option<Node> {
        Some(match item {
            Item::None => return None,
            Item::Value(value) => self.value(value, key),
            Item::Table(table) => self.table(table, self.lines(table.span(), key)),
            Item::ArrayOfTables(tables) => {
                let items: Vec<Node> =
                    tables.iter().map(|table| self.table(table, self.lines(table.span(), key))).collect();
                let lines = items.first().map_or(key, |first| first.lines);
                Node { value: Content::List(items), lines }
            }
        })
    }

    fn value(&self, value: &Value, key: Lines) -> Node {
        let lines = self.lines(value.span(), key);
        let value = match value {
            Value::String(text) => Content::Text(text.value().clone()),
            Value::Integer(integer) => Content::Integer(*integer.value()),
            Value::Float(float) => Content::Float(*float.value()),
            Value::Boolean(bool) => Content::Bool(*bool.value()),
            Value::Datetime(_) => Content::Date,
            Value::Array(items) => Content::List(items.iter().map(|item| self.value(item, lines)).collect()),
            Value::InlineTable(table) => return self.table(table, lines),
        };
        Node { value, lines }
    }

    fn lines(&self, span: Option<Range<usize>>, otherwise: Lines) -> Lines {
        let Some(span) = span else { return otherwise };
        let value = self.breaks.line(span.start);
        let raw = &self.text[span];
        // A line break right after three quotes is not part of the text.
        let breaks_first = [r#"""""#, "'''"].iter().any(|quotes| {
            raw.strip_prefix(quotes).is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n"))
        });
        Lines { value, content: value + u32::from(breaks_first) }
    }
}

impl Node {
    /// The value as JSON. The error is the path (dotted, from `path`) of what JSON does not have, and what to do.
    pub(crate) fn to_json(&self, path: &str) -> Result<serde_json::Value, (String, &'static str)> {
        Ok(match &self.value {
            Content::Text(text) => text.as_str().into(),
            Content::Integer(integer) => (*integer).into(),
            Content::Bool(bool) => (*bool).into(),
            Content::Float(float) => Number::from_f64(*float)
                .map(serde_json::Value::Number)
                .ok_or_else(|| (path.to_owned(), "JSON has no such number: write a finite one"))?,
            Content::Date => return Err((path.to_owned(), "JSON has no dates: put it in quotes")),
            Content::List(items) => {
                let items = items.iter().enumerate().map(|(index, item)| item.to_json(&format!("{path}[{index}]")));
                serde_json::Value::Array(items.collect::<Result<_, _>>()?)
            }
            Content::Table(entries) => {
                let mut table = Map::new();
                for (key, entry) in entries {
                    let mut path = path.to_owned();
                    push_key(&mut path, key);
                    table.insert(key.clone(), entry.to_json(&path)?);
                }
                serde_json::Value::Object(table)
            }
        })
    }
}
