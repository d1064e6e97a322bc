//! Names of properties and entity sets that WorkZone's documentation leaves open, with our assumptions as
//! defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::case_key;

/// Names that WorkZone's documentation leaves open.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Names {
    /// The case number of a case.
    pub case_no: String,
    /// The child group of a case.
    pub child_group: String,
    /// The case officer.
    pub officer: String,
    /// The responsible unit.
    pub unit: String,
    /// The description of a case.
    pub text: String,
    /// The access code of cases and documents.
    pub access_code: String,
    /// On a document: its case.
    pub record_case: String,
    /// On a document: its bytes.
    pub record_document: String,
    /// On an annex: the main document.
    pub record_main: String,
    /// The entity set of the parties of documents.
    pub record_parties: String,
    /// On a party of a document: the document.
    pub record_party_record: String,
    /// On an address: the contact.
    pub address_contact: String,
    /// On an entry of a list: the list.
    pub list_name: String,
    /// On an entry of a list: its code.
    pub list_code: String,
    /// On an entry of a list: its text.
    pub list_text: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            case_no: "UserKey".into(),
            child_group: "SubNo_Value".into(),
            officer: "Officer_Value".into(),
            unit: "ResponsibleOU_Value".into(),
            text: "Text".into(),
            access_code: "AccessCode_Value".into(),
            record_case: case_key(),
            record_document: "DocumentKey_Value".into(),
            record_main: "MainRecordKey_Value".into(),
            record_parties: "RecordContacts".into(),
            record_party_record: "RecordKey_Value".into(),
            address_contact: "NameKey_Value".into(),
            list_name: "Register".into(),
            list_code: "Code".into(),
            list_text: "Text".into(),
        }
    }
}

impl Names {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        [
            &self.case_no,
            &self.child_group,
            &self.officer,
            &self.unit,
            &self.text,
            &self.access_code,
            &self.record_case,
            &self.record_document,
            &self.record_main,
            &self.record_parties,
            &self.record_party_record,
            &self.address_contact,
            &self.list_name,
            &self.list_code,
            &self.list_text,
        ]
        .into_iter()
        .map(String::as_str)
    }
}
