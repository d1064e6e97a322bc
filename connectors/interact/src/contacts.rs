//! The persons and companies of a form. Interact's mapping has one group `Contacts` for each, with WorkZone's own names;
//! the kinds of contact are an installation's.

use schemars::JsonSchema;
use serde::Serialize;
use sluse_formats::xml::Element;

use crate::{settings::ContactTypes, submission::Entry};

/// The group of a contact.
const GROUP: &str = "Contacts";

/// Somebody whom the form names, as `add-parties` of the WorkZone connector takes a party.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Contact {
    /// `cpr`, `cvr` or `email`.
    id_kind: &'static str,
    /// The number or the address.
    id: String,
    /// The role on the case, where the form says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

/// Where somebody lives.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// Everybody whom a form names, and of whom it cannot be said who they are. Groups that nobody filled in are left out.
pub(crate) fn of_form(root: &Element, types: &ContactTypes) -> (Vec<Contact>, Vec<Entry>) {
    let (mut contacts, mut entries) = (Vec::new(), Vec::new());
    if [&types.cpr, &types.cvr, &types.email].into_iter().all(Option::is_none) {
        return (contacts, entries);
    }
    let mut groups = Vec::new();
    groups_below(root, &mut groups);
    for group in groups {
        let Some(id) = text(group, "NameCode") else { continue };
        match kind(text(group, "NameType_Value").as_deref(), types) {
            Some(id_kind) => contacts.push(contact(group, id_kind, id)),
            None => entries.push(Entry::new(
                "contact-type-not-set-up",
                "Formularen har en kontakt, hvis kontakttype ikke er opsat på forbindelsen (contact_types).",
            )),
        }
    }
    (contacts, entries)
}

fn groups_below<'e>(element: &'e Element, groups: &mut Vec<&'e Element>) {
    for child in &element.children {
        if child.name == GROUP { groups.push(child) } else { groups_below(child, groups) }
    }
}

fn kind(name_type: Option<&str>, types: &ContactTypes) -> Option<&'static str> {
    let kinds = [("cpr", &types.cpr), ("cvr", &types.cvr), ("email", &types.email)];
    kinds.into_iter().find(|(_, known)| known.is_some() && known.as_deref() == name_type).map(|(kind, _)| kind)
}

fn contact(group: &Element, id_kind: &'static str, id: String) -> Contact {
    let address = Address {
        street: text(group, "Address1"),
        postcode: text(group, "Postcode"),
        country: text(group, "Country"),
        phone: text(group, "Phone"),
        email: text(group, "Email"),
    };
    let address = (address != Address::default()).then_some(address);
    Contact { id_kind, id, role: text(group, "CustomLabel_Value"), name: text(group, "Name1"), address }
}

/// A text of a group, also within its `AddressMains`; `None` when nobody filled it in.
fn text(group: &Element, name: &str) -> Option<String> {
    group.find(name).map(|element| element.text.clone()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> ContactTypes {
        ContactTypes { cpr: Some("P".into()), cvr: Some("C".into()), email: None }
    }

    fn of(xml: &str) -> (Vec<Contact>, Vec<Entry>) {
        of_form(&Element::parse(xml.as_bytes(), 10_000).expect("XML"), &types())
    }

    #[test]
    fn a_contact_has_the_names_of_a_party() {
        let (contacts, entries) = of("<D><Contacts><NameType_Value>P</NameType_Value><NameCode>251248-4916</NameCode>
            <Name1>Åse Ærø</Name1><CustomLabel_Value>Ansøger</CustomLabel_Value>
            <AddressMains><Address1>Nygade 3</Address1><Postcode>5970</Postcode></AddressMains></Contacts></D>");
        let written = serde_json::to_value(&contacts[0]).expect("JSON");
        let expected = serde_json::json!({ "id_kind": "cpr", "id": "251248-4916", "role": "Ansøger", "name": "Åse Ærø",
            "address": { "street": "Nygade 3", "postcode": "5970" } });
        assert_eq!((written, entries), (expected, Vec::new()));
    }

    #[test]
    fn a_group_that_nobody_filled_in_is_left_out() {
        let (contacts, entries) =
            of("<D><M><Contacts><NameType_Value>P</NameType_Value><NameCode/></Contacts></M></D>");
        assert!(contacts.is_empty() && entries.is_empty());
    }

    #[test]
    fn a_type_that_is_not_set_up_is_told() {
        let (contacts, entries) = of("<D><Contacts><NameType_Value>X</NameType_Value><NameCode>1</NameCode></Contacts>
            <Contacts><NameCode>2</NameCode></Contacts></D>");
        assert!(contacts.is_empty());
        assert_eq!(entries.iter().map(|entry| entry.code).collect::<Vec<_>>(), ["contact-type-not-set-up"; 2]);
    }
}
