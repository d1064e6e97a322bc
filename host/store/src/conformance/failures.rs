//! Runs that stand for others that have failed.

use std::sync::Arc;

use sluse_model::{
    Act, Actor, Attention, DeliveryState, Digest, GroupReport, ItemStanding, Reason, RunId, RunState, SETTLE_FLOW,
    StandsFor,
};

use super::{
    feeds::{found, polling},
    fixtures::{
        Prepared, aged, attachment, attention, caused_by, claim_at, content, failed, first, first_of, later, new_run,
        page, prepare, problem, retry, running, settlement, success, token_id,
    },
};
use crate::{
    Accepted, Claimed, Expiring, Follow, JournalEntry, NewAct, NewIntent, NewRun, Rooms, RunDetail, Settlement, Store,
};

/// Waits for a person who need not find anything out.
fn rejected() -> DeliveryState {
    DeliveryState::Attention(Attention::new(Reason::Rejected, problem(), later(10)))
}

/// A run that stands for the one of this delivery.
fn standing_for(claimed: &Claimed, flow: Digest, resolves: bool) -> NewRun {
    let run = claimed.delivery.run;
    let key = Some(run.to_string());
    let caused = caused_by(claimed.delivery.id, flow);
    NewRun { idempotency_key: key, stands_for: Some(StandsFor { run, resolves }), accepted_at: later(10), ..caused }
}

/// The delivery goes to this state, and a run is started for that.
async fn fails(store: &dyn Store, claimed: &Claimed, state: DeliveryState, caused: NewRun) {
    let follow = match state {
        DeliveryState::Attention(_) => Follow::Stay(RunState::Attention),
        _ => Follow::Close(RunState::Failed),
    };
    let along = vec![caused];
    store.settle(Settlement { along, ..settlement(claimed, state, follow) }, None).await.expect("settled");
}

async fn run(store: &dyn Store, id: RunId) -> RunDetail {
    store.run(id).await.expect("read").expect("a run")
}

async fn due(store: &dyn Store, millis: u64) -> Vec<Claimed> {
    store.claim(claim_at(later(millis)), 10, Rooms::everywhere()).await.expect("claimed")
}

/// A delivery that has failed, and that of the run which stands for it, claimed.
async fn failed_run(store: &dyn Store, state: DeliveryState, resolves: bool) -> (Prepared, Claimed, Claimed) {
    let prepared = prepare(store).await;
    let claimed = *running(store, prepared.flow).await;
    fails(store, &claimed, state, standing_for(&claimed, prepared.flow, resolves)).await;
    (prepared, claimed, due(store, 20).await.remove(0))
}

pub async fn what_stands_for_a_failed_run_begins_with_its_failure(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), true).await;
    let (failed, standing) = (run(&*store, claimed.delivery.run).await, run(&*store, other.delivery.run).await);
    assert_eq!((failed.run.handled_by, failed.run.stands_for), (Some(standing.run.id), None));
    assert_eq!((standing.run.handled_by, standing.run.stands_for), (None, Some(failed.run.id)));
    assert_eq!((failed.run.state, standing.run.state), (RunState::Attention, RunState::Running));
}

pub async fn a_failed_run_is_given_another_once_whatever_becomes_of_it(store: Arc<dyn Store>) {
    let (prepared, claimed, other) = failed_run(&*store, rejected(), false).await;
    store.settle(success(&other), None).await.expect("settled");
    // Tried again by hand, it fails again; what would stand for it has another key.
    retried(&*store, &claimed, rejected()).await;
    let again = due(&*store, 40).await.remove(0);
    let second = NewRun { idempotency_key: Some("another".into()), ..standing_for(&again, prepared.flow, false) };
    let id = second.id;
    assert_eq!(store.accept(second.clone(), None).await, Ok(Accepted::Before(other.delivery.run)));
    fails(&*store, &again, failed(), second).await;
    assert_eq!(store.run(id).await, Ok(None));
    assert_eq!(run(&*store, claimed.delivery.run).await.run.handled_by, Some(other.delivery.run));
}

