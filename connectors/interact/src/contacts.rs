//! The persons and companies of a form. Interact's mapping has one group `Contacts` for each, with WorkZone's own names;
//! the kinds of contact are an installation's, and handed on as they stand where nobody has said what they are.

use schemars::JsonSchema;
use serde::Serialize;
use sluse_formats::xml::Element;

use crate::{settings::ContactTypes, submission::Entry};

/// The group of a contact.
const GROUP: &str = "Contacts";

/// Somebody whom the form names, as `add-parties` of the WorkZone connector takes a party.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Contact {
    /// `cpr`, `cvr` or `email`, where the setting `contact_types` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_kind: Option<&'static str>,
    /// Otherwise the type as the form has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_type: Option<String>,
    /// The number, the address, or the code of the contact.
    id: String,
    /// The role on the case, where the form says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// `Name1` of the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `AddressMains` of the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

/// Where somebody lives.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
struct Address {
    /// `Address1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    /// `Postcode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
    /// `Country`.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// `Phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// `Email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// Everybody whom a form names, and of whom it cannot be said who they are. Groups that nobody filled in are left out.
pub(crate) fn of_form(root: &Element, types: &ContactTypes) -> (Vec<Contact>, Vec<Entry>) {
    let (mut contacts, mut entries) = (Vec::new(), Vec::new());
    let mut groups = Vec::new();
    groups_below(root, &mut groups);
    for group in groups {
        let Some(id) = text(group, "NameCode") else {
            if text(group, "Name1").is_some() {
                let what = "Formularen har en kontakt med navn og uden nummer (NameCode).";
                entries.push(Entry::new("contact-code-missing", what));
            }
            continue;
        };
        match text(group, "NameType_Value") {
            Some(name_type) => contacts.push(contact(group, name_type, id, types)),
            None => entries.push(Entry::new(
                "contact-type-missing",
                "Formularen har en kontakt uden kontakttype (NameType_Value).",
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

fn kind(name_type: &str, types: &ContactTypes) -> Option<&'static str> {
    let kinds = [("cpr", &types.cpr), ("cvr", &types.cvr), ("email", &types.email)];
    kinds.into_iter().find(|(_, known)| known.as_deref() == Some(name_type)).map(|(kind, _)| kind)
}

fn contact(group: &Element, name_type: String, id: String, types: &ContactTypes) -> Contact {
    let id_kind = kind(&name_type, types);
    let contact_type = id_kind.is_none().then_some(name_type);
    let address = Address {
        street: text(group, "Address1"),
        postcode: text(group, "Postcode"),
        country: text(group, "Country"),
        phone: text(group, "Phone"),
        email: text(group, "Email"),
    };
    let address = (address != Address::default()).then_some(address);
    Contact { id_kind, contact_type, id, role: text(group, "CustomLabel_Value"), name: text(group, "Name1"), address }
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
    fn somebody_with_a_name_and_no_number_is_told() {
        let (contacts, entries) =
            of("<D><Contacts><NameType_Value>P</NameType_Value><Name1>Åse</Name1></Contacts></D>");
        assert!(contacts.is_empty());
        assert_eq!(entries.iter().map(|entry| entry.code).collect::<Vec<_>>(), ["contact-code-missing"]);
    }

    #[test]
    fn a_type_that_is_not_set_up_is_handed_on_and_a_missing_one_told() {
        let (contacts, entries) = of("<D><Contacts><NameType_Value>X</NameType_Value><NameCode>1</NameCode></Contacts>
            <Contacts><NameCode>2</NameCode></Contacts></D>");
        let written = serde_json::to_value(&contacts).expect("JSON");
        assert_eq!(written, serde_json::json!([{ "contact_type": "X", "id": "1" }]));
        assert_eq!(entries.iter().map(|entry| entry.code).collect::<Vec<_>>(), ["contact-type-missing"]);
    }
}
