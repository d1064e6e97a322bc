//! What is known of requests that must happen once: the effect journal of a delivery.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What is known of a request that must happen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It was sent, or may have been, and nobody knows what became of it.
    Open,
    /// The target did it.
    Happened,
    /// The target refused it, or it never left, or somebody looked and it is not there.
    DidNotHappen,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Open, Self::Happened, Self::DidNotHappen];

    /// What a status says, unless the endpoint knows better.
    ///
    /// 2xx and 3xx: it happened. 408, 500, 502 and 504 leave it open: these come from a target that broke, or
    /// from something before it that lost sight of it. Any other 4xx, 429 and 503: it did not happen.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=399 => Self::Happened,
            408 => Self::Open,
            400..=499 | 503 => Self::DidNotHappen,
            _ => Self::Open,
        }
    }

    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Happened => "happened",
            Self::DidNotHappen => "did-not-happen",
        }
    }
}

/// A request that must happen once, as people see it in a delivery's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its place in the journal, from 1.
    pub number: u32,
    /// The attempt that sent it.
    pub attempt: u32,
    /// Method and path, without query and personal numbers.
    pub request: String,
    pub opened_at: Timestamp,
    pub standing: Standing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, expected: Standing) {
        assert_eq!(Standing::of_status(status), expected, "{status}");
    }

    #[test]
    fn a_status_says_whether_it_happened() {
        for status in [200, 201, 204, 302, 304] {
            check(status, Standing::Happened);
        }
        for status in [400, 401, 403, 404, 409, 412, 422, 429, 503] {
            check(status, Standing::DidNotHappen);
        }
        for status in [408, 500, 501, 502, 504, 599] {
            check(status, Standing::Open);
        }
    }
}
