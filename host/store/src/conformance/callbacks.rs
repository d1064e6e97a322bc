//! Answers at the addresses of deliveries: before the wait, during it, again, and too late.

use std::sync::Arc;

use sluse_model::{Act, Actor, CallbackStanding, DeliveryState, Digest, RunState, Standing, Timestamp, address_number};

use super::fixtures::{
    attention, claim_at, delivery_id, later, name, prepare, retry, running, settlement, success, taken_back, token_id,
};
use crate::{
    Answer, Arrived, Claimed, ClosedIntent, Follow, JournalEntry, NewAct, NewIntent, Rooms, Settlement, Store,
};

/// When the waits of these tests end.
const UNTIL_MS: u64 = 60_000;

fn answer(claimed: &Claimed, phase: u32, ordinal: u32, at: Timestamp) -> Answer {
    Answer {
        message: None,
        delivery: claimed.delivery.id,
        number: address_number(phase, ordinal),
        arrived_at: at,
        media_type: "application/json".to_owned(),
        body: format!("{phase} {ordinal}").into_bytes(),
    }
}

/// It waits for an answer until [`UNTIL_MS`].
fn wait(claimed: &Claimed, left: &str) -> Settlement {
    let state = DeliveryState::Waiting { until: later(UNTIL_MS) };
    Settlement { left: Some(left.to_owned()), ..settlement(claimed, state, Follow::Stay(RunState::Running)) }
}

async fn claimed_at(store: &dyn Store, millis: u64) -> Option<Claimed> {
    store.claim(claim_at(later(millis)), 10, Rooms::everywhere()).await.expect("claimed").pop()
}

/// A delivery that waits, and what was claimed before it did.
async fn waiting(store: &dyn Store) -> Box<Claimed> {
    let prepared = prepare(store).await;
    let claimed = running(store, prepared.flow).await;
    store.settle(wait(&claimed, "left"), None).await.expect("settled");
    claimed
}

async fn standings(store: &dyn Store, claimed: &Claimed) -> Vec<CallbackStanding> {
    let detail = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery");
    detail.callbacks.iter().map(|callback| callback.standing).collect()
}

pub async fn what_waits_is_claimed_when_its_time_has_come(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    assert_eq!(store.next_due(Rooms::everywhere()).await, Ok(Some(later(UNTIL_MS))));
    assert_eq!(claimed_at(&*store, UNTIL_MS - 1).await, None);
    let claimed = claimed_at(&*store, UNTIL_MS).await.expect("due");
    let resumption = claimed.resumption.as_ref().expect("it goes on");
    assert_eq!((resumption.state.as_str(), &resumption.answer), ("left", &None));
    assert_eq!((claimed.attempt, claimed.phase), (before.attempt, 1));
    assert_eq!(claimed.waited, Some(DeliveryState::Waiting { until: later(UNTIL_MS) }));
}

pub async fn an_answer_ends_the_wait(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    let said = answer(&before, 0, 1, later(20));
    assert_eq!(store.arrive(said.clone()).await, Ok(Arrived::Taken));
    assert!(wakeups.has_changed().expect("open"));
    let claimed = claimed_at(&*store, 20).await.expect("due at once");
    assert_eq!(claimed.resumption.as_ref().and_then(|resumption| resumption.answer.clone()), Some(said));
    let detail = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery");
    let shown: Vec<_> = detail.attempts.iter().map(|attempt| (attempt.number, attempt.resumed)).collect();
    assert_eq!(shown, [(1, false), (1, true)]);
    store.settle(success(&claimed), None).await.expect("settled");
    assert_eq!(standings(&*store, &claimed).await, [CallbackStanding::Taken]);
}

