//! What the connector can be asked to do, one file each.

pub(crate) mod check;
pub(crate) mod create_record;
pub(crate) mod execute_workflow;
pub(crate) mod get_cached;
pub(crate) mod list_workflows;
pub(crate) mod search;
