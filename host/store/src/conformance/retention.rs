//! What is given up in time.

use std::sync::Arc;

use sluse_model::{Act, Actor, DeliveryState, Digest, Resolution, RunState, Standing, Timestamp};

use super::fixtures::{
    NOW, aged, attachment, attention, claim_at, content, later, new_run, page, prepare, running, settlement, success,
    token_id,
};
use crate::{
    Accepted, Aged, Claimed, ClosedIntent, Expired, Expiring, Follow, JournalEntry, NewAct, NewIntent, NewRun, Store,
};

/// Everything of this kind that closed before.
async fn expired(store: &dyn Store, what: Expiring, before: Timestamp) -> u64 {
    let expired = store.expire(what, aged(before), page(100, None)).await.expect("looked through");
    assert_eq!(expired.next, None);
    expired.given_up
}

/// A claimed delivery that has noted a request, which happened.
async fn noted(store: &dyn Store, run: NewRun) -> Box<Claimed> {
    let Ok(Accepted::New(Some(claimed))) = store.accept(run, Some(claim_at(NOW))).await else { panic!("not claimed") };
    let (identity, destination) = (Digest::of("create"), Digest::of("/cases"));
    let intent = NewIntent { number: 1, identity, destination, request: "POST /cases".to_owned() };
    let (delivery, lease, attempt) = (claimed.delivery.id, claimed.lease, claimed.attempt);
    let entry = JournalEntry { delivery, lease, attempt, now: later(3), closed: Vec::new(), opened: vec![intent] };
    store.note(entry).await.expect("noted");
    claimed
}

async fn closed(store: &dyn Store, claimed: &Claimed) {
    let happened = ClosedIntent { number: 1, standing: Standing::Happened, answer: Some(b"sealed".to_vec()) };
    let mut settlement = success(claimed);
    settlement.closed = vec![happened];
    store.settle(settlement, None).await.expect("settled");
}

async fn has_journal(store: &dyn Store, claimed: &Claimed) -> bool {
    !store.journal(claimed.delivery.id).await.expect("read").is_empty()
}

pub async fn a_run_is_given_up_with_everything_once_it_has_been_closed_for_long_enough(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", content(&*store, "file").await)];
    let claimed = noted(&*store, run).await;
    closed(&*store, &claimed).await;
    assert_eq!(expired(&*store, Expiring::Runs, later(10)).await, 0, "it closed at that very moment");
    assert_eq!(expired(&*store, Expiring::Runs, later(11)).await, 1);
    assert_eq!(store.run(claimed.delivery.run).await, Ok(None));
    assert_eq!(store.delivery(claimed.delivery.id).await, Ok(None));
    assert!(!has_journal(&*store, &claimed).await);
    assert_eq!(store.content_size(&Digest::of("file")).await, Ok(None));
    assert_eq!(expired(&*store, Expiring::Runs, later(11)).await, 0);
}

pub async fn what_is_not_closed_stays_however_old(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let running = running(&*store, prepared.flow).await;
    let held = noted(&*store, new_run(prepared.flow)).await;
    let stay = Follow::Stay(RunState::Attention);
    store.settle(settlement(&held, attention(), stay), None).await.expect("settled");
    for what in [Expiring::Journal, Expiring::Files, Expiring::Runs] {
        assert_eq!(expired(&*store, what, later(1_000_000)).await, 0);
    }
    for kept in [&running, &held] {
        assert!(store.run(kept.delivery.run).await.expect("read").is_some());
    }
    assert!(has_journal(&*store, &held).await);
}

pub async fn a_journal_goes_before_its_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = noted(&*store, new_run(prepared.flow)).await;
    closed(&*store, &claimed).await;
    assert_eq!(expired(&*store, Expiring::Journal, later(10)).await, 0);
    assert_eq!(expired(&*store, Expiring::Journal, later(11)).await, 1);
    assert!(!has_journal(&*store, &claimed).await);
    let detail = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery");
    assert_eq!((detail.attempts.len(), detail.timeline.len()), (1, 1), "its history stays");
}

pub async fn a_journal_stays_while_its_delivery_is_open(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = noted(&*store, new_run(prepared.flow)).await;
    let stay = Follow::Stay(RunState::Attention);
    store.settle(settlement(&claimed, attention(), stay), None).await.expect("settled");
    assert_eq!(expired(&*store, Expiring::Journal, later(1_000_000)).await, 0);
    let act = NewAct {
        delivery: claimed.delivery.id,
        act: Act::Close,
        by: Actor { token: token_id(), name: "clerk".into() },
        why: Some("it is settled by hand".into()),
        at: later(30),
        before: attention(),
        attempts: 1,
        after: DeliveryState::Closed { resolution: Resolution::Failed, at: later(30) },
        follow: Follow::Close(RunState::Failed),
        batch: None,
        along: Vec::new(),
    };
    store.act(act).await.expect("closed");
    assert_eq!(expired(&*store, Expiring::Journal, later(30)).await, 0);
    assert_eq!(expired(&*store, Expiring::Journal, later(31)).await, 1);
    assert_eq!(expired(&*store, Expiring::Runs, later(31)).await, 1, "what people did goes with it");
}

