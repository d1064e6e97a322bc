//! Requests to the connection's endpoints. The host owns address, credentials, TLS and limits; a connector
//! says what to ask and what asking does.

mod body;
mod error;
mod path;
mod request;
mod response;
mod retry_after; // how long a target asks to be left alone

pub use crate::bindings::connector::sluse::connector::http::{
    Answer, Effect, Header, Method, SendError as SendErrorReason,
};
pub use body::{Multipart, Part};
pub use error::SendError;
pub use path::{Segment, segment};
pub use request::{Request, send_all};
pub use response::Response;
