//! WorkzoneTilføjParter: adds persons, companies and e-mail contacts to a case. Contacts are found before
//! they are created, brought up to date when that is asked for, and a party with the same role is added once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sluse_sdk::{
    Call, Failure,
    http::{Method, Request},
    log,
};

use super::{addresses::Address, contacts::Person};
use crate::{
    exchange::{Creation, Look, Made, Together, WorkZone},
    fields::{self, given},
    identity::{IdKind, fingerprint},
    odata::{batch, literal},
    problem::bad_input,
    row,
    settings::Settings,
};

const MAX_PARTIES: usize = 200;

/// The case and its new parties.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Sags-ID.
    case_id: String,
    /// Persons, companies and e-mail contacts.
    parties: Vec<Party>,
    /// The role of those parties that name none; the connection's `party_role` unless given.
    role: Option<String>,
    /// Create contacts that are not there. On unless switched off.
    #[serde(default = "yes")]
    create_missing: bool,
    /// Write the given names and addresses to contacts that are there and hold others. Off unless switched on.
    #[serde(default)]
    update_existing: bool,
    /// The user to act for; the connection's `on_behalf_of` unless given.
    on_behalf_of: Option<String>,
}

/// One party.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Party {
    /// What `id` is. Or `contact_type`.
    pub(crate) id_kind: Option<IdKind>,
    /// The type of the contact as this WorkZone has it (`NameType_Value`), one character.
    pub(crate) contact_type: Option<String>,
    /// CPR number, CVR number, e-mail address, or the code of a contact of that type (`NameCode`).
    pub(crate) id: String,
    /// Its role on the case, `Ansøger`.
    role: Option<String>,
    /// Needed when the contact is not there yet.
    pub(crate) name: Option<String>,
    /// Written when the contact has no address yet, or with `update_existing`.
    pub(crate) address: Option<Address>,
}

/// The parties, in the order of the input.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// Parts-ID of each, for the steps that follow.
    party_ids: Vec<String>,
    /// The contact of each.
    contact_ids: Vec<String>,
    /// Whether each was added by this delivery, as far as this attempt can tell.
    created: Vec<bool>,
    /// Whether the name or the address of each one's contact was another and is the given one now, as far as this
    /// attempt can tell. Only with `update_existing`.
    updated: Vec<bool>,
    /// What somebody should look at, without numbers.
    warnings: Vec<String>,
}

fn yes() -> bool {
    true
}

/// A party whose contact is known.
struct Known<'input> {
    contact_id: String,
    updated: bool,
    role: &'input str,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    let workzone = WorkZone::new(call, "add-parties", given(&input.on_behalf_of))?;
    let case_id = fields::id(&input.case_id, "case_id")?;
    if input.parties.is_empty() || input.parties.len() > MAX_PARTIES {
        let message = format!("Der skal være mellem 1 og {MAX_PARTIES} parter, og der er {}.", input.parties.len());
        return Err(bad_input("party-count", message, "`parties` must hold at least one party"));
    }
    let people = read_people(&workzone, &input.parties)?;
    let warnings = warnings(&people);
    let parties = known(&workzone, &people, &input)?;
    let made = add(&workzone, case_id, &parties)?;
    Ok(Output {
        party_ids: made.iter().map(|made| row::id(&made.row)).collect::<Result<_, _>>()?,
        created: made.iter().map(|made| made.created).collect(),
        updated: parties.iter().map(|party| party.updated).collect(),
        contact_ids: parties.into_iter().map(|party| party.contact_id).collect(),
        warnings,
    })
}

/// All of them before anything is sent, so that a wrong one stops the delivery while nothing has happened.
fn read_people<'input>(workzone: &WorkZone<'input>, parties: &'input [Party]) -> Result<Vec<Person<'input>>, Failure> {
    let types = &workzone.settings.contact_types;
    parties.iter().enumerate().map(|(index, party)| Person::read(index + 1, party, types)).collect()
}

