//! Looks for what waits for SD Løn and Prisme. One answer has both; each part becomes an item of its own, and XFlow gives
//! the same again until it is acknowledged.

use std::collections::BTreeMap;

use serde_json::Value;
use sluse_sdk::{Call, Failure, Item, Page, http::Request, log, member};

use crate::{
    group::{Group, System},
    part::Part,
    problem,
    settings::{Names, Settings},
};

pub(crate) fn run(call: &Call<Settings>, _: Option<String>) -> Result<Page<Part>, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let answer = waiting(settings)?;
    let mut items = Vec::new();
    for (id, parts) in deliveries(&answer, &settings.names)? {
        let systems = System::ALL.into_iter().zip(&parts).filter(|(_, part)| !part.records.is_empty());
        let group = Group::new(&id, systems.map(|(system, _)| system).collect());
        for (system, part) in System::ALL.into_iter().zip(parts) {
            if part.records.is_empty() {
                continue;
            }
            tell(system, &part);
            let flow = match system {
                System::Sd => settings.flow_sd.clone(),
                System::Prisme => settings.flow_prisme.clone(),
            };
            items.push(Item { group: Some(group.name()), flow, ..Item::new(group.key(system), part) });
        }
    }
    Ok(Page { items, cursor: None, more: false })
}

/// What XFlow has. Any other status than 200 is an error, as XFlow itself treats it.
pub(crate) fn waiting(settings: &Settings) -> Result<Value, Failure> {
    let what = format!("GET {}", settings.delivery_path);
    let request = Request::get(settings.delivery_path.as_str()).header("Accept", "application/json");
    let response = request.send().map_err(|error| problem::unanswered(&error, &what))?;
    if response.status() != 200 {
        return Err(problem::of_answer(&response, &what));
    }
    response.json().map_err(|_| problem::not_understood(&what, "it is no JSON"))
}

/// The deliveries of an answer, in its order: those that its records name, else one when it is named itself, else one
/// for each record.
fn deliveries(answer: &Value, names: &Names) -> Result<Vec<(String, [Part; 2])>, Failure> {
    let batch = member::text(answer, &names.batch);
    let (mut deliveries, mut places) = (Vec::<(String, [Part; 2])>::new(), BTreeMap::new());
    for (at_system, name) in [&names.sd, &names.prisme].into_iter().enumerate() {
        for record in records(answer, name)? {
            let id = member::text(record, &names.record);
            let named = member::text(record, &names.batch).or_else(|| batch.clone()).or_else(|| id.clone());
            let delivery = named.ok_or_else(|| unnamed(name, names))?;
            let place = *places.entry(delivery.clone()).or_insert(deliveries.len());
            if place == deliveries.len() {
                deliveries.push((delivery.clone(), System::ALL.map(|system| Part::new(&delivery, system.word()))));
            }
            deliveries[place].1[at_system].add(id, record);
        }
    }
    Ok(deliveries)
}

fn unnamed(list: &str, names: &Names) -> Failure {
    let Names { batch, record, .. } = names;
    problem::not_understood(
        "what waits",
        &format!("neither the answer nor a record of `{list}` has a `{batch}`, nor the record a `{record}`"),
    )
}

/// The records for one system. A system for which nothing waits may be left out.
fn records<'a>(answer: &'a Value, name: &str) -> Result<&'a [Value], Failure> {
    match member::any(answer, name) {
        None => Ok(&[]),
        Some(_) => member::list(answer, name)
            .ok_or_else(|| problem::not_understood("what waits", &format!("its `{name}` is no list"))),
    }
}

fn tell(system: System, part: &Part) {
    if part.repeated > 0 {
        log::info(format!("{}: {} poster var med to gange og er taget med én gang.", system.title(), part.repeated));
    }
    if !part.contradictions.is_empty() {
        log::warn(format!("{}: samme post er givet med forskelligt indhold; en person må se på det.", system.title()));
    }
}
