//! Tells XFlow what became of a delivery. It is acknowledged when every part of it is delivered; a part that a person has
//! to look at keeps it waiting, and once all are closed and one did not succeed it is rejected, with a note.

use serde_json::{Value, json};
use sluse_sdk::{
    Call, Failure, ItemReport, Standing,
    http::{Effect, Request},
    log, member, template,
    text::{one_line, shortened, without_personal_numbers},
};

use crate::{
    exchange::{self, Said},
    group::{Group, System},
    problem,
    settings::{Settings, States},
};

/// Of a longer note nobody reads the end.
const MAX_NOTE_CHARS: usize = 400;

pub(crate) fn run(call: &Call<Settings>, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let group = Group::read(group)?;
    let told = |system| report.iter().find(|told| told.key == group.key(system));
    let parts: Vec<_> = group.systems.iter().map(|system| (*system, told(*system))).collect();
    let stands =
        |wanted| move |(_, told): &(System, Option<&ItemReport>)| told.is_some_and(|told| told.standing == wanted);
    if parts.iter().all(stands(Standing::Succeeded)) {
        return tell(settings, &group, &settings.acknowledge_path, &json!({}), &settings.states.acknowledged);
    }
    if !parts.iter().all(|part| stands(Standing::Succeeded)(part) || stands(Standing::Failed)(part)) {
        log::info("XFlow får først besked, når alle dele af afleveringen er færdige.");
        return Ok(());
    }
    let note = json!({ "note": note(&parts) });
    tell(settings, &group, &settings.reject_path, &note, &settings.states.rejected)
}

/// Says it, which changes nothing the second time, and looks where the answer misleads.
fn tell(settings: &Settings, group: &Group, path: &str, body: &Value, wanted: &str) -> Result<(), Failure> {
    let what = format!("POST {path}");
    let request = Request::post(template::fill(path, &[("id", group.id())])).json(body)?;
    let refusal = match exchange::send(request.effect(Effect::Repeatable), &what) {
        Ok(Said::Done) => return Ok(()),
        Ok(Said::InDoubt(_)) => problem::not_yet(&what),
        // Which is also what comes of doing it twice.
        Err(failure) if failure.problem().code == problem::CONFLICT => failure,
        Err(failure) => return Err(failure),
    };
    let state = Request::get(template::fill(&settings.state_path, &[("id", group.id())]));
    let state = exchange::read(state, &format!("GET {}", settings.state_path))?;
    let state = member::text(&state, &settings.names.state).unwrap_or_default();
    if state.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let States { acknowledged, rejected } = &settings.states;
    if [acknowledged, rejected].iter().any(|word| word.eq_ignore_ascii_case(&state)) {
        let message = format!("Afleveringen er allerede `{state}` i XFlow, og kan ikke blive `{wanted}`.");
        return Err(Failure::rejected("state-refused", message).detail(format!("{what}: it has another final state")));
    }
    Err(refusal)
}

/// Which part came to what, as people in XFlow may read it.
fn note(parts: &[(System, Option<&ItemReport>)]) -> String {
    let said: Vec<_> = parts.iter().map(|(system, told)| format!("{}: {}", system.title(), fate(*told))).collect();
    shortened(&without_personal_numbers(&said.join(" ")), MAX_NOTE_CHARS)
}

fn fate(told: Option<&ItemReport>) -> String {
    match told {
        Some(ItemReport { standing: Standing::Succeeded, .. }) => "afleveret.".to_owned(),
        Some(ItemReport { message: Some(message), .. }) => one_line(message),
        _ => "ikke afleveret.".to_owned(),
    }
}
