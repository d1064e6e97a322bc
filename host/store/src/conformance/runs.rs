//! Submissions and what became of them.

use std::sync::Arc;

use sluse_model::{DeliveryState, Digest, Lease, RunState};

use super::fixtures::{
    LEASE, NOW, apply, at_once, attachment, attention, claim_at, content, first, first_of, flow, later, name, new_run,
    page, prepare, running, success,
};
use crate::{Accepted, DeliveryFilter, Rooms, RunFilter, Store, StoreError};

pub async fn an_accepted_run_is_read_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let digest = content(&*store, "pdf").await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("b.pdf", digest), attachment("a.pdf", digest)];
    run.idempotency_key = Some("key".to_owned());
    assert_eq!(store.accept(run.clone(), None).await, Ok(Accepted::New(None)));
    let first = first_of(&run).clone();
    let detail = store.run(run.id).await.expect("read").expect("kept");
    assert_eq!((detail.run.id, detail.run.flow, detail.run.flow_digest), (run.id, run.flow, run.flow_digest));
    assert_eq!((detail.run.state, detail.run.accepted_at), (RunState::Running, NOW));
    assert_eq!((detail.run.closed_at, detail.run.idempotency_key), (None, run.idempotency_key));
    assert_eq!((detail.submission, &detail.attachments), (run.submission, &run.attachments));
    assert_eq!(store.attachments(run.id).await, Ok(run.attachments));
    let [delivery] = &detail.deliveries[..] else { panic!("{:?}", detail.deliveries) };
    assert_eq!((delivery.id, delivery.run, delivery.step_index), (first.id, run.id, 0));
    assert_eq!((&delivery.step, &delivery.connection), (&first.step, &first.connection));
    assert_eq!((&delivery.operation, &delivery.input), (&first.operation, &first.input));
    assert_eq!((&delivery.state, delivery.attempts, &delivery.output), (&first.state, 0, &None));
    assert_eq!((delivery.accepted_at, delivery.changed_at), (NOW, NOW));
    assert_eq!(store.run(new_run(prepared.flow).id).await, Ok(None));
}

