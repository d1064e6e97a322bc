//! Paths that a connection's settings name, with `{name}` where a value goes: for targets whose addresses are not
//! published and differ from site to site.

use crate::http::segment;
use std::collections::BTreeSet;

/// Puts values into a template, percent-encoded. A parameter of the query whose value is empty is left out. The host
/// refuses a value in the path that [`fits_segment`](crate::http::fits_segment) refuses.
///
/// ```
/// # use sluse_sdk::template;
/// let path = template::fill("/forms/{id}?status={status}&page={page}", &[("id", "8 1"), ("status", "Åben"), ("page", "")]);
/// assert_eq!(path, "/forms/8%201?status=%C3%85ben");
/// ```
#[must_use]
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let is_said =
        |parameter: &&str| !parameter.is_empty() && names(parameter).all(|name| !value(values, name).is_empty());
    let said: Vec<_> = query.split('&').filter(is_said).map(|parameter| put(parameter, values)).collect();
    let path = put(path, values);
    if said.is_empty() { path } else { format!("{path}?{}", said.join("&")) }
}

/// Says what is wrong with a template, if anything: it is to be a path that a request can carry, with no other names
/// than `known`.
///
/// # Errors
/// The rule that it breaks, for whoever writes settings.
pub fn verify(template: &str, known: &[&str]) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#\"<>^`|".contains(&byte);
    if !template.starts_with('/') || template.starts_with("//") || !template.bytes().all(plain) {
        return Err("a path that begins with one `/`, percent-encoded".to_owned());
    }
    let names: BTreeSet<_> = names(template).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("a path without `{{{unknown}}}`; there are {}", in_braces(known)));
    }
    let values: Vec<_> = names.iter().map(|name| (*name, "x")).collect();
    if put(template, &values).contains(['{', '}']) {
        return Err("a path whose braces come in pairs".to_owned());
    }
    Ok(())
}

/// The names that stand in braces.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|behind| behind.split_once('}').map(|(name, _)| name))
}

fn put(text: &str, values: &[(&str, &str)]) -> String {
    names(text).fold(text.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), &segment(value(values, name))))
}

fn value<'v>(values: &[(&str, &'v str)], name: &str) -> &'v str {
    values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

fn in_braces(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{{{name}}}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: &[(&str, &str)] = &[("id", "a&b/ø"), ("form", "")];

    #[track_caller]
    fn check(template: &str, expected: &str) {
        assert_eq!(fill(template, VALUES), expected);
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        check("/a/{id}/b?x={id}", "/a/a%26b%2F%C3%B8/b?x=a%26b%2F%C3%B8");
    }

    #[test]
    fn a_parameter_without_value_is_left_out() {
        check("/a?form={form}&x=1&y={id}", "/a?x=1&y=a%26b%2F%C3%B8");
        check("/a?form={form}", "/a");
        check("/a", "/a");
    }

    #[test]
    fn a_value_with_braces_stays_a_value() {
        assert_eq!(fill("/{id}/{form}", &[("id", "{form}"), ("form", "1")]), "/%7Bform%7D/1");
    }

    #[test]
    fn what_no_request_can_carry_is_refused() {
        for template in ["", "a", "//evil.example", "/a b", "/\\evil", "/æ", "/a#b"] {
            assert!(verify(template, &["id"]).is_err(), "{template}");
        }
        assert_eq!(verify("/a/{id}?x={id}", &["id"]), Ok(()));
    }

    #[test]
    fn an_unknown_name_is_told_with_those_that_there_are() {
        let said = verify("/a/{ID}", &["id", "form"]).expect_err("unknown");
        assert_eq!(said, "a path without `{ID}`; there are `{id}`, `{form}`");
    }

    #[test]
    fn a_brace_alone_is_refused() {
        for template in ["/a/{id", "/a/id}", "/{id}}"] {
            assert!(verify(template, &["id"]).is_err(), "{template}");
        }
    }
}
