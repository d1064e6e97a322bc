//! What is said when a rule forbids something: which rule, on what, and what to write where.

/// A rule said no.
///
/// The message is a lowercase fragment that names the input in backticks and, where there is something
/// to do, says what to write in which file. It never holds a secret or a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (rule `{rule}`)")]
pub struct Refusal {
    /// The rule's name, stable, in kebab-case: fit for a metric label and a test.
    pub rule: &'static str,
    /// What was refused, why, and what to do about it.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }
}
