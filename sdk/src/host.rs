//! The host's side: the imports of the component, or on other targets the fake of `testing`.

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::bindings::connector::sluse::connector::{attachments, callbacks, folders, http, log, numbers};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::imports::{attachments, callbacks, folders, http, log, numbers};
