//! Where an endpoint is, and what a guest may append to it. The result is compared with what was meant,
//! letter by letter, because a URL parser repairs what it should refuse.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::Refusal;

/// Longer than the paths that servers commonly take.
const MAX_PATH_BYTES: usize = 8 << 10;

/// Encoded deeper than this nobody writes in good faith.
const MAX_ENCODING_DEPTH: usize = 4;

/// The address of an endpoint: scheme, host, port and the path below which a guest may ask.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    url: Url,
    /// Scheme, host, port and path without a slash at its end.
    prefix: String,
}

impl Base {
    /// Reads `base_url`: `http` or `https`, a host, perhaps a port and a path; nothing else.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse =
            |reason: &str| Refusal::new("base-url", format!("`{}` cannot be a `base_url`: {reason}", shown(text)));
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or_else(|| refuse("write it as `https://host/path`, in lower case"))?;
        if rest.starts_with('/') || !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains('\\') {
            return Err(refuse("it holds a character that a URL parser would repair"));
        }
        if text.contains(['?', '#']) {
            return Err(refuse("leave out query and fragment"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(refuse("leave out user and password, and bind a credential to the endpoint"));
        }
        if authority.contains('%') {
            return Err(refuse("write the host without percent-encoding"));
        }
        check_segments(path).map_err(|reason| refuse(&reason))?;
        let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
        if matches!(url.host(), Some(Host::Domain(name)) if name.ends_with('.')) {
            return Err(refuse("write the host without a dot at its end"));
        }
        let prefix = url.as_str().trim_end_matches('/').to_owned();
        if prefix.len() + MAX_PATH_BYTES > u16::MAX as usize {
            return Err(refuse("it is too long"));
        }
        Ok(Self { url, prefix })
    }

    pub(crate) fn host(&self) -> Host<&str> {
        self.url.host().expect("an http URL has a host")
    }

    pub(crate) fn host_text(&self) -> &str {
        self.url.host_str().expect("an http URL has a host")
    }

    /// As it was written.
    pub(crate) fn path(&self) -> &str {
        self.url.path()
    }

    /// Host and port as `Host` has them: without the scheme's own port.
    pub(crate) fn authority(&self) -> &str {
        self.url.authority()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().expect("http and https have a default port")
    }

    pub(crate) fn is_plaintext(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// `scheme://host:port`, the port always written.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}:{}", self.url.scheme(), self.host_text(), self.port())
    }

    /// The URL of a guest's path: appended, never joined, and compared with what was meant.
    pub(crate) fn append(&self, path: &str) -> Result<Url, Refusal> {
        check_path(path)?;
        let written = format!("{}{path}", self.prefix);
        let url = Url::parse(&written).map_err(|error| refuse_path(path, &error.to_string()))?;
        // A quote in a query means the same encoded, and the parser encodes it.
        if url.as_str() != quotes_encoded_in_query(&written) {
            return Err(refuse_path(path, "it would not reach the target as written"));
        }
        Ok(url)
    }
}

/// Splits an absolute URL of the host itself (a token endpoint, say) into a `base_url` and a path for it.
///
/// Only cuts the text; both parts are checked where they are used.
///
/// # Errors
/// When the text is no `http` or `https` URL.
pub fn origin_and_path(url: &str) -> Result<(String, String), Refusal> {
    let scheme_end = url.find("://").map(|at| at + 3);
    let Some(start) = scheme_end else {
        return Err(Refusal::new("base-url", format!("`{}` is no URL: write it as `https://host/path`", shown(url))));
    };
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let (origin, rest) = url.split_at(end);
    let path = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    Ok((origin.to_owned(), path))
}

/// What a guest may write: one slash first, plain ASCII, nothing that a server or a proxy could read as a way up.
fn check_path(path: &str) -> Result<(), Refusal> {
    let refuse = |reason: &str| refuse_path(path, reason);
    if path.len() > MAX_PATH_BYTES {
        return Err(refuse(&format!("it is longer than {MAX_PATH_BYTES} bytes")));
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err(refuse("it must begin with `/`; the endpoint gives scheme and host"));
    };
    if rest.starts_with('/') {
        return Err(refuse("it must begin with one `/`"));
    }
    let forbidden = |byte: &u8| !byte.is_ascii_graphic() || b"\\#\"<>^`{|}".contains(byte);
    if let Some(byte) = path.bytes().find(|byte| forbidden(byte)) {
        return Err(refuse(&format!("percent-encode the byte {byte:#04x}")));
    }
    let (path_only, query) = rest.split_once('?').unwrap_or((rest, ""));
    check_escapes(query).map_err(|reason| refuse(&reason))?;
    check_segments(path_only).map_err(|reason| refuse(&reason))
}

/// Every `%` is followed by two hexadecimal digits.
fn check_escapes(text: &str) -> Result<(), String> {
    let broken = text.split('%').skip(1).any(|rest| {
        let digits = rest.as_bytes();
        digits.len() < 2 || !digits[0].is_ascii_hexdigit() || !digits[1].is_ascii_hexdigit()
    });
    if broken { Err("a `%` is not followed by two hexadecimal digits".to_owned()) } else { Ok(()) }
}

fn check_segments(path: &str) -> Result<(), String> {
    check_escapes(path)?;
    path.split('/').try_for_each(check_segment)
}

/// Looks at a segment as written and as often decoded as it was encoded: a proxy may decode once more than its target.
fn check_segment(segment: &str) -> Result<(), String> {
    let mut level = Cow::Borrowed(segment.as_bytes());
    for _ in 0..MAX_ENCODING_DEPTH {
        check_decoded(&level)?;
        if !level.contains(&b'%') {
            return Ok(());
        }
        let decoded: Vec<u8> = percent_encoding::percent_decode(&level).collect();
        if decoded == *level {
            return Ok(());
        }
        level = Cow::Owned(decoded);
    }
    Err("it is percent-encoded too many times".to_owned())
}

fn check_decoded(segment: &[u8]) -> Result<(), String> {
    if segment.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
        return Err("it holds an encoded slash or backslash".to_owned());
    }
    if segment.iter().any(u8::is_ascii_control) {
        return Err("it holds an encoded control character".to_owned());
    }
    // Overlong UTF-8 hides a slash or a dot from whoever does not decode it.
    if segment.iter().any(|byte| matches!(byte, 0xc0 | 0xc1))
        || segment.windows(2).any(|pair| matches!(pair, [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f]))
    {
        return Err("it holds overlong UTF-8".to_owned());
    }
    // Some servers take `..;x` for `..`.
    let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    if matches!(name, b"." | b"..") {
        return Err("it holds a `.` or `..` segment".to_owned());
    }
    Ok(())
}

