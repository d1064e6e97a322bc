//! One file per command: what it asks for, and how it is told.

pub(crate) mod apply;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod delivery;
pub(crate) mod doctor;
mod next;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod submit;
pub(crate) mod timeline;
pub(crate) mod token;
