//! How a multipart body is written: its parts in order, between boundaries, without a copy of any content.

use bytes::Bytes;

use crate::{Content, Part, Refusal, body::Segments};

/// As many as any API takes at once.
const MAX_PARTS: usize = 1_000;

/// Writes the parts; returns the value of `Content-Type`.
pub(crate) fn write(
    subtype: &str,
    boundary: &str,
    parts: Vec<Part>,
    segments: &mut Segments,
) -> Result<String, Refusal> {
    check_frame(subtype, boundary, parts.len())?;
    let mut text = String::new();
    for part in parts {
        check_part(&part, boundary)?;
        text.push_str("--");
        text.push_str(boundary);
        text.push_str("\r\n");
        for (name, value) in &part.headers {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        segments.push_bytes(Bytes::from(std::mem::take(&mut text)));
        match part.content {
            Content::Bytes(bytes) => segments.push_bytes(bytes),
            Content::Stream { size_bytes, reader } => segments.push_stream(size_bytes, reader),
        }
        text.push_str("\r\n");
    }
    text.push_str("--");
    text.push_str(boundary);
    text.push_str("--\r\n");
    segments.push_bytes(Bytes::from(text));
    Ok(format!("multipart/{subtype}; boundary={boundary}"))
}

fn check_frame(subtype: &str, boundary: &str, parts: usize) -> Result<(), Refusal> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    if subtype.is_empty() || subtype.len() > 40 || !subtype.bytes().all(token) {
        return Err(refuse("its subtype is none: write `form-data`, `mixed` or `related`"));
    }
    if !(16..=70).contains(&boundary.len()) || !boundary.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(refuse("its boundary is not 16 to 70 letters and digits"));
    }
    if parts == 0 || parts > MAX_PARTS {
        return Err(refuse(&format!("it has {parts} parts: 1 to {MAX_PARTS} are sent")));
    }
    Ok(())
}

fn check_part(part: &Part, boundary: &str) -> Result<(), Refusal> {
    for (name, value) in &part.headers {
        let fits = http::HeaderName::from_bytes(name.as_bytes()).is_ok() && !value.chars().any(char::is_control);
        if !fits {
            let shown = name.chars().take(60).collect::<String>().escape_debug().to_string();
            return Err(refuse(&format!("header `{shown}` of a part holds a control character or is none")));
        }
        if name.contains(boundary) || value.contains(boundary) {
            return Err(refuse("its boundary occurs in a part's header"));
        }
    }
    match &part.content {
        Content::Bytes(bytes) if contains(bytes, boundary.as_bytes()) => {
            Err(refuse("its boundary occurs in a part's content"))
        }
        _ => Ok(()),
    }
}

fn contains(bytes: &[u8], boundary: &[u8]) -> bool {
    // Most contents are rejected by the first byte pair; a random boundary is not found at all.
    bytes.len() >= boundary.len()
        && bytes.windows(boundary.len()).any(|window| window[0] == boundary[0] && window == boundary)
}

fn refuse(reason: &str) -> Refusal {
    Refusal::new("multipart", format!("the multipart body is refused: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDARY: &str = "0123456789abcdef0123456789abcdef";

    fn part(headers: &[(&str, &str)], content: &'static str) -> Part {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Part { headers, content: Content::Bytes(Bytes::from_static(content.as_bytes())) }
    }

    #[track_caller]
    fn refused(subtype: &str, boundary: &str, parts: Vec<Part>) {
        let refusal = write(subtype, boundary, parts, &mut Segments::default()).expect_err("refused");
        assert_eq!(refusal.rule, "multipart");
    }

    #[test]
    fn the_length_is_known_before_anything_is_sent() {
        let mut segments = Segments::default();
        let parts = vec![part(&[("Content-Disposition", "form-data; name=\"a\"")], "hello"), part(&[], "")];
        let content_type = write("form-data", BOUNDARY, parts, &mut segments).expect("written");
        assert_eq!(content_type, format!("multipart/form-data; boundary={BOUNDARY}"));
        let wire = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--{BOUNDARY}\r\n\r\n\r\n--{BOUNDARY}--\r\n"
        );
        assert_eq!(segments.size_bytes(), wire.len() as u64);
    }

    #[test]
    fn a_boundary_inside_is_refused() {
        refused("mixed", BOUNDARY, vec![part(&[("X-A", "x0123456789abcdef0123456789abcdefx")], "")]);
        refused("mixed", BOUNDARY, vec![part(&[], "x0123456789abcdef0123456789abcdefx")]);
    }

    #[test]
    fn smuggled_lines_are_refused() {
        refused("mixed", BOUNDARY, vec![part(&[("X-A", "a\r\nX-B: c")], "")]);
        refused("mixed", BOUNDARY, vec![part(&[("X-A:\r\nX", "a")], "")]);
        refused("mixed; x=\r\n", BOUNDARY, vec![part(&[], "")]);
    }

    #[test]
    fn frames_are_checked() {
        refused("", BOUNDARY, vec![part(&[], "")]);
        refused("mixed", "short", vec![part(&[], "")]);
        refused("mixed", &"a".repeat(71), vec![part(&[], "")]);
        refused("mixed", "0123456789abcdef\r\n--", vec![part(&[], "")]);
        refused("mixed", BOUNDARY, Vec::new());
    }

    #[test]
    fn danish_file_names_pass() {
        let parts = vec![part(&[("Content-Disposition", "form-data; name=\"file\"; filename=\"blåbær.pdf\"")], "x")];
        assert!(write("form-data", BOUNDARY, parts, &mut Segments::default()).is_ok());
    }
}
