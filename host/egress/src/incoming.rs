//! An answer on its way in: counted, timed, looked through for known secrets, handed over as it comes.

use std::{fmt, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use tokio::time::{Instant, timeout};

use crate::{
    Refusal, Scrubber, SendError,
    client::{MAX_ANSWER_HEADER_BYTES, MAX_ANSWER_HEADERS},
    error::told,
    ntlm::Forgotten,
    scrub::{Binary, Scan},
};

/// A target's answer, any status, with the body still to come.
pub struct Incoming {
    /// The status code.
    pub status: u16,
    /// Headers in the order of the wire, known secrets replaced. `Set-Cookie` is left out: it is a
    /// credential, and nothing here sends a cookie back.
    pub headers: Vec<(String, String)>,
    /// An answer 401 from a target that has forgotten the sign-in of a socket which had carried requests before: this
    /// request did not happen, and the same again is sent on a socket that is signed in anew.
    pub is_forgotten: bool,
    /// The body.
    pub body: Answer,
}

/// The body of an answer.
pub struct Answer {
    response: reqwest::Response,
    scan: Scan,
    limits: Limits,
    received_bytes: u64,
    rate: Rate,
    state: State,
}

#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) max_bytes: u64,
    pub(crate) deadline: Instant,
    pub(crate) min_bytes_per_second: u64,
    pub(crate) rate_window: Duration,
}

impl Limits {
    fn measures_rate(&self) -> bool {
        self.min_bytes_per_second > 0 && !self.rate_window.is_zero()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    /// Given up; said again to whoever asks again, so that a part is never taken for the whole.
    Broken(SendError),
}

impl fmt::Debug for Incoming {
    /// Without header values: they may hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.len();
        f.debug_struct("Incoming")
            .field("status", &self.status)
            .field("headers", &headers)
            .field("body", &self.body)
            .finish()
    }
}

impl fmt::Debug for Answer {
    /// Without the client's response, which would show the URL and what was joined to it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("received_bytes", &self.received_bytes)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Bytes against time spent waiting for the target. What the reader does in between is not the target's fault.
#[derive(Debug, Default)]
struct Rate {
    waited: Duration,
    received_bytes: u64,
}

/// Takes the head of an answer over.
pub(crate) fn receive(response: reqwest::Response, limits: Limits, scrubber: &Scrubber) -> Result<Incoming, SendError> {
    check_head(response.headers()).map_err(SendError::AnswerRefused)?;
    if response.content_length().is_some_and(|size_bytes| size_bytes > limits.max_bytes) {
        return Err(SendError::TooLarge(limits.max_bytes));
    }
    let binary = if is_text(response.headers()) { Binary::No } else { Binary::Yes };
    Ok(Incoming {
        status: response.status().as_u16(),
        headers: handed_over(response.headers(), scrubber),
        is_forgotten: response.extensions().get::<Forgotten>().is_some(),
        body: Answer {
            scan: Scan::new(scrubber, binary),
            response,
            limits,
            received_bytes: 0,
            rate: Rate::default(),
            state: State::Open,
        },
    })
}

impl Answer {
    /// How long the target says the body is, in bytes.
    pub fn size_bytes(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next bytes, known secrets replaced; `None` at the end.
    ///
    /// # Errors
    /// `Interrupted` when the target stops, is too slow or too late; `TooLarge` beyond the cap;
    /// `AnswerRefused` when a binary body holds a known secret. What came before is then to be thrown away.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, SendError> {
        match &self.state {
            State::Open => {}
            State::Ended => return Ok(None),
            State::Broken(error) => return Err(error.clone()),
        }
        let next = self.next().await;
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.state = State::Ended,
            Err(error) => self.state = State::Broken(error.clone()),
        }
        next
    }

    /// The whole body, at most `cap` bytes of it.
    ///
    /// # Errors
    /// As [`Answer::chunk`], and `TooLarge` beyond `cap`.
    pub async fn bytes(mut self, cap: u64) -> Result<Bytes, SendError> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let mut whole = Whole { first, rest: BytesMut::new(), cap };
        whole.check(0)?;
        while let Some(chunk) = self.chunk().await? {
            whole.push(&chunk, self.size_bytes())?;
        }
        Ok(whole.into_bytes())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, SendError> {
        loop {
            let Some(chunk) = self.receive().await? else {
                let last = self.scan.end().map_err(|_| secret_in_binary())?;
                self.state = State::Ended;
                return Ok((!last.is_empty()).then_some(last));
            };
            self.received_bytes += chunk.len() as u64;
            if self.received_bytes > self.limits.max_bytes {
                return Err(SendError::TooLarge(self.limits.max_bytes));
            }
            let clean = self.scan.next(chunk).map_err(|_| secret_in_binary())?;
            if !clean.is_empty() {
                return Ok(Some(clean));
            }
        }
    }

    /// Waits for bytes, never longer than the deadline and the rate allow.
    async fn receive(&mut self) -> Result<Option<Bytes>, SendError> {
        loop {
            let begun = Instant::now();
            let left = self.limits.deadline.saturating_duration_since(begun);
            if left.is_zero() {
                return Err(SendError::Interrupted("the answer did not end in time".to_owned()));
            }
            let patience = if self.limits.measures_rate() {
                self.limits.rate_window.saturating_sub(self.rate.waited).min(left)
            } else {
                left
            };
            let received = timeout(patience, self.response.chunk()).await;
            self.rate.waited += begun.elapsed();
            match received {
                Ok(Ok(chunk)) => {
                    self.rate.received_bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                    if chunk.is_some() {
                        self.judge_rate()?;
                    }
                    return Ok(chunk);
                }
                Ok(Err(error)) => {
                    let told = told(&error.without_url());
                    return Err(SendError::Interrupted(format!(
                        "the answer broke off: {}",
                        self.scan.scrubber().scrub_text(&told)
                    )));
                }
                Err(_) => self.judge_rate()?,
            }
        }
    }

