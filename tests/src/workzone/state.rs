//! The rows, an index over the properties that look-ups use, and one transaction at a time.
//! Leaves what may be written to `entities` and how it is shown to `odata_v3` and `odata_v4`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::model::Model;

/// One row of an entity set.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Internal number; `ID` is its decimal text.
    pub(super) id: u64,
    /// 1 when made, one more with each change.
    pub(super) version: u32,
    /// Stored properties; a missing one is null.
    pub(super) fields: Map<String, Value>,
    /// Bytes of a document.
    pub(super) content: Option<Content>,
}

/// Bytes of a document, as they arrived.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// Where they lie.
    pub(super) file: PathBuf,
    /// Length in bytes.
    pub(super) size_bytes: u64,
    /// Lower-case hex digest.
    pub(super) sha256: String,
}

impl Row {
    /// `ID` as text.
    pub(super) fn key(&self) -> String {
        self.id.to_string()
    }

    /// `W/"…"`, different after each change.
    pub(super) fn etag(&self) -> String {
        format!("W/\"{}-{}\"", self.id, self.version)
    }

    /// A stored text, empty when the property is null or not a text.
    pub(super) fn text(&self, property: &str) -> &str {
        self.fields.get(property).and_then(Value::as_str).unwrap_or_default()
    }
}

type Index = HashMap<String, BTreeSet<u64>>;

/// All that the service remembers.
#[derive(Debug)]
pub(super) struct State {
    model: Arc<Model>,
    tables: BTreeMap<String, BTreeMap<u64, Row>>,
    indexes: HashMap<(String, String), Index>,
    last_id: u64,
    undo: Option<Vec<(String, u64, Option<Row>)>>,
}

/// Ids begin here; five digits look like an installation in use.
const FIRST_ID: u64 = 67_453;

impl State {
    /// Empty tables.
    pub(super) fn new(model: Arc<Model>) -> State {
        State { model, tables: BTreeMap::new(), indexes: HashMap::new(), last_id: FIRST_ID - 1, undo: None }
    }

    /// What the service consists of.
    pub(super) fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model)
    }

    /// A number that no row has; not given back by a rollback, as with a database's sequence.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The row of that `ID`.
    pub(super) fn row(&self, set: &str, id: u64) -> Option<&Row> {
        self.tables.get(set)?.get(&id)
    }

    /// The row whose `ID` is written so.
    pub(super) fn row_by_key(&self, set: &str, key: &str) -> Option<&Row> {
        let row = self.row(set, key.parse().ok()?)?;
        (row.key() == key).then_some(row)
    }

    /// All rows of a set in order of `ID`.
    pub(super) fn rows(&self, set: &str) -> impl Iterator<Item = &Row> {
        self.tables.get(set).into_iter().flat_map(BTreeMap::values)
    }

    /// Rows whose indexed property is this text, in order of `ID`.
    pub(super) fn find(&self, set: &str, property: &str, value: &str) -> Vec<&Row> {
        let ids = self.indexes.get(&(set.to_owned(), property.to_owned())).and_then(|index| index.get(value));
        ids.into_iter().flatten().filter_map(|id| self.row(set, *id)).collect()
    }

    /// Puts a row in its table, instead of the one it had.
    pub(super) fn store(&mut self, set: &str, row: Row) {
        self.put(set, row.id, Some(row));
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, set: &str, id: u64) {
        self.put(set, id, None);
    }

    /// Begins to remember how to undo.
    pub(super) fn begin(&mut self) {
        self.undo = Some(Vec::new());
    }

    /// Keeps what was done since `begin`.
    pub(super) fn commit(&mut self) {
        self.undo = None;
    }

    /// Undoes what was done since `begin`.
    pub(super) fn rollback(&mut self) {
        for (set, id, previous) in self.undo.take().unwrap_or_default().into_iter().rev() {
            self.put(&set, id, previous);
        }
    }

    fn put(&mut self, set: &str, id: u64, row: Option<Row>) {
        let previous = self.tables.entry(set.to_owned()).or_default().remove(&id);
        if let Some(previous) = &previous {
            self.reindex(set, previous, false);
        }
        if let Some(row) = row {
            self.reindex(set, &row, true);
            self.tables.entry(set.to_owned()).or_default().insert(id, row);
        }
        if let Some(undo) = &mut self.undo {
            undo.push((set.to_owned(), id, previous));
        }
    }

    fn reindex(&mut self, set: &str, row: &Row, present: bool) {
        let model = Arc::clone(&self.model);
        let fields = model.set(set).map(|set| set.fields.as_slice()).unwrap_or_default();
        for field in fields.iter().filter(|field| field.indexed()) {
            let Some(value) = row.fields.get(&field.name).and_then(Value::as_str) else { continue };
            let index = self.indexes.entry((set.to_owned(), field.name.clone())).or_default();
            let ids = index.entry(value.to_owned()).or_default();
            if present {
                ids.insert(row.id);
            } else {
                ids.remove(&row.id);
            }
        }
    }
}