pub async fn files_go_before_their_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", content(&*store, "file").await)];
    let claimed = noted(&*store, run).await;
    assert_eq!(expired(&*store, Expiring::Files, later(1_000_000)).await, 0, "its run is open");
    closed(&*store, &claimed).await;
    assert_eq!(expired(&*store, Expiring::Files, later(11)).await, 1);
    assert_eq!(store.content_size(&Digest::of("file")).await, Ok(None));
    let run = store.run(claimed.delivery.run).await.expect("read").expect("its run stays");
    assert_eq!(run.attachments, [], "nothing says what it was called");
}

pub async fn a_content_goes_with_the_last_that_refers_to_it(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let digest = content(&*store, "shared").await;
    let with_file = || NewRun { attachments: vec![attachment("a.pdf", digest)], ..new_run(prepared.flow) };
    let (first, second) = (noted(&*store, with_file()).await, noted(&*store, with_file()).await);
    closed(&*store, &first).await;
    assert_eq!(expired(&*store, Expiring::Files, later(11)).await, 1);
    assert!(store.content_size(&digest).await.expect("read").is_some(), "the other still needs it");
    closed(&*store, &second).await;
    // Somebody is on the way with the same bytes.
    content(&*store, "shared").await;
    assert_eq!(expired(&*store, Expiring::Files, later(11)).await, 1);
    assert!(store.content_size(&digest).await.expect("read").is_some(), "somebody is about to refer to it");
    let third = noted(&*store, with_file()).await;
    closed(&*store, &third).await;
    assert_eq!(expired(&*store, Expiring::Runs, later(11)).await, 3);
    assert_eq!(store.content_size(&digest).await, Ok(None));
}

pub async fn what_is_given_up_is_looked_through_in_pages(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let open = running(&*store, prepared.flow).await;
    for _ in 0..4 {
        let claimed = noted(&*store, new_run(prepared.flow)).await;
        closed(&*store, &claimed).await;
    }
    let mut given_up = Vec::new();
    let mut next = None;
    loop {
        let expired = store.expire(Expiring::Runs, aged(later(11)), page(2, next)).await.expect("looked through");
        given_up.push(expired.given_up);
        next = expired.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(given_up, [1, 2, 1], "one stays, and costs one look");
    assert!(store.run(open.delivery.run).await.expect("read").is_some());
    let young = store.expire(Expiring::Runs, aged(NOW), page(1, None)).await;
    assert_eq!(young, Ok(Expired { given_up: 0, next: None }), "all that follow are younger");
    assert!(store.expire(Expiring::Runs, aged(NOW), page(1, Some("elsewhere".into()))).await.is_err());
}

pub async fn a_key_is_free_again_once_its_run_is_gone(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let keyed = || NewRun { idempotency_key: Some("form-1".into()), ..new_run(prepared.flow) };
    let claimed = noted(&*store, keyed()).await;
    closed(&*store, &claimed).await;
    assert_eq!(store.accept(keyed(), None).await, Ok(Accepted::Before(claimed.delivery.run)));
    assert_eq!(expired(&*store, Expiring::Runs, later(11)).await, 1);
    assert_eq!(store.accept(keyed(), None).await, Ok(Accepted::New(None)));
}

/// A clock that was ahead for a while has written rows that are neither old nor young.
pub async fn what_comes_behind_rows_of_a_clock_that_was_ahead_goes_in_time(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let ahead = || NewRun { accepted_at: later(1_000_000), ..new_run(prepared.flow) };
    store.accept(ahead(), None).await.expect("accepted");
    let claimed = running(&*store, prepared.flow).await;
    store.settle(success(&claimed), None).await.expect("settled");
    let aged = Aged { before: later(500), now: later(1000) };
    let first = store.expire(Expiring::Runs, aged, page(1, None)).await.expect("looked through");
    assert_eq!((first.given_up, first.next.is_some()), (0, true));
    let second = store.expire(Expiring::Runs, aged, page(1, first.next)).await.expect("looked through");
    assert_eq!(second.given_up, 1);
}

pub async fn what_the_clock_said_is_known_to_whoever_comes_next(store: Arc<dyn Store>) {
    assert_eq!(store.noted_time().await, Ok(None));
    store.note_time(NOW).await.expect("noted");
    store.note_time(later(1)).await.expect("noted");
    assert_eq!(store.noted_time().await, Ok(Some(later(1))));
}