    /// At the end of each window the bytes in it decide.
    fn judge_rate(&mut self) -> Result<(), SendError> {
        let window = self.limits.rate_window;
        if !self.limits.measures_rate() || self.rate.waited < window {
            return Ok(());
        }
        let enough = self.limits.min_bytes_per_second as f64 * self.rate.waited.as_secs_f64();
        if (self.rate.received_bytes as f64) < enough {
            return Err(SendError::Interrupted(format!(
                "the answer came slower than {} bytes per second",
                self.limits.min_bytes_per_second
            )));
        }
        self.rate = Rate::default();
        Ok(())
    }
}

/// A body being gathered; the common one comes in a single chunk and is not copied.
struct Whole {
    first: Bytes,
    rest: BytesMut,
    cap: u64,
}

impl Whole {
    fn check(&self, more: usize) -> Result<(), SendError> {
        let size_bytes = self.rest.len().max(self.first.len()) + more;
        if size_bytes as u64 > self.cap { Err(SendError::TooLarge(self.cap)) } else { Ok(()) }
    }

    fn push(&mut self, chunk: &[u8], said_bytes: Option<u64>) -> Result<(), SendError> {
        self.check(chunk.len())?;
        if self.rest.is_empty() {
            // What the target says is believed up to a megabyte.
            let said = said_bytes.unwrap_or(0).min(self.cap).min(1 << 20) as usize;
            self.rest.reserve(said.max(self.first.len() + chunk.len()));
            self.rest.extend_from_slice(&self.first);
        }
        self.rest.extend_from_slice(chunk);
        Ok(())
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() { self.first } else { self.rest.freeze() }
    }
}

fn check_head(headers: &HeaderMap) -> Result<(), Refusal> {
    let size_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_ANSWER_HEADERS || size_bytes > MAX_ANSWER_HEADER_BYTES {
        return Err(Refusal::new(
            "answer-headers",
            format!(
                "the answer has {} headers of {size_bytes} bytes: at most {MAX_ANSWER_HEADERS} and {MAX_ANSWER_HEADER_BYTES} bytes are taken",
                headers.len()
            ),
        ));
    }
    // Sixty kilobytes of gzip become sixty megabytes, and no cap or scrubber sees inside.
    for encoding in headers.get_all(header::CONTENT_ENCODING) {
        if !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity") {
            let shown = String::from_utf8_lossy(encoding.as_bytes())
                .chars()
                .take(40)
                .collect::<String>()
                .escape_debug()
                .to_string();
            return Err(Refusal::new(
                "answer-encoding",
                format!(
                    "the answer is encoded as `{shown}` although no `Accept-Encoding` was sent: let the target answer unencoded"
                ),
            ));
        }
    }
    Ok(())
}

/// Whether secrets are replaced or the body is refused. An answer that does not say what it is, is not altered.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    let named = [
        "json",
        "xml",
        "javascript",
        "ecmascript",
        "x-www-form-urlencoded",
        "x-ndjson",
        "yaml",
        "x-yaml",
        "graphql",
        "http",
    ];
    match kind {
        "text" => true,
        // `$batch` answers are text in parts; their boundaries carry no secret.
        "multipart" => subtype == "mixed",
        _ => {
            named.contains(&subtype)
                || subtype.ends_with("+json")
                || subtype.ends_with("+xml")
                || subtype.ends_with("+yaml")
        }
    }
}

fn handed_over(headers: &HeaderMap, scrubber: &Scrubber) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| **name != header::SET_COOKIE);
    kept.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), scrubber.scrub_text(&value).into_owned())
    })
    .collect()
}

fn secret_in_binary() -> SendError {
    SendError::AnswerRefused(Refusal::new(
        "secret-in-binary",
        "the answer is not text and holds a known secret: it is not handed over, and not altered",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(media_type: &str, text: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media_type.try_into().expect("a value"));
        assert_eq!(is_text(&headers), text, "{media_type}");
    }

    #[test]
    fn text_is_told_from_the_rest() {
        for media_type in [
            "text/html",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "application/atom+xml;type=feed",
            "application/xml",
            "multipart/mixed; boundary=a",
            "application/x-www-form-urlencoded",
        ] {
            check_text(media_type, true);
        }
        for media_type in
            ["application/pdf", "image/png", "application/octet-stream", "", "multipart/form-data", "nonsense"]
        {
            check_text(media_type, false);
        }
        assert!(!is_text(&HeaderMap::new()));
    }

    #[test]
    fn encoded_answers_are_refused() {
        let check = |encoding: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(encoding));
            check_head(&headers).map_err(|refusal| refusal.rule)
        };
        assert_eq!(check("identity"), Ok(()));
        assert_eq!(check(" Identity "), Ok(()));
        for encoding in ["gzip", "br", "identity, gzip", "deflate"] {
            assert_eq!(check(encoding), Err("answer-encoding"), "{encoding}");
        }
    }

    #[test]
    fn answers_with_too_many_headers_are_refused() {
        let mut headers = HeaderMap::new();
        for number in 0..=MAX_ANSWER_HEADERS {
            headers.append("x-a", number.into());
        }
        assert_eq!(check_head(&headers).expect_err("refused").rule, "answer-headers");
        let mut headers = HeaderMap::new();
        headers.insert("x-a", "b".repeat(MAX_ANSWER_HEADER_BYTES).try_into().expect("a value"));
        assert_eq!(check_head(&headers).expect_err("refused").rule, "answer-headers");
    }
}