fn warnings(people: &[Person<'_>]) -> Vec<String> {
    let warnings = people.iter().filter_map(|person| person.identity.warning(&format!("Part {}", person.number)));
    warnings.inspect(|warning| log::warn(warning)).collect()
}

fn known<'input>(
    workzone: &WorkZone<'input>,
    people: &[Person<'_>],
    input: &'input Input,
) -> Result<Vec<Known<'input>>, Failure> {
    let found = workzone.pages(people.iter().map(|person| person.finding(workzone)).collect())?;
    let common_role = given(&input.role).unwrap_or(&workzone.settings.party_role);
    let mut parties: Vec<Known<'input>> = Vec::with_capacity(people.len());
    for ((person, party), found) in people.iter().zip(&input.parties).zip(&found) {
        // Somebody who is in the list twice is created once.
        let found = match found.is_empty() {
            true => earlier_contact(people, &parties, person),
            false => found.clone(),
        };
        let (contact_id, updated) = person.contact(workzone, &found, input.create_missing, input.update_existing)?;
        parties.push(Known { contact_id, updated, role: given(&party.role).unwrap_or(common_role) });
    }
    Ok(parties)
}

fn earlier_contact(people: &[Person<'_>], parties: &[Known<'_>], person: &Person<'_>) -> Vec<Value> {
    let known = people.iter().zip(parties).find(|(earlier, _)| earlier.is_same(person));
    known.map(|(_, party)| json!({ "ID": party.contact_id })).into_iter().collect()
}

/// The row of each party on the case, in order.
fn add(workzone: &WorkZone<'_>, case_id: &str, parties: &[Known<'_>]) -> Result<Vec<Made>, Failure> {
    let found = workzone.pages(parties.iter().map(|party| finding(workzone, case_id, party)).collect())?;
    let mut rows: Vec<Option<Made>> =
        found.into_iter().map(|mut rows| rows.pop().map(|row| Made { row, created: false })).collect();
    let missing: Vec<usize> =
        (0..rows.len()).filter(|index| rows[*index].is_none() && first_like(parties, *index) == *index).collect();
    if workzone.settings.use_batch && missing.len() > 1 {
        let added = add_together(workzone, case_id, &missing.iter().map(|index| &parties[*index]).collect::<Vec<_>>())?;
        for (index, made) in missing.into_iter().zip(added) {
            rows[index] = Some(made);
        }
    } else {
        for index in missing {
            rows[index] = Some(add_one(workzone, case_id, &parties[index])?);
        }
    }
    // Who is in the list twice with one role is one party.
    let row_of = |index: usize| rows[index].clone().or_else(|| rows[first_like(parties, index)].clone());
    Ok((0..rows.len()).filter_map(row_of).collect())
}

fn first_like(parties: &[Known<'_>], index: usize) -> usize {
    let same = |party: &Known<'_>| party.contact_id == parties[index].contact_id && party.role == parties[index].role;
    parties.iter().position(same).unwrap_or(index)
}

fn add_one(workzone: &WorkZone<'_>, case_id: &str, party: &Known<'_>) -> Result<Made, Failure> {
    let look = || Ok(workzone.pages(vec![finding(workzone, case_id, party)])?.pop().unwrap_or_default().pop());
    workzone.create(&Creation {
        request: workzone.request(Method::Post, "/FileContacts").json(&body(case_id, party))?,
        intent_key: format!("add-party:contact-{}:{}", party.contact_id, fingerprint(&[party.role])),
        title: "parten",
        look: Look::Before(&look),
    })
}

fn add_together(workzone: &WorkZone<'_>, case_id: &str, parties: &[&Known<'_>]) -> Result<Vec<Made>, Failure> {
    let creation = |party: &&Known<'_>| batch::Creation { target: "FileContacts".into(), body: body(case_id, party) };
    let look = || {
        let found = workzone.pages(parties.iter().map(|party| finding(workzone, case_id, party)).collect())?;
        Ok(found.into_iter().map(|mut rows| rows.pop()).collect())
    };
    let names: Vec<&str> = parties.iter().flat_map(|party| [party.contact_id.as_str(), party.role]).collect();
    workzone.create_together(&Together {
        creations: parties.iter().map(creation).collect(),
        intent_key: format!("add-parties:{}:{}", parties.len(), fingerprint(&names)),
        title: "parterne",
        looked: true,
        look: &look,
    })
}

fn body(case_id: &str, party: &Known<'_>) -> Value {
    json!({ "FileKey_Value": case_id, "NameKey_Value": party.contact_id, "CustomLabel_Value": party.role })
}

fn finding(workzone: &WorkZone<'_>, case_id: &str, party: &Known<'_>) -> Request {
    let filter = literal::all(&[
        literal::equals("FileKey_Value", case_id),
        literal::equals("NameKey_Value", &party.contact_id),
        literal::equals("CustomLabel_Value", party.role),
    ]);
    workzone.get("/FileContacts").query("$filter", filter).query("$top", 1).query("$select", "ID")
}