/// Somebody tries again what waits for them.
async fn retried(store: &dyn Store, claimed: &Claimed, before: DeliveryState) {
    let act = NewAct {
        delivery: claimed.delivery.id,
        act: Act::Retry { did_not_happen: false },
        by: Actor { token: token_id(), name: "clerk".into() },
        why: None,
        at: later(30),
        before,
        attempts: 1,
        after: DeliveryState::Queued { due: later(30) },
        follow: Follow::Stay(RunState::Running),
        batch: None,
        along: Vec::new(),
    };
    store.act(act).await.expect("done");
}

pub async fn a_failure_that_was_not_written_is_given_nothing(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let caused = standing_for(&claimed, prepared.flow, true);
    let mut stale = settlement(&claimed, rejected(), Follow::Stay(RunState::Attention));
    stale.lease.number += 1;
    stale.along = vec![caused.clone()];
    store.settle(stale, None).await.expect_err("stale");
    assert_eq!(store.run(caused.id).await, Ok(None));
    assert_eq!(run(&*store, claimed.delivery.run).await.run.handled_by, None);
}

pub async fn what_stands_for_a_run_has_its_files(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let file = attachment("ansøgning.pdf", content(&*store, "file").await);
    let mut submitted = new_run(prepared.flow);
    submitted.attachments = vec![file.clone()];
    let Ok(Accepted::New(Some(claimed))) = store.accept(submitted, Some(claim_at(later(0)))).await else {
        panic!("it is new, and claimed")
    };
    let caused = NewRun { attachments: vec![file.clone()], ..standing_for(&claimed, prepared.flow, true) };
    let id = caused.id;
    fails(&*store, &claimed, rejected(), caused).await;
    assert_eq!(store.attachments(id).await, Ok(vec![file]));
}

pub async fn its_success_closes_what_waits_for_a_person(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), true).await;
    store.settle(success(&other), None).await.expect("settled");
    let closed = run(&*store, claimed.delivery.run).await;
    assert_eq!((closed.run.state, closed.run.closed_at), (RunState::Failed, Some(later(10))));
    assert_eq!(closed.deliveries[0].state, failed());
    assert_eq!(run(&*store, other.delivery.run).await.run.state, RunState::Succeeded);
}

/// How many runs, files and journals there are to give up.
async fn given_up(store: &dyn Store) -> [u64; 3] {
    let mut counts = [0; 3];
    for (count, what) in counts.iter_mut().zip([Expiring::Journal, Expiring::Files, Expiring::Runs]) {
        let expired = store.expire(what, aged(later(1_000_000)), page(100, None)).await.expect("looked through");
        *count = expired.given_up;
    }
    counts
}

pub async fn a_failed_run_is_kept_while_what_stands_for_it_is_open(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut submitted = new_run(prepared.flow);
    submitted.attachments = vec![attachment("ansøgning.pdf", content(&*store, "file").await)];
    let Ok(Accepted::New(Some(claimed))) = store.accept(submitted, Some(claim_at(later(0)))).await else {
        panic!("it is new, and claimed")
    };
    let (identity, destination) = (Digest::of("create"), Digest::of("/cases"));
    let intent = NewIntent { number: 1, identity, destination, request: "POST /cases".to_owned() };
    let (delivery, lease, attempt) = (claimed.delivery.id, claimed.lease, claimed.attempt);
    let entry = JournalEntry { delivery, lease, attempt, now: later(3), closed: Vec::new(), opened: vec![intent] };
    store.note(entry).await.expect("noted");
    fails(&*store, &claimed, failed(), standing_for(&claimed, prepared.flow, true)).await;
    assert_eq!(run(&*store, claimed.delivery.run).await.run.state, RunState::Failed);
    assert_eq!(given_up(&*store).await, [0, 0, 0]);
    let other = due(&*store, 20).await.remove(0);
    store.settle(success(&other), None).await.expect("settled");
    assert_eq!(given_up(&*store).await, [1, 1, 2]);
}

pub async fn what_it_was_not_to_close_goes_on_waiting(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), false).await;
    store.settle(success(&other), None).await.expect("settled");
    let waiting = run(&*store, claimed.delivery.run).await;
    assert_eq!((waiting.run.state, &waiting.deliveries[0].state), (RunState::Attention, &rejected()));
}

