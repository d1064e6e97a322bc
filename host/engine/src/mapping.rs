//! How a step's input comes about: a JSON tree whose texts may hold MiniJinja expressions over `submission`,
//! `attachments`, `steps` and `run`.
//!
//! Only expressions (`{{ … }}`), never statements: without loops, variables and macros an expression is a tree that is
//! walked once, so what it costs is bounded by what it is given. What could still multiply its input is refused when it
//! is compiled (`*` on anything but numbers) or bounded where it happens (filters, see [`limits`]). MiniJinja's fuel stands
//! behind that as a second fence.
//!
//! A text that is exactly one expression keeps the value's JSON type; any other text is put together from scalars.
//! Integers from -2^63 to 2^64-1 pass unchanged; other numbers are IEEE doubles, as `serde_json` reads them, and are
//! written with the fewest digits that give the same double. Amounts that must not pass a double are texts; see the
//! decimal filters.

mod analysis; // what an expression may say, and what it refers to
mod compiled; // one expression, ready
mod condition; // whether a step is carried out
mod environment; // the filters and tests that there are
mod error; // what can be wrong, at apply and at run time
mod filters; // ours, for XFlow's "Udregn værdi"
pub(crate) mod limits; // numbers that bound
mod scope; // what expressions see
mod skipped; // what is left of a step that was skipped
mod text; // a text taken apart
mod value; // JSON to MiniJinja and back

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use analysis::{Reference, Segment};
pub(crate) use condition::Condition;
pub use error::{MappingError, MappingFault};
pub(crate) use error::{did_you_mean, nearest};
pub use scope::{RunFacts, Scope};

use compiled::Compiled;
use scope::Prepared;
use value::Budget;

/// A step's input, compiled. Made once per version of a flow; cheap to render, from any thread.
#[derive(Debug)]
pub struct Mapping {
    root: Node,
    references: Vec<Reference>,
    holes: Vec<String>,
}

#[derive(Debug)]
enum Node {
    Literal(Value),
    /// Exactly one expression.
    Whole(Box<Compiled>),
    /// Text around expressions.
    Mixed(Vec<Piece>),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

#[derive(Debug)]
enum Piece {
    Raw(String),
    Expression(Compiled),
}

impl Mapping {
    /// Compiles an input. Tells the first fault; see [`Self::compile_all`].
    pub fn compile(input: &Value) -> Result<Self, MappingFault> {
        Self::compile_all(input).map_err(|mut faults| faults.swap_remove(0))
    }

    /// Compiles an input. Tells every fault (at least one, in document order).
    pub fn compile_all(input: &Value) -> Result<Self, Vec<MappingFault>> {
        let mut compiler = Compiler::default();
        let root = compiler.node(input, &mut String::new(), 0);
        match root {
            Some(root) if compiler.faults.is_empty() => {
                Ok(Self { root, references: compiler.references, holes: compiler.holes })
            }
            _ => Err(compiler.faults),
        }
    }

    /// Everything that the expressions refer to, in document order.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The paths of the texts whose value is known only when the step begins (dotted, as in faults).
    pub fn holes(&self) -> &[String] {
        &self.holes
    }

    /// The input for one delivery.
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, MappingError> {
        let prepared = Prepared::new(scope);
        let mut budget = Budget::default();
        render(&self.root, &prepared, &mut budget).map(|value| value.unwrap_or(Value::Null))
    }
}

/// `None` where the value is to be left out.
fn render(node: &Node, scope: &Prepared<'_>, budget: &mut Budget) -> Result<Option<Value>, MappingError> {
    Ok(Some(match node {
        Node::Literal(value) => value.clone(),
        Node::Whole(expression) => return expression.value(scope, budget),
        Node::Mixed(pieces) => Value::String(render_text(pieces, scope, budget)?),
        Node::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                list.extend(render(item, scope, budget)?);
            }
            Value::Array(list)
        }
        Node::Table(entries) => {
            let mut table = Map::new();
            for (key, entry) in entries {
                if let Some(value) = render(entry, scope, budget)? {
                    table.insert(key.clone(), value);
                }
            }
            Value::Object(table)
        }
    }))
}

fn render_text(pieces: &[Piece], scope: &Prepared<'_>, budget: &mut Budget) -> Result<String, MappingError> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Raw(raw) => text.push_str(raw),
            Piece::Expression(expression) => text.push_str(&expression.text(scope, budget)?),
        }
    }
    Ok(text)
}

/// Compiles a tree and keeps on after a fault, so that all are found at once.
#[derive(Debug, Default)]
struct Compiler {
    faults: Vec<MappingFault>,
    references: Vec<Reference>,
    holes: Vec<String>,
    nodes: usize,
}

