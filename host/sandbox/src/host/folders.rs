//! `folders`: files that are published, and files that others laid there.

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
        if let Err(error) = at_most("the file", bytes.len(), MAX_BODY_BYTES).and_then(|()| named(&folder, &name)) {
            return Ok(Err(error));
        }
        let putting = self.host.put_file(folder, name, Bytes::from(bytes));
        let put = wait_for_host!(self, self.patience.other, putting);
        Ok(put.unwrap_or_else(no_answer).map_err(into_wit))
    }

    async fn read(
        &mut self,
        folder: String,
        name: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, folders::FolderError>> {
        if let Err(error) = named(&folder, &name) {
            return Ok(Err(error));
        }
        let reading = self.host.get_file(folder, name);
        let read = wait_for_host!(self, self.patience.other, reading).unwrap_or_else(no_answer).map_err(into_wit);
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            read => return Ok(read.map(|_| None)),
        };
        Ok(at_most("the file", bytes.len(), MAX_BODY_BYTES).map(|()| Some(bytes.into())))
    }
}

fn named(folder: &str, name: &str) -> Result<(), folders::FolderError> {
    at_most("the folder's name", folder.len(), MAX_NAME_BYTES)?;
    at_most("the file name", name.len(), MAX_NAME_BYTES)
}

fn at_most(what: &str, length: usize, limit: usize) -> Result<(), folders::FolderError> {
    if length > limit { Err(folders::FolderError::Invalid(too_long(what, length, limit))) } else { Ok(()) }
}

fn no_answer<T>() -> Result<T, FolderError> {
    Err(FolderError::Unavailable(NO_ANSWER.into()))
}

fn into_wit(error: FolderError) -> folders::FolderError {
    match error {
        FolderError::Forbidden(reason) => folders::FolderError::Forbidden(reason),
        FolderError::Invalid(reason) => folders::FolderError::Invalid(reason),
        FolderError::Conflict(reason) => folders::FolderError::Conflict(reason),
        FolderError::Unclear(reason) => folders::FolderError::Unclear(reason),
        FolderError::Unavailable(reason) => folders::FolderError::Unavailable(reason),
    }
}
