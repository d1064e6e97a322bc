//! Lists and tables: `join`, `map`, `pick`, `add_fields`, `optional`.

use std::collections::BTreeMap;

use minijinja::{
    Error, ErrorKind, State,
    value::{Kwargs, Rest, Value, ValueKind, ValueOrKwargs},
};

use super::{absent::is_absent, texts::scalar_text};
use crate::mapping::{error::refuse, limits, value::LeftOut};

/// The filters that `map` applies: from a scalar to a scalar that is not much larger.
const MAPPABLE: [&str; 18] = [
    "after",
    "before",
    "bool",
    "capitalize",
    "danish_decimal",
    "danish_number",
    "date",
    "float",
    "int",
    "iso_date",
    "lower",
    "minor_units",
    "number",
    "round",
    "string",
    "to_danish",
    "trim",
    "upper",
];

/// `join(', ')`: the items as one text.
pub(crate) fn join(value: &Value, separator: Option<&str>) -> Result<String, Error> {
    let separator = separator.unwrap_or_default();
    let mut joined = String::new();
    for (index, item) in items(value)?.enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&scalar_text(&item?)?);
        if joined.len() > limits::MAX_TEXT_BYTES {
            return Err(refuse(format!("a text grows beyond {} bytes", limits::MAX_TEXT_BYTES)));
        }
    }
    Ok(joined)
}

/// `map(attribute='name')` and `map('before', ',')`: the same of every item.
pub(crate) fn map(
    state: &mut State<'_, '_>,
    value: &Value,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    let arguments = arguments.into_values();
    let (positional, named): (&[Value], Kwargs) = minijinja::value::from_args(&arguments)?;
    let filter = positional.first().and_then(Value::as_str);
    let attribute = match filter {
        Some(_) => None,
        None => named.get::<Option<&str>>("attribute")?,
    };
    let mut mapped = Vec::new();
    let mut bytes = 0;
    for (index, item) in items(value)?.enumerate() {
        let item = item?;
        let result = match (filter, attribute) {
            (None, Some(attribute)) => there(field(&item, attribute), Some(index), attribute)?,
            (Some(filter), None) if MAPPABLE.contains(&filter) => {
                let all: Vec<Value> = std::iter::once(item).chain(arguments[1..].iter().cloned()).collect();
                state.apply_filter(filter, &all)?
            }
            _ => {
                return Err(refuse(format!(
                    "write `map(attribute='name')`, or `map` with one of {}",
                    MAPPABLE.join(", ")
                )));
            }
        };
        bytes += result.as_str().map_or(0, str::len);
        if bytes > limits::MAX_MAPPED_BYTES {
            return Err(refuse(format!("the texts of a list grow beyond {} bytes", limits::MAX_MAPPED_BYTES)));
        }
        mapped.push(result);
    }
    if filter.is_none() {
        named.assert_all_used()?;
    }
    Ok(mapped)
}

/// `pick(id='cpr', email='contact.email?')`: new tables with the named fields of the old ones; of a list, one for each
/// item. A question mark at the end leaves the field out where it is undefined, null or blank.
pub(crate) fn pick(value: &Value, fields: Kwargs) -> Result<Value, Error> {
    each_table(value, |table, index| {
        let mut picked = BTreeMap::<Value, Value>::new();
        for name in fields.args() {
            let source: &str = fields.get(name)?;
            let found = match source.strip_suffix('?') {
                None => there(field(table, source), index, source)?,
                Some(source) => match field(table, source) {
                    Ok(found) if !is_blank(&found) => found,
                    Ok(_) => continue,
                    Err(error) if error.kind() == ErrorKind::UndefinedError => continue,
                    Err(error) => return Err(error),
                },
            };
            picked.insert(Value::from(name), found);
        }
        Ok(Value::from_object(picked))
    })
}

/// `add_fields(role='Ansøger')`: the same tables with more fields; of a list, every item.
pub(crate) fn add_fields(value: &Value, fields: Kwargs) -> Result<Value, Error> {
    each_table(value, |table, _| {
        let mut extended = BTreeMap::<Value, Value>::new();
        for key in table.try_iter()? {
            extended.insert(key.clone(), table.get_item(&key)?);
        }
        for name in fields.args() {
            extended.insert(Value::from(name), fields.get(name)?);
        }
        Ok(Value::from_object(extended))
    })
}

/// `optional`: leaves the place out of the input when the value is undefined, null or a blank text.
pub(crate) fn optional(value: &Value) -> Value {
    if is_blank(value) { Value::from_object(LeftOut) } else { value.clone() }
}

fn is_blank(value: &Value) -> bool {
    is_absent(value) || value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The items, each with the reason when it cannot be used.
fn items(value: &Value) -> Result<impl Iterator<Item = Result<Value, Error>>, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Ok(value.try_iter()?.checked()),
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        _ => Err(refuse("a list is needed here")),
    }
}

/// Changes a table, or each of a list, of which its place is told.
fn each_table(value: &Value, change: impl Fn(&Value, Option<usize>) -> Result<Value, Error>) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Map => change(value, None),
        _ => {
            let mut changed = Vec::new();
            for item in items(value)? {
                let item = item?;
                if item.kind() != ValueKind::Map {
                    return Err(refuse("a table, or a list of tables, is needed here"));
                }
                if changed.len() == limits::MAX_REBUILT_ITEMS {
                    return Err(refuse(format!("the list has more than {} items", limits::MAX_REBUILT_ITEMS)));
                }
                changed.push(change(&item, Some(changed.len()))?);
            }
            Ok(Value::from(changed))
        }
    }
}

/// The field, or which one is missing where: the name is the flow's own, and no value is told.
fn there(found: Result<Value, Error>, index: Option<usize>, name: &str) -> Result<Value, Error> {
    found.map_err(|error| match (error.kind(), index) {
        (ErrorKind::UndefinedError, Some(index)) => refuse(format!("item {} of the list has no `{name}`", index + 1)),
        (ErrorKind::UndefinedError, None) => refuse(format!("the table has no `{name}`")),
        _ => error,
    })
}

/// A field by its dotted name.
fn field(table: &Value, name: &str) -> Result<Value, Error> {
    let mut at = table.clone();
    for key in name.split('.') {
        at = at.get_attr(key)?;
        if at.is_undefined() {
            return Err(ErrorKind::UndefinedError.into());
        }
    }
    Ok(at)
}
