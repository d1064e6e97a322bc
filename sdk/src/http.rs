//! Requests to the connection's endpoints. The host owns address, credentials, TLS and limits; a connector
//! says what to ask and what asking does.

mod body;
mod error;
mod next_page; // the way to the next page
mod path;
mod request;
mod response;
mod retry_after; // how long a target asks to be left alone

pub use crate::bindings::connector::sluse::connector::http::{
    Answer, Conclusion, Effect, Header, Method, SendError as SendErrorReason,
};
pub use body::{Multipart, Part};
pub use error::SendError;
pub use next_page::next_page;
pub use path::{Segment, fits_segment, segment};
pub use request::{Request, send_all};
pub use response::Response;

use crate::host;

/// Says what the answer to the request of this intent key means, where its status says something else: a SOAP fault that
/// comes with 200 and did nothing, a 500 that comes although it was done. What did not happen may be sent again by a
/// later attempt under the same key; what happened never is; what is open waits for somebody who looks.
///
/// # Errors
/// When no request of this key, which must happen once, was answered in this call.
pub fn conclude(intent_key: &str, conclusion: impl Into<Conclusion>) -> Result<(), String> {
    host::http::conclude(intent_key, conclusion.into())
}

/// Whether it happened, where that can be told.
impl From<bool> for Conclusion {
    fn from(happened: bool) -> Self {
        if happened { Self::Happened } else { Self::DidNotHappen }
    }
}
