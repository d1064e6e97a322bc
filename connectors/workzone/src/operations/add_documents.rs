//! WorkzoneTilføjDokumenter: uploads files and makes documents of them. The bytes go first and are nobody's
//! until a record refers to them; the record is what makes a document of the case, so it is what happens once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluse_sdk::{
    Call, Failure,
    http::{Method, Request, segment},
    log,
};

use super::document_files::{Chosen, Documents, choose, entitle, main_index};
use crate::{
    exchange::{Creation, Look, Made, WorkZone},
    fields::{self, given},
    identity::fingerprint,
    odata::literal,
    problem::bad_input,
    row,
    settings::{RecordLookup, Settings},
};

/// The case and its new documents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Sags-ID.
    case_id: String,
    /// The files: `"all"`, a list of attachments as `"{{ attachments }}"` maps them, or a list of their ids. All unless given.
    documents: Option<Documents>,
    /// The place of the main document in the list, counted from 0; the first PDF unless given.
    main_index: Option<u32>,
    /// Make the others annexes of the main document. Off, each stands alone. On unless switched off.
    #[serde(default = "yes")]
    pub(super) as_annexes: bool,
    /// Parts-ID of the parties that the documents belong to, from an earlier step.
    #[serde(default)]
    party_ids: Vec<String>,
    /// Their role on the documents; that on the case unless given.
    party_role: Option<String>,
    /// The title of a document that has none of its own; with several, each has its file name behind it. Its file name
    /// unless given.
    title: Option<String>,
    /// `RecordType_Value`; that of the connection's `default_record` unless given.
    record_type: Option<String>,
    /// `State_Value`; that of the connection's `default_record` unless given.
    state: Option<String>,
    /// `RecordGrp_Value`; that of the connection's `default_record` unless given.
    group: Option<String>,
    /// Access code; none is written unless given.
    access_code: Option<String>,
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// The documents, in the order of the input.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// Dokument-ID of each: its bytes.
    document_ids: Vec<Option<String>>,
    /// The record of each: its place on the case.
    record_ids: Vec<String>,
    /// Dokument-ID of the main document.
    main_document_id: Option<String>,
    /// The record of the main document.
    main_record_id: String,
    /// Whether each was created by this delivery, as far as this attempt can tell.
    created: Vec<bool>,
}

fn yes() -> bool {
    true
}

/// A party of the case that documents are linked to.
pub(super) struct Linked {
    pub(super) contact_id: String,
    pub(super) role: String,
}

/// What all steps need to know.
pub(super) struct Adding<'call> {
    pub(super) workzone: &'call WorkZone<'call>,
    pub(super) case_id: &'call str,
    pub(super) input: &'call Input,
    pub(super) files: &'call [Chosen],
    pub(super) main: usize,
    pub(super) parties: Vec<Linked>,
}

/// One file's document, as far as it is there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) document_id: Option<String>,
    pub(super) record: Option<Made>,
}

pub(crate) fn run(call: &Call<Settings>, mut input: Input) -> Result<Output, Failure> {
    let documents = input.documents.take();
    let workzone = WorkZone::new(call, "add-documents", given(&input.on_behalf_of))?;
    let mut files = choose(documents, workzone.settings.max_document_bytes)?;
    if let Some(title) = given(&input.title) {
        entitle(&mut files, title);
    }
    let main = main_index(&files, input.main_index)?;
    let case_id = fields::id(&input.case_id, "case_id")?;
    let parties = read_parties(&workzone, case_id, &input)?;
    let adding = Adding { workzone: &workzone, case_id, input: &input, files: &files, main, parties };
    let mut places = adding.there()?;
    adding.upload(&mut places)?;
    if workzone.settings.use_batch {
        adding.records_together(&mut places)?;
    } else {
        adding.records_singly(&mut places)?;
    }
    adding.output(&places)
}

