//! What was really committed, counted per business key: the one assertion that matters is "exactly one".

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::state::{Row, State};

/// Committed effects.
#[derive(Debug, Clone, Serialize)]
pub struct Ledger {
    /// Rows of `Files`.
    pub cases: usize,
    /// Rows of `FileContacts`.
    pub parties: usize,
    /// Rows of `Contacts`.
    pub contacts: usize,
    /// Rows of `Records` that carry a document.
    pub documents: usize,
    /// Rows of custom tables.
    pub custom_tabs: usize,
    /// Uploaded documents that no record names; harmless, yet counted.
    pub orphan_documents: usize,
    /// The same counts per external reference; cases without one stand under `""`.
    pub by_key: BTreeMap<String, KeyCounts>,
    /// Each case with what hangs on it.
    pub files: Vec<CaseEntry>,
}

/// Effects under one business key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyCounts {
    /// Cases; more than one is the fault that tests look for.
    pub cases: usize,
    /// Parties of these cases.
    pub parties: usize,
    /// Documents of these cases.
    pub documents: usize,
    /// Custom tab rows of these cases.
    pub custom_tabs: usize,
}

/// One case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseEntry {
    /// Internal id.
    pub id: String,
    /// Case number.
    pub user_key: String,
    /// External reference.
    pub key: String,
    /// Title.
    pub title: String,
    /// Changes after the case was made.
    pub updates: u32,
    /// Its written properties.
    pub fields: Map<String, Value>,
    /// Parties.
    pub parties: Vec<PartyEntry>,
    /// Records.
    pub documents: Vec<DocumentEntry>,
    /// Custom table rows.
    pub custom_tabs: Vec<TabEntry>,
}

/// A contact in a role on a case.
#[derive(Debug, Clone, Serialize)]
pub struct PartyEntry {
    /// `ID` of the FileContacts row.
    pub id: String,
    /// `ID` of the contact.
    pub contact_id: String,
    /// Role.
    pub role: String,
    /// Type of the contact.
    pub name_type: String,
    /// Its code, such as a CPR number.
    pub name_code: String,
    /// Its name.
    pub name: String,
}

/// A record on a case, with its bytes if it has any.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentEntry {
    /// `ID` of the record.
    pub record_id: String,
    /// `ID` of the document; empty for a record without bytes.
    pub document_id: String,
    /// Title of the record.
    pub title: String,
    /// File name, decoded.
    pub file_name: String,
    /// Media type.
    pub content_type: String,
    /// Length in bytes.
    pub size_bytes: u64,
    /// Lower-case hex; empty for a record without bytes.
    pub sha256: String,
    /// `main` or `annex`.
    pub role: String,
    /// Record of the main document; empty unless an annex.
    pub main_record_id: String,
    /// Contacts linked to the record.
    pub contact_ids: Vec<String>,
}

/// A row of a custom table.
#[derive(Debug, Clone, Serialize)]
pub struct TabEntry {
    /// Table.
    pub table: String,
    /// `ID` of the row.
    pub id: String,
    /// Changes after the row was made.
    pub updates: u32,
    /// Its written properties.
    pub fields: Map<String, Value>,
}

impl Ledger {
    /// Counts the tables. `key_field` holds the business key of a case.
    pub(super) fn of(state: &State, key_field: &str) -> Ledger {
        let files = state.rows("Files").map(|row| case_entry(state, row, key_field)).collect::<Vec<_>>();
        let with_bytes = |row: &&Row| !row.text("DocumentKey_Value").is_empty();
        let orphan = |row: &&Row| state.find("Records", "DocumentKey_Value", &row.key()).is_empty();
        let model = state.model();
        Ledger {
            cases: files.len(),
            parties: state.rows("FileContacts").count(),
            contacts: state.rows("Contacts").count(),
            documents: state.rows("Records").filter(with_bytes).count(),
            custom_tabs: model.custom_tables().iter().map(|table| state.rows(table).count()).sum(),
            orphan_documents: state.rows("Documents").filter(orphan).count(),
            by_key: by_key(&files),
            files,
        }
    }
}

fn by_key(files: &[CaseEntry]) -> BTreeMap<String, KeyCounts> {
    let mut counts: BTreeMap<String, KeyCounts> = BTreeMap::new();
    for file in files {
        let count = counts.entry(file.key.clone()).or_default();
        count.cases += 1;
        count.parties += file.parties.len();
        count.documents += file.documents.iter().filter(|document| !document.document_id.is_empty()).count();
        count.custom_tabs += file.custom_tabs.len();
    }
    counts
}

fn case_entry(state: &State, row: &Row, key_field: &str) -> CaseEntry {
    let key = row.key();
    let children = |set: &str| state.find(set, "FileKey_Value", &key);
    let model = state.model();
    let tabs = model.custom_tables().iter().flat_map(|table| {
        let entry = |row: &&Row| TabEntry {
            table: table.clone(),
            id: row.key(),
            updates: row.version - 1,
            fields: row.fields.clone(),
        };
        children(table).iter().map(entry).collect::<Vec<_>>()
    });
    CaseEntry {
        user_key: row.text("FileNo").to_owned(),
        key: row.text(key_field).to_owned(),
        title: row.text("Title").to_owned(),
        updates: row.version - 1,
        fields: row.fields.clone(),
        parties: children("FileContacts").into_iter().map(|row| party_entry(state, row)).collect(),
        documents: children("Records").into_iter().map(|row| document_entry(state, row)).collect(),
        custom_tabs: tabs.collect(),
        id: key,
    }
}

fn party_entry(state: &State, row: &Row) -> PartyEntry {
    let contact = state.row_by_key("Contacts", row.text("NameKey_Value"));
    let of_contact = |name: &str| contact.map(|contact| contact.text(name)).unwrap_or_default().to_owned();
    PartyEntry {
        id: row.key(),
        contact_id: row.text("NameKey_Value").to_owned(),
        role: row.text("CustomLabel_Value").to_owned(),
        name_type: of_contact("NameType_Value"),
        name_code: of_contact("NameCode"),
        name: of_contact("Name1"),
    }
}

fn document_entry(state: &State, row: &Row) -> DocumentEntry {
    let document = state.row_by_key("Documents", row.text("DocumentKey_Value"));
    let content = document.and_then(|document| document.content.as_ref());
    let of_document = |name: &str| document.map(|document| document.text(name)).unwrap_or_default().to_owned();
    let main = row.text("MainRecordKey_Value");
    let links = state.find("RecordContacts", "RecordKey_Value", &row.key());
    DocumentEntry {
        record_id: row.key(),
        document_id: row.text("DocumentKey_Value").to_owned(),
        title: row.text("Title").to_owned(),
        file_name: of_document("FileName"),
        content_type: of_document("ContentType"),
        size_bytes: content.map(|content| content.size_bytes).unwrap_or_default(),
        sha256: content.map(|content| content.sha256.clone()).unwrap_or_default(),
        role: if main.is_empty() { "main" } else { "annex" }.to_owned(),
        main_record_id: main.to_owned(),
        contact_ids: links.into_iter().map(|link| link.text("NameKey_Value").to_owned()).collect(),
    }
}