pub async fn an_answer_before_the_wait_is_kept_for_it(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(store.arrive(answer(&claimed, 0, 0, later(5))).await, Ok(Arrived::Kept));
    // Also over a retry of what has not begun to wait.
    store.settle(retry(&claimed, later(30)), None).await.expect("settled");
    let again = claimed_at(&*store, 30).await.expect("due");
    assert_eq!((again.attempt, again.phase, &again.resumption), (2, 0, &None));
    store.settle(wait(&again, "left"), None).await.expect("settled");
    let resumed = claimed_at(&*store, 40).await.expect("due at once");
    let answer = resumed.resumption.and_then(|resumption| resumption.answer).expect("an answer");
    assert_eq!(answer.body, b"0 0");
}

pub async fn the_same_answer_again_changes_nothing(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    assert_eq!(store.arrive(answer(&before, 0, 0, later(20))).await, Ok(Arrived::Taken));
    let other = Answer { body: b"other".to_vec(), ..answer(&before, 0, 0, later(21)) };
    let taken = || Ok(Arrived::Before(b"0 0".to_vec()));
    assert_eq!(store.arrive(other.clone()).await, taken());
    let claimed = claimed_at(&*store, 30).await.expect("due");
    assert_eq!(claimed.resumption.clone().and_then(|resumption| resumption.answer).expect("one").body, b"0 0");
    store.settle(success(&claimed), None).await.expect("settled");
    assert_eq!(store.arrive(other).await, taken());
}

/// What came while a person had it is no answer; the same is one when it waits again.
pub async fn an_answer_that_came_late_is_taken_when_it_comes_again(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let held = settlement(&claimed, attention(), Follow::Stay(RunState::Attention));
    store.settle(held, None).await.expect("settled");
    assert_eq!(store.arrive(answer(&claimed, 0, 0, later(20))).await, Ok(Arrived::Late));
    let seen = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery").delivery;
    let retry = NewAct {
        delivery: seen.id,
        act: Act::Retry { did_not_happen: false },
        by: Actor { token: token_id(), name: "clerk".into() },
        why: None,
        at: later(25),
        before: seen.state,
        attempts: seen.attempts,
        after: DeliveryState::Queued { due: later(25) },
        follow: Follow::Stay(RunState::Running),
        batch: None,
        along: Vec::new(),
    };
    store.act(retry).await.expect("done");
    let again = claimed_at(&*store, 30).await.expect("due");
    store.settle(wait(&again, "left"), None).await.expect("settled");
    assert_eq!(store.arrive(answer(&claimed, 0, 0, later(40))).await, Ok(Arrived::Taken));
    assert_eq!(standings(&*store, &claimed).await, [CallbackStanding::Taken]);
}

pub async fn the_first_answer_of_a_phase_is_the_one(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    assert_eq!(store.arrive(answer(&before, 0, 1, later(20))).await, Ok(Arrived::Taken));
    assert_eq!(store.arrive(answer(&before, 0, 0, later(21))).await, Ok(Arrived::Late));
    let claimed = claimed_at(&*store, 30).await.expect("due");
    assert_eq!(claimed.resumption.and_then(|resumption| resumption.answer).expect("one").body, b"0 1");
}

pub async fn what_comes_after_the_wait_is_late_and_changes_nothing(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    let claimed = claimed_at(&*store, UNTIL_MS).await.expect("timed out");
    let late = answer(&before, 0, 0, later(UNTIL_MS + 1));
    assert_eq!(store.arrive(late.clone()).await, Ok(Arrived::Late));
    assert_eq!(store.arrive(late).await, Ok(Arrived::Late));
    // A retry of what went on is told the same as before.
    store.settle(retry(&claimed, later(UNTIL_MS + 30)), None).await.expect("settled");
    let again = claimed_at(&*store, UNTIL_MS + 30).await.expect("due");
    assert_eq!(again.resumption.as_ref().map(|resumption| &resumption.answer), Some(&None));
    assert_eq!((again.attempt, again.phase), (2, 1));
    assert_eq!(standings(&*store, &again).await, [CallbackStanding::Late]);
}

