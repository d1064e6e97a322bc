//! How much the answers of one `send-all` may amount to together. Each is bounded by its endpoint; a component has
//! all of them in its hands at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sluse_connector::{Answer, Response, SendError};

/// As much memory as a component usually has.
pub(super) const MAX_ANSWERS_BYTES: u64 = 64 << 20;

/// Room for the answers that are still to come.
#[derive(Debug)]
pub(super) struct AnswerRoom {
    left_bytes: AtomicU64,
    is_exceeded: AtomicBool,
}

impl AnswerRoom {
    pub(super) fn new() -> Self {
        Self { left_bytes: AtomicU64::new(MAX_ANSWERS_BYTES), is_exceeded: AtomicBool::new(false) }
    }

    /// The answer when there is room for it. After one for which there was none, there is room for none.
    pub(super) fn admit(&self, answer: Result<Response, SendError>) -> Result<Response, SendError> {
        let Ok(Response { body: Answer::Bytes(bytes), .. }) = &answer else { return answer };
        let size_bytes = bytes.len() as u64;
        let take = |left: u64| left.checked_sub(size_bytes);
        if self.left_bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok() {
            return answer;
        }
        self.left_bytes.store(0, Ordering::Release);
        self.is_exceeded.store(true, Ordering::Release);
        Err(SendError::TooLarge(MAX_ANSWERS_BYTES))
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(size_bytes: u64) -> Result<Response, SendError> {
        let bytes = Bytes::from(vec![0; usize::try_from(size_bytes).expect("small")]);
        Ok(Response { status: 200, headers: Vec::new(), body: Answer::Bytes(bytes) })
    }

    #[test]
    fn after_the_limit_all_are_too_large() {
        let room = AnswerRoom::new();
        assert!(room.admit(answer(MAX_ANSWERS_BYTES - 1)).is_ok());
        assert!(room.admit(answer(1)).is_ok() && !room.is_exceeded());
        assert_eq!(room.admit(answer(1)), Err(SendError::TooLarge(MAX_ANSWERS_BYTES)));
        assert!(room.is_exceeded());
    }

    #[test]
    fn what_is_small_does_not_slip_through_behind_what_was_too_large() {
        let room = AnswerRoom::new();
        assert!(room.admit(answer(MAX_ANSWERS_BYTES + 1)).is_err());
        assert!(room.admit(answer(1)).is_err());
        assert!(room.admit(answer(0)).is_ok(), "what is empty takes no room");
    }

    #[test]
    fn what_was_kept_or_failed_takes_no_room() {
        let room = AnswerRoom::new();
        let kept = Ok(Response { status: 200, headers: Vec::new(), body: Answer::Attachment("att-1".into()) });
        assert_eq!(room.admit(kept.clone()), kept);
        assert_eq!(room.admit(Err(SendError::TooLarge(1))), Err(SendError::TooLarge(1)));
        assert!(room.admit(answer(MAX_ANSWERS_BYTES)).is_ok());
    }
}
