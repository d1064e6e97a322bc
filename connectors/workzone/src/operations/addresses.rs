//! Where a party lives: its contact is given an address when it has none, and the address that is there is brought up to
//! date when that is asked for.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use sluse_formats::{Unfit, cut};
use sluse_sdk::{Failure, http::Method};

use super::contacts::{Person, bring_up_to_date};
use crate::{
    exchange::{Creation, Look, Looking, WorkZone},
    fields::given,
    identity::IdKind,
    odata::literal,
    row,
};

/// An address of a contact.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// `Address1`, at most 150 characters.
    street: Option<String>,
    /// `Postcode`.
    postcode: Option<String>,
    /// `Country`.
    country: Option<String>,
    /// `Phone`.
    phone: Option<String>,
    /// `Email`; that of an e-mail contact unless given.
    email: Option<String>,
}

/// WorkZone's limit for a street (`Address1`).
const MAX_STREET_CHARS: usize = 150;

impl Address {
    /// Refuses what WorkZone has no room for. `place` says whose it is.
    pub(super) fn verify(&self, place: &str) -> Result<(), Unfit> {
        match given(&self.street) {
            Some(street) => cut::or_refuse(street, MAX_STREET_CHARS, &format!("{place}: vejen (`street`)")).map(drop),
            None => Ok(()),
        }
    }
}

impl Person<'_> {
    /// Gives the contact the address of the party, unless it has one: what a register keeps up to date is left alone,
    /// unless it is to be updated. Whether one that was there is another now.
    pub(super) fn settle_address(
        &self,
        workzone: &WorkZone<'_>,
        contact_id: &str,
        update_existing: bool,
    ) -> Result<bool, Failure> {
        let Some(address) = self.address else { return Ok(false) };
        let given = address.properties();
        let new = self.new_address(given.clone(), workzone);
        if new.is_empty() {
            return Ok(false);
        }
        let key = workzone.settings.names.address_contact.as_str();
        let finding = || {
            let filter = literal::equals(key, contact_id);
            workzone.get("/AddressMains").query("$filter", filter).query("$top", 1).query("$select", "ID")
        };
        let look = || Ok(workzone.pages(vec![finding()])?.pop().unwrap_or_default().pop());
        match look()? {
            Some(found) if update_existing => bring_up_to_date(workzone, "AddressMains", &row::id(&found)?, &given),
            Some(_) => Ok(false),
            None => self.create_address(workzone, contact_id, new, &look),
        }
    }

    /// An e-mail contact can be written to.
    fn new_address(&self, mut given: Map<String, Value>, workzone: &WorkZone<'_>) -> Map<String, Value> {
        if self.identity.kind == Some(IdKind::Email) {
            given.entry("Email").or_insert_with(|| Value::from(self.identity.written(workzone.settings.cpr_format)));
        }
        given
    }

    fn create_address(
        &self,
        workzone: &WorkZone<'_>,
        contact_id: &str,
        mut body: Map<String, Value>,
        look: Looking<'_>,
    ) -> Result<bool, Failure> {
        body.insert(workzone.settings.names.address_contact.clone(), Value::from(contact_id));
        workzone.create(&Creation {
            request: workzone.request(Method::Post, "/AddressMains").json(&body)?,
            intent_key: self.intent_key("add-address", workzone),
            title: "adressen",
            look: Look::Before(look),
        })?;
        Ok(false)
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
