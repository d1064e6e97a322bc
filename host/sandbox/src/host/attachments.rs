//! `attachments`: the files of the run.

use bytes::Bytes;
use sluse_connector::AttachmentError;
use sluse_model::Attachment;

use super::{NO_ANSWER, too_long};
use crate::{
    abi::v0_1::attachments,
    limits::MAX_BODY_BYTES,
    state::{CallState, wait_for_host},
};

/// Longer than any id of ours.
const MAX_ID_BYTES: usize = 256;

/// What file systems and forms take.
const MAX_NAME_BYTES: usize = 1 << 10;

const MAX_MEDIA_TYPE_BYTES: usize = 256;

impl attachments::Host for CallState {
    async fn all(&mut self) -> wasmtime::Result<Result<Vec<attachments::Attachment>, attachments::AttachmentError>> {
        let files = wait_for_host!(self, self.patience.other, self.host.attachments()).unwrap_or_else(no_answer);
        Ok(files.map(|files| files.into_iter().map(into_wit).collect()).map_err(error_into_wit))
    }

    async fn get(
        &mut self,
        id: String,
    ) -> wasmtime::Result<Result<attachments::Attachment, attachments::AttachmentError>> {
        let files = wait_for_host!(self, self.patience.other, self.host.attachments()).unwrap_or_else(no_answer);
        let found = files.and_then(|files| {
            files.into_iter().find(|file| file.id.to_string() == id).ok_or(AttachmentError::NotFound)
        });
        Ok(found.map(into_wit).map_err(error_into_wit))
    }

    async fn read(
        &mut self,
        id: String,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, attachments::AttachmentError>> {
        if id.len() > MAX_ID_BYTES {
            return Ok(Err(attachments::AttachmentError::NotFound));
        }
        if length as usize > MAX_BODY_BYTES {
            return Ok(Err(attachments::AttachmentError::TooLarge(MAX_BODY_BYTES as u64)));
        }
        let read = wait_for_host!(self, self.patience.other, self.host.read_attachment(&id, offset, length));
        Ok(read.unwrap_or_else(no_answer).map(Vec::from).map_err(error_into_wit))
    }

    async fn create(
        &mut self,
        name: String,
        media_type: String,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<attachments::Attachment, attachments::AttachmentError>> {
        if let Err(error) = fits(&name, &media_type, bytes.len()) {
            return Ok(Err(error_into_wit(error)));
        }
        let creating = self.host.create_attachment(name, media_type, Bytes::from(bytes));
        let created = wait_for_host!(self, self.patience.other, creating);
        Ok(created.unwrap_or_else(no_answer).map(into_wit).map_err(error_into_wit))
    }
}

fn fits(name: &str, media_type: &str, length: usize) -> Result<(), AttachmentError> {
    if name.len() > MAX_NAME_BYTES {
        return Err(AttachmentError::Forbidden(too_long("the file name", name.len(), MAX_NAME_BYTES)));
    }
    if media_type.len() > MAX_MEDIA_TYPE_BYTES {
        let reason = too_long("the media type", media_type.len(), MAX_MEDIA_TYPE_BYTES);
        return Err(AttachmentError::Forbidden(reason));
    }
    if length > MAX_BODY_BYTES {
        return Err(AttachmentError::TooLarge(MAX_BODY_BYTES as u64));
    }
    Ok(())
}

fn no_answer<T>() -> Result<T, AttachmentError> {
    Err(AttachmentError::Unavailable(NO_ANSWER.into()))
}

fn into_wit(file: Attachment) -> attachments::Attachment {
    attachments::Attachment {
        id: file.id.to_string(),
        name: file.name,
        media_type: file.media_type,
        size_bytes: file.size_bytes,
        sha256: file.digest.to_string(),
    }
}

fn error_into_wit(error: AttachmentError) -> attachments::AttachmentError {
    match error {
        AttachmentError::Forbidden(reason) => attachments::AttachmentError::Forbidden(reason),
        AttachmentError::NotFound => attachments::AttachmentError::NotFound,
        AttachmentError::TooLarge(limit_bytes) => attachments::AttachmentError::TooLarge(limit_bytes),
        AttachmentError::Unavailable(reason) => attachments::AttachmentError::Unavailable(reason),
    }
}
