//! Lines on the delivery's timeline, for the people who look at it. Bounded in length and number by the
//! host. Never put personal numbers into them.

use crate::host;

pub use crate::bindings::connector::sluse::connector::log::Level;

/// What only the connector's author wants to know.
pub fn debug(message: impl AsRef<str>) {
    host::log::write(Level::Debug, message.as_ref());
}

/// What happened.
pub fn info(message: impl AsRef<str>) {
    host::log::write(Level::Info, message.as_ref());
}

/// What somebody should know, though it worked.
pub fn warn(message: impl AsRef<str>) {
    host::log::write(Level::Warn, message.as_ref());
}

/// What did not work.
pub fn error(message: impl AsRef<str>) {
    host::log::write(Level::Error, message.as_ref());
}
