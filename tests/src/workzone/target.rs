//! From the path of a request to what it names.
//! Leaves the query string to `query`.

use percent_encoding::percent_decode_str;

use super::errors::Refusal;
use super::model::{EntitySet, Model, Through};
use super::state::State;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The service document.
    Root,
    /// `$metadata`.
    Metadata,
    /// All rows of a set, or those whose property names one row.
    Collection {
        /// Name of the set.
        set: String,
        /// Property and `ID` that the rows must have.
        scope: Option<(String, String)>,
    },
    /// One row.
    Entity {
        /// Name of the set.
        set: String,
        /// `ID` as written.
        key: String,
    },
    /// The bytes of a document.
    Content {
        /// `ID` as written.
        key: String,
    },
}

/// Reads a path below the service root, still percent-encoded.
pub(super) fn resolve(model: &Model, state: &State, path: &str) -> Result<Target, Refusal> {
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect::<Result<Vec<_>, _>>()?;
    let Some((first, rest)) = segments.split_first() else { return Ok(Target::Root) };
    if first == "$metadata" && rest.is_empty() {
        return Ok(Target::Metadata);
    }
    let (name, key) = split_key(first)?;
    let set = model.set(&name).ok_or_else(|| Refusal::not_found(&name))?;
    let target = match key {
        None => Target::Collection { set: set.name.clone(), scope: None },
        Some(key) => Target::Entity { set: set.name.clone(), key },
    };
    rest.iter().try_fold(target, |target, segment| step(model, state, target, segment))
}

fn step(model: &Model, state: &State, target: Target, segment: &str) -> Result<Target, Refusal> {
    let Target::Entity { set, key } = target else { return Err(Refusal::not_found(segment)) };
    if set == "Documents" && segment == "$value" {
        return Ok(Target::Content { key });
    }
    let (name, inner_key) = split_key(segment)?;
    let entity_set = model.set(&set).ok_or_else(|| Refusal::not_found(&set))?;
    navigate(state, entity_set, &key, &name, inner_key)
}

fn navigate(state: &State, set: &EntitySet, key: &str, name: &str, inner: Option<String>) -> Result<Target, Refusal> {
    let row = state.row_by_key(&set.name, key).ok_or_else(|| Refusal::not_found(&set.name))?;
    let way = set.navigations.iter().find(|way| way.name == name).ok_or_else(|| Refusal::not_found(name))?;
    match (&way.through, inner) {
        (Through::Many(_), Some(inner)) => Ok(Target::Entity { set: way.target.clone(), key: inner }),
        (Through::Many(property), None) => {
            Ok(Target::Collection { set: way.target.clone(), scope: Some((property.clone(), key.to_owned())) })
        }
        (Through::One(property), _) => {
            let other = row.text(property).to_owned();
            if other.is_empty() {
                return Err(Refusal::not_found(name));
            }
            Ok(Target::Entity { set: way.target.clone(), key: other })
        }
    }
}

fn decode(segment: &str) -> Result<String, Refusal> {
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| Refusal::bad_request("Stien er ikke UTF-8."))
}

/// `Files('67453')` into name and key; keys are quoted, quotes inside are doubled.
fn split_key(segment: &str) -> Result<(String, Option<String>), Refusal> {
    let Some((name, rest)) = segment.split_once('(') else { return Ok((segment.to_owned(), None)) };
    let quoted = rest.strip_suffix(')').and_then(|rest| rest.strip_prefix("ID=").or(Some(rest)));
    let inner = quoted.and_then(|quoted| quoted.strip_prefix('\'')?.strip_suffix('\''));
    match inner {
        Some(inner) => Ok((name.to_owned(), Some(inner.replace("''", "'")))),
        None => Err(Refusal::bad_request(format!("Nøglen i '{segment}' skal stå i anførselstegn."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_quoted_string() {
        assert_eq!(split_key("Files('67''453')"), Ok(("Files".to_owned(), Some("67'453".to_owned()))));
        assert!(split_key("Files(67453)").is_err());
    }
}
