//! Looks for submissions that wait. Lists them all, because Interact promises no order, and fetches those that were not
//! handed over yet. One that cannot be fetched now holds up no other: the others go ahead, and the next poll says why.

use std::collections::BTreeSet;

use sluse_sdk::{Call, Failure, Page};

use crate::{
    cursor::HandedOver,
    fetch::{Fetched, Room, fetch},
    interact::Interact,
    settings::Settings,
    submission::Submission,
};

/// Submissions that may fail one after the other before a poll gives up.
const MAX_FAILURES: usize = 5;

pub(crate) fn run(call: &Call<Settings>, cursor: Option<String>) -> Result<Page<Submission>, Failure> {
    let interact = Interact::new(&call.settings)?;
    let handed_over = HandedOver::read(cursor.as_deref());
    let listing = interact.list()?;
    let mut failures: Vec<_> = listing.unknown_form.into_iter().collect();
    let mut room = Room::default();
    let (mut items, mut is_full) = (Vec::new(), false);
    for listed in listing.submissions.iter().filter(|listed| !handed_over.has(&listed.id)) {
        is_full = items.len() >= call.settings.max_submissions_per_poll as usize;
        if is_full || failures.len() > MAX_FAILURES {
            break;
        }
        match fetch(&interact, listed, &mut room) {
            Ok(Fetched::Submission(item)) => items.push(*item),
            Ok(Fetched::NotWaiting) => {}
            Ok(Fetched::NoRoom) => {
                is_full = true;
                break;
            }
            Err(failure) => {
                let is_of_all = concerns_all(&failure);
                failures.push(failure);
                if is_of_all {
                    break;
                }
            }
        }
    }
    let failure = failures.into_iter().next();
    match failure {
        Some(failure) if items.is_empty() => Err(failure),
        failure => {
            let listed: BTreeSet<_> = listing.submissions.iter().map(|listed| listed.id.as_str()).collect();
            let cursor = handed_over.write(&listed, items.iter().map(|item| item.key.clone()));
            // Of a failure the next poll tells, when it finds nothing else.
            Ok(Page { cursor: Some(cursor), more: is_full || failure.is_some(), items })
        }
    }
}

/// Whether what one submission met would meet the next one as well.
fn concerns_all(failure: &Failure) -> bool {
    let busy = ["interact-busy", "interact-unreachable", "attachment-unavailable"];
    matches!(failure, Failure::Denied(_)) || busy.contains(&failure.problem().code.as_str())
}
