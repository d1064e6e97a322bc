//! Operations that somebody asks for one by one, and waits for: one that does not only read is a delivery like any other,
//! in a run of the host's own flow.

use crate::{Flow, Name};

/// The flow of the host's own whose runs are single operations. No flow that is applied is called so.
pub const CALL_FLOW: &str = "call";

/// The flow of one operation of a connection.
pub fn call_flow(connection: &Name, operation: &Name) -> Flow {
    Flow::own(CALL_FLOW, connection, operation)
}

/// The idempotency key of a run of [`CALL_FLOW`]: what a caller chose, within its connection and operation.
pub fn call_key(connection: &Name, operation: &Name, key: &str) -> String {
    // No name has a slash: no two of these read as one.
    format!("{connection}/{operation}/{key}")
}
