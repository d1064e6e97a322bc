//! What the target reads: a head, and a body of a known length.

use std::io;

use tokio::{io::AsyncReadExt, net::TcpStream};

/// Nobody who behaves sends a longer head, or a longer body.
const MAX_BYTES: usize = 64 << 10;

/// A whole request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection. `None` at its end, also in the middle of a request: nothing is done for half
    /// of one.
    pub(super) async fn read(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let mut whole = std::mem::take(rest);
        loop {
            if let Some(request) = Self::parse(&whole, rest) {
                return Ok(Some(request));
            }
            if whole.len() > MAX_BYTES || stream.read_buf(&mut whole).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The request at the beginning of some bytes, when all of it is there; what follows it goes to `rest`.
    fn parse(bytes: &[u8], rest: &mut Vec<u8>) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&bytes[..end]);
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let body = bytes.get(end..end + length.unwrap_or(0))?;
        let mut words = head.split_ascii_whitespace();
        let request = Self { method: words.next()?.to_owned(), path: words.next()?.to_owned(), body: body.to_vec() };
        rest.extend_from_slice(&bytes[end + body.len()..]);
        Some(request)
    }

    /// The business key: the last part of the path, or what the body says.
    pub(super) fn key(&self) -> String {
        if self.method == "POST" {
            return self.said("key").unwrap_or_default();
        }
        self.path.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Where to call back, when somebody waits for that.
    pub(super) fn callback(&self) -> Option<String> {
        self.said("callback")
    }

    fn said(&self, name: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        body[name].as_str().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_request_is_none() {
        let whole = b"POST /effects HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"key\":\"a\"}GET /";
        let mut rest = Vec::new();
        assert!(Request::parse(&whole[..whole.len() - 6], &mut rest).is_none());
        let request = Request::parse(whole, &mut rest).expect("a whole one");
        assert_eq!((request.method.as_str(), request.key().as_str()), ("POST", "a"));
        assert_eq!(rest, b"GET /");
    }

    #[test]
    fn what_is_read_is_named_by_its_path() {
        let request = Request::parse(b"GET /effects/once-7 HTTP/1.1\r\n\r\n", &mut Vec::new()).expect("a whole one");
        assert_eq!(request.key(), "once-7");
    }
}
