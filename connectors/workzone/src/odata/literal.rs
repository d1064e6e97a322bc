//! Values and filters as OData writes them. Percent-encoding comes later, where a URL is made of them.

/// A text as a literal: in quotes, and each quote in it doubled.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// `property eq 'value'`
pub(crate) fn equals(property: &str, value: &str) -> String {
    format!("{property} eq {}", text(value))
}

/// All of them.
pub(crate) fn all(conditions: &[String]) -> String {
    conditions.join(" and ")
}

/// The property has one of the values.
pub(crate) fn any_of(property: &str, values: &[String]) -> String {
    let conditions: Vec<String> = values.iter().map(|value| equals(property, value)).collect();
    if conditions.len() == 1 { conditions.concat() } else { format!("({})", conditions.join(" or ")) }
}

/// The key in an address such as `https://host/OData4/Files('67453')`.
pub(crate) fn key_in(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?;
    let inside = path.strip_suffix(')')?.rsplit_once('(')?.1.replace("%27", "'");
    match inside.strip_prefix('\'').and_then(|inside| inside.strip_suffix('\'')) {
        Some(quoted) => Some(quoted.replace("''", "'")),
        None if !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit()) => Some(inside),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_text_is_doubled() {
        assert_eq!(equals("Name1", "O'Brien"), "Name1 eq 'O''Brien'");
        assert_eq!(text("' or ID ne '"), "''' or ID ne '''");
    }

    #[test]
    fn one_of_several_values_stands_in_parentheses() {
        assert_eq!(any_of("NameCode", &["a".into()]), "NameCode eq 'a'");
        assert_eq!(any_of("NameCode", &["a".into(), "b".into()]), "(NameCode eq 'a' or NameCode eq 'b')");
    }

    #[track_caller]
    fn key(address: &str, expected: Option<&str>) {
        assert_eq!(key_in(address).as_deref(), expected, "{address}");
    }

    #[test]
    fn the_key_is_found_in_an_address() {
        key("https://host/OData4/Files('67453')", Some("67453"));
        key("https://host/odata/Files(67453)?x=('1')", Some("67453"));
        key("/Files(%27a''b%27)", Some("a'b"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        key("https://host/OData4/Files", None);
        key("https://host/OData4/Files(ID=1,Type='K')", None);
        key("https://host/OData4/Files('67453')/Parties", None);
    }
}