/// Whether the query names this parameter, however it is spelled.
pub(crate) fn query_names(path: &str, parameter: &str) -> bool {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query.split(['&', ';']).any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name).replace('+', " ");
        percent_decode_str(&name).decode_utf8_lossy().trim().eq_ignore_ascii_case(parameter)
    })
}

fn quotes_encoded_in_query(written: &str) -> Cow<'_, str> {
    match written.split_once('?') {
        Some((path, query)) if query.contains('\'') => Cow::Owned(format!("{path}?{}", query.replace('\'', "%27"))),
        _ => Cow::Borrowed(written),
    }
}

fn refuse_path(path: &str, reason: &str) -> Refusal {
    Refusal::new("path", format!("path `{}` is refused: {reason}", shown(path)))
}

/// A URL or path as it may be shown: short, escaped, without its query, without user and password.
fn shown(text: &str) -> String {
    let text = text.split_once(['?', '#']).map_or(text, |(path, _)| path);
    let text = match text.rsplit_once('@') {
        Some((_, host)) if text.contains("://") => format!("…@{host}"),
        _ => text.to_owned(),
    };
    text.chars().take(120).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        Base::parse(text).expect("a base URL")
    }

    #[track_caller]
    fn passes(path: &str) {
        let url = base("https://example.dk/odata").append(path).expect("accepted");
        assert_eq!(url.as_str(), format!("https://example.dk/odata{path}"));
    }

    #[track_caller]
    fn refused(path: &str) {
        let answer = base("https://example.dk/odata").append(path);
        assert_eq!(answer.expect_err(path).rule, "path", "{path:?}");
    }

    #[test]
    fn odata_paths_pass_byte_for_byte() {
        passes("/Files('67453')?$select=ID&$filter=EXTREF%20eq%20%27a%27");
        passes("/Files(ID='1',Type='K')/Contacts?$top=50&$skiptoken=abc%3D%3D");
        passes("/$batch");
        passes("/Name%20%C3%A6%C3%B8%C3%A5");
        passes("/a:b@c!d,e+f~g*h[i]j;k=l");
        passes("/search?q=a/b/../c&next=https://other.test/%2F%5C%0A");
        passes("/");
        passes("/a//b/");
        passes("/...");
        passes("/100%25");
    }

    #[test]
    fn a_quote_in_a_query_goes_out_encoded() {
        let url = base("https://example.dk").append("/F?$filter='a'").expect("accepted");
        assert_eq!(url.as_str(), "https://example.dk/F?$filter=%27a%27");
    }

    #[test]
    fn another_authority_is_refused() {
        for path in [
            "//evil.test/",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "https://evil.test/",
            "@evil.test/",
            ":8443/",
            ".evil.test/",
            "",
            "a",
            "?a=b",
        ] {
            refused(path);
        }
    }

    #[test]
    fn what_a_parser_would_repair_is_refused() {
        for path in [
            "/a b", "/a\tb", "/a\r\nb", "/a\0", "/\u{7f}", "/æ", "/a#b", "/a?b#c", "/a\\b", "/a\"b", "/a<b", "/a>b",
            "/a^b", "/a`b", "/a{b}", "/a|b",
        ] {
            refused(path);
        }
    }

    #[test]
    fn ways_up_are_refused() {
        for path in [
            "/..",
            "/.",
            "/a/../b",
            "/a/./b",
            "/a/..",
            "/%2e%2e/a",
            "/%2E./a",
            "/.%2e/a",
            "/%2e",
            "/..;x=1/a",
            "/.;/a",
            "/%252e%252e/a",
            "/%25252e%25252e/a",
        ] {
            refused(path);
        }
    }

    #[test]
    fn encoded_separators_are_refused() {
        for path in [
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "/a%252fb",
            "/a%25255cb",
            "/a%c0%afb",
            "/a%e0%80%afb",
            "/a%f0%80%80%afb",
            "/a%00",
            "/a%0d%0aHost:x",
            "/a%7f",
            "/a%250a",
        ] {
            refused(path);
        }
    }

    #[test]
    fn broken_escapes_are_refused() {
        for path in ["/%", "/%2", "/%zz", "/a?b=%", "/a?b=%u0061"] {
            refused(path);
        }
    }

    #[test]
    fn endless_encoding_is_refused() {
        refused("/%2525252525252e");
    }

    #[test]
    fn a_long_path_is_refused() {
        passes(&format!("/{}", "a".repeat(MAX_PATH_BYTES - 1)));
        refused(&format!("/{}", "a".repeat(MAX_PATH_BYTES)));
    }

    #[test]
    fn a_base_with_or_without_a_slash_means_the_same() {
        for text in ["https://example.dk/odata", "https://example.dk/odata/"] {
            assert_eq!(base(text).append("/Files").expect("accepted").as_str(), "https://example.dk/odata/Files");
        }
        assert_eq!(base("https://example.dk").append("/a").expect("accepted").as_str(), "https://example.dk/a");
    }

    #[test]
    fn the_origin_names_its_port() {
        assert_eq!(base("https://example.dk/odata").origin(), "https://example.dk:443");
        assert_eq!(base("http://[::1]:8080").origin(), "http://[::1]:8080");
        assert_eq!(base("http://0x7f.1/").origin(), "http://127.0.0.1:80");
    }

    #[test]
    fn bases_that_hide_something_are_refused() {
        for text in [
            "ftp://example.dk",
            "HTTPS://example.dk",
            "example.dk",
            "https:example.dk",
            "https:///example.dk",
            "https://",
            "https://user@example.dk",
            "https://user:password@example.dk",
            "https://example.dk?a=b",
            "https://example.dk/#a",
            "https://exam\tple.dk",
            "https://example.dk\\@evil.test",
            "https://example%2edk",
            "https://example.dk/a/../b",
            "https://example.dk/%2e%2e",
            "https://example.dk.",
            "https://example.dk:99999",
            "https://exæmple.dk",
            " https://example.dk",
        ] {
            assert_eq!(Base::parse(text).expect_err(text).rule, "base-url", "{text}");
        }
    }

    #[test]
    fn a_refusal_shows_neither_query_nor_password() {
        let refusal = Base::parse("https://user:hunter22@example.dk?token=hunter22").expect_err("refused");
        assert!(!refusal.to_string().contains("hunter22"), "{refusal}");
        let refusal = base("https://example.dk").append("/a b?token=hunter22").expect_err("refused");
        assert!(!refusal.to_string().contains("hunter22"), "{refusal}");
    }

    #[test]
    fn a_parameter_is_found_however_it_is_spelled() {
        for path in ["/?api_key=1", "/?a=b&API_KEY=1", "/?a;api%5Fkey=1", "/?api_key", "/?%61pi_key=1", "/?+api_key=1"]
        {
            assert!(query_names(path, "api_key"), "{path}");
        }
        for path in ["/api_key", "/?a=api_key", "/?my_api_key=1"] {
            assert!(!query_names(path, "api_key"), "{path}");
        }
    }

    #[test]
    fn a_url_is_cut_into_origin_and_path() {
        for (url, origin, path) in [
            ("https://login.test/t/token?a=b", "https://login.test", "/t/token?a=b"),
            ("https://login.test", "https://login.test", "/"),
            ("http://127.0.0.1:8080?a", "http://127.0.0.1:8080", "/?a"),
        ] {
            assert_eq!(origin_and_path(url), Ok((origin.to_owned(), path.to_owned())));
        }
        assert!(origin_and_path("login.test/token").is_err());
    }
}
