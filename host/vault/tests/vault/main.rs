//! The vault against a store in memory and a token endpoint on loopback.

#[path = "../common/mod.rs"]
mod common;

mod certificates; // presented while they are good
mod origins; // where secrets may go
mod passwords; // exchanged together with a user's name
mod scrubbing; // what must not come back
mod secrets; // written, listed, removed, used
mod tokens; // exchanged, shared, expired, refused
mod withdrawals; // where secrets may no longer go
