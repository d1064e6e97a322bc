//! What went wrong with folders and numbers, in words: Danish for the people who handle cases, English for support.
//! What is wrong with a value is said by `sluse-formats`.

use sluse_sdk::{Failure, folders::FolderError, numbers::NumberError};

/// A file was not published or read.
pub(crate) fn folder(error: FolderError, folder: &str, name: &str) -> Failure {
    let cause = |reason: &str| format!("{folder}/{name}: {reason}");
    match error {
        FolderError::Forbidden(reason) => Failure::denied(
            "folder-forbidden",
            format!("Forbindelsen må ikke bruge mappen `{folder}`. Giv den adgang til mappen."),
        )
        .detail(cause(&reason)),
        FolderError::Conflict(reason) => Failure::rejected(
            "file-conflict",
            format!("Filen `{name}` er allerede afleveret med et andet indhold. Brug en ny batchnøgle, hvis det er en ny batch."),
        )
        .detail(cause(&reason)),
        FolderError::Unavailable(reason) => Failure::unavailable(
            "folder-unavailable",
            format!("Mappen `{folder}` kan ikke bruges lige nu."),
        )
        .detail(cause(&reason)),
    }
}

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
