//! What may be written: known properties, mandatory ones, references, Unique fields, closed cases, ETags.
//! Every write of a client passes here, alone or in a batch.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::errors::Refusal;
use super::model::{EntitySet, Field, Kind, Model};
use super::settings::Settings;
use super::state::{Row, State};
use super::{target, values};

/// Rows made by earlier parts of a batch: `Content-ID` to set and number.
pub(super) type Earlier = BTreeMap<String, (String, u64)>;

/// Where writes happen, and by which rules.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    /// The tables.
    pub(super) state: &'a mut State,
    /// The installation.
    pub(super) settings: &'a Settings,
    /// The time, as OData v4 writes it.
    pub(super) now: String,
    /// What `$1` means.
    pub(super) earlier: &'a Earlier,
}

impl Writer<'_> {
    /// Makes a row; gives its number.
    pub(super) fn create(&mut self, set: &EntitySet, body: Map<String, Value>) -> Result<u64, Refusal> {
        if !set.creatable {
            return Err(Refusal::method_not_allowed());
        }
        let mut fields = self.accept(set, body)?;
        if set.name == "Files" {
            fields.entry("State_Value").or_insert_with(|| Value::from("UB"));
        }
        self.check(set, None, &fields)?;
        self.refuse_closed(&fields)?;
        Ok(self.insert(set, fields))
    }

    /// Changes a row.
    pub(super) fn update(
        &mut self,
        set: &EntitySet,
        key: &str,
        if_match: Option<&str>,
        body: Map<String, Value>,
    ) -> Result<u64, Refusal> {
        if !set.creatable {
            return Err(Refusal::method_not_allowed());
        }
        let row = self.expected(set, key, if_match)?;
        let changes = self.accept(set, body)?;
        self.refuse_closed(&row.fields)?;
        let reopens = changes.get("State_Value").is_some_and(|state| !self.closes(state));
        if set.name == "Files" && row.fields.get("State_Value").is_some_and(|state| self.closes(state)) && !reopens {
            return Err(Refusal::case_closed());
        }
        let mut fields = row.fields;
        fields.extend(changes);
        self.check(set, Some(row.id), &fields)?;
        self.refuse_closed(&fields)?;
        self.state.store(&set.name, Row { version: row.version + 1, fields, ..row });
        Ok(row.id)
    }

    /// Removes a row that nothing points to.
    pub(super) fn delete(&mut self, set: &EntitySet, key: &str, if_match: Option<&str>) -> Result<(), Refusal> {
        let row = self.expected(set, key, if_match)?;
        self.refuse_closed(&row.fields)?;
        for other in self.state.model().sets() {
            let points_here = |field: &&Field| matches!(field.kind, Kind::Key(name) if name == set.name);
            for field in other.fields.iter().filter(points_here) {
                if !self.state.find(&other.name, &field.name, key).is_empty() {
                    return Err(Refusal::still_referenced(&other.name));
                }
            }
        }
        self.state.remove(&set.name, row.id);
        Ok(())
    }

    /// Puts a row in without asking whether it may be.
    pub(super) fn insert(&mut self, set: &EntitySet, mut fields: Map<String, Value>) -> u64 {
        let id = self.state.next_id();
        fields.insert("Created".to_owned(), Value::from(self.now.clone()));
        if set.name == "Files" {
            let number = format!("{}/41-{}", &self.now[..4], id % 1_000_000);
            fields.insert("FileNo".to_owned(), Value::from(number));
        }
        self.state.store(&set.name, Row { id, version: 1, fields, content: None });
        id
    }

    fn expected(&self, set: &EntitySet, key: &str, if_match: Option<&str>) -> Result<Row, Refusal> {
        let row = self.state.row_by_key(&set.name, key).ok_or_else(|| Refusal::not_found(&set.name))?;
        match if_match {
            Some(_) if !self.settings.etags => Err(Refusal::bad_request("If-Match på en række uden ETag.")),
            Some(etag) if etag != "*" && etag != row.etag() => Err(Refusal::etag_mismatch()),
            _ => Ok(row.clone()),
        }
    }

    /// The body's properties in stored form; unknown ones are refused, annotations skipped.
    fn accept(&self, set: &EntitySet, body: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
        let mut fields = Map::new();
        for (name, value) in body {
            if let Some(link) = name.strip_suffix("@odata.bind") {
                self.link(set, link, value.as_str().unwrap_or_default(), &mut fields)?;
            } else if let Some(uri) = value.pointer("/__metadata/uri").and_then(Value::as_str) {
                self.link(set, &name, uri, &mut fields)?;
            } else if !(name.contains("@odata.")
                || name.contains('@') && name.contains("odata.")
                || name.starts_with("odata.")
                || name == "__metadata")
            {
                let field = set.field(&name).filter(|field| field.writable);
                let field = field.ok_or_else(|| Refusal::unknown_property(&set.name, &name))?;
                fields.insert(name.clone(), accept_value(field, value)?);
            }
        }
        Ok(fields)
    }

    /// `FileKey@odata.bind` and its v3 sister set `FileKey_Value`.
    fn link(&self, set: &EntitySet, name: &str, uri: &str, fields: &mut Map<String, Value>) -> Result<(), Refusal> {
        let property = format!("{name}_Value");
        let unknown = || Refusal::unknown_property(&set.name, name);
        let wanted = match &set.field(&property).ok_or_else(unknown)?.kind {
            Kind::Key(target) => *target,
            _ => return Err(unknown()),
        };
        let (found, key) = self.referred(uri)?;
        if found != wanted {
            return Err(Refusal::unknown_reference(&property));
        }
        fields.insert(property, Value::from(key));
        Ok(())
    }

    fn referred(&self, uri: &str) -> Result<(String, String), Refusal> {
        if let Some(content_id) = uri.strip_prefix('$') {
            let (set, id) = self.earlier.get(content_id).ok_or_else(|| Refusal::unknown_reference(uri))?;
            return Ok((set.clone(), id.to_string()));
        }
        let path = uri.rsplit('/').next().unwrap_or(uri);
        match target::resolve(&self.state.model(), self.state, path)? {
            target::Target::Entity { set, key } => Ok((set, key)),
            _ => Err(Refusal::unknown_reference(uri)),
        }
    }

    fn check(&self, set: &EntitySet, own_id: Option<u64>, fields: &Map<String, Value>) -> Result<(), Refusal> {
        for field in &set.fields {
            let value = fields.get(&field.name).unwrap_or(&Value::Null);
            self.check_field(set, own_id, field, value)?;
        }
        self.check_contact(set, own_id, fields)?;
        self.check_annex(set, fields)
    }

    fn check_field(&self, set: &EntitySet, own_id: Option<u64>, field: &Field, value: &Value) -> Result<(), Refusal> {
        let blank = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        if blank {
            return if field.mandatory { Err(Refusal::mandatory(&set.name, &field.name)) } else { Ok(()) };
        }
        let text = value.as_str().unwrap_or_default();
        if let Some(max_chars) = field.max_chars.filter(|max_chars| text.chars().count() > *max_chars) {
            return Err(Refusal::too_long(&field.name, max_chars));
        }
        if let Kind::Key(target) = field.kind
            && self.state.row_by_key(target, text).is_none()
        {
            return Err(Refusal::unknown_reference(&field.name));
        }
        let taken = |row: &&Row| Some(row.id) != own_id;
        if field.unique
            && self.settings.unique_enforced
            && self.state.find(&set.name, &field.name, text).iter().any(taken)
        {
            return Err(Refusal::unique_violation(&field.name));
        }
        Ok(())
    }

    fn check_contact(&self, set: &EntitySet, own_id: Option<u64>, fields: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(first) = set.unique_together.first() else { return Ok(()) };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.settings.contact_types.contains(&text("NameType_Value")) {
            return Err(Refusal::bad_value("NameType_Value"));
        }
        let same =
            |row: &&Row| Some(row.id) != own_id && set.unique_together.iter().all(|name| row.text(name) == text(name));
        if self.state.find(&set.name, "NameCode", &text("NameCode")).iter().any(same) {
            return Err(Refusal::unique_violation(first));
        }
        Ok(())
    }

    fn check_annex(&self, set: &EntitySet, fields: &Map<String, Value>) -> Result<(), Refusal> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let main = text("MainRecordKey_Value");
        if set.name != "Records" || main.is_empty() {
            return Ok(());
        }
        match self.state.row_by_key("Records", main) {
            Some(row) if row.text("FileKey_Value") == text("FileKey_Value") => Ok(()),
            _ => Err(Refusal::unknown_reference("MainRecordKey_Value")),
        }
    }

    /// Refuses a write to whatever hangs on a closed case.
    fn refuse_closed(&self, fields: &Map<String, Value>) -> Result<(), Refusal> {
        let Some(key) = fields.get("FileKey_Value").and_then(Value::as_str) else { return Ok(()) };
        let case = self.state.row_by_key("Files", key);
        let closed = case.and_then(|case| case.fields.get("State_Value")).is_some_and(|state| self.closes(state));
        if closed { Err(Refusal::case_closed()) } else { Ok(()) }
    }

    fn closes(&self, state: &Value) -> bool {
        is_closed(self.settings, state.as_str().unwrap_or_default())
    }
}

/// Whether this state of a case is one of the closed ones.
pub(super) fn is_closed(settings: &Settings, state: &str) -> bool {
    settings.closed_states.iter().any(|closed| closed == state)
}

/// The set that a seed or a read of the control routes names.
pub(super) fn known_set<'a>(model: &'a Model, name: &str) -> Result<&'a EntitySet, Refusal> {
    model.set(name).ok_or_else(|| Refusal::not_found(name))
}

fn accept_value(field: &Field, value: Value) -> Result<Value, Refusal> {
    values::to_stored(&field.name, &field.kind, value)
}