pub async fn accepting_and_claiming_is_one_step(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let lease = Lease { number: 1, until: NOW.plus(LEASE) };
    assert_eq!((claimed.lease, claimed.attempt, claimed.revision), (lease, 1, prepared.revision));
    let detail = store.delivery(claimed.delivery.id).await.expect("read").expect("kept");
    assert_eq!(detail.delivery, claimed.delivery);
    assert_eq!(detail.delivery.state, DeliveryState::Running { lease });
    let [attempt] = &detail.attempts[..] else { panic!("{:?}", detail.attempts) };
    assert_eq!((attempt.number, attempt.revision, attempt.began_at), (1, prepared.revision, NOW));
    assert_eq!(attempt.result, None);
    assert_eq!(store.claim(claim_at(later(1)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
}

pub async fn a_run_may_begin_with_a_person_s_work(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    first(&mut run).state = attention();
    let id = run.id;
    assert_eq!(store.accept(run, Some(claim_at(NOW))).await, Ok(Accepted::New(None)));
    let detail = store.run(id).await.expect("read").expect("kept");
    assert_eq!((detail.run.state, &detail.deliveries[0].state), (RunState::Attention, &attention()));
    assert_eq!(store.claim(claim_at(later(1000)), 10, Rooms::everywhere()).await, Ok(Vec::new()));
}

pub async fn a_run_without_its_flow_version_is_refused(store: Arc<dyn Store>) {
    prepare(&*store).await;
    let run = new_run(Digest::of("no flow"));
    let id = run.id;
    let refused = store.accept(run, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(store.run(id).await, Ok(None));
}

pub async fn a_run_without_its_file_is_refused(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", Digest::of("nowhere"))];
    let id = run.id;
    let refused = store.accept(run, None).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(store.run(id).await, Ok(None));
}

pub async fn the_same_submission_is_the_same_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (mut first, mut again) = (new_run(prepared.flow), new_run(prepared.flow));
    first.idempotency_key = Some("key".to_owned());
    again.idempotency_key = Some("key".to_owned());
    let (first_id, again_id) = (first.id, again.id);
    assert_eq!(store.accept(first, None).await, Ok(Accepted::New(None)));
    assert_eq!(store.accept(again, Some(claim_at(NOW))).await, Ok(Accepted::Before(first_id)));
    assert_eq!(store.run(again_id).await, Ok(None));
}

pub async fn the_same_key_with_another_body_is_a_conflict(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (mut first, mut other) = (new_run(prepared.flow), new_run(prepared.flow));
    first.idempotency_key = Some("key".to_owned());
    other.idempotency_key = Some("key".to_owned());
    other.body_digest = Digest::of("another body");
    let (first_id, other_id) = (first.id, other.id);
    assert_eq!(store.accept(first, None).await, Ok(Accepted::New(None)));
    assert_eq!(store.accept(other, None).await, Ok(Accepted::Conflict(first_id)));
    assert_eq!(store.run(other_id).await, Ok(None));
}

pub async fn the_same_key_in_another_flow_is_another_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let (mut first, mut other) = (new_run(prepared.flow), new_run(prepared.flow));
    first.idempotency_key = Some("key".to_owned());
    other.idempotency_key = Some("key".to_owned());
    other.flow = name("another");
    assert_eq!(store.accept(first, None).await, Ok(Accepted::New(None)));
    assert_eq!(store.accept(other, None).await, Ok(Accepted::New(None)));
}

pub async fn concurrent_submissions_with_one_key_are_one_run(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let accepted = at_once(&store, 16, |store, _| async move {
        let mut run = new_run(prepared.flow);
        run.idempotency_key = Some("key".to_owned());
        let id = run.id;
        (id, store.accept(run, None).await.expect("accepted"))
    })
    .await;
    let new: Vec<_> = accepted.iter().filter(|(_, one)| matches!(one, Accepted::New(_))).map(|(id, _)| *id).collect();
    assert_eq!(new.len(), 1, "{accepted:?}");
    let others = accepted.iter().filter(|(id, _)| *id != new[0]);
    assert!(others.into_iter().all(|(_, one)| *one == Accepted::Before(new[0])), "{accepted:?}");
    assert_eq!(store.runs(RunFilter::default(), page(100, None)).await.expect("read").items.len(), 1);
}

pub async fn a_submission_without_a_key_is_always_new(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    for _ in 0..2 {
        assert_eq!(store.accept(new_run(prepared.flow), None).await, Ok(Accepted::New(None)));
    }
    assert_eq!(store.runs(RunFilter::default(), page(100, None)).await.expect("read").items.len(), 2);
}

pub async fn files_are_added_behind_the_submitted_ones(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let digest = content(&*store, "pdf").await;
    let (submitted, added) = (attachment("z.pdf", digest), attachment("a.pdf", digest));
    let mut run = new_run(prepared.flow);
    run.attachments = vec![submitted.clone()];
    let id = run.id;
    store.accept(run, None).await.expect("accepted");
    store.add_attachment(id, added.clone()).await.expect("added");
    store.add_attachment(id, added.clone()).await.expect("the same again");
    assert_eq!(store.attachments(id).await, Ok(vec![submitted.clone(), added.clone()]));
    let renamed = sluse_model::Attachment { name: "b.pdf".to_owned(), ..added };
    let missing = attachment("c.pdf", Digest::of("nowhere"));
    assert!(matches!(store.add_attachment(id, renamed).await, Err(StoreError::Stale(_))));
    assert!(matches!(store.add_attachment(id, missing).await, Err(StoreError::NotFound(_))));
    let nobody = new_run(prepared.flow).id;
    assert!(matches!(store.add_attachment(nobody, submitted).await, Err(StoreError::NotFound(_))));
    assert_eq!(store.attachments(nobody).await, Ok(Vec::new()));
}

pub async fn runs_are_listed_in_pages_the_latest_first(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let run = new_run(flow);
        ids.push(run.id);
        store.accept(run, None).await.expect("accepted");
    }
    ids.reverse();
    let (mut listed, mut after) = (Vec::new(), None);
    for expected in [2, 2, 1] {
        let part = store.runs(RunFilter::default(), page(2, after)).await.expect("read");
        assert_eq!(part.items.len(), expected);
        listed.extend(part.items.iter().map(|run| run.id));
        after = part.next;
        // What comes in meanwhile moves nothing.
        store.accept(new_run(flow), None).await.expect("accepted");
    }
    assert_eq!((listed, after), (ids, None));
}

pub async fn runs_are_filtered_by_flow_and_state(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    store.apply(Vec::new(), vec![flow("other", "")], Vec::new(), NOW).await.expect("applied");
    let mut other = new_run(store.flow(&name("other")).await.expect("read").expect("kept").digest);
    other.flow = name("other");
    let other_id = other.id;
    store.accept(other, None).await.expect("accepted");
    let done = running(&*store, prepared.flow).await;
    store.settle(success(&done), None).await.expect("settled");
    let open = running(&*store, prepared.flow).await;
    let list = async |flow: Option<&str>, state| {
        let filter = RunFilter { flow: flow.map(name), state };
        let part = store.runs(filter, page(10, None)).await.expect("read");
        part.items.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let (done, open) = (done.delivery.run, open.delivery.run);
    assert_eq!(list(None, None).await, [open, done, other_id]);
    assert_eq!(list(Some("permit"), None).await, [open, done]);
    assert_eq!(list(None, Some(RunState::Running)).await, [open, other_id]);
    assert_eq!(list(None, Some(RunState::Succeeded)).await, [done]);
    assert_eq!(list(None, Some(RunState::Failed)).await, []);
    assert_eq!(list(Some("other"), Some(RunState::Running)).await, [other_id]);
    assert_eq!(list(Some("permit"), Some(RunState::Succeeded)).await, [done]);
}

pub async fn a_made_up_page_is_refused(store: Arc<dyn Store>) {
    let flow = apply(&*store).await;
    for _ in 0..2 {
        store.accept(new_run(flow), None).await.expect("accepted");
    }
    let of_deliveries = store.deliveries(DeliveryFilter::default(), page(1, None)).await.expect("read").next;
    for token in [Some("1; DROP TABLE runs".to_owned()), Some(String::new()), of_deliveries] {
        assert!(token.is_some());
        let refused = store.runs(RunFilter::default(), page(10, token)).await;
        assert!(matches!(refused, Err(StoreError::NoSuchPage(_))), "{refused:?}");
    }
}
