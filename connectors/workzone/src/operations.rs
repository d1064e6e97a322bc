//! What the connector can be asked to do, one file each.

pub(crate) mod add_custom_tab;
pub(crate) mod add_documents;
pub(crate) mod add_parties;
pub(crate) mod check;
pub(crate) mod create_or_find_case;
pub(crate) mod lookup;
pub(crate) mod update_case;

mod addresses; // where a party lives
mod case_fields; // the fields of a case, shared by two operations
mod contacts; // finding and creating who a party is
mod document_files; // which files, and which of them is the main one
mod documents_together; // their records in one batch
