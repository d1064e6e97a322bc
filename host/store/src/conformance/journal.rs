//! What must happen once.

use std::sync::Arc;

use sluse_model::{Digest, Lease, Standing};

use super::fixtures::{NOW, claim_at, later, prepare, retry, running, success};
use crate::{Claimed, ClosedIntent, JournalEntry, NewIntent, NotedIntent, Rooms, Store, StoreError};

fn new(number: u32) -> NewIntent {
    NewIntent {
        number,
        identity: Digest::of(number.to_be_bytes()),
        destination: Digest::of("/cases"),
        request: "POST /cases".to_owned(),
    }
}

fn closed(number: u32, standing: Standing, answer: Option<&str>) -> ClosedIntent {
    ClosedIntent { number, standing, answer: answer.map(|text| text.as_bytes().to_vec()) }
}

fn entry(claimed: &Claimed, closed: Vec<ClosedIntent>, opened: Vec<NewIntent>) -> JournalEntry {
    let (delivery, lease, attempt) = (claimed.delivery.id, claimed.lease, claimed.attempt);
    JournalEntry { delivery, lease, attempt, now: later(3), closed, opened }
}

async fn journal(store: &dyn Store, claimed: &Claimed) -> Vec<NotedIntent> {
    store.journal(claimed.delivery.id).await.expect("read")
}

async fn standings(store: &dyn Store, claimed: &Claimed) -> Vec<Standing> {
    journal(store, claimed).await.iter().map(|noted| noted.intent.standing).collect()
}

pub async fn what_was_noted_is_read_back(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(journal(&*store, &claimed).await, []);
    store.note(entry(&claimed, Vec::new(), vec![new(1), new(2)])).await.expect("noted");
    let noted = journal(&*store, &claimed).await;
    assert_eq!(noted.iter().map(|noted| noted.intent.number).collect::<Vec<_>>(), [1, 2]);
    let NewIntent { identity, destination, request, .. } = new(2);
    assert_eq!((noted[1].identity, noted[1].destination, &noted[1].answer), (identity, destination, &None));
    let intent = &noted[1].intent;
    assert_eq!((&intent.request, intent.attempt, intent.standing), (&request, 1, Standing::Open));
    assert_eq!(intent.opened_at, later(3));
    let shown = store.delivery(claimed.delivery.id).await.expect("read").expect("a delivery").journal;
    assert_eq!(shown, noted.into_iter().map(|noted| noted.intent).collect::<Vec<_>>());
}

pub async fn a_note_closes_what_came_before(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.note(entry(&claimed, Vec::new(), vec![new(1)])).await.expect("noted");
    let answered = closed(1, Standing::Happened, Some("sealed"));
    store.note(entry(&claimed, vec![answered], vec![new(2)])).await.expect("noted");
    assert_eq!(standings(&*store, &claimed).await, [Standing::Happened, Standing::Open]);
    assert_eq!(journal(&*store, &claimed).await[0].answer.as_deref(), Some(b"sealed".as_slice()));
}

pub async fn a_settlement_closes_what_was_noted(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.note(entry(&claimed, Vec::new(), vec![new(1), new(2)])).await.expect("noted");
    let mut settlement = success(&claimed);
    settlement.closed = vec![closed(2, Standing::DidNotHappen, None), closed(1, Standing::Happened, Some("sealed"))];
    store.settle(settlement, None).await.expect("settled");
    assert_eq!(standings(&*store, &claimed).await, [Standing::Happened, Standing::DidNotHappen]);
}

pub async fn a_journal_goes_on_over_attempts(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.note(entry(&claimed, Vec::new(), vec![new(1)])).await.expect("noted");
    store.settle(retry(&claimed, later(20)), None).await.expect("settled");
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    store.note(entry(&again, Vec::new(), vec![new(2)])).await.expect("noted");
    let attempts: Vec<_> = journal(&*store, &again).await.iter().map(|noted| noted.intent.attempt).collect();
    assert_eq!(attempts, [1, 2]);
}

pub async fn nobody_notes_without_the_lease(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut other = entry(&claimed, Vec::new(), vec![new(1)]);
    other.lease = Lease { number: claimed.lease.number + 1, until: claimed.lease.until };
    let refused = store.note(other).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    store.settle(retry(&claimed, NOW), None).await.expect("settled");
    let refused = store.note(entry(&claimed, Vec::new(), vec![new(1)])).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(journal(&*store, &claimed).await, []);
}

pub async fn a_stale_settlement_closes_nothing(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    store.note(entry(&claimed, Vec::new(), vec![new(1)])).await.expect("noted");
    let mut settlement = success(&claimed);
    settlement.lease.number += 1;
    settlement.closed = vec![closed(1, Standing::Happened, None)];
    let refused = store.settle(settlement, None).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(standings(&*store, &claimed).await, [Standing::Open]);
}