pub async fn a_failure_of_both_goes_on_waiting(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), true).await;
    store.settle(settlement(&other, failed(), Follow::Close(RunState::Failed)), None).await.expect("settled");
    assert_eq!(run(&*store, claimed.delivery.run).await.run.state, RunState::Attention);
}

/// Only a person can find out what happened.
pub async fn what_may_have_happened_goes_on_waiting(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, attention(), true).await;
    store.settle(success(&other), None).await.expect("settled");
    assert_eq!(run(&*store, claimed.delivery.run).await.deliveries[0].state, attention());
}

/// The same, when it failed for another reason while a request was in doubt.
pub async fn what_has_sent_what_may_have_happened_goes_on_waiting(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = *running(&*store, prepared.flow).await;
    let (delivery, lease, attempt) = (claimed.delivery.id, claimed.lease, claimed.attempt);
    let intent = NewIntent {
        number: 1,
        identity: Digest::of("a"),
        destination: Digest::of("/cases"),
        request: "POST /cases".to_owned(),
    };
    let entry = JournalEntry { delivery, lease, attempt, now: later(3), closed: Vec::new(), opened: vec![intent] };
    store.note(entry).await.expect("noted");
    fails(&*store, &claimed, rejected(), standing_for(&claimed, prepared.flow, true)).await;
    store.settle(success(&due(&*store, 20).await[0]), None).await.expect("settled");
    assert_eq!(run(&*store, claimed.delivery.run).await.deliveries[0].state, rejected());
}

pub async fn what_is_tried_again_meanwhile_goes_on(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), true).await;
    retried(&*store, &claimed, rejected()).await;
    store.settle(success(&other), None).await.expect("settled");
    let again = due(&*store, 40).await.remove(0);
    assert_eq!(again.delivery.id, claimed.delivery.id);
    store.settle(success(&again), None).await.expect("settled");
    assert_eq!(run(&*store, claimed.delivery.run).await.run.state, RunState::Succeeded);
}

pub async fn what_fails_anew_meanwhile_goes_on_waiting(store: Arc<dyn Store>) {
    let (_, claimed, other) = failed_run(&*store, rejected(), true).await;
    retried(&*store, &claimed, rejected()).await;
    let again = due(&*store, 40).await.remove(0);
    let anew = DeliveryState::Attention(Attention::new(Reason::Rejected, problem(), later(45)));
    store.settle(settlement(&again, anew.clone(), Follow::Stay(RunState::Attention)), None).await.expect("settled");
    store.settle(success(&other), None).await.expect("settled");
    assert_eq!(run(&*store, claimed.delivery.run).await.deliveries[0].state, anew);
}

pub async fn whoever_waits_behind_what_it_closes_goes_on(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let with_key = || {
        let mut run = new_run(prepared.flow);
        first(&mut run).ordering_key = Some(Digest::of("a"));
        run
    };
    let Ok(Accepted::New(Some(head))) = store.accept(with_key(), Some(claim_at(later(0)))).await else {
        panic!("it is new, and claimed")
    };
    let behind = with_key();
    let behind_id = first_of(&behind).id;
    store.accept(behind, None).await.expect("accepted");
    fails(&*store, &head, rejected(), standing_for(&head, prepared.flow, true)).await;
    let other = due(&*store, 20).await;
    assert_eq!(other.len(), 1, "the head holds its key while it waits for a person");
    store.settle(success(&other[0]), None).await.expect("settled");
    assert_eq!(due(&*store, 40).await.iter().map(|one| one.delivery.id).collect::<Vec<_>>(), [behind_id]);
}

/// An item whose run has failed, and the delivery of the run that stands for it.
async fn failed_item(store: &dyn Store, state: DeliveryState, resolves: bool) -> (Claimed, Claimed) {
    let prepared = prepare(store).await;
    let poll = polling(store).await;
    store.settle_poll(found(&poll, prepared.flow, &["a"], "1")).await.expect("settled");
    let item = due(store, 20).await.remove(0);
    fails(store, &item, state, standing_for(&item, prepared.flow, resolves)).await;
    let other = due(store, 30).await;
    assert_eq!(other.len(), 1, "as long as it is under way there is nothing to tell: {other:?}");
    (item, other.into_iter().next().expect("one"))
}

