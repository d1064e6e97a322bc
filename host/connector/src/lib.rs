//! The seam between the host and what it runs. [`Connector`] is what the host asks of a component, [`Host`]
//! is what a component may ask of the host during one call, [`Loader`] turns bytes into a connector.
//! The sandbox translates the first two to and from WIT; the engine, the test bench and the fakes are hosts.

mod call; // one call, and what it may use
mod connector; // what the host asks of a component
mod host; // what a component may ask of the host
mod http; // requests and answers, as a component sees them
mod lines; // what a call wrote, bounded
mod loader; // from bytes to a connector

pub use call::{Arrival, Breakage, BreakageKind, Call, CallLimits, Ended};
pub use connector::{Connector, FeedItem, FeedPage, Finding};
pub use host::{AttachmentError, CallbackError, FolderError, Host, NumberError, REQUESTS_SIDE_BY_SIDE};
pub use http::{Answer, Body, Content, Effect, Keep, Method, Multipart, Part, Request, Response, SendError};
pub use lines::{Lines, MAX_FIRST_LINES, MAX_LAST_LINES};
pub use loader::{LoadError, Loader};

#[cfg(feature = "fakes")]
pub mod fakes;
