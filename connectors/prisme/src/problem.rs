//! What went wrong with numbers, in words: Danish for the people who handle cases, English for support.
//! What is wrong with a value or a folder is said by `sluse-formats`.

use sluse_sdk::{Failure, numbers::NumberError};

/// No numbers were reserved.
pub(crate) fn numbers(error: NumberError) -> Failure {
    match error {
        NumberError::Forbidden(reason) => {
            Failure::denied("numbers-forbidden", "Forbindelsen må ikke bruge nummerserien til posteringer.")
                .detail(reason)
        }
        NumberError::Unavailable(reason) => {
            Failure::unavailable("numbers-unavailable", "Der kan ikke reserveres numre lige nu.").detail(reason)
        }
    }
}
