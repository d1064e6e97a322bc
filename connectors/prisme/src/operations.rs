//! What the connector can be asked to do, one file each.

pub(crate) mod check;
pub(crate) mod check_receipt;
pub(crate) mod kreditorpost; // the input of pay-creditor
pub(crate) mod pay_creditor;
pub(crate) mod post_finance;
