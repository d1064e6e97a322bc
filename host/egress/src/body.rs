//! A request's body on its way out: its length known before, its bytes never gathered, and a mark that says
//! whether anything may have left.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering, fence},
    },
    task::{Context, Poll, ready},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncReadExt as _, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::outgoing::Reader;

/// How much of a stream is in memory at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Whether a request has begun to leave. Asked after a failure, so that "nothing was sent" is known and not guessed.
/// One is held by whoever asks, the other by the body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Departure(Arc<AtomicU8>);

const WAITING: u8 = 0;
const DEPARTED: u8 = 1;
const CALLED_OFF: u8 = 2;

impl Departure {
    /// The connection takes the request up. False when it was called off: then it must not be written.
    fn depart(&self) -> bool {
        self.0.compare_exchange(WAITING, DEPARTED, Ordering::AcqRel, Ordering::Acquire) != Err(CALLED_OFF)
    }

    /// Keeps the request from leaving. False when it may have left already, or still be held by a connection: that
    /// one may be about to write the head, and where there is no body it asks nobody before it does.
    pub(crate) fn call_off(&self) -> bool {
        // First: only of a body that is gone it is certain that nothing happens to it any more.
        let is_gone = Arc::strong_count(&self.0) == 1;
        // What was done with the body before it went is seen now.
        fence(Ordering::Acquire);
        let waited = self.0.compare_exchange(WAITING, CALLED_OFF, Ordering::AcqRel, Ordering::Acquire) != Err(DEPARTED);
        is_gone && waited
    }

    fn is_called_off(&self) -> bool {
        self.0.load(Ordering::Acquire) == CALLED_OFF
    }
}

/// Why a body could not be read. Ours, not the target's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyFailure {
    #[error("{0}")]
    Read(#[from] std::io::Error),
    #[error("it ends {0} bytes early")]
    Short(u64),
    #[error("it is longer than was said")]
    Long,
    #[error("the request was called off")]
    CalledOff,
}

/// The pieces of a body, in order.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pieces: VecDeque<Piece>,
    size_bytes: u64,
}

enum Piece {
    Bytes(Bytes),
    Stream(Stream),
}

struct Stream {
    reader: Reader,
    remaining_bytes: u64,
    buffer: BytesMut,
}

impl Segments {
    pub(crate) fn push_bytes(&mut self, bytes: Bytes) {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        if !bytes.is_empty() {
            self.pieces.push_back(Piece::Bytes(bytes));
        }
    }

    pub(crate) fn push_stream(&mut self, size_bytes: u64, reader: Reader) {
        self.size_bytes = self.size_bytes.saturating_add(size_bytes);
        self.pieces.push_back(Piece::Stream(Stream { reader, remaining_bytes: size_bytes, buffer: BytesMut::new() }));
    }

