//! Texts and JSON with `{place}` where a value of the input goes.

use serde_json::{Map, Value};

use crate::place;

/// A part of a text.
#[derive(Debug, PartialEq)]
enum Piece<'t> {
    Text(&'t str),
    Value { place: &'t str, optional: bool },
}

/// Why a template cannot be filled. Names the place and never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// There is no such value.
    Missing(String),
    /// The value cannot stand in a text there.
    Unfit(String),
}

/// What is wrong with a text as a template, if anything.
pub(crate) fn verify(template: &str) -> Result<(), String> {
    pieces(template).map(|_| ())
}

/// What is wrong with a body as a template, if anything.
pub(crate) fn verify_json(template: &Value) -> Result<(), String> {
    match template {
        Value::String(text) => verify(text),
        Value::Array(items) => items.iter().try_for_each(verify_json),
        Value::Object(members) => members.values().try_for_each(verify_json),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The text with `sample` for each value, and whether one of them may be missing.
pub(crate) fn sample(template: &str, sample: &str) -> Result<(String, bool), String> {
    let pieces = pieces(template)?;
    let text = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => *text,
        Piece::Value { .. } => sample,
    });
    let some_optional = pieces.iter().any(|piece| matches!(piece, Piece::Value { optional: true, .. }));
    Ok((text.collect(), some_optional))
}

/// The text with its values, each as `write` writes it; `None` when an optional one is missing.
pub(crate) fn text(
    template: &str,
    values: &Value,
    write: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Misfit> {
    let mut text = String::new();
    // The settings were verified.
    for piece in pieces(template).unwrap_or_default() {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Value { place, optional } => match scalar(values, place)? {
                Some(value) => text.push_str(&write(&value).ok_or_else(|| Misfit::Unfit(place.to_owned()))?),
                None if optional => return Ok(None),
                None => return Err(Misfit::Missing(place.to_owned())),
            },
        }
    }
    Ok(Some(text))
}

/// The JSON with its values; `None` when it is an optional one that is missing.
pub(crate) fn json(template: &Value, values: &Value) -> Result<Option<Value>, Misfit> {
    Ok(Some(match template {
        Value::String(template) => return json_text(template, values),
        Value::Array(items) => {
            let filled = items.iter().filter_map(|item| json(item, values).transpose());
            Value::Array(filled.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let filled = members.iter().filter_map(|(name, member)| {
                json(member, values).transpose().map(|member| member.map(|member| (name.clone(), member)))
            });
            Value::Object(filled.collect::<Result<Map<_, _>, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    }))
}

/// A text that is nothing but one place keeps the value's type.
fn json_text(template: &str, values: &Value) -> Result<Option<Value>, Misfit> {
    if let Ok([Piece::Value { place, optional }]) = pieces(template).as_deref() {
        return match place::find(values, place) {
            Some(value) => Ok(Some(value.clone())),
            None if *optional => Ok(None),
            None => Err(Misfit::Missing((*place).to_owned())),
        };
    }
    Ok(text(template, values, |value| Some(value.to_owned()))?.map(Value::String))
}

/// A value as it stands in a text. Null is not there.
fn scalar(values: &Value, place: &str) -> Result<Option<String>, Misfit> {
    match place::find(values, place) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(Some(value.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => Err(Misfit::Unfit(place.to_owned())),
    }
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        if brace.starts_with("{{") || brace.starts_with("}}") {
            pieces.push(Piece::Text(&brace[..1]));
            rest = &brace[2..];
            continue;
        }
        let inner = brace.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, behind) = inner.ok_or("a text whose braces come in pairs; `{{` and `}}` are braces")?;
        let (place, optional) = place::optional(name);
        if place.is_empty() || place.contains('{') {
            return Err("a text whose braces hold the name of a value".to_owned());
        }
        pieces.push(Piece::Value { place, optional });
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Value {
        json!({ "kunde": { "navn": "Søren Ærø", "nr": 17 }, "linjer": [1, 2], "aktiv": true, "intet": null })
    }

    #[track_caller]
    fn says(template: &str, expected: Result<Option<&str>, Misfit>) {
        let expected = expected.map(|text| text.map(str::to_owned));
        assert_eq!(text(template, &values(), |value| Some(value.to_owned())), expected, "{template}");
    }

    #[test]
    fn values_stand_in_texts() {
        says("Til {kunde.navn} ({kunde.nr}, {aktiv})", Ok(Some("Til Søren Ærø (17, true)")));
        says("{{{/kunde/nr}}}", Ok(Some("{17}")));
        says("uden", Ok(Some("uden")));
    }

    #[test]
    fn what_is_missing_is_told_or_leaves_the_text_out() {
        says("{kunde.by}", Err(Misfit::Missing("kunde.by".into())));
        says("{intet}", Err(Misfit::Missing("intet".into())));
        says("by {kunde.by?}", Ok(None));
    }

    #[test]
    fn a_list_is_no_text() {
        says("nr. {linjer}", Err(Misfit::Unfit("linjer".into())));
    }

    #[test]
    fn a_place_alone_keeps_its_type() {
        let template = json!({
            "name": "{kunde.navn}", "number": "{kunde.nr}", "lines": "{linjer}", "active": "{aktiv}", "none": "{intet}",
            "left": "{mangler?}", "text": "nr. {kunde.nr}", "fixed": 3, "list": ["{kunde.nr}", "{mangler?}"],
        });
        let expected = json!({
            "name": "Søren Ærø", "number": 17, "lines": [1, 2], "active": true, "none": null,
            "text": "nr. 17", "fixed": 3, "list": [17],
        });
        assert_eq!(json(&template, &values()), Ok(Some(expected)));
        assert_eq!(json(&json!(["{mangler}"]), &values()), Err(Misfit::Missing("mangler".into())));
    }

    #[test]
    fn a_value_with_braces_stays_a_value() {
        let values = json!({ "a": "{b}", "b": "x" });
        assert_eq!(json(&json!("{a} {b}"), &values), Ok(Some(json!("{b} x"))));
    }

    #[test]
    fn braces_that_hold_nothing_are_refused() {
        for template in ["{a", "a}", "{}", "{?}", "{a{b}"] {
            assert!(verify(template).is_err(), "{template}");
        }
        assert!(verify_json(&json!({ "a": ["{"] })).is_err());
    }
}