/// The parties by their ids, and only those of this case.
fn read_parties(workzone: &WorkZone<'_>, case_id: &str, input: &Input) -> Result<Vec<Linked>, Failure> {
    let ids: Vec<String> =
        input.party_ids.iter().map(|id| fields::id(id, "party_ids").map(str::to_owned)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let filter = literal::all(&[literal::equals("FileKey_Value", case_id), literal::any_of("ID", &ids)]);
    let asked =
        workzone.get("/FileContacts").query("$filter", filter).query("$select", "ID,NameKey_Value,CustomLabel_Value");
    let rows = workzone.all(asked)?.rows;
    ids.iter()
        .map(|id| {
            let party = rows.iter().find(|party| row::text(party, "ID").as_deref() == Some(id)).ok_or_else(|| {
                let message = format!("Parten med parts-ID {id} findes ikke på sagen.");
                bad_input("party-not-on-case", message, "`party_ids` must come from `add-parties` on the same case")
            })?;
            let role = given(&input.party_role).map(str::to_owned).or_else(|| row::text(party, "CustomLabel_Value"));
            Ok(Linked {
                contact_id: row::text(party, "NameKey_Value").unwrap_or_default(),
                role: role.unwrap_or_else(|| workzone.settings.party_role.clone()),
            })
        })
        .collect()
}

impl Adding<'_> {
    /// What is on the case already, where a field keeps the digest of the bytes.
    fn there(&self) -> Result<Vec<Place>, Failure> {
        let nothing = Place { document_id: None, record: None };
        if !self.has_looked() {
            return Ok(vec![nothing; self.files.len()]);
        }
        let asked = (0..self.files.len()).map(|index| self.finding(index, None)).collect();
        let found = self.workzone.pages(asked)?;
        Ok(found.into_iter().map(|mut rows| rows.pop().map_or(nothing.clone(), |row| self.found(row))).collect())
    }

    /// The documents were looked for by what every attempt knows of them: the digest of their bytes.
    pub(super) fn has_looked(&self) -> bool {
        self.workzone.settings.record_hash_field.is_some()
    }

    fn found(&self, record: Value) -> Place {
        log::info("Dokumentet findes allerede på sagen");
        let document_id = row::text(&record, &self.workzone.settings.names.record_document);
        Place { document_id, record: Some(Made { row: record, created: false }) }
    }

    /// Sends the bytes of those that are not there. A second copy that nothing refers to does no harm.
    fn upload(&self, places: &mut [Place]) -> Result<(), Failure> {
        for (index, place) in places.iter_mut().enumerate().filter(|(_, place)| place.record.is_none()) {
            let file = &self.files[index];
            let request = self
                .workzone
                .request(Method::Post, "/Documents")
                .header("Slug", &segment(&file.name))
                .attachment(&file.media_type, &file.attachment.id);
            let made = self.workzone.create(&Creation {
                request,
                intent_key: format!("upload-document:{}:{}", index + 1, file.digest_mark()),
                title: "dokumentet",
                look: Look::Needless,
            })?;
            place.document_id = Some(row::id(&made.row)?);
        }
        Ok(())
    }

    fn records_singly(&self, places: &mut [Place]) -> Result<(), Failure> {
        for index in self.main_first() {
            if places[index].record.is_none() {
                let main = self.main_of(index, places)?;
                let mut body = self.record(index, &places[index]);
                if let Some(main) = main {
                    body.insert(self.workzone.settings.names.record_main.clone(), Value::from(main));
                }
                places[index].record = Some(self.create_record(index, &body, places[index].document_id.as_deref())?);
            }
            self.link(&places[index])?;
        }
        Ok(())
    }

    /// Annexes refer to the main document, so that one comes first.
    pub(super) fn main_first(&self) -> Vec<usize> {
        let others = (0..self.files.len()).filter(|index| *index != self.main);
        std::iter::once(self.main).chain(others).collect()
    }

    /// The record that this one is an annex of, when it is there.
    pub(super) fn main_of(&self, index: usize, places: &[Place]) -> Result<Option<String>, Failure> {
        if index == self.main || !self.input.as_annexes {
            return Ok(None);
        }
        places[self.main].record.as_ref().map(|main| row::id(&main.row)).transpose()
    }

    pub(super) fn record(&self, index: usize, place: &Place) -> Map<String, Value> {
        let Settings { names, default_record, record_hash_field, .. } = self.workzone.settings;
        let (file, input) = (&self.files[index], self.input);
        let chosen = |own, common| given(own).or(given(common));
        let texts = [
            ("Title", Some(file.title())),
            (
                "RecordType_Value",
                chosen(&file.wishes.record_type, &input.record_type).or(Some(&default_record.record_type)),
            ),
            ("State_Value", chosen(&file.wishes.state, &input.state).or(Some(&default_record.state))),
            ("RecordGrp_Value", chosen(&input.group, &default_record.group)),
            (&names.access_code, chosen(&file.wishes.access_code, &input.access_code)),
            (&names.record_case, Some(self.case_id)),
            (&names.record_document, place.document_id.as_deref()),
        ];
        let mut record: Map<String, Value> =
            texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?)))).collect();
        if let Some(field) = record_hash_field {
            record.insert(field.clone(), Value::from(file.attachment.sha256.clone()));
        }
        record
    }

    fn create_record(
        &self,
        index: usize,
        body: &Map<String, Value>,
        document_id: Option<&str>,
    ) -> Result<Made, Failure> {
        let look = || Ok(self.workzone.pages(vec![self.finding(index, document_id)])?.pop().unwrap_or_default().pop());
        self.workzone.create(&Creation {
            request: self.workzone.request(Method::Post, "/Records").json(body)?,
            intent_key: format!("create-record:{}:{}", index + 1, self.files[index].digest_mark()),
            title: "dokumentet",
            look: if self.has_looked() { Look::Before(&look) } else { Look::After(&look) },
        })
    }

    /// A request for the record of this file.
    pub(super) fn finding(&self, index: usize, document_id: Option<&str>) -> Request {
        let Settings { names, record_hash_field, record_lookup, .. } = self.workzone.settings;
        let file = &self.files[index];
        let condition = match (record_hash_field, record_lookup, document_id) {
            (Some(field), _, _) => literal::equals(field, &file.attachment.sha256),
            (None, RecordLookup::Link, Some(document_id)) => literal::equals(&names.record_document, document_id),
            (None, _, _) => literal::equals("Title", file.title()),
        };
        let filter = literal::all(&[literal::equals(&names.record_case, self.case_id), condition]);
        let select = format!("ID,{}", names.record_document);
        self.workzone.get("/Records").query("$filter", filter).query("$top", 1).query("$select", select)
    }

    /// Links the parties to one record.
    pub(super) fn link(&self, place: &Place) -> Result<(), Failure> {
        let Some(record) = &place.record else { return Ok(()) };
        let record_id = row::id(&record.row)?;
        for party in &self.parties {
            let finding = || self.finding_link(&record_id, party);
            let look = || Ok(self.workzone.pages(vec![finding()])?.pop().unwrap_or_default().pop());
            // A record that is new has no parties yet.
            if !record.created && look()?.is_some() {
                continue;
            }
            let mut body = self.link_body(party);
            body.insert(self.workzone.settings.names.record_party_record.clone(), Value::from(record_id.clone()));
            self.workzone.create(&Creation {
                request: self.links(Method::Post).json(&body)?,
                intent_key: format!(
                    "link-party:{record_id}:contact-{}:{}",
                    party.contact_id,
                    fingerprint(&[&party.role])
                ),
                title: "partens tilknytning til dokumentet",
                look: Look::Before(&look),
            })?;
        }
        Ok(())
    }

    fn links(&self, method: Method) -> Request {
        self.workzone.request(method, format!("/{}", self.workzone.settings.names.record_parties))
    }

    pub(super) fn link_body(&self, party: &Linked) -> Map<String, Value> {
        let body = [("NameKey_Value", &party.contact_id), ("CustomLabel_Value", &party.role)];
        body.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect()
    }

    fn finding_link(&self, record_id: &str, party: &Linked) -> Request {
        let filter = literal::all(&[
            literal::equals(&self.workzone.settings.names.record_party_record, record_id),
            literal::equals("NameKey_Value", &party.contact_id),
            literal::equals("CustomLabel_Value", &party.role),
        ]);
        self.links(Method::Get).query("$filter", filter).query("$top", 1).query("$select", "ID")
    }

    fn output(&self, places: &[Place]) -> Result<Output, Failure> {
        let records: Vec<&Made> = places.iter().filter_map(|place| place.record.as_ref()).collect();
        let record_ids: Vec<String> = records.iter().map(|record| row::id(&record.row)).collect::<Result<_, _>>()?;
        Ok(Output {
            document_ids: places.iter().map(|place| place.document_id.clone()).collect(),
            main_document_id: places[self.main].document_id.clone(),
            main_record_id: record_ids.get(self.main).cloned().unwrap_or_default(),
            record_ids,
            created: records.iter().map(|record| record.created).collect(),
        })
    }
}
