#![doc = include_str!("../README.md")]

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
mod allocator;
pub mod attachments;
#[doc(hidden)]
pub mod bindings;
mod call; // on whose behalf
pub mod callbacks;
mod component; // from a `Connector` to the exports
mod connector; // who a connector is
mod failure; // what it says when it did not work
mod feed; // what it can be asked to look for
pub mod folders;
mod host; // the imports, or their fake
pub mod http;
mod json;
pub mod log;
pub mod member;
pub mod numbers;
mod operation; // what it can be asked to do
mod schema;
pub mod template;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod text;

pub use call::Call;
pub use connector::{Connector, CredentialKind, EndpointNeed, Finding, FolderNeed};
pub use failure::{Failure, Problem};
pub use feed::{Feed, Item, ItemReport, Page, Standing};
pub use operation::{Arrival, CallbackAnswer, IntoOutcome, Operation, Reply};
pub use {schemars, serde, serde_json};

/// Everything that a connector usually needs.
pub mod prelude {
    pub use crate::http::{Effect, Method, Multipart, Part, Request, Response, SendError, segment, send_all};
    pub use crate::{
        Arrival, Call, Connector, CredentialKind, EndpointNeed, Failure, Feed, Finding, FolderNeed, Item, ItemReport,
        Operation, Page, Reply, Standing,
    };
    pub use crate::{attachments, callbacks, feed, folders, log, numbers, operation, path};
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

/// What the macros of this crate expand to.
#[doc(hidden)]
pub mod __private {
    pub use crate::component::Component;
    pub use crate::feed::{item_schema, poll};
    pub use crate::operation::{execute, input_schema, output_schema, resume};
}
