//! Attachments of the run, streamed both ways: no file is ever in memory as a whole.

use bytes::{Bytes, BytesMut};
use sluse_connector::{AttachmentError, Keep, SendError};
use sluse_model::{Attachment, AttachmentId, TimelineLevel};
use sluse_store::{Content, StoreError};
use tokio::io::AsyncReadExt;

use super::DeliveryHost;
use crate::counted;

/// A piece that a component reads at once.
const MAX_READ_BYTES: u32 = 4 << 20;

impl DeliveryHost {
    /// The run's files, also those that this call has added.
    pub(super) async fn files(&self) -> Result<Vec<Attachment>, StoreError> {
        let mut files = self.files_before().await?.to_vec();
        files.extend(self.additions.files());
        Ok(files)
    }

    /// The run's files as they were when the call first asked, which is before it added any.
    async fn files_before(&self) -> Result<&[Attachment], StoreError> {
        let read = || async {
            match self.run {
                Some(run) => self.engine.store.attachments(run).await,
                None => Ok(Vec::new()),
            }
        };
        Ok(self.files_before.get_or_try_init(read).await?)
    }

    /// One of the run's files, also one that this call has added.
    pub(super) async fn file(&self, id: &str) -> Result<Attachment, AttachmentError> {
        let id: AttachmentId = id.parse().map_err(|_| AttachmentError::NotFound)?;
        let files = self.files().await.map_err(unavailable)?;
        files.into_iter().find(|file| file.id == id).ok_or(AttachmentError::NotFound)
    }

    /// Takes the place of a file that the call is about to add.
    pub(super) async fn take_place(&self) -> Result<(), AttachmentError> {
        let before = self.files_before().await.map_err(unavailable)?.len();
        self.additions.take_place(before).map_err(AttachmentError::Forbidden)
    }

    pub(super) async fn read_file(&self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError> {
        if length > MAX_READ_BYTES {
            return Err(AttachmentError::TooLarge(MAX_READ_BYTES.into()));
        }
        let file = self.file(id).await?;
        let left = file.size_bytes.saturating_sub(offset).min(length.into());
        if left == 0 {
            return Ok(Bytes::new());
        }
        let reader = self.engine.store.read_content(&file.digest, offset).await.map_err(unavailable)?;
        let reader = reader.ok_or_else(|| AttachmentError::Unavailable("its content is gone".into()))?;
        let mut reader = reader.take(left);
        let mut bytes = BytesMut::with_capacity(usize::try_from(left).unwrap_or(0));
        while reader.read_buf(&mut bytes).await.map_err(unavailable)? > 0 {}
        Ok(bytes.freeze())
    }

    pub(super) async fn create_file(
        &self,
        name: String,
        media_type: String,
        bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        let limit = self.connection.connection().limits.max_attachment_bytes;
        if bytes.len() as u64 > limit {
            return Err(AttachmentError::TooLarge(limit));
        }
        self.take_place().await?;
        self.additions.take_bytes(bytes.len() as u64).map_err(too_much)?;
        let mut writer = self.engine.store.write_content().await.map_err(unavailable)?;
        writer.write(bytes).await.map_err(unavailable)?;
        let content = writer.finish().await.map_err(unavailable)?;
        self.add_file(name, media_type, content).await.map_err(unavailable)
    }

    /// Keeps an answer's body as a file of the run, without holding it.
    pub(super) async fn keep_answer(
        &self,
        keep: Keep,
        media_type: String,
        mut body: sluse_egress::Answer,
    ) -> Result<Attachment, SendError> {
        let not_kept = |error: StoreError| SendError::Interrupted(format!("the answer could not be kept: {error}"));
        let mut writer = self.engine.store.write_content().await.map_err(not_kept)?;
        while let Some(piece) = body.chunk().await.map_err(super::exchange::told)? {
            if let Err(limit_bytes) = self.additions.take_bytes(piece.len() as u64) {
                self.record.line(TimelineLevel::Warn, too_much(limit_bytes).to_string());
                return Err(SendError::TooLarge(limit_bytes));
            }
            writer.write(piece).await.map_err(not_kept)?;
        }
        let content = writer.finish().await.map_err(not_kept)?;
        self.add_file(keep.name, keep.media_type.unwrap_or(media_type), content).await.map_err(not_kept)
    }

    async fn add_file(&self, name: String, media_type: String, content: Content) -> Result<Attachment, StoreError> {
        if !self.keeps_files {
            return Err(StoreError::NotFound("run to keep a file for".into()));
        }
        let id = AttachmentId::new(self.engine.clock.now(), &*self.engine.dice);
        let Content { digest, size_bytes } = content;
        let attachment = Attachment { id, name, media_type, size_bytes, digest };
        if let Some(run) = self.run {
            self.engine.store.add_attachment(run, attachment.clone()).await?;
        }
        self.additions.note(attachment.clone());
        Ok(attachment)
    }
}

fn too_much(limit_bytes: u64) -> AttachmentError {
    AttachmentError::Forbidden(format!(
        "a call adds at most {} to its run: raise `limits.max_attachment_bytes` of the connection",
        counted(limit_bytes, "byte", "bytes")
    ))
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> AttachmentError {
    AttachmentError::Unavailable(error.to_string())
}
