//! Why a value cannot be written where it is to go: the place and the rule, never the value, because that may be
//! somebody's personal number.

use std::fmt;

use sluse_sdk::Failure;

/// A value that does not fit. `?` makes it the failure `invalid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// For programs, in kebab-case: `text-too-long`.
    pub code: &'static str,
    /// For the person who runs the flow, in Danish: the place and what is wrong there.
    pub message: String,
    /// For support: the rule.
    pub detail: String,
}

impl Unfit {
    /// `message` goes on after the place: ", ", ": " or " " included.
    pub(crate) fn new(code: &'static str, place: &str, message: &str, detail: impl Into<String>) -> Self {
        Self { code, message: format!("{place}{message}"), detail: detail.into() }
    }

    /// A value that has to be there and is not.
    #[must_use]
    pub fn missing(place: &str) -> Self {
        Self::new("value-missing", place, " mangler.", "the value is required")
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.detail)
    }
}

impl std::error::Error for Unfit {}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        Self::invalid(unfit.code, unfit.message).detail(unfit.detail)
    }
}