impl Compiler {
    /// `None` when there was a fault inside.
    fn node(&mut self, value: &Value, path: &mut String, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > limits::MAX_INPUT_NODES {
            if self.nodes == limits::MAX_INPUT_NODES + 1 {
                self.fault(path, 1, format!("the input has more than {} values", limits::MAX_INPUT_NODES));
            }
            return None;
        }
        if depth > limits::MAX_INPUT_DEPTH {
            self.fault(path, 1, format!("the input is nested deeper than {}", limits::MAX_INPUT_DEPTH));
            return None;
        }
        match value {
            Value::String(text) => self.text(text, path),
            Value::Array(items) => self.list(items, path, depth),
            Value::Object(entries) => self.table(entries, path, depth),
            scalar => Some(Node::Literal(scalar.clone())),
        }
    }

    fn list(&mut self, items: &[Value], path: &mut String, depth: usize) -> Option<Node> {
        let mut nodes = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("[{index}]"));
            nodes.push(self.node(item, path, depth + 1));
            path.truncate(length);
        }
        let nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        Some(literal_list(nodes))
    }

    fn table(&mut self, entries: &Map<String, Value>, path: &mut String, depth: usize) -> Option<Node> {
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, entry) in entries {
            let length = path.len();
            push_key(path, key);
            if key.contains("{{") {
                self.fault(path, 1, "expressions belong into values, not into names".to_owned());
            }
            nodes.push(self.node(entry, path, depth + 1).map(|node| (key.clone(), node)));
            path.truncate(length);
        }
        let nodes: Vec<(String, Node)> = nodes.into_iter().collect::<Option<_>>()?;
        Some(literal_table(nodes))
    }

    fn text(&mut self, text: &str, path: &str) -> Option<Node> {
        let parts = match text::split(text) {
            Ok(parts) => parts,
            Err(fault) => {
                self.fault(path, fault.line, fault.message);
                return None;
            }
        };
        if let [text::Part::Raw(_)] | [] = parts.as_slice() {
            return Some(Node::Literal(Value::String(text.to_owned())));
        }
        self.holes.push(path.to_owned());
        let whole = matches!(parts.as_slice(), [text::Part::Expression { .. }]);
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                text::Part::Raw(raw) => Some(Piece::Raw(raw.to_owned())),
                text::Part::Expression { source, line } => {
                    self.expression(source, line, path, whole).map(Piece::Expression)
                }
            });
        }
        let mut pieces: Vec<Piece> = pieces.into_iter().collect::<Option<_>>()?;
        match pieces.pop() {
            Some(Piece::Expression(expression)) if whole => Some(Node::Whole(Box::new(expression))),
            last => {
                pieces.extend(last);
                Some(Node::Mixed(pieces))
            }
        }
    }

    fn expression(&mut self, source: &str, line: u32, path: &str, whole: bool) -> Option<Compiled> {
        match Compiled::new(source, line, path, whole) {
            Ok(compiled) => {
                self.references.extend_from_slice(compiled.references());
                Some(compiled)
            }
            Err(message) => {
                self.fault(path, line, format!("`{{{{ {} }}}}`: {message}", error::shorten(source.trim())));
                None
            }
        }
    }

    fn fault(&mut self, path: &str, line: u32, message: String) {
        self.faults.push(MappingFault { path: path.to_owned(), line, message });
    }
}

/// A list without expressions is copied in one piece.
fn literal_list(nodes: Vec<Node>) -> Node {
    if !nodes.iter().all(|node| matches!(node, Node::Literal(_))) {
        return Node::List(nodes);
    }
    let values = nodes.into_iter().filter_map(|node| match node {
        Node::Literal(value) => Some(value),
        _ => None,
    });
    Node::Literal(Value::Array(values.collect()))
}

/// A table without expressions is copied in one piece.
fn literal_table(nodes: Vec<(String, Node)>) -> Node {
    if !nodes.iter().all(|(_, node)| matches!(node, Node::Literal(_))) {
        return Node::Table(nodes);
    }
    let values = nodes.into_iter().filter_map(|(key, node)| match node {
        Node::Literal(value) => Some((key, value)),
        _ => None,
    });
    Node::Literal(Value::Object(values.collect()))
}

/// Appends a key to a dotted path, quoted where it is not a plain word.
pub(crate) fn push_key(path: &mut String, key: &str) {
    let plain = !key.is_empty() && key.chars().all(|char| char.is_alphanumeric() || char == '_' || char == '-');
    if plain {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    } else {
        path.push_str(&format!("[{:?}]", error::shorten(key)));
    }
}
