//! What a flow gets of a submission. A submission that cannot be read comes as well: it says why, so that the flow makes
//! an error case of it, and nobody's form is lost.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::contacts::Contact;

/// A submitted form.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Submission {
    /// Names the submission in Interact, for good: the external reference of its case.
    pub(crate) id: String,
    /// The form that was submitted.
    pub(crate) form_id: String,
    /// When it came in, as Interact writes it.
    pub(crate) received_at: Option<String>,
    /// The setting `ExecutingUser`.
    pub(crate) executing_user: String,
    /// The texts of the form's XML by their path below the root: `Files/Title`, the second of its name
    /// `Contacts[2]/Name1`, an attribute `Files/@Id`.
    pub(crate) fields: BTreeMap<String, String>,
    /// The persons and companies of the form, in the form in which `add-parties` of WorkZone takes them.
    pub(crate) contacts: Vec<Contact>,
    /// The attachment that is the form as people read it.
    pub(crate) pdf: Option<String>,
    /// The attachment that is the form's data.
    pub(crate) xml: Option<String>,
    /// The attachments that were submitted with the form.
    pub(crate) attachments: Vec<File>,
    /// Why no case can be made of the form's data, for an error case; null when one can.
    pub(crate) unmappable: Option<String>,
    /// Everything that is missing or wrong, the reason above among it.
    pub(crate) errors: Vec<Entry>,
}

/// A submitted attachment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct File {
    /// Names it among the attachments of the run.
    pub(crate) attachment: String,
    /// As it was submitted.
    pub(crate) name: String,
    /// As Interact says it.
    pub(crate) media_type: String,
    /// Of the file that was fetched.
    pub(crate) size_bytes: u64,
}

/// Something that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Entry {
    /// For programs: `attachment-too-large`.
    pub(crate) code: &'static str,
    /// For the person who handles the case, in Danish.
    pub(crate) message: String,
    /// The file that it is about.
    pub(crate) file: Option<String>,
}

impl Entry {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), file: None }
    }

    /// Whoever reads the message alone reads also which file it is.
    pub(crate) fn of_file(code: &'static str, message: impl AsRef<str>, file: &str) -> Self {
        Self { code, message: format!("{file}: {}", message.as_ref()), file: Some(file.to_owned()) }
    }
}

impl Submission {
    /// Notes what is missing or wrong.
    pub(crate) fn note(&mut self, entry: Entry) {
        self.errors.push(entry);
    }

    /// Notes why no case can be made of the form's data. The first reason counts.
    pub(crate) fn cannot_be_mapped(&mut self, entry: Entry) {
        self.unmappable.get_or_insert_with(|| entry.message.clone());
        self.note(entry);
    }
}
