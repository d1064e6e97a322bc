//! Several creations as one change set: writing it, and reading the answer, in which an error stands alone in
//! the place of the whole change set and inside a success.

use serde_json::Value;
use sluse_sdk::http::{Multipart, Part};

/// Chosen here, because the host chooses only the outer one. JSON in a part is one line and cannot begin with it.
const BOUNDARY: &str = "changeset_sluse";

/// One row to create. Its number, counted from 1, is its `Content-ID`.
#[derive(Debug)]
pub(crate) struct Creation {
    /// The entity set with its query, relative to the root: `Records?$select=ID`.
    pub(crate) target: String,
    pub(crate) body: Value,
}

/// The body of a `$batch` request that creates all of them or none.
pub(crate) fn write(creations: &[Creation], headers: &[(&str, &str)]) -> Multipart {
    let mut text = String::new();
    for (index, creation) in creations.iter().enumerate() {
        text.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {}\r\n\r\n",
            index + 1
        ));
        text.push_str(&format!("POST {} HTTP/1.1\r\nContent-Type: application/json\r\n", creation.target));
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("\r\n{}\r\n", creation.body));
    }
    text.push_str(&format!("--{BOUNDARY}--\r\n"));
    Multipart::mixed().part(Part::bytes(&format!("multipart/mixed; boundary={BOUNDARY}"), text))
}

/// The answer to one creation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PartAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The answers in an answer of this `Content-Type`; `None` when it is not built as a batch.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Option<Vec<PartAnswer>> {
    let mut answers = Vec::new();
    collect(content_type, body, &mut answers)?;
    Some(answers)
}

fn collect(content_type: &str, body: &[u8], answers: &mut Vec<PartAnswer>) -> Option<()> {
    for part in parts(boundary(content_type)?, body) {
        let (headers, content) = split_head(part)?;
        let media_type = header(&headers, "content-type").unwrap_or_default();
        if media_type.to_ascii_lowercase().starts_with("multipart/") {
            collect(media_type, content, answers)?;
        } else {
            answers.push(http_answer(content)?);
        }
    }
    Some(())
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.split_once("boundary=")?;
    Some(rest.split(';').next().unwrap_or(rest).trim().trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// What stands between the delimiter lines.
fn parts<'a>(boundary: &str, body: &'a [u8]) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let closing = format!("--{boundary}--");
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        if text == delimiter.as_bytes() || text == closing.as_bytes() {
            parts.extend(start.map(|start| &body[start..at]));
            start = (text == delimiter.as_bytes()).then_some(at + line.len());
        }
        at += line.len();
    }
    parts
}

type Headers = Vec<(String, String)>;

/// Header lines, and what stands behind the blank line.
fn split_head(text: &[u8]) -> Option<(Headers, &[u8])> {
    let mut headers = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let line = std::str::from_utf8(line).ok()?.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Some((headers, &text[at..]))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(seen, _)| seen.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn http_answer(text: &[u8]) -> Option<PartAnswer> {
    let end = text.iter().position(|byte| *byte == b'\n')? + 1;
    let status_line = std::str::from_utf8(&text[..end]).ok()?;
    let status = status_line.strip_prefix("HTTP/")?.split_whitespace().nth(1)?.parse().ok()?;
    let (headers, body) = split_head(&text[end..])?;
    Some(PartAnswer { status, headers, body: body.trim_ascii().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crlf(lines: &[&str]) -> Vec<u8> {
        lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
    }

    #[test]
    fn the_answers_of_a_change_set_are_read_in_order() {
        let body = crlf(&[
            "--b1",
            "Content-Type: multipart/mixed; boundary=\"c1\"",
            "",
            "--c1",
            "Content-Type: application/http",
            "Content-ID: 1",
            "",
            "HTTP/1.1 201 Created",
            "Location: https://h/Records('7')",
            "",
            "{\"ID\":\"7\"}",
            "--c1",
            "Content-Type: application/http",
            "",
            "HTTP/1.1 204 No Content",
            "",
            "",
            "--c1--",
            "--b1--",
        ]);
        let answers = read("multipart/mixed; boundary=b1", &body).expect("a batch");
        assert_eq!(answers.len(), 2);
        assert_eq!((answers[0].status, answers[0].body.as_slice()), (201, b"{\"ID\":\"7\"}".as_slice()));
        assert_eq!(answers[0].headers, [("Location".to_owned(), "https://h/Records('7')".to_owned())]);
        assert_eq!((answers[1].status, answers[1].body.len()), (204, 0));
    }

    #[test]
    fn an_error_stands_in_the_place_of_the_change_set() {
        let body = crlf(&[
            "--b",
            "Content-Type: application/http",
            "",
            "HTTP/1.1 400 Bad Request",
            "Content-Type: application/json",
            "",
            "{}",
            "--b--",
        ]);
        assert_eq!(read("multipart/mixed;boundary=b", &body).expect("a batch")[0].status, 400);
    }

    #[test]
    fn what_is_no_batch_is_none() {
        assert_eq!(read("application/json", b"{}"), None);
        let broken = crlf(&["--b", "Content-Type: application/http", "", "not HTTP", "--b--"]);
        assert_eq!(read("multipart/mixed; boundary=b", &broken), None);
    }

    #[test]
    fn a_cut_off_batch_has_no_answer_for_what_is_missing() {
        let body = crlf(&["--b", "Content-Type: application/http", "", "HTTP/1.1 201 Created", "", "{\"ID\":"]);
        assert_eq!(read("multipart/mixed; boundary=b", &body), Some(vec![]));
    }
}
