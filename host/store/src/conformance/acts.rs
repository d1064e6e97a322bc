//! What people do about deliveries.

use std::sync::Arc;

use sluse_model::{Act, ActKind, Actor, Attention, DeliveryId, DeliveryState, Digest, RunState, Standing};

use super::fixtures::{
    NOW, at_once, attention, caused_by, claim_at, failed, first, first_of, later, name, new_delivery, new_run, page,
    prepare, problem, running, settlement, succeeded, token_id,
};
use crate::{
    Accepted, Claimed, DeliveryDetail, Follow, JournalEntry, NewAct, NewIntent, NewRun, Rooms, RunFilter, Store,
    StoreError,
};

fn clerk() -> Actor {
    Actor { token: token_id(), name: "clerk".into() }
}

/// A delivery that waits for a person, with a request of which nobody knows what became of it.
async fn waiting(store: &dyn Store, key: Option<&str>) -> DeliveryDetail {
    let flow = store.flow(&name("permit")).await.expect("read").expect("a flow").digest;
    let mut run = new_run(flow);
    first(&mut run).ordering_key = key.map(Digest::of);
    let Ok(Accepted::New(Some(claimed))) = store.accept(run, Some(claim_at(NOW))).await else { panic!("not claimed") };
    note(store, &claimed).await;
    store.settle(settlement(&claimed, attention(), Follow::Stay(RunState::Attention)), None).await.expect("settled");
    shown(store, claimed.delivery.id).await
}

async fn note(store: &dyn Store, claimed: &Claimed) {
    let intent = NewIntent {
        number: 1,
        identity: Digest::of("1"),
        destination: Digest::of("/cases"),
        request: "POST /cases".into(),
    };
    let (delivery, lease, attempt) = (claimed.delivery.id, claimed.lease, claimed.attempt);
    let entry = JournalEntry { delivery, lease, attempt, now: later(3), closed: Vec::new(), opened: vec![intent] };
    store.note(entry).await.expect("noted");
}

pub(super) async fn shown(store: &dyn Store, id: DeliveryId) -> DeliveryDetail {
    store.delivery(id).await.expect("read").expect("a delivery")
}

pub(super) fn new_act(seen: &DeliveryDetail, act: Act, after: DeliveryState, follow: Follow) -> NewAct {
    NewAct {
        delivery: seen.delivery.id,
        act,
        by: clerk(),
        why: Some("the target is back".into()),
        at: later(20),
        before: seen.delivery.state.clone(),
        attempts: seen.delivery.attempts,
        after,
        follow,
        batch: None,
        along: Vec::new(),
    }
}

fn retry(seen: &DeliveryDetail, did_not_happen: bool) -> NewAct {
    let after = DeliveryState::Queued { due: later(20) };
    new_act(seen, Act::Retry { did_not_happen }, after, Follow::Stay(RunState::Running))
}

fn close(seen: &DeliveryDetail) -> NewAct {
    new_act(seen, Act::Close, failed(), Follow::Close(RunState::Failed))
}

async fn claimed(store: &dyn Store) -> Vec<DeliveryId> {
    let claimed = store.claim(claim_at(later(1_000)), 10, Rooms::everywhere()).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.delivery.id).collect()
}

async fn standings(store: &dyn Store, id: DeliveryId) -> Vec<Standing> {
    shown(store, id).await.journal.iter().map(|intent| intent.standing).collect()
}

pub async fn what_is_asked_for_again_can_be_claimed(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let id = seen.delivery.id;
    assert_eq!(claimed(&*store).await, []);
    let mut wakeups = store.wakeups();
    wakeups.mark_unchanged();
    store.act(retry(&seen, false)).await.expect("done");
    assert!(wakeups.has_changed().expect("open"));
    let found = shown(&*store, id).await;
    assert_eq!(found.delivery.state, DeliveryState::Queued { due: later(20) });
    assert_eq!(found.delivery.attempts, 1);
    assert_eq!(store.run(found.delivery.run).await.expect("read").expect("a run").run.state, RunState::Running);
    // Whether it happened, the connector has to find out.
    assert_eq!(standings(&*store, id).await, [Standing::Open]);
    assert_eq!(claimed(&*store).await, [id]);
}

