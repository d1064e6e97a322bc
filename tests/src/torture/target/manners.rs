//! How the target misbehaves: for each request by the seed, the business key and how often it was asked, so that it
//! does not depend on what else happens.

use super::super::dice::Dice;

/// What a target does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// It does what is asked, and answers.
    Good,
    /// It does nothing, and does not answer.
    Hangs,
    /// It does what is asked, and does not answer.
    HangsAfterCommit,
    /// It does what is asked, and answers a few bytes at a time.
    Drips,
    /// It does nothing and ends the connection.
    DropsBeforeCommit,
    /// It does what is asked and ends the connection.
    DropsAfterCommit,
    /// It does what is asked, and ends the connection in the middle of its answer.
    CutsOff,
    /// It does what is asked, and answers more often than it was asked.
    AnswersTwice,
    /// It does what is asked, and says that it broke.
    BreaksAfterCommit,
    /// It does nothing, and says that it broke.
    BreaksBeforeCommit,
    /// It does nothing, and asks for patience in seconds.
    AsksForSeconds,
    /// It does nothing, and asks for patience until a date.
    AsksForDate,
    /// It does nothing, and says that it is somewhere else.
    Redirects,
}

/// How often each, of the sum of all.
const WEIGHTS: &[(u64, Manner)] = &[
    (400, Manner::Good),
    (2, Manner::Hangs),
    (2, Manner::HangsAfterCommit),
    (5, Manner::Drips),
    (12, Manner::DropsBeforeCommit),
    (12, Manner::DropsAfterCommit),
    (6, Manner::CutsOff),
    (6, Manner::AnswersTwice),
    (8, Manner::BreaksAfterCommit),
    (8, Manner::BreaksBeforeCommit),
    (2, Manner::AsksForSeconds),
    (2, Manner::AsksForDate),
    (3, Manner::Redirects),
];

impl Manner {
    /// What becomes of request number `number` of this kind for a key.
    pub(super) fn of(seed: u64, kind: &str, number: u64) -> Self {
        Dice::of(seed, kind, number).pick(WEIGHTS)
    }
}
