//! `$batch` as `multipart/mixed`: requests in MIME parts, change sets as a multipart inside a part.

use std::fmt::Write;

use http::StatusCode;

use super::batch::{Group, Outcome, Part};
use super::errors::Refusal;
use super::odata::{Answer, Version};

/// Reads the body of a batch.
pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Vec<Group>, Refusal> {
    let boundary = boundary(content_type).ok_or_else(|| bad("Content-Type uden boundary"))?;
    sections(body, &boundary)?.into_iter().map(group).collect()
}

fn group(section: &[u8]) -> Result<Group, Refusal> {
    let (headers, content) = head_and_rest(section);
    let content_type = value_of(&headers, "content-type").unwrap_or_default().to_owned();
    if let Some(inner) = boundary(&content_type) {
        let parts = sections(content, &inner)?.into_iter().map(part).collect::<Result<_, _>>()?;
        return Ok(Group::ChangeSet { name: None, parts });
    }
    part(section).map(Group::Single)
}

fn part(section: &[u8]) -> Result<Part, Refusal> {
    let (outer, content) = head_and_rest(section);
    if !value_of(&outer, "content-type").is_some_and(|kind| kind.starts_with("application/http")) {
        return Err(bad("en del skal være application/http"));
    }
    let line_end = find(content, b"\n").unwrap_or(content.len());
    let line = String::from_utf8_lossy(&content[..line_end]).trim().to_owned();
    let mut words = line.split(' ');
    let (Some(method), Some(url)) = (words.next(), words.next()) else { return Err(bad("forespørgselslinjen")) };
    let (headers, body) = head_and_rest(&content[(line_end + 1).min(content.len())..]);
    let id = value_of(&outer, "content-id").or_else(|| value_of(&headers, "content-id")).map(str::to_owned);
    let method = method.parse().map_err(|_| bad("verbet"))?;
    Ok(Part { id, method, url: url.to_owned(), body: body.to_vec(), headers })
}

/// What stands between the boundary lines; the line break before a boundary belongs to the boundary.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Refusal> {
    let delimiter = format!("--{boundary}");
    let mut sections = Vec::new();
    let mut rest = &body[find(body, delimiter.as_bytes()).ok_or_else(|| bad("boundary"))? + delimiter.len()..];
    while !rest.starts_with(b"--") {
        let start = find(rest, b"\n").ok_or_else(|| bad("boundary"))? + 1;
        let end = find(&rest[start..], delimiter.as_bytes()).ok_or_else(|| bad("slutningen"))? + start;
        let section = &rest[start..end];
        let section = section.strip_suffix(b"\n").unwrap_or(section);
        sections.push(section.strip_suffix(b"\r").unwrap_or(section));
        rest = &rest[end + delimiter.len()..];
    }
    Ok(sections)
}

/// Header lines up to a blank line, and what follows.
fn head_and_rest(section: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers = Vec::new();
    let mut rest = section;
    while !rest.is_empty() {
        let end = find(rest, b"\n").unwrap_or(rest.len());
        let line = String::from_utf8_lossy(&rest[..end]).trim().to_owned();
        rest = &rest[(end + 1).min(rest.len())..];
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.trim().to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    (headers, rest)
}

fn value_of<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}

fn bad(what: &str) -> Refusal {
    Refusal::bad_request(format!("$batch er ikke forstået ved {what}."))
}

const BATCH: &str = "batchresponse_5d0c2f1e";
const CHANGE_SET: &str = "changesetresponse_9b7a4e30";

/// Writes what became of each group; an undone change set is one part.
pub(super) fn write(version: Version, outcomes: &[Outcome]) -> Answer {
    let mut body = String::new();
    for outcome in outcomes {
        let _ = write!(body, "--{BATCH}\r\n");
        match outcome {
            Outcome::Single(id, answer) | Outcome::Undone(_, id, answer) => {
                body.push_str(&written(id.as_deref(), answer))
            }
            Outcome::Committed(_, answers) => {
                let _ = write!(body, "Content-Type: multipart/mixed; boundary={CHANGE_SET}\r\n\r\n");
                for (id, answer) in answers {
                    let _ = write!(body, "--{CHANGE_SET}\r\n{}", written(id.as_deref(), answer));
                }
                let _ = write!(body, "--{CHANGE_SET}--\r\n");
            }
        }
    }
    let _ = write!(body, "--{BATCH}--\r\n");
    let status = if version == Version::V4 { StatusCode::OK } else { StatusCode::ACCEPTED };
    Answer { status, ..Answer::body(&format!("multipart/mixed; boundary={BATCH}"), body) }
}

fn written(id: Option<&str>, answer: &Answer) -> String {
    let mut text = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n".to_owned();
    if let Some(id) = id {
        let _ = write!(text, "Content-ID: {id}\r\n");
    }
    let _ = write!(
        text,
        "\r\nHTTP/1.1 {} {}\r\n",
        answer.status.as_u16(),
        answer.status.canonical_reason().unwrap_or("Unknown")
    );
    for (name, value) in &answer.headers {
        let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    let _ = write!(text, "\r\n{}\r\n", String::from_utf8_lossy(&answer.body));
    text
}
