//! Members of the service's answers. Their names are assumptions, so each is a setting; a name that begins with `/` is
//! a JSON Pointer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Members of the answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// In a list: the submissions.
    pub submissions: String,
    /// In a list: what names the next page, absent on the last one.
    pub next: String,
    /// In a submission: its id.
    pub id: String,
    /// In a submission: the form's id.
    pub form_id: String,
    /// In a submission: when it came in.
    pub received_at: String,
    /// In a submission: its status.
    pub status: String,
    /// In a submission: its files.
    pub files: String,
    /// In a file: what names it in an address.
    pub file_id: String,
    /// In a file: its name.
    pub file_name: String,
    /// In a file: `pdf` for the form as people read it, `xml` for its data, anything else for an attachment.
    pub file_kind: String,
    /// In a file: its media type.
    pub file_media_type: String,
    /// In a file: its length in bytes.
    pub file_size: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            submissions: "submissions".into(),
            next: "next".into(),
            id: "id".into(),
            form_id: "formId".into(),
            received_at: "receivedAt".into(),
            status: "status".into(),
            files: "files".into(),
            file_id: "id".into(),
            file_name: "name".into(),
            file_kind: "kind".into(),
            file_media_type: "mediaType".into(),
            file_size: "sizeBytes".into(),
        }
    }
}

impl Names {
    /// The first setting that names nothing.
    pub(crate) fn blank(&self) -> Option<&'static str> {
        let all = [
            ("submissions", &self.submissions),
            ("next", &self.next),
            ("id", &self.id),
            ("form_id", &self.form_id),
            ("received_at", &self.received_at),
            ("status", &self.status),
            ("files", &self.files),
            ("file_id", &self.file_id),
            ("file_name", &self.file_name),
            ("file_kind", &self.file_kind),
            ("file_media_type", &self.file_media_type),
            ("file_size", &self.file_size),
        ];
        all.into_iter().find(|(_, name)| name.trim().is_empty()).map(|(place, _)| place)
    }
}