    /// The length of the whole body.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Reads the first bytes of every stream, so that one that cannot be read fails before anything is sent.
    pub(crate) async fn open(&mut self) -> Result<(), BodyFailure> {
        for piece in &mut self.pieces {
            if let Piece::Stream(stream) = piece {
                stream.open().await?;
            }
        }
        Ok(())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyFailure>>> {
        loop {
            match self.pieces.front_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    self.pieces.pop_front();
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Some(Piece::Stream(stream)) => {
                    let chunk = ready!(stream.poll_chunk(cx))?;
                    if stream.remaining_bytes == 0 {
                        self.pieces.pop_front();
                    }
                    if !chunk.is_empty() {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
            }
        }
    }
}

impl Stream {
    async fn open(&mut self) -> Result<(), BodyFailure> {
        let most = self.remaining_bytes.min(CHUNK_BYTES as u64);
        // A stream whose end is said to be here is read to it.
        let limit = if most == self.remaining_bytes { most + 1 } else { most };
        self.buffer.reserve(limit as usize);
        let read = (&mut self.reader).take(limit).read_buf(&mut self.buffer).await?;
        match read as u64 {
            0 if self.remaining_bytes > 0 => Err(BodyFailure::Short(self.remaining_bytes)),
            read if read > self.remaining_bytes => Err(BodyFailure::Long),
            _ => Ok(()),
        }
    }

    /// The next bytes. The last ones only after the reader said that no more follow.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, BodyFailure>> {
        loop {
            let held = self.buffer.len() as u64;
            if held == self.remaining_bytes {
                ready!(self.poll_end(cx))?;
                self.remaining_bytes = 0;
                return Poll::Ready(Ok(std::mem::take(&mut self.buffer).freeze()));
            }
            if held > 0 {
                self.remaining_bytes -= held;
                return Poll::Ready(Ok(self.buffer.split().freeze()));
            }
            self.buffer.reserve(self.remaining_bytes.min(CHUNK_BYTES as u64) as usize);
            let mut limited = (&mut self.buffer).limit(usize::try_from(self.remaining_bytes).unwrap_or(usize::MAX));
            if ready!(poll_read_buf(self.reader.as_mut(), cx, &mut limited))? == 0 {
                return Poll::Ready(Err(BodyFailure::Short(self.remaining_bytes)));
            }
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyFailure>> {
        let mut byte = [0];
        let mut probe = ReadBuf::new(&mut byte);
        ready!(self.reader.as_mut().poll_read(cx, &mut probe))?;
        Poll::Ready(if probe.filled().is_empty() { Ok(()) } else { Err(BodyFailure::Long) })
    }
}

/// The body as the client takes it.
pub(crate) struct DepartingBody {
    /// A lock that is never taken: readers need not be `Sync`, the client's body must be.
    segments: Mutex<Segments>,
    unsent_bytes: u64,
    departure: Departure,
}

impl DepartingBody {
    pub(crate) fn new(segments: Segments, departure: Departure) -> Self {
        Self { unsent_bytes: segments.size_bytes, segments: Mutex::new(segments), departure }
    }
}

impl http_body::Body for DepartingBody {
    type Data = Bytes;
    type Error = BodyFailure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFailure>>> {
        if !self.departure.depart() {
            return Poll::Ready(Some(Err(BodyFailure::CalledOff)));
        }
        let this = &mut *self;
        let segments = this.segments.get_mut().expect("no one ever locks it, so no one panicked holding it");
        let Some(chunk) = ready!(segments.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(chunk.map(|chunk| {
            this.unsent_bytes -= chunk.len() as u64;
            Frame::data(chunk)
        })))
    }

    /// The connection asks this when it takes the request up, right before it writes the head: the one
    /// moment that tells a request that never left from one that may have.
    fn is_end_stream(&self) -> bool {
        self.departure.depart() && self.unsent_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        // Of unknown length, an empty body is asked for bytes too, and its request fails instead of leaving.
        if self.departure.is_called_off() { SizeHint::default() } else { SizeHint::with_exact(self.unsent_bytes) }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream(stream) => write!(f, "Stream({} bytes)", stream.remaining_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body::Body as _;

    use super::*;

    fn streamed(size_bytes: u64, content: &'static [u8]) -> Segments {
        let mut segments = Segments::default();
        segments.push_stream(size_bytes, Box::pin(content));
        segments
    }

    async fn read(mut segments: Segments) -> Result<Vec<u8>, BodyFailure> {
        segments.open().await?;
        let mut body = Box::pin(DepartingBody::new(segments, Departure::default()));
        let mut out = Vec::new();
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            out.extend_from_slice(&frame?.into_data().expect("data"));
        }
        assert!(body.is_end_stream());
        Ok(out)
    }

    #[tokio::test]
    async fn a_stream_gives_what_was_said() {
        assert_eq!(read(streamed(5, b"hello")).await.expect("read"), b"hello");
        assert_eq!(read(streamed(0, b"")).await.expect("read"), b"");
        let large: &'static [u8] = vec![7; 3 * CHUNK_BYTES + 1].leak();
        assert_eq!(read(streamed(large.len() as u64, large)).await.expect("read"), large);
        let exact: &'static [u8] = vec![7; CHUNK_BYTES].leak();
        assert_eq!(read(streamed(exact.len() as u64, exact)).await.expect("read"), exact);
    }

    #[tokio::test]
    async fn a_stream_of_another_length_fails() {
        for (size_bytes, content) in [(6, b"hello".as_slice()), (4, b"hello"), (0, b"hello"), (1, b"")] {
            assert!(read(streamed(size_bytes, content)).await.is_err(), "{size_bytes} for {content:?}");
        }
    }

    #[tokio::test]
    async fn pieces_come_in_order() {
        let mut segments = Segments::default();
        segments.push_bytes(Bytes::from_static(b"a"));
        segments.push_stream(0, Box::pin(b"".as_slice()));
        segments.push_stream(2, Box::pin(b"bc".as_slice()));
        segments.push_bytes(Bytes::from_static(b"d"));
        assert_eq!(segments.size_bytes(), 4);
        assert_eq!(read(segments).await.expect("read"), b"abcd");
    }

    #[tokio::test]
    async fn a_request_called_off_gives_no_byte() {
        let departure = Departure::default();
        let mut body = Box::pin(DepartingBody::new(streamed(5, b"hello"), departure.clone()));
        assert!(!departure.call_off(), "a connection may hold it and write its head");
        assert!(!body.is_end_stream());
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        assert!(matches!(frame, Some(Err(BodyFailure::CalledOff))));
    }

    #[test]
    fn a_request_that_nobody_holds_is_called_off() {
        let departure = Departure::default();
        drop(DepartingBody::new(streamed(5, b"hello"), departure.clone()));
        assert!(departure.call_off());
    }

    /// The connection that takes it up reads no body, and so would never hear that it was called off.
    #[test]
    fn an_empty_request_that_a_connection_holds_is_not_called_off() {
        let departure = Departure::default();
        let _held = DepartingBody::new(Segments::default(), departure.clone());
        assert!(!departure.call_off());
    }

    #[test]
    fn a_request_that_left_cannot_be_called_off() {
        let departure = Departure::default();
        let body = DepartingBody::new(Segments::default(), departure.clone());
        assert!(body.is_end_stream());
        assert!(!departure.call_off());
    }
}