/// What was heard at one address is nothing new at another one of the connection.
pub async fn a_message_is_taken_once(store: Arc<dyn Store>) {
    let first = waiting(&*store).await;
    let flow = store.flow(&name("permit")).await.expect("read").expect("a flow").digest;
    let second = running(&*store, flow).await;
    store.settle(wait(&second, "left"), None).await.expect("settled");
    let message = |answer: Answer| Answer { message: Some("msg_1".into()), ..answer };
    assert_eq!(store.arrive(message(answer(&first, 0, 0, later(20)))).await, Ok(Arrived::Taken));
    for again in [answer(&first, 0, 0, later(21)), answer(&first, 0, 1, later(21)), answer(&second, 0, 0, later(21))] {
        assert_eq!(store.arrive(message(again)).await, Ok(Arrived::Again));
    }
    assert_eq!((standings(&*store, &first).await.len(), standings(&*store, &second).await.len()), (1, 0));
    let other = Answer { message: Some("msg_2".into()), ..answer(&second, 0, 0, later(22)) };
    assert_eq!(store.arrive(other).await, Ok(Arrived::Taken));
    // What was refused as late is refused again.
    for _ in 0..2 {
        let late = Answer { message: Some("msg_3".into()), ..answer(&second, 0, 1, later(23)) };
        assert_eq!(store.arrive(late).await, Ok(Arrived::Late));
    }
}

pub async fn what_is_over_takes_no_answer(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let state = attention();
    store.settle(settlement(&claimed, state.clone(), Follow::Stay(RunState::Attention)), None).await.expect("settled");
    assert_eq!(store.arrive(answer(&claimed, 0, 0, later(20))).await, Ok(Arrived::Late));
    let detail = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery");
    assert_eq!(detail.delivery.state, state);
    let closed = running(&*store, prepared.flow).await;
    store.settle(success(&closed), None).await.expect("settled");
    assert_eq!(store.arrive(answer(&closed, 0, 0, later(20))).await, Ok(Arrived::Late));
}

pub async fn nothing_is_known_of_a_phase_that_has_not_begun(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    assert_eq!(store.arrive(answer(&before, 1, 0, later(20))).await, Ok(Arrived::Unknown));
    let nobody = Answer { delivery: delivery_id(), ..answer(&before, 0, 0, later(20)) };
    assert_eq!(store.arrive(nobody).await, Ok(Arrived::Unknown));
    assert_eq!(standings(&*store, &before).await, []);
}

pub async fn a_delivery_may_wait_more_than_once(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    store.arrive(answer(&before, 0, 0, later(20))).await.expect("taken");
    let resumed = claimed_at(&*store, 20).await.expect("due");
    store.settle(wait(&resumed, "left again"), None).await.expect("settled");
    assert_eq!(claimed_at(&*store, 50).await, None);
    assert_eq!(store.arrive(answer(&before, 1, 0, later(50))).await, Ok(Arrived::Taken));
    let again = claimed_at(&*store, 50).await.expect("due");
    let resumption = again.resumption.expect("it goes on");
    let said = resumption.answer.expect("an answer").body;
    assert_eq!((resumption.state.as_str(), said.as_slice(), again.phase), ("left again", b"1 0".as_slice(), 2));
}

pub async fn a_wait_that_is_taken_back_goes_on(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    let claimed = claimed_at(&*store, UNTIL_MS).await.expect("due");
    let waited = claimed.waited.clone().expect("it waited");
    store.settle(taken_back(&claimed, waited, Follow::Stay(RunState::Running)), None).await.expect("taken back");
    assert_eq!(store.arrive(answer(&before, 0, 0, later(UNTIL_MS))).await, Ok(Arrived::Taken));
    let again = claimed_at(&*store, UNTIL_MS).await.expect("due");
    assert_eq!((again.attempt, again.phase), (1, 1));
    assert!(again.resumption.is_some_and(|resumption| resumption.answer.is_some()));
}

pub async fn a_lost_resumption_is_given_as_one(store: Arc<dyn Store>) {
    let before = waiting(&*store).await;
    store.arrive(answer(&before, 0, 0, later(20))).await.expect("taken");
    let claimed = claimed_at(&*store, 20).await.expect("due");
    let lapsed = store.lapsed(later(UNTIL_MS), 10).await.expect("read").pop().expect("one");
    assert_eq!(lapsed.resumption, claimed.resumption);
}

