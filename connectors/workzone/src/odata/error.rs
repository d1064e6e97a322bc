//! What went wrong, in the five shapes that WorkZone and IIS write it in. Keeps code and message; the inner
//! error with its stack trace is never even looked at. What is kept is cut, and personal numbers in it are
//! covered, because it goes to people and to logs.

use serde_json::Value;
use sluse_sdk::text::without_personal_numbers;

/// Enough for a sentence.
const MAX_MESSAGE_CHARS: usize = 300;

/// Where a message ends and the machinery behind it begins.
const TRACE_MARKS: [&str; 5] = ["\r", "\n", " at Som.", "   at ", "--->"];

/// What the service said about a request that it did not fulfil.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// `"{ErrorCode}.{SubCode};{TermId}"`, where WorkZone itself refused.
    pub(crate) code: Option<String>,
    /// For people, in the installation's language.
    pub(crate) message: Option<String>,
}

/// Reads an error's body, whatever it is.
pub(crate) fn read(body: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(body);
    let refusal = match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_json(&value),
        Err(_) if text.contains("error") && text.contains("<m:") => from_xml(&text),
        Err(_) => from_html(&text),
    };
    Refusal {
        code: refusal.code.map(|code| presentable(&code)),
        message: refusal.message.map(|text| presentable(&text)),
    }
    .without_blanks()
}

impl Refusal {
    fn without_blanks(self) -> Self {
        let filled = |text: &String| !text.is_empty();
        Self { code: self.code.filter(filled), message: self.message.filter(filled) }
    }
}

fn from_json(value: &Value) -> Refusal {
    let Some(error) = value.get("error").or_else(|| value.get("odata.error")) else { return Refusal::default() };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message =
        error.get("message").and_then(|message| text(message).or_else(|| message.get("value").and_then(text)));
    Refusal { code: error.get("code").and_then(text), message }
}

fn from_xml(text: &str) -> Refusal {
    Refusal { code: element(text, "m:code"), message: element(text, "m:message") }
}

/// Of a page only its title is for people.
fn from_html(text: &str) -> Refusal {
    Refusal { code: None, message: element(text, "title") }
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let start = text.find(&format!("<{name}"))?;
    let (head, rest) = text[start..].split_once('>')?;
    if head.ends_with('/') {
        return None;
    }
    let (inner, _) = rest.split_once(&format!("</{name}"))?;
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&amp;", "&")];
    Some(plain.iter().fold(inner.to_owned(), |text, (entity, character)| text.replace(entity, character)))
}

/// One line, no trace, no personal numbers, not long.
pub(crate) fn presentable(text: &str) -> String {
    let text = text.trim_start();
    let end = TRACE_MARKS.iter().filter_map(|mark| text.find(mark)).min().unwrap_or(text.len());
    let text: String =
        text[..end].trim().chars().filter(|character| !character.is_control()).take(MAX_MESSAGE_CHARS).collect();
    without_personal_numbers(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "20011.1;SOM_UNIQUE_VIOLATION";

    #[track_caller]
    fn check(body: &str, code: Option<&str>, message: Option<&str>) {
        let refusal = read(body.as_bytes());
        assert_eq!(refusal.code.as_deref(), code, "{body}");
        assert_eq!(refusal.message.as_deref(), message, "{body}");
        assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
    }

    #[test]
    fn each_json_shape_is_read_without_its_trace() {
        let inner = r#""innererror":{"message":"hunter2","stacktrace":"at Som hunter2"}"#;
        let message = Some("Værdien er brugt.");
        check(
            &format!(r#"{{"error":{{"code":"{CODE}","message":"Værdien er brugt.","details":[],{inner}}}}}"#),
            Some(CODE),
            message,
        );
        let v3 = format!(r#"{{"code":"{CODE}","message":{{"lang":"da-DK","value":"Værdien er brugt."}},{inner}}}"#);
        check(&format!(r#"{{"odata.error":{v3}}}"#), Some(CODE), message);
        check(&format!(r#"{{"error":{v3}}}"#), Some(CODE), message);
    }

    #[test]
    fn xml_is_read_without_its_trace() {
        let body = format!(
            "<?xml version=\"1.0\"?><m:error xmlns:m=\"urn:x\"><m:code>{CODE}</m:code><m:message xml:lang=\"da-DK\">Bygge &amp; anlæg</m:message>\
             <m:innererror><m:stacktrace>hunter2</m:stacktrace></m:innererror></m:error>"
        );
        check(&body, Some(CODE), Some("Bygge & anlæg"));
    }

    #[test]
    fn of_a_page_only_the_title_is_kept() {
        let page = "<html><head><title>IIS 10.0 Detailed Error - 404.13 - Not Found</title></head><body><pre>hunter2</pre></body></html>";
        check(page, None, Some("IIS 10.0 Detailed Error - 404.13 - Not Found"));
    }

    #[test]
    fn what_is_none_of_them_says_nothing() {
        for body in ["", "hunter2", "[1]", "{\"error\":\"hunter2\"}", "{\"error\":{\"code\":\"\"}}"] {
            check(body, None, None);
        }
    }

    #[test]
    fn a_trace_inside_a_message_is_cut_off() {
        check(
            "{\"error\":{\"code\":\"1\",\"message\":\"Fejl i felt.\\r\\n   at Som.Data hunter2\"}}",
            Some("1"),
            Some("Fejl i felt."),
        );
        check("{\"error\":{\"code\":\"1\",\"message\":\"Fejl ---> hunter2\"}}", Some("1"), Some("Fejl"));
    }

    #[test]
    fn personal_numbers_are_covered() {
        assert_eq!(presentable("NameCode 251248-4916 findes"), "NameCode [personnummer] findes");
        assert_eq!(presentable("2512484916, 12345678 og 12345678901"), "[personnummer], 12345678 og 12345678901");
    }

    #[test]
    fn long_messages_are_cut() {
        assert_eq!(presentable(&"æ".repeat(1000)).chars().count(), MAX_MESSAGE_CHARS);
    }
}
