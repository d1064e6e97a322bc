//! The files of a case. The files of its `attachments` folder are the run's attachments, in the order of
//! their names, with ids that derive from the names; `attachment:NAME` in a case's JSON means such an id,
//! and `attachment:*` the list of all of them as a flow would map it.

use std::{fmt::Write as _, fs, path::Path};

use bytes::Bytes;
use serde_json::{Value, json};
use sluse_model::{Attachment, AttachmentId, Digest};

use crate::CaseError;

const MARK: &str = "attachment:";

/// A file of a case.
#[derive(Debug, Clone)]
pub struct CaseAttachment {
    /// What the connector sees of it.
    pub attachment: Attachment,
    /// Its bytes.
    pub content: Bytes,
}

impl CaseAttachment {
    pub(crate) fn new(name: &str, media_type: &str, content: Bytes) -> Self {
        let attachment = Attachment {
            id: id_of(name),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size_bytes: content.len() as u64,
            digest: Digest::of(&content),
        };
        Self { attachment, content }
    }

    fn as_json(&self) -> Value {
        let Attachment { id, name, media_type, size_bytes, digest } = &self.attachment;
        json!({ "id": id.to_string(), "name": name, "media_type": media_type, "size_bytes": size_bytes, "sha256": digest.to_string() })
    }
}

/// The files of `folder`; none when there is no such folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<CaseAttachment>, CaseError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |source| CaseError::unreadable(folder, source);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<CaseAttachment, CaseError> {
    let content = fs::read(path).map_err(|source| CaseError::unreadable(path, source))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(CaseAttachment::new(&name, media_type_of(&name), content.into()))
}

fn id_of(name: &str) -> AttachmentId {
    let digest = Digest::of(name);
    let mut text = "att-".to_owned();
    for byte in &digest.as_bytes()[..16] {
        let _ = write!(text, "{byte:02x}");
    }
    text.parse().expect("sixteen bytes in hex are an id")
}

pub(crate) fn media_type_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xml" => "application/xml",
        "json" => "application/json",
        "txt" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}

/// Puts ids where `value` names attachments. Gives the name of one that is not there.
pub(crate) fn resolve(value: &mut Value, attachments: &[CaseAttachment]) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, attachments)),
        Value::Object(members) => members.values_mut().try_for_each(|member| resolve(member, attachments)),
        Value::String(text) => {
            let Some(name) = text.strip_prefix(MARK) else { return Ok(()) };
            *value = named(name, attachments).ok_or_else(|| name.to_owned())?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Puts ids where `value` names files, those among them that the call itself keeps or creates.
pub(crate) fn resolve_kept(value: &mut Value, attachments: &[CaseAttachment]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| resolve_kept(item, attachments)),
        Value::Object(members) => members.values_mut().for_each(|member| resolve_kept(member, attachments)),
        Value::String(text) => {
            let Some(name) = text.strip_prefix(MARK) else { return };
            *value = named(name, attachments).unwrap_or_else(|| Value::from(id_of(name).to_string()));
        }
        _ => {}
    }
}

fn named(name: &str, attachments: &[CaseAttachment]) -> Option<Value> {
    if name == "*" {
        return Some(attachments.iter().map(CaseAttachment::as_json).collect());
    }
    let found = attachments.iter().find(|attachment| attachment.attachment.name == name)?;
    Some(Value::from(found.attachment.id.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_same_id_in_every_run() {
        let file = CaseAttachment::new("ansøgning.pdf", "application/pdf", Bytes::from_static(b"%PDF"));
        let mut value = json!({ "one": "attachment:ansøgning.pdf", "all": "attachment:*" });
        resolve(&mut value, std::slice::from_ref(&file)).expect("it is there");
        assert_eq!(value["one"], file.attachment.id.to_string());
        assert_eq!(value["all"][0]["size_bytes"], 4);
        assert_eq!(id_of("ansøgning.pdf"), file.attachment.id);
    }

    #[test]
    fn a_name_without_a_file_is_said() {
        assert_eq!(resolve(&mut json!(["attachment:x.pdf"]), &[]), Err("x.pdf".to_owned()));
    }
}
