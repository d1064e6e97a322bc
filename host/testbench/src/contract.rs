//! What every host refuses before a byte leaves, so that a script cannot promise what no target would see.
//! The whole rules belong to egress; these are the ones that a connector's author runs into.

use percent_encoding::percent_decode_str;
use sluse_connector::Request;

const HOST_ALONE: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "cookie", "accept-encoding"];

/// Why the host would refuse the request.
pub(crate) fn refusal(request: &Request) -> Option<String> {
    path_refusal(&request.path).or_else(|| header_refusal(&request.headers))
}

fn path_refusal(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Some(format!("the path `{path}` does not begin with exactly one `/`"));
    }
    let forbidden = |character: &char| !character.is_ascii_graphic() || "\\#\"<>^`{|}".contains(*character);
    if let Some(character) = path.chars().find(forbidden) {
        return Some(format!("the path `{path}` holds {character:?}: percent-encode it"));
    }
    let segments = path.split('?').next().unwrap_or_default().split('/');
    let leading_away = segments.skip(1).find(|segment| leads_away(segment))?;
    Some(format!("the path `{path}` has the segment `{leading_away}`, which is read as a slash or as dots by some"))
}

/// In whatever encoding: a proxy may decode once more than its target.
fn leads_away(segment: &str) -> bool {
    let mut level = segment.to_owned();
    loop {
        let name = level.split(';').next().unwrap_or_default();
        if level.contains(['/', '\\']) || matches!(name, "." | "..") {
            return true;
        }
        let decoded = percent_decode_str(&level).decode_utf8_lossy().into_owned();
        // Decoding makes it shorter, so this ends.
        if decoded.len() >= level.len() {
            return false;
        }
        level = decoded;
    }
}

fn header_refusal(headers: &[(String, String)]) -> Option<String> {
    for (name, value) in headers {
        if HOST_ALONE.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Some(format!("the header `{name}` is the host's alone"));
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t') {
            return Some(format!("the value of the header `{name}` holds more than visible ASCII: encode it"));
        }
    }
    None
}
