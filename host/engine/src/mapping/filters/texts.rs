//! Texts: `before`, `after`, `trim`, `replace`, `string`, `tojson`.

use std::borrow::Cow;

use minijinja::{
    Error, ErrorKind,
    value::{Value, ValueKind},
};

use crate::mapping::{
    error::refuse,
    limits,
    skipped::is_absent,
    value::{Budget, reason_of, to_json, to_number},
};

/// A scalar as text: texts as they are, numbers as in JSON, `true` and `false`.
pub(crate) fn scalar_text(value: &Value) -> Result<Cow<'_, str>, Error> {
    match value.kind() {
        ValueKind::String => Ok(Cow::Borrowed(value.as_str().ok_or_else(|| refuse("a text is not UTF-8"))?)),
        ValueKind::Number => Ok(Cow::Owned(to_number(value)?.to_string())),
        ValueKind::Bool => Ok(Cow::Borrowed(if value.is_true() { "true" } else { "false" })),
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => Err(refuse("a value is null: say what stands for it, `| default(\"\", true)`")),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            Err(refuse("a list or a table cannot become text: name a field of it, or use `join`"))
        }
        ValueKind::Invalid => Err(reason_of(value)),
        _ if value.downcast_object_ref::<crate::mapping::value::LeftOut>().is_some() => Ok(Cow::Borrowed("")),
        _ if is_absent(value) => Err(ErrorKind::UndefinedError.into()),
        _ => Err(refuse("a value is no text")),
    }
}

/// Refuses a text that has grown too long.
pub(crate) fn bounded(text: String) -> Result<String, Error> {
    if text.len() > limits::MAX_TEXT_BYTES {
        return Err(refuse(format!("a text grows beyond {} bytes", limits::MAX_TEXT_BYTES)));
    }
    Ok(text)
}

/// `before(',')`: what stands before the first separator, trimmed; the whole text when there is none.
pub(crate) fn before(value: &Value, separator: &str) -> Result<String, Error> {
    let text = scalar_text(value)?;
    let separator = not_empty(separator)?;
    Ok(text.split_once(separator).map_or(&*text, |(before, _)| before).trim().to_owned())
}

/// `after(',')`: what stands after the first separator, trimmed; empty when there is none.
pub(crate) fn after(value: &Value, separator: &str) -> Result<String, Error> {
    let text = scalar_text(value)?;
    let separator = not_empty(separator)?;
    Ok(text.split_once(separator).map_or("", |(_, after)| after).trim().to_owned())
}

fn not_empty(separator: &str) -> Result<&str, Error> {
    if separator.is_empty() { Err(refuse("the separator is empty: write `before(',')`")) } else { Ok(separator) }
}

/// `trim` and `trim('.')`: without the white space, or the given characters, at both ends.
pub(crate) fn trim(value: &Value, characters: Option<&str>) -> Result<String, Error> {
    let text = scalar_text(value)?;
    Ok(match characters {
        None => text.trim().to_owned(),
        Some(characters) => text.trim_matches(|char| characters.contains(char)).to_owned(),
    })
}

/// `replace('a', 'b')`: every occurrence.
pub(crate) fn replace(value: &Value, from: &str, to: &str) -> Result<String, Error> {
    let text = scalar_text(value)?;
    if from.is_empty() {
        return Err(refuse("`replace` needs something to look for"));
    }
    let found = text.matches(from).count();
    if found.saturating_mul(to.len()) > limits::MAX_TEXT_BYTES {
        return Err(refuse(format!("a text grows beyond {} bytes", limits::MAX_TEXT_BYTES)));
    }
    bounded(text.replace(from, to))
}

/// `string`: a scalar as text.
pub(crate) fn string(value: &Value) -> Result<String, Error> {
    scalar_text(value).map(Cow::into_owned)
}

/// `tojson`: a value as JSON text, for targets that want JSON in a text.
pub(crate) fn tojson(value: &Value) -> Result<String, Error> {
    let json = to_json(value, &mut Budget::default(), 0)?.unwrap_or_default();
    bounded(json.to_string())
}
