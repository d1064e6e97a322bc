//! How long a peer may keep us waiting: for room to write, and for the next bytes of a body. What makes
//! progress may go on for as long as it likes; what makes none gives up its place.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Runs while we wait for a peer, and begins anew with each step that it makes.
#[derive(Debug)]
struct Patience {
    lasts: Duration,
    left: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    fn new(lasts: Duration) -> Self {
        Self { lasts, left: None }
    }

    /// Looks at a step that is being waited for. `Err` when it took too long.
    fn watch<T>(&mut self, step: Poll<T>, context: &mut Context<'_>) -> Result<Poll<T>, io::Error> {
        if step.is_ready() {
            self.left = None;
            return Ok(step);
        }
        let lasts = self.lasts;
        let left = self.left.get_or_insert_with(|| Box::pin(sleep(lasts)));
        match left.as_mut().poll(context) {
            Poll::Ready(()) => {
                // Who asks again is told again.
                left.as_mut().reset(Instant::now());
                Err(io::Error::new(io::ErrorKind::TimedOut, "the peer made no progress"))
            }
            Poll::Pending => Ok(step),
        }
    }
}

/// A connection that fails when its peer takes nothing of what is written to it.
#[derive(Debug)]
pub(crate) struct PatientStream<S> {
    stream: S,
    writing: Patience,
}

impl<S> PatientStream<S> {
    pub(crate) fn new(stream: S, lasts: Duration) -> Self {
        Self { stream, writing: Patience::new(lasts) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let step = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.writing.watch(step, context)?
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let step = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.writing.watch(step, context)?
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A body that fails when its sender falls silent.
#[derive(Debug)]
pub(crate) struct PatientBody<B> {
    body: B,
    reading: Patience,
}

impl<B> PatientBody<B> {
    pub(crate) fn new(body: B, lasts: Duration) -> Self {
        Self { body, reading: Patience::new(lasts) }
    }
}

impl<B> Body for PatientBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let step = Pin::new(&mut this.body).poll_frame(context);
        match this.reading.watch(step, context) {
            Ok(step) => step.map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            Err(silent) => Poll::Ready(Some(Err(silent.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
