//! Numbers that are handed out once.

use std::sync::Arc;

use sluse_model::Sequence;

use super::fixtures::{claim_at, later, prepare, retry, running};
use crate::{Claimed, Reservation, Reserved, Rooms, Store, StoreError};

const SEQUENCE: Sequence = Sequence { first: 41, last: 50 };

fn asked(claimed: &Claimed, purpose: &str, count: u32) -> Reservation {
    let (delivery, lease) = (claimed.delivery.id, claimed.lease);
    let name = "dispatch".parse().expect("a name");
    Reservation { delivery, lease, name, sequence: SEQUENCE, purpose: purpose.to_owned(), count }
}

async fn reserved(store: &dyn Store, reservation: Reservation) -> Reserved {
    store.reserve(reservation).await.expect("reserved")
}

pub async fn a_number_is_handed_out_once(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let one = running(&*store, prepared.flow).await;
    let other = running(&*store, prepared.flow).await;
    assert_eq!(reserved(&*store, asked(&one, "lines", 2)).await, Reserved::From(41));
    assert_eq!(reserved(&*store, asked(&other, "lines", 3)).await, Reserved::From(43));
    assert_eq!(reserved(&*store, asked(&one, "total", 1)).await, Reserved::From(46));
}

pub async fn a_delivery_is_given_the_same_numbers_on_every_attempt(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let first = reserved(&*store, asked(&claimed, "lines", 2)).await;
    reserved(&*store, asked(&claimed, "total", 2)).await;
    store.settle(retry(&claimed, later(20)), None).await.expect("settled");
    let again = store.claim(claim_at(later(20)), 1, Rooms::everywhere()).await.expect("claimed").remove(0);
    assert_eq!(reserved(&*store, asked(&again, "lines", 2)).await, first);
    let more = reserved(&*store, asked(&again, "lines", 3)).await;
    assert_eq!(more, Reserved::From(45), "another count is another purpose");
}

pub async fn a_sequence_ends_with_its_last_number(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    assert_eq!(reserved(&*store, asked(&claimed, "lines", 8)).await, Reserved::From(41));
    assert_eq!(reserved(&*store, asked(&claimed, "more", 3)).await, Reserved::TooFew(2));
    assert_eq!(reserved(&*store, asked(&claimed, "less", 2)).await, Reserved::From(49));
    assert_eq!(reserved(&*store, asked(&claimed, "none", 1)).await, Reserved::TooFew(0));
    let longer = Reservation { sequence: Sequence { first: 100, last: 200 }, ..asked(&claimed, "none", 1) };
    assert_eq!(reserved(&*store, longer).await, Reserved::From(100));
    assert_eq!(reserved(&*store, asked(&claimed, "lines", 8)).await, Reserved::From(41), "what was handed out stays");
}

pub async fn nobody_reserves_without_the_lease(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let claimed = running(&*store, prepared.flow).await;
    let mut stale = asked(&claimed, "lines", 2);
    stale.lease.number += 1;
    let refused = store.reserve(stale).await;
    assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    assert_eq!(reserved(&*store, asked(&claimed, "lines", 2)).await, Reserved::From(41));
}

pub async fn concurrent_reservations_never_share_a_number(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let mut asking = Vec::new();
    for _ in 0..5 {
        let claimed = running(&*store, prepared.flow).await;
        let reservation = asked(&claimed, "lines", 2);
        let store = store.clone();
        asking.push(tokio::spawn(async move { store.reserve(reservation).await.expect("reserved") }));
    }
    let mut firsts = Vec::new();
    for asked in asking {
        let Reserved::From(first) = asked.await.expect("it ran") else { panic!("there are ten") };
        firsts.push(first);
    }
    firsts.sort_unstable();
    assert_eq!(firsts, [41, 43, 45, 47, 49]);
}