/// What the source is told next, and that it has heard it.
async fn hears(store: &dyn Store, millis: u64) -> Vec<(ItemStanding, Option<String>)> {
    let mut told = Vec::new();
    for report in due(store, millis).await {
        assert_eq!(report.flow.as_str(), SETTLE_FLOW);
        let said: GroupReport = serde_json::from_str(&report.delivery.input).expect("a report");
        told.extend(said.items.into_iter().map(|item| (item.standing, item.message)));
        store.settle(success(&report), None).await.expect("settled");
    }
    told
}

pub async fn a_source_is_told_of_what_stands_for_its_item(store: Arc<dyn Store>) {
    let (_, other) = failed_item(&*store, rejected(), true).await;
    store.settle(success(&other), None).await.expect("settled");
    assert_eq!(hears(&*store, 40).await, [(ItemStanding::Succeeded, None)]);
    assert_eq!(hears(&*store, 50).await, [], "that its item's own run is closed as failed is told nobody");
}

pub async fn an_item_is_held_while_what_stands_for_it_waits_for_a_person(store: Arc<dyn Store>) {
    let (item, other) = failed_item(&*store, failed(), true).await;
    store.settle(settlement(&other, rejected(), Follow::Stay(RunState::Attention)), None).await.expect("settled");
    assert_eq!(hears(&*store, 40).await, [(ItemStanding::Held, Some("The target is busy.".to_owned()))]);
    // Neither will come to anything.
    let act = NewAct {
        delivery: other.delivery.id,
        act: Act::Close,
        by: Actor { token: token_id(), name: "clerk".into() },
        why: Some("it is settled by telephone".into()),
        at: later(55),
        before: rejected(),
        attempts: 1,
        after: failed(),
        follow: Follow::Close(RunState::Failed),
        batch: None,
        along: Vec::new(),
    };
    store.act(act).await.expect("done");
    assert_eq!(run(&*store, item.delivery.run).await.run.state, RunState::Failed);
    assert_eq!(hears(&*store, 60).await.iter().map(|told| told.0).collect::<Vec<_>>(), [ItemStanding::Failed]);
}

pub async fn an_item_whose_own_run_waits_is_held_when_the_other_fails(store: Arc<dyn Store>) {
    let (item, other) = failed_item(&*store, rejected(), true).await;
    store.settle(settlement(&other, failed(), Follow::Close(RunState::Failed)), None).await.expect("settled");
    assert_eq!(hears(&*store, 40).await.iter().map(|told| told.0).collect::<Vec<_>>(), [ItemStanding::Held]);
    // Its own success counts all the same.
    retried(&*store, &item, rejected()).await;
    let again = due(&*store, 50).await.remove(0);
    store.settle(retry(&again, later(60)), None).await.expect("settled");
    store.settle(success(&due(&*store, 60).await[0]), None).await.expect("settled");
    assert_eq!(hears(&*store, 70).await, [(ItemStanding::Succeeded, None)]);
}

pub async fn an_item_that_does_not_fit_begins_with_what_stands_for_it(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let poll = polling(&*store).await;
    let mut misfit = found(&poll, prepared.flow, &["a"], "1");
    let run_of_item = &mut misfit.page.as_mut().expect("a page").items[0].run;
    first(run_of_item).state = rejected();
    let (run, resolves) = (run_of_item.id, true);
    let caused = caused_by(first_of(run_of_item).id, prepared.flow);
    run_of_item.along = vec![NewRun { stands_for: Some(StandsFor { run, resolves }), ..caused }];
    assert_eq!(store.settle_poll(misfit).await.expect("settled").held, 1);
    let other = due(&*store, 30).await;
    assert_eq!(other.iter().map(|one| one.flow.as_str()).collect::<Vec<_>>(), ["permit"], "nothing is told yet");
    store.settle(success(&other[0]), None).await.expect("settled");
    assert_eq!(hears(&*store, 40).await, [(ItemStanding::Succeeded, None)]);
}
