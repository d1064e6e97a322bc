//! An answer's body, which holds its socket: read to the end, it lays the socket back for the next request; given up
//! before, it closes it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::sockets::Lease;

/// A mark on an answer 401: it came on a socket that had carried requests before, whose sign-in the target has
/// forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forgotten;

/// The body as it comes, and the socket that it comes on.
pub(crate) struct PinnedBody {
    body: Incoming,
    lease: Option<Lease>,
}

/// An answer to a request that was let in.
pub(super) fn pinned(response: Response<Incoming>, lease: Lease) -> Response<PinnedBody> {
    response.map(|body| {
        let mut body = PinnedBody { body, lease: Some(lease) };
        body.settle();
        body
    })
}

/// An answer 401: its socket is not used again. Whoever forgot one may have forgotten all that are kept.
pub(super) fn unauthorized(mut response: Response<Incoming>, lease: Lease) -> Response<PinnedBody> {
    if lease.was_kept {
        lease.sockets.close();
        response.extensions_mut().insert(Forgotten);
    }
    response.map(|body| PinnedBody { body, lease: Some(lease.last()) })
}

impl PinnedBody {
    /// Nothing more comes: the socket is free.
    fn settle(&mut self) {
        if self.body.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.lay_back();
        }
    }
}

impl Body for PinnedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Err(_)) => self.lease = None,
            Some(Ok(_)) => self.settle(),
            None => {
                if let Some(lease) = self.lease.take() {
                    lease.lay_back();
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
