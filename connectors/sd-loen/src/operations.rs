//! What the connector can be asked, one operation a file.

pub(crate) mod append_lines;
pub(crate) mod check;
pub(crate) mod create_mileage;
pub(crate) mod lookup_employment;
