//! Who a party is: finding the contact of a CPR number, CVR number, e-mail address or code, creating it, and bringing its
//! name up to date.

use serde_json::{Map, Value, json};
use sluse_formats::cut;
use sluse_sdk::{
    Failure,
    http::{Method, Request},
};

use super::{add_parties::Party, addresses::Address};
use crate::{
    exchange::{Creation, Look, WorkZone},
    fields::{self, given},
    identity::{IdKind, Identity},
    odata::literal,
    problem::{self, bad_input},
    row,
    settings::{ContactTypes, is_contact_type},
};

/// WorkZone's limit for a name (`Name1`). Nobody allows to cut one: it would be another name.
const MAX_NAME_CHARS: usize = 150;

/// Units, employees, municipalities and committees: WorkZone's own contacts on every site. A form may name them, and
/// neither makes them nor changes them.
const RESERVED_TYPES: [&str; 4] = ["A", "M", "K", "U"];

/// A party of the input that was read, with its place in it.
pub(crate) struct Person<'input> {
    /// Counted from 1, as people do.
    pub(crate) number: usize,
    pub(crate) identity: Identity,
    contact_type: &'input str,
    name: Option<&'input str>,
    pub(super) address: Option<&'input Address>,
}

impl<'input> Person<'input> {
    /// Reads a party; its number must have the right form, and its kind a contact type. A contact type that has a kind
    /// is that kind.
    pub(crate) fn read(number: usize, party: &'input Party, types: &'input ContactTypes) -> Result<Self, Failure> {
        let place = format!("Part {number}");
        let (identity, contact_type) = match (party.id_kind, given(&party.contact_type)) {
            (Some(kind), None) => (Identity::read(kind, &party.id, &place)?, contact_type(kind, types, &place)?),
            (None, Some(letter)) => (of_type(letter, &party.id, types, &place)?, letter),
            (None, None) | (Some(_), Some(_)) => {
                let message = format!("{place}: der skal stå enten `id_kind` eller `contact_type`.");
                let detail = "`id_kind` says what `id` is; `contact_type` is the letter that this WorkZone has for it";
                return Err(bad_input("party-kind-unclear", message, detail));
            }
        };
        let name = given(&party.name);
        if let Some(name) = name {
            cut::or_refuse(name, MAX_NAME_CHARS, &format!("{place}: navnet (`name`)"))?;
        }
        if let Some(address) = &party.address {
            address.verify(&place)?;
        }
        Ok(Self { number, identity, contact_type, name, address: party.address.as_ref() })
    }