pub async fn a_clock_that_steps_back_keeps_a_wait_as_long_as_it_was(store: Arc<dyn Store>) {
    waiting(&*store).await;
    let year = std::time::Duration::from_secs(365 * 24 * 60 * 60);
    let ago = |millis: u64| Timestamp::from_millis(later(millis).as_millis() - year.as_millis() as i64);
    let claim = async |at| store.claim(claim_at(at), 10, Rooms::everywhere()).await.expect("claimed").len();
    assert_eq!(claim(later(20)).await, 0);
    assert_eq!(claim(ago(0)).await, 0);
    assert_eq!(claim(ago(UNTIL_MS)).await, 1);
}

/// Sends what happens, waits, gets its answer, needs a person, and is tried again by one.
async fn tried_again(store: &dyn Store, did_not_happen: bool) -> Claimed {
    let prepared = prepare(store).await;
    let first = running(store, prepared.flow).await;
    let (identity, destination) = (Digest::of("trigger"), Digest::of("/trigger"));
    let intent = NewIntent { number: 1, identity, destination, request: "POST /trigger".to_owned() };
    let (delivery, lease) = (first.delivery.id, first.lease);
    let entry = JournalEntry { delivery, lease, attempt: 1, now: later(3), closed: Vec::new(), opened: vec![intent] };
    store.note(entry).await.expect("noted");
    let mut settlement = wait(&first, "left");
    settlement.closed = vec![ClosedIntent { number: 1, standing: Standing::Happened, answer: None }];
    store.settle(settlement, None).await.expect("settled");
    assert_eq!(store.arrive(answer(&first, 0, 0, later(20))).await, Ok(Arrived::Taken));
    let resumed = claimed_at(store, 20).await.expect("due");
    let stay = Follow::Stay(RunState::Attention);
    store.settle(super::fixtures::settlement(&resumed, attention(), stay), None).await.expect("settled");
    let act = NewAct {
        delivery,
        act: Act::Retry { did_not_happen },
        by: Actor { token: token_id(), name: "clerk".into() },
        why: None,
        at: later(30),
        before: attention(),
        attempts: resumed.attempt,
        after: DeliveryState::Queued { due: later(30) },
        follow: Follow::Stay(RunState::Running),
        batch: None,
        along: Vec::new(),
    };
    store.act(act).await.expect("done");
    claimed_at(store, 30).await.expect("due")
}

pub async fn what_is_tried_again_behind_a_wait_is_the_same_round(store: Arc<dyn Store>) {
    let again = tried_again(&*store, false).await;
    assert_eq!((again.attempt, again.phase, &again.resumption), (2, 0, &None));
    let journal = store.journal(again.delivery.id).await.expect("read");
    assert_eq!(journal[0].identity, Digest::of("trigger"), "what happened is found again");
    store.settle(wait(&again, "left"), None).await.expect("settled");
    let resumed = claimed_at(&*store, 40).await.expect("its answer is there already");
    assert_eq!(resumed.resumption.and_then(|resumption| resumption.answer).expect("one").body, b"0 0");
}

pub async fn what_did_not_happen_behind_a_wait_is_another_round(store: Arc<dyn Store>) {
    let again = tried_again(&*store, true).await;
    assert_eq!((again.attempt, again.phase, &again.resumption), (2, 2, &None));
    let journal = store.journal(again.delivery.id).await.expect("read");
    assert_ne!(journal[0].identity, Digest::of("trigger"), "nothing of before answers for it");
    assert_eq!((&*journal[0].intent.request, journal[0].intent.standing), ("POST /trigger", Standing::Happened));
    store.settle(wait(&again, "left"), None).await.expect("settled");
    assert_eq!(claimed_at(&*store, 40).await, None, "the answer of before is none");
    assert_eq!(store.arrive(answer(&again, 2, 0, later(50))).await, Ok(Arrived::Taken));
    assert!(claimed_at(&*store, 50).await.is_some());
}
