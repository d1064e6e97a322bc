//! The API's own words, made fit for people: markup taken off, one line, no personal numbers, not long.

use serde_json::Value;
use sluse_sdk::text::{one_line, shortened, without_personal_numbers};

/// Elements whose content is no text.
const NO_TEXT: [&str; 2] = ["script", "style"];

/// The entities that people write by hand, and those that editors write for Danish letters.
const ENTITIES: [(&str, char); 14] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("aelig", 'æ'),
    ("oslash", 'ø'),
    ("aring", 'å'),
    ("AElig", 'Æ'),
    ("Oslash", 'Ø'),
    ("Aring", 'Å'),
    ("eacute", 'é'),
    ("hellip", '…'),
];

/// Of a longer reason nobody reads the end, and taking off its markup would cost time.
const MAX_READ_CHARS: usize = 20_000;

/// The longest name or number of an entity.
const MAX_ENTITY_BYTES: usize = 8;

/// The reason as people read it; `None` when nothing is left of it.
pub(crate) fn presentable(reason: &Value, max_chars: u32) -> Option<String> {
    let text = match reason {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    };
    let text: String = text.chars().take(MAX_READ_CHARS).collect();
    let line = one_line(&without_entities(&without_markup(&text)));
    (!line.is_empty()).then(|| shortened(&without_personal_numbers(&line), max_chars as usize))
}

/// Puts a space where a tag was, so that words of two elements stay two. A `<` that begins no tag stays.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        let tag = &rest[start..];
        let behind = tag[1..].trim_start_matches('/');
        if !behind.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '!' | '?')) {
            plain.push('<');
            rest = &tag[1..];
            continue;
        }
        plain.push(' ');
        rest = behind_tag(tag);
    }
    plain.push_str(rest);
    plain
}

/// What follows a tag; what follows the whole element where its content is no text.
fn behind_tag(tag: &str) -> &str {
    let Some(end) = tag.find('>') else { return "" };
    let behind = &tag[end + 1..];
    let name = |element: &&&str| {
        let inner = tag[1..].get(..element.len()).is_some_and(|name| name.eq_ignore_ascii_case(element));
        inner && !tag[1 + element.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
    };
    match NO_TEXT.iter().find(name) {
        Some(element) => behind_element(behind, element),
        None => behind,
    }
}

fn behind_element<'t>(content: &'t str, element: &str) -> &'t str {
    let closing = format!("</{element}");
    match content.to_ascii_lowercase().find(&closing) {
        Some(start) => content[start..].split_once('>').map_or("", |(_, behind)| behind),
        None => "",
    }
}

fn without_entities(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        let behind = &rest[start + 1..];
        match behind.find(';').filter(|end| *end <= MAX_ENTITY_BYTES) {
            Some(end) if entity(&behind[..end]).is_some() => {
                plain.extend(entity(&behind[..end]));
                rest = &behind[end + 1..];
            }
            _ => {
                plain.push('&');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        Some(number) => number,
        None => return ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character),
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(reason: Value, expected: Option<&str>) {
        assert_eq!(presentable(&reason, 60).as_deref(), expected);
    }

    #[test]
    fn markup_is_taken_off() {
        check(
            json!(
                "<html><head><title>Fejl</title><style>p { x }</style></head><body><p>Sagen er <b>lukket</b>.</p></body>"
            ),
            Some("Fejl Sagen er lukket ."),
        );
        check(json!("<SCRIPT>alert(1)</SCRIPT>Afvist<br/>her"), Some("Afvist her"));
        check(json!("Afvist <!-- intern --> &lt;b&gt;"), Some("Afvist <b>"));
        check(json!("<p>aldrig lukket <"), Some("aldrig lukket <"));
        check(json!("<script>aldrig lukket"), None);
    }

    #[test]
    fn a_sign_that_begins_no_tag_stays() {
        check(json!("beløb < 100 && beløb > 5"), Some("beløb < 100 && beløb > 5"));
    }

    #[test]
    fn danish_letters_come_out_however_they_were_written() {
        check(json!("S&oslash;ren &#230;ndrede p&#xE5; &AElig;r&oslash;&nbsp;"), Some("Søren ændrede på Ærø"));
        check(json!("&ukendt; &#99999999; &"), Some("&ukendt; &#99999999; &"));
    }

    #[test]
    fn it_is_one_line_without_control_characters() {
        check(json!("  to\r\nlinjer\t\u{7}her\u{0}  "), Some("to linjer her"));
    }

    #[test]
    fn personal_numbers_are_covered_also_behind_markup() {
        check(json!("CPR <b>251248-4916</b> findes ikke"), Some("CPR [personnummer] findes ikke"));
    }

    #[test]
    fn long_reasons_are_cut_at_a_character() {
        let cut = presentable(&json!("å".repeat(500)), 60).expect("a reason");
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (60, true));
    }

    #[test]
    fn what_is_no_text_is_shown_as_it_is() {
        check(json!(["én", "to"]), Some("én; to"));
        check(json!({ "kode": 7 }), Some("{\"kode\":7}"));
        check(json!(null), None);
        check(json!("  "), None);
    }
}