    /// Whether both mean one contact.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.contact_type == other.contact_type && self.identity.spellings() == other.identity.spellings()
    }

    /// A request for its contact.
    pub(crate) fn finding(&self, workzone: &WorkZone<'_>) -> Request {
        let filter = literal::all(&[
            literal::equals("NameType_Value", self.contact_type),
            literal::any_of("NameCode", &self.identity.spellings()),
        ]);
        workzone.get("/Contacts").query("$filter", filter).query("$top", 2).query("$select", "ID,NameCode")
    }

    /// The ID of its contact: the one that was found, or a new one. And whether the one that was found was changed.
    pub(crate) fn contact(
        &self,
        workzone: &WorkZone<'_>,
        found: &[Value],
        create_missing: bool,
        update_existing: bool,
    ) -> Result<(String, bool), Failure> {
        let (id, is_new) = match self.chosen(workzone, found)? {
            Some(contact) => (row::id(contact)?, false),
            None if create_missing => (self.create(workzone)?, true),
            None => {
                let message = format!("Part {} findes ikke som kontakt i WorkZone og skal ikke oprettes.", self.number);
                return Err(Failure::rejected("contact-not-found", message));
            }
        };
        if RESERVED_TYPES.contains(&self.contact_type) {
            return Ok((id, false));
        }
        let name = Map::from_iter(self.name.map(|name| ("Name1".to_owned(), Value::from(name))));
        let is_renamed = update_existing && !is_new && bring_up_to_date(workzone, "Contacts", &id, &name)?;
        let has_moved = self.settle_address(workzone, &id, update_existing)?;
        Ok((id, is_renamed || has_moved))
    }

    /// Of two spellings of one number, the one that this connection would write.
    fn chosen<'found>(
        &self,
        workzone: &WorkZone<'_>,
        found: &'found [Value],
    ) -> Result<Option<&'found Value>, Failure> {
        if found.len() < 2 {
            return Ok(found.first());
        }
        let written = self.identity.written(workzone.settings.cpr_format);
        let mut exact = found.iter().filter(|contact| row::text(contact, "NameCode").as_deref() == Some(&written));
        match (exact.next(), exact.next()) {
            (Some(contact), None) => Ok(Some(contact)),
            _ => Err(problem::ambiguous("kontakter")),
        }
    }

    fn create(&self, workzone: &WorkZone<'_>) -> Result<String, Failure> {
        if RESERVED_TYPES.contains(&self.contact_type) {
            let (number, letter) = (self.number, self.contact_type);
            let message =
                format!("Part {number} findes ikke i WorkZone, og kontakter af typen {letter} oprettes kun dér.");
            return Err(Failure::rejected("contact-type-reserved", message));
        }
        let code = self.identity.written(workzone.settings.cpr_format);
        let is_email = self.identity.kind == Some(IdKind::Email);
        let name = self.name.or_else(|| is_email.then_some(code.as_str()));
        let Some(name) = name else {
            let message = format!("Part {} findes ikke i WorkZone og kan ikke oprettes uden navn.", self.number);
            return Err(bad_input("party-name-missing", message, "give the party a `name`"));
        };
        let look = || {
            let found = workzone.pages(vec![self.finding(workzone)])?.pop().unwrap_or_default();
            self.chosen(workzone, &found).map(|contact| contact.cloned())
        };
        let made = workzone.create(&Creation {
            request: workzone
                .request(Method::Post, "/Contacts")
                .json(&json!({ "NameType_Value": self.contact_type, "NameCode": code, "Name1": name }))?,
            intent_key: self.intent_key("create-contact", workzone),
            title: "kontakten",
            look: Look::Before(&look),
        })?;
        row::id(&made.row)
    }

    pub(super) fn intent_key(&self, act: &str, workzone: &WorkZone<'_>) -> String {
        format!("{act}:{}:{}-{}", self.identity.name(), self.number, self.identity.mark(workzone.delivery))
    }
}

/// Writes those values to a row of a contact that differ from what it holds. Whether there were any.
pub(super) fn bring_up_to_date(
    workzone: &WorkZone<'_>,
    set: &str,
    id: &str,
    wanted: &Map<String, Value>,
) -> Result<bool, Failure> {
    if wanted.is_empty() {
        return Ok(false);
    }
    let select = fields::select(wanted.keys().map(String::as_str));
    let mut differs = false;
    let mut decide = |row: &Value| {
        let changes = row::differing(row, wanted);
        differs = !changes.is_empty();
        Ok(changes)
    };
    match workzone.amend(set, fields::id(id, "ID")?, select.as_deref(), None, &mut decide)? {
        Some(_) => Ok(differs),
        None => Err(problem::not_yet("the contact was removed meanwhile")),
    }
}

/// Who has this code among the contacts of a type.
fn of_type(letter: &str, code: &str, types: &ContactTypes, place: &str) -> Result<Identity, Failure> {
    if !is_contact_type(letter) {
        let message = format!("{place}: `contact_type` er ikke en kontakttype i WorkZone.");
        return Err(bad_input("contact-type-not-valid", message, "`contact_type` must be one character"));
    }
    let kinds = [(IdKind::Cpr, &types.cpr), (IdKind::Cvr, &types.cvr), (IdKind::Email, &types.email)];
    match kinds.into_iter().find(|(_, known)| known.as_deref() == Some(letter)) {
        Some((kind, _)) => Identity::read(kind, code, place),
        None => Identity::read_code(code, place),
    }
}

fn contact_type<'types>(kind: IdKind, types: &'types ContactTypes, place: &str) -> Result<&'types str, Failure> {
    let (letter, setting) = match kind {
        IdKind::Cpr => (&types.cpr, "contact_types.cpr"),
        IdKind::Cvr => (&types.cvr, "contact_types.cvr"),
        IdKind::Email => (&types.email, "contact_types.email"),
    };
    letter.as_deref().ok_or_else(|| {
        bad_input(
            "contact-type-not-set-up",
            format!("{place}: forbindelsen er ikke sat op til at oprette parter på {}.", kind.title()),
            format!("set `{setting}` on the connection to the contact type of this WorkZone"),
        )
    })
}
