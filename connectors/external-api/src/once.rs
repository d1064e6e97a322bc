//! What must happen once, and what is done when it stays open whether it did: it is looked up where there is a place to
//! look, and sent once more where nothing is there; else it is left to a person.

use sluse_sdk::{Failure, log};

/// What became of a request.
pub(crate) enum Sent<A> {
    /// It happened.
    Happened(A),
    /// It did not.
    Failed(Failure),
    /// Nobody knows yet, for this reason.
    InDoubt(String),
}

/// Something that must happen once.
pub(crate) trait Intent {
    /// What the target says when it happened.
    type Answer;

    /// Method and path, for support.
    fn what(&self) -> &str;

    /// There is a place to look whether it happened.
    fn can_look(&self) -> bool;

    /// What the place to look says, when it happened.
    fn look(&self) -> Result<Option<Self::Answer>, Failure>;

    /// Sends it. `looked` says that it was looked up in this attempt, and is not there.
    fn post(&self, looked: bool) -> Sent<Self::Answer>;

    /// What is told of a request that stays open. `looked` says that it was looked up, and is not there.
    fn left_open(&self, cause: &str, looked: bool) -> Failure;
}

/// Does it, or finds that it was done.
pub(crate) fn carry_out<I: Intent>(intent: &I, attempt: u32) -> Result<I::Answer, Failure> {
    // An earlier attempt may have got through.
    let mut looked = attempt > 1 && intent.can_look();
    if looked && let Some(found) = intent.look()? {
        return Ok(found);
    }
    for _ in 0..2 {
        let cause = match intent.post(looked) {
            Sent::Happened(answer) => return Ok(answer),
            Sent::Failed(failure) => return Err(failure),
            Sent::InDoubt(cause) => cause,
        };
        if !intent.can_look() {
            return Err(intent.left_open(&cause, false));
        }
        if let Some(found) = intent.look()? {
            log::info("Forbindelsen blev afbrudt, men det eksterne system har fået handlingen");
            return Ok(found);
        }
        looked = true;
    }
    Err(intent.left_open(&format!("{} was interrupted twice, and nothing arrived", intent.what()), true))
}
