//! JSON to MiniJinja's values and back.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};
use serde_json::{Map, Number};

use super::{error::refuse, limits, skipped::is_absent};

type Json = serde_json::Value;

/// Set when an expression turned a whole list or table into text: what it then holds is of no use, and could be large.
pub(crate) type Printed = Arc<AtomicBool>;

/// A list or a table of the scope. Cannot become text.
struct JsonList(Vec<Value>, Printed);
struct JsonTable(BTreeMap<Arc<str>, Value>, Printed);

// Submissions do not show up in debug output.
impl fmt::Debug for JsonList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
}

impl fmt::Debug for JsonTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
}

impl Object for JsonList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.store(true, Ordering::Relaxed);
        f.write_str("a list")
    }
}

impl Object for JsonTable {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.get(key).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().cloned().map(Value::from).collect())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.store(true, Ordering::Relaxed);
        f.write_str("a table")
    }
}

/// A place that is to be left out of the input.
#[derive(Debug)]
pub(crate) struct LeftOut;

impl Object for LeftOut {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}

/// A table for an expression to look into.
pub(crate) fn table(entries: BTreeMap<Arc<str>, Value>, printed: &Printed) -> Value {
    Value::from_object(JsonTable(entries, printed.clone()))
}

/// JSON as expressions see it. `nodes` counts values down.
pub(crate) fn from_json(json: &Json, printed: &Printed, nodes: &mut usize, depth: usize) -> Result<Value, String> {
    *nodes = nodes.checked_sub(1).ok_or_else(|| {
        format!("it has more than {} values: hand it on whole, or in parts, without a filter", limits::MAX_SCOPE_NODES)
    })?;
    if depth > limits::MAX_OUTPUT_DEPTH {
        return Err(format!("it is nested deeper than {}", limits::MAX_OUTPUT_DEPTH));
    }
    Ok(match json {
        Json::Null => Value::from(()),
        Json::Bool(bool) => Value::from(*bool),
        Json::Number(number) => from_number(number),
        Json::String(text) if text.len() > limits::MAX_TEXT_BYTES => Value::from(refuse(format!(
            "a text is longer than {} bytes: hand it on whole, without a filter",
            limits::MAX_TEXT_BYTES
        ))),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => {
            let items =
                items.iter().map(|item| from_json(item, printed, nodes, depth + 1)).collect::<Result<_, _>>()?;
            Value::from_object(JsonList(items, printed.clone()))
        }
        Json::Object(entries) => {
            let mut values = BTreeMap::new();
            for (key, entry) in entries {
                values.insert(Arc::from(key.as_str()), from_json(entry, printed, nodes, depth + 1)?);
            }
            table(values, printed)
        }
    })
}

fn from_number(number: &Number) -> Value {
    number
        .as_i64()
        .map(Value::from)
        .or_else(|| number.as_u64().map(Value::from))
        .unwrap_or_else(|| Value::from(number.as_f64().unwrap_or(f64::NAN)))
}

/// How much a rendering may still give.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: limits::MAX_OUTPUT_BYTES }
    }
}

impl Budget {
    /// Takes `bytes` and what any value costs beside its content.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), minijinja::Error> {
        const VALUE_BYTES: usize = 8;
        self.bytes = self.bytes.checked_sub(bytes.saturating_add(VALUE_BYTES)).ok_or_else(|| {
            refuse(format!(
                "the input grows beyond {} bytes: hand large content on as an attachment",
                limits::MAX_OUTPUT_BYTES
            ))
        })?;
        Ok(())
    }

    /// Takes what a copy of `json` costs.
    pub(crate) fn take_json(&mut self, json: &Json, depth: usize) -> Result<(), minijinja::Error> {
        check_depth(depth)?;
        match json {
            Json::String(text) => self.take(text.len()),
            Json::Array(items) => {
                self.take(0)?;
                items.iter().try_for_each(|item| self.take_json(item, depth + 1))
            }
            Json::Object(entries) => {
                self.take(0)?;
                entries.iter().try_for_each(|(key, entry)| {
                    self.take(key.len())?;
                    self.take_json(entry, depth + 1)
                })
            }
            _ => self.take(0),
        }
    }
}

fn check_depth(depth: usize) -> Result<(), minijinja::Error> {
    if depth > limits::MAX_OUTPUT_DEPTH {
        return Err(refuse(format!("the input is nested deeper than {}", limits::MAX_OUTPUT_DEPTH)));
    }
    Ok(())
}

/// The result of an expression as JSON. `None` where it is to be left out.
pub(crate) fn to_json(value: &Value, budget: &mut Budget, depth: usize) -> Result<Option<Json>, minijinja::Error> {
    check_depth(depth)?;
    if value.downcast_object_ref::<LeftOut>().is_some() {
        return Ok(None);
    }
    if is_absent(value) {
        return Err(minijinja::ErrorKind::UndefinedError.into());
    }
    Ok(Some(match value.kind() {
        ValueKind::Undefined => return Err(minijinja::ErrorKind::UndefinedError.into()),
        ValueKind::None => {
            budget.take(0)?;
            Json::Null
        }
        ValueKind::Bool => {
            budget.take(0)?;
            Json::Bool(value.is_true())
        }
        ValueKind::Number => {
            budget.take(0)?;
            Json::Number(to_number(value)?)
        }
        ValueKind::String => {
            let text = value.as_str().ok_or_else(|| refuse("a text is not UTF-8"))?;
            budget.take(text.len())?;
            Json::String(text.to_owned())
        }
        ValueKind::Seq | ValueKind::Iterable => {
            budget.take(0)?;
            let mut list = Vec::new();
            for item in value.try_iter()?.checked() {
                list.extend(to_json(&item?, budget, depth + 1)?);
            }
            Json::Array(list)
        }
        ValueKind::Map => {
            budget.take(0)?;
            let mut entries = Map::new();
            for key in value.try_iter()? {
                let name = key.as_str().ok_or_else(|| refuse("the names in a table are texts"))?;
                budget.take(name.len())?;
                if let Some(entry) = to_json(&value.get_item(&key)?, budget, depth + 1)? {
                    entries.insert(name.to_owned(), entry);
                }
            }
            Json::Object(entries)
        }
        ValueKind::Invalid => return Err(reason_of(value)),
        _ => return Err(refuse("it is no JSON value")),
    }))
}

/// Why an invalid value is one. MiniJinja tells it to those who iterate.
pub(crate) fn reason_of(value: &Value) -> minijinja::Error {
    let checked = Value::from(vec![value.clone()]).try_iter().map(|items| items.checked().next());
    match checked {
        Ok(Some(Err(reason))) => reason,
        _ => refuse("a value cannot be used"),
    }
}

/// A number as JSON writes it.
pub(crate) fn to_number(value: &Value) -> Result<Number, minijinja::Error> {
    if value.is_integer() {
        if let Some(integer) = value.as_i64() {
            return Ok(integer.into());
        }
        return u64::try_from(value.clone()).map(Number::from).map_err(|_| refuse("an integer is beyond 64 bits"));
    }
    f64::try_from(value.clone()).ok().and_then(Number::from_f64).ok_or_else(|| refuse("a number is not finite"))
}
