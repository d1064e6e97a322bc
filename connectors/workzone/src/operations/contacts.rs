//! Who a party is: finding the contact of a CPR number, CVR number or e-mail address, and creating it.

use serde_json::{Map, Value, json};
use sluse_sdk::{
    Failure,
    http::{Method, Request},
};

use crate::{
    exchange::{Creation, Look, WorkZone},
    fields::given,
    identity::{IdKind, Identity},
    odata::literal,
    problem::{self, bad_input},
    row,
    settings::ContactTypes,
};

use super::add_parties::{Address, Party};

/// A party of the input that was read, with its place in it.
pub(crate) struct Person<'input> {
    /// Counted from 1, as people do.
    pub(crate) number: usize,
    pub(crate) identity: Identity,
    contact_type: &'input str,
    name: Option<&'input str>,
    address: Option<&'input Address>,
}

impl<'input> Person<'input> {
    /// Reads a party; its number must have the right form, and its kind a contact type.
    pub(crate) fn read(number: usize, party: &'input Party, types: &'input ContactTypes) -> Result<Self, Failure> {
        let place = format!("Part {number}");
        let identity = Identity::read(party.id_kind, &party.id, &place)?;
        Ok(Self {
            number,
            identity,
            contact_type: contact_type(party.id_kind, types, &place)?,
            name: given(&party.name),
            address: party.address.as_ref(),
        })
    }

    /// A request for its contact.
    pub(crate) fn finding(&self, workzone: &WorkZone<'_>) -> Request {
        let filter = literal::all(&[
            literal::equals("NameType_Value", self.contact_type),
            literal::any_of("NameCode", &self.identity.spellings()),
        ]);
        workzone.get("/Contacts").query("$filter", filter).query("$top", 2).query("$select", "ID,NameCode")
    }

    /// The ID of its contact: the one that was found, or a new one.
    pub(crate) fn contact(
        &self,
        workzone: &WorkZone<'_>,
        found: &[Value],
        create_missing: bool,
    ) -> Result<String, Failure> {
        let id = match self.chosen(workzone, found)? {
            Some(contact) => row::id(contact)?,
            None if create_missing => self.create(workzone)?,
            None => {
                let message = format!("Part {} findes ikke som kontakt i WorkZone og skal ikke oprettes.", self.number);
                return Err(Failure::rejected("contact-not-found", message));
            }
        };
        self.add_address(workzone, &id)?;
        Ok(id)
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
        let code = self.identity.written(workzone.settings.cpr_format);
        let name = self.name.map(str::to_owned).or_else(|| (self.identity.kind == IdKind::Email).then(|| code.clone()));
        let Some(name) = name else {
            let message = format!("Part {} findes ikke i WorkZone og kan ikke oprettes uden navn.", self.number);
            return Err(bad_input("party-name-missing", message, "give the party a `name`"));
        };
        // WorkZone's limit for a name.
        let name: String = name.chars().take(150).collect();
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

    /// Gives the contact an address, unless it has one: what a register keeps up to date is left alone.
    fn add_address(&self, workzone: &WorkZone<'_>, contact_id: &str) -> Result<(), Failure> {
        let mut body = self.address.map(Address::properties).unwrap_or_default();
        if self.identity.kind == IdKind::Email && self.address.is_some() {
            body.entry("Email").or_insert_with(|| Value::from(self.identity.written(workzone.settings.cpr_format)));
        }
        if body.is_empty() {
            return Ok(());
        }
        let key = workzone.settings.names.address_contact.as_str();
        let finding = || {
            let filter = literal::equals(key, contact_id);
            workzone.get("/AddressMains").query("$filter", filter).query("$top", 1).query("$select", "ID")
        };
        let look = || Ok(workzone.pages(vec![finding()])?.pop().unwrap_or_default().pop());
        if look()?.is_some() {
            return Ok(());
        }
        body.insert(key.to_owned(), Value::from(contact_id));
        workzone.create(&Creation {
            request: workzone.request(Method::Post, "/AddressMains").json(&body)?,
            intent_key: self.intent_key("add-address", workzone),
            title: "adressen",
            look: Look::Before(&look),
        })?;
        Ok(())
    }

    fn intent_key(&self, act: &str, workzone: &WorkZone<'_>) -> String {
        format!("{act}:{}:{}-{}", self.identity.kind.as_str(), self.number, self.identity.mark(workzone.delivery))
    }
}

impl Address {
    fn properties(&self) -> Map<String, Value> {
        let given = [
            ("Address1", given(&self.street)),
            ("Postcode", given(&self.postcode)),
            ("Country", given(&self.country)),
            ("Phone", given(&self.phone)),
            ("Email", given(&self.email)),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
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