pub async fn who_did_what_and_why_is_kept(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let id = seen.delivery.id;
    let retry = retry(&seen, false);
    store.act(retry.clone()).await.expect("done");
    let again = shown(&*store, id).await;
    store.act(NewAct { why: None, ..close(&again) }).await.expect("done");
    let acts = shown(&*store, id).await.acts;
    assert_eq!(acts.iter().map(|act| act.act).collect::<Vec<_>>(), [ActKind::Retry, ActKind::Close]);
    assert_eq!((&acts[0].by, &acts[0].why, acts[0].at), (&retry.by, &retry.why, later(20)));
    assert_eq!((&acts[0].before, &acts[0].after), (&seen.delivery.state, &again.delivery.state));
    assert_eq!((&acts[1].why, &acts[1].input_before), (&None, &None));
}

pub async fn what_did_not_happen_may_be_sent_again(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    store.act(retry(&seen, true)).await.expect("done");
    assert_eq!(standings(&*store, seen.delivery.id).await, [Standing::DidNotHappen]);
    assert!(shown(&*store, seen.delivery.id).await.acts[0].did_not_happen);
}

pub async fn an_edited_input_is_used_and_the_one_before_is_kept(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let act = Act::Edit { input: r#"{"title":"B"}"#.into(), did_not_happen: true };
    let after = DeliveryState::Queued { due: later(20) };
    store.act(new_act(&seen, act, after, Follow::Stay(RunState::Running))).await.expect("done");
    let found = shown(&*store, seen.delivery.id).await;
    assert_eq!(found.delivery.input, r#"{"title":"B"}"#);
    assert_eq!(found.acts[0].input_before.as_deref(), Some(seen.delivery.input.as_str()));
}

pub async fn what_was_resolved_goes_on(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let next = new_delivery(1, later(20));
    let next_id = next.id;
    let act = Act::Resolve { output: r#"{"case":"67453"}"#.into() };
    store.act(new_act(&seen, act, succeeded(), Follow::Next(Box::new(next)))).await.expect("done");
    let found = shown(&*store, seen.delivery.id).await;
    assert_eq!(found.delivery.output.as_deref(), Some(r#"{"case":"67453"}"#));
    assert_eq!(found.delivery.state, succeeded());
    assert_eq!(standings(&*store, seen.delivery.id).await, [Standing::Happened]);
    assert_eq!(claimed(&*store).await, [next_id]);
    let runs = store.runs(RunFilter::default(), page(10, None)).await.expect("read").items;
    assert_eq!(runs[0].state, RunState::Running);
}

pub async fn what_was_closed_closes_its_run(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    store.act(close(&seen)).await.expect("done");
    assert_eq!(shown(&*store, seen.delivery.id).await.delivery.state, failed());
    let run = store.run(seen.delivery.run).await.expect("read").expect("a run").run;
    assert_eq!((run.state, run.closed_at), (RunState::Failed, Some(later(20))));
    assert_eq!(standings(&*store, seen.delivery.id).await, [Standing::Open]);
}

pub async fn what_an_act_causes_comes_with_it_or_not_at_all(store: Arc<dyn Store>) {
    let flow = prepare(&*store).await.flow;
    let seen = waiting(&*store, None).await;
    let caused = caused_by(seen.delivery.id, flow);
    let stale = NewAct { attempts: 0, along: vec![caused.clone()], ..close(&seen) };
    assert!(matches!(store.act(stale).await, Err(StoreError::Stale(_))));
    assert_eq!(store.run(caused.id).await, Ok(None));
    store.act(NewAct { along: vec![caused.clone()], ..close(&seen) }).await.expect("done");
    let found = store.run(caused.id).await.expect("read").expect("a run").run;
    assert_eq!(found.caused_by, Some(seen.delivery.id));
}

pub async fn what_a_first_step_causes_comes_with_its_run_or_not_at_all(store: Arc<dyn Store>) {
    let flow = prepare(&*store).await.flow;
    let mut run = new_run(flow);
    let caused = caused_by(first_of(&run).id, flow);
    run.along = vec![caused.clone()];
    let lost = NewRun { flow_digest: Digest::of("lost"), ..caused.clone() };
    let refused = store.accept(NewRun { along: vec![lost], ..run.clone() }, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(store.run(run.id).await, Ok(None));
    store.accept(run.clone(), None).await.expect("accepted");
    let found = store.run(caused.id).await.expect("read").expect("a run").run;
    assert_eq!(found.caused_by, Some(first_of(&run).id));
}

pub async fn a_queue_is_kept_with_what_waits_for_it(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let queue = Some(name("payroll"));
    let DeliveryState::Attention(before) = seen.delivery.state.clone() else { panic!("{seen:?}") };
    let after = DeliveryState::Attention(Attention { queue: queue.clone(), ..before });
    let follow = Follow::Stay(RunState::Attention);
    store.act(new_act(&seen, Act::Assign { queue }, after.clone(), follow)).await.expect("done");
    assert_eq!(shown(&*store, seen.delivery.id).await.delivery.state, after);
}

pub async fn an_act_on_what_has_changed_is_refused(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let stale = || Err(StoreError::Stale(format!("delivery `{}`", seen.delivery.id)));
    let earlier = DeliveryState::Retrying { due: later(5), problem: problem() };
    assert_eq!(store.act(NewAct { before: earlier, ..retry(&seen, true) }).await, stale());
    assert_eq!(store.act(NewAct { attempts: 0, ..retry(&seen, true) }).await, stale());
    assert_eq!(shown(&*store, seen.delivery.id).await, seen);
    store.act(close(&seen)).await.expect("done");
    let closed = shown(&*store, seen.delivery.id).await;
    assert_eq!(store.act(retry(&seen, true)).await, stale());
    // Nor would it help to have seen that it is closed, or running.
    assert_eq!(store.act(retry(&closed, true)).await, stale());
    assert_eq!(shown(&*store, seen.delivery.id).await, closed);
    let flow = store.flow(&name("permit")).await.expect("read").expect("a flow").digest;
    let held = shown(&*store, running(&*store, flow).await.delivery.id).await;
    assert!(matches!(store.act(close(&held)).await, Err(StoreError::Stale(_))));
    assert_eq!(shown(&*store, held.delivery.id).await, held);
}

pub async fn one_of_two_who_act_at_once_wins(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let seen = waiting(&*store, None).await;
    let results = at_once(&store, 4, |store, number| {
        let act = if number % 2 == 0 { close(&seen) } else { retry(&seen, false) };
        async move { store.act(act).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(shown(&*store, seen.delivery.id).await.acts.len(), 1);
}

pub async fn a_head_that_is_closed_by_hand_lets_go_of_its_key(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let head = waiting(&*store, Some("a")).await;
    let second = queued_behind(&*store).await;
    assert!(head.leads_its_key);
    assert_eq!(claimed(&*store).await, []);
    store.act(close(&head)).await.expect("done");
    assert_eq!(claimed(&*store).await, [second]);
}

pub async fn a_head_that_is_resolved_by_hand_lets_go_of_its_key(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let head = waiting(&*store, Some("a")).await;
    let second = queued_behind(&*store).await;
    assert_eq!(claimed(&*store).await, []);
    let act = Act::Resolve { output: r#"{"case":"67453"}"#.into() };
    store.act(new_act(&head, act, succeeded(), Follow::Close(RunState::Succeeded))).await.expect("done");
    assert_eq!(shown(&*store, second).await.behind, None);
    assert_eq!(claimed(&*store).await, [second]);
}

pub async fn a_head_that_is_skipped_lets_the_others_go_on(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let head = waiting(&*store, Some("a")).await;
    let second = queued_behind(&*store).await;
    let before = head.delivery.state.clone();
    let skip = new_act(&head, Act::Skip, before.clone(), Follow::Stay(RunState::Attention));
    store.act(skip).await.expect("done");
    let skipped = shown(&*store, head.delivery.id).await;
    assert_eq!((skipped.delivery.state.clone(), skipped.leads_its_key), (before, false));
    assert_eq!(claimed(&*store).await, [second]);
    // It can go on beside them.
    store.act(retry(&skipped, false)).await.expect("done");
    assert_eq!(claimed(&*store).await, [head.delivery.id]);
}

pub async fn what_waits_behind_a_head_and_is_closed_holds_nobody_up(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let head = waiting(&*store, Some("a")).await;
    let (second, third) = (queued_behind(&*store).await, queued_behind(&*store).await);
    let seen = shown(&*store, second).await;
    assert!(!seen.leads_its_key);
    store.act(close(&seen)).await.expect("done");
    assert_eq!(shown(&*store, second).await.behind, None);
    assert_eq!(claimed(&*store).await, []);
    store.act(close(&head)).await.expect("done");
    assert_eq!(claimed(&*store).await, [third]);
}

async fn queued_behind(store: &dyn Store) -> DeliveryId {
    let flow = store.flow(&name("permit")).await.expect("read").expect("a flow").digest;
    let mut run = new_run(flow);
    first(&mut run).ordering_key = Some(Digest::of("a"));
    let id = first_of(&run).id;
    assert_eq!(store.accept(run, Some(claim_at(NOW))).await, Ok(Accepted::New(None)));
    id
}
