//! A form with files, read in bounded memory: the parser keeps what it has not handed out yet, and here is
//! counted how much that may be.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, BodyDataStream},
    extract::{
        DefaultBodyLimit, FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};
use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;

use crate::ApiError;

/// The most that is taken in without anything being handed out: before the first part, or for the headers of one.
const MAX_UNCLAIMED_BYTES: u64 = 256 << 10;

/// With more than this at hand the parser looks at it before it gets more.
const ENOUGH_BYTES: u64 = 64 << 10;

/// A form, part by part.
pub(crate) struct Form {
    parts: Multipart,
    meter: Arc<Meter>,
}

/// A part of a form. Read it to its end before the next one.
pub(crate) struct Part<'a> {
    field: Field<'a>,
    meter: &'a Meter,
}

impl Form {
    pub(crate) async fn of(mut request: Request) -> Result<Self, ApiError> {
        let meter = Arc::new(Meter::default());
        let metered = meter.clone();
        // Counted here, and by the limits of what is in it.
        DefaultBodyLimit::disable().apply(&mut request);
        let request = request.map(|body| Body::from_stream(Metered { bytes: body.into_data_stream(), meter: metered }));
        let parts = Multipart::from_request(request, &())
            .await
            .map_err(|error| ApiError::BadBody(format!("the form cannot be read: {error}")))?;
        Ok(Self { parts, meter })
    }

    /// The next part; `None` when there is no other.
    pub(crate) async fn next_part(&mut self) -> Result<Option<Part<'_>>, ApiError> {
        let meter = &self.meter;
        meter.ask();
        let Some(field) = self.parts.next_field().await.map_err(|error| meter.explain(&error))? else {
            return Ok(None);
        };
        meter.hand_out(size_bytes(field.headers()));
        Ok(Some(Part { field, meter }))
    }
}

impl Part<'_> {
    pub(crate) fn name(&self) -> Option<&str> {
        self.field.name()
    }

    pub(crate) fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.field.content_type()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.field.headers()
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        self.meter.ask();
        let piece = self.field.chunk().await.map_err(|error| self.meter.explain(&error))?;
        self.meter.hand_out(piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }
}

fn size_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// How much the parser has taken in and not handed out.
#[derive(Debug, Default)]
struct Meter {
    /// About what the parser holds; rather more, since what frames the parts is never handed out.
    held_bytes: AtomicU64,
    /// Taken in since the parser was last asked for something.
    taken_bytes: AtomicU64,
    /// The parser has looked at what it holds since it was asked, or was given more.
    looked: AtomicBool,
}

impl Meter {
    /// The parser is asked for a part or a piece.
    fn ask(&self) {
        self.taken_bytes.store(0, Ordering::Relaxed);
        self.looked.store(false, Ordering::Relaxed);
    }

    fn hand_out(&self, bytes: usize) {
        let held_bytes = self.held_bytes.load(Ordering::Relaxed);
        self.held_bytes.store(held_bytes.saturating_sub(bytes as u64), Ordering::Relaxed);
    }

    /// Whether the parser is to look at what it holds before it gets more.
    fn holds_back(&self) -> bool {
        !self.looked.swap(true, Ordering::Relaxed) && self.held_bytes.load(Ordering::Relaxed) > ENOUGH_BYTES
    }

    /// Counts what comes in. `false` when it is too much.
    fn take(&self, bytes: usize) -> bool {
        self.looked.store(false, Ordering::Relaxed);
        self.held_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.taken_bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64 <= MAX_UNCLAIMED_BYTES
    }

    fn explain(&self, error: &MultipartError) -> ApiError {
        if self.taken_bytes.load(Ordering::Relaxed) > MAX_UNCLAIMED_BYTES {
            return ApiError::BadBody(format!(
                "more than {MAX_UNCLAIMED_BYTES} bytes stand before a part of the form, or in the headers of one"
            ));
        }
        ApiError::BadBody(format!("the form ended too early or is damaged; send it again ({error})"))
    }
}

/// The bytes of a form on their way to the parser.
struct Metered {
    bytes: BodyDataStream,
    meter: Arc<Meter>,
}

impl Stream for Metered {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.meter.holds_back() {
            // At once again, in case that what it holds is not enough.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = std::task::ready!(Pin::new(&mut self.bytes).poll_next(context));
        Poll::Ready(next.map(|piece| match piece {
            Ok(piece) if self.meter.take(piece.len()) => Ok(piece),
            Ok(_) => Err(std::io::Error::other("too much without a part")),
            Err(error) => Err(std::io::Error::other(error)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    /// A form whose bytes come in pieces as from a socket.
    async fn form(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Form {
        let body = Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)));
        let request = Request::builder().header("content-type", "multipart/form-data; boundary=b");
        Form::of(request.body(body).expect("a request")).await.expect("a form")
    }

    /// `head`, and then the same kibibyte for as long as somebody takes it, a mebibyte at most.
    fn endless(head: &'static str, filler: u8) -> impl Iterator<Item = Bytes> {
        let filler = Bytes::from(vec![filler; 1 << 10]);
        std::iter::once(Bytes::from_static(head.as_bytes())).chain(std::iter::repeat_n(filler, 1 << 10))
    }

    async fn refused_in_time(form: &mut Form) {
        let refused = form.next_part().await.err().expect("refused");
        assert!(matches!(&refused, ApiError::BadBody(text) if text.contains("262144")), "{refused}");
        let held_bytes = form.meter.held_bytes.load(Ordering::Relaxed);
        assert!(held_bytes <= MAX_UNCLAIMED_BYTES + (1 << 10), "{held_bytes} bytes were taken in");
    }

    #[tokio::test]
    async fn bytes_before_the_first_part_are_bounded() {
        let mut form = form(endless("", b'x')).await;
        refused_in_time(&mut form).await;
    }

    #[tokio::test]
    async fn the_headers_of_a_part_are_bounded() {
        let mut form = form(endless("--b\r\nContent-Disposition: form-data; name=\"", b'x')).await;
        refused_in_time(&mut form).await;
    }

    /// Two hundred small parts, each asking once more, do not pile up what comes behind them.
    #[tokio::test]
    async fn many_small_parts_and_a_large_one_pass_through_little_memory() {
        let small = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n".repeat(200);
        let large = Bytes::from(vec![b'x'; 32 << 10]);
        let head = small + "--b\r\nContent-Disposition: form-data; name=\"large\"\r\n\r\n";
        let pieces = std::iter::once(Bytes::from(head))
            .chain(std::iter::repeat_n(large, 512))
            .chain([Bytes::from_static(b"\r\n--b--\r\n")]);
        let mut form = form(pieces).await;
        let (meter, mut parts, mut read, mut most) = (form.meter.clone(), 0, 0, 0);
        while let Some(mut part) = form.next_part().await.expect("a part") {
            parts += 1;
            while let Some(piece) = part.piece().await.expect("a piece") {
                read += piece.len();
                most = most.max(meter.held_bytes.load(Ordering::Relaxed));
            }
        }
        assert_eq!((parts, read), (201, 200 + 512 * (32 << 10)));
        assert!(most < 256 << 10, "{most} bytes were held at once");
    }
}
