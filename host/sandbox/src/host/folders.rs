//! `folders`: files that are published.

use bytes::Bytes;
use sluse_connector::FolderError;

use super::{NO_ANSWER, too_long};
use crate::{
    abi::v0_1::folders,
    limits::MAX_BODY_BYTES,
    state::{CallState, wait_for_host},
};

/// Names of folders and files.
const MAX_NAME_BYTES: usize = 255;

impl folders::Host for CallState {
    async fn put(
        &mut self,
        folder: String,
        name: String,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), folders::FolderError>> {
        for (what, length, limit) in [
            ("the folder's name", folder.len(), MAX_NAME_BYTES),
            ("the file name", name.len(), MAX_NAME_BYTES),
            ("the file", bytes.len(), MAX_BODY_BYTES),
        ] {
            if length > limit {
                return Ok(Err(folders::FolderError::Forbidden(too_long(what, length, limit))));
            }
        }
        let putting = self.host.put_file(folder, name, Bytes::from(bytes));
        let put = wait_for_host!(self, self.patience.other, putting);
        Ok(put.unwrap_or_else(|| Err(FolderError::Unavailable(NO_ANSWER.into()))).map_err(into_wit))
    }
}

fn into_wit(error: FolderError) -> folders::FolderError {
    match error {
        FolderError::Forbidden(reason) => folders::FolderError::Forbidden(reason),
        FolderError::Conflict(reason) => folders::FolderError::Conflict(reason),
        FolderError::Unavailable(reason) => folders::FolderError::Unavailable(reason),
    }
}
