//! Calls beside a queue of one hundred thousand: neither keeps the other from its target.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sluse_connector::Ended;
use sluse_engine::{CallError, CallRequest, Called};
use sluse_model::{DeliveryId, DeliveryState, Dice, Digest, Name, NewDelivery, Outcome, RunId, fakes::SeededDice};
use sluse_store::{Accepted, NewRun, Store};
use tokio::time::Instant;

use crate::{
    bench::{Act, Bench, Target, clerk},
    calls::call,
};

const QUEUED: u32 = 100_000;

/// Accepted side by side: as many as share a commit.
const HANDS: u32 = 250;

/// What one call of the connector takes.
const TAKES: Duration = Duration::from_millis(5);

/// How often the connector was called, for the queue and for those who wait.
#[derive(Debug, Default)]
struct Counts {
    queue: AtomicU32,
    callers: AtomicU32,
}

/// One attempt at a time, and a queue that never ends while a test lasts. It is paused.
async fn bench() -> (Bench, Arc<Counts>) {
    let target = Target::start(&[Act::Answer(200)]).await;
    let counts = Arc::new(Counts::default());
    let counted = counts.clone();
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        let count = if input.contains("queued") { &counted.queue } else { &counted.callers };
        count.fetch_add(1, Ordering::SeqCst);
        done()
    })
    .await;
    bench.connect("queued", &target.url, "gates = { max_concurrent = 1 }").await;
    bench.engine.pause(&queued(), clerk(), "it is being filled").await.expect("paused");
    fill(&bench).await;
    (bench, counts)
}

async fn done() -> Ended<Outcome> {
    tokio::time::sleep(TAKES).await;
    Ok(Ok(Outcome::Done { output: "{}".into() }))
}

fn queued() -> Name {
    "queued".parse().expect("a name")
}

async fn fill(bench: &Bench) {
    let store: Arc<dyn Store> = bench.store.clone();
    let version = store.flow(&queued()).await.expect("read").expect("a flow").digest;
    let hands = (0..HANDS).map(|hand| {
        let (store, now) = (store.clone(), bench.now());
        tokio::spawn(async move {
            let dice = SeededDice::new(u64::from(hand) + 1);
            for _ in 0..QUEUED / HANDS {
                let accepted = store.accept(run(&dice, version, now), None).await;
                assert!(matches!(accepted, Ok(Accepted::New(None))), "{accepted:?}");
            }
        })
    });
    for hand in hands.collect::<Vec<_>>() {
        hand.await.expect("accepted");
    }
}

fn run(dice: &dyn Dice, version: Digest, now: sluse_model::Timestamp) -> NewRun {
    let first = NewDelivery {
        id: DeliveryId::new(now, dice),
        step_index: 0,
        step: "act".parse().expect("a name"),
        connection: queued(),
        operation: "act".parse().expect("a name"),
        input: r#"{"text": "queued"}"#.into(),
        ordering_key: None,
        state: DeliveryState::Queued { due: now },
        accepted_at: now,
    };
    NewRun {
        id: RunId::new(now, dice),
        flow: queued(),
        flow_digest: version,
        submission: "{}".into(),
        attachments: Vec::new(),
        idempotency_key: None,
        body_digest: Digest::of("{}"),
        caused_by: None,
        stands_for: None,
        accepted_at: now,
        skipped: Vec::new(),
        first: Some(first),
        along: Vec::new(),
    }
}

fn asked(operation: &str) -> CallRequest {
    CallRequest { connection: queued(), ..call(operation, 10_000) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_a_hundred_thousand_keeps_no_caller_waiting_and_no_caller_keeps_it() {
    let (bench, counts) = bench().await;
    bench.engine.resume(&queued(), &clerk()).await.expect("resumed");
    bench.until("the queue moves", async || counts.queue.load(Ordering::SeqCst) > 0).await;

    // One caller after the other: each is next, and is through long before the queue would be.
    for _ in 0..10 {
        for operation in ["read", "act"] {
            let began = Instant::now();
            let called = bench.engine.call(asked(operation)).await.expect("called");
            assert!(matches!(called, Called::Read { .. } | Called::Done { .. }), "{called:?}");
            assert!(began.elapsed() < Duration::from_secs(5), "{operation} took {:?}", began.elapsed());
        }
    }

    // Many at once, without a pause between: the queue has its turns.
    let before = (counts.queue.load(Ordering::SeqCst), counts.callers.load(Ordering::SeqCst));
    let until = Instant::now() + Duration::from_secs(3);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let engine = bench.engine.clone();
            tokio::spawn(async move {
                while Instant::now() < until {
                    match engine.call(asked("read")).await {
                        Ok(_) | Err(CallError::GateClosed { .. } | CallError::Busy) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let queue = counts.queue.load(Ordering::SeqCst) - before.0;
    let callers = counts.callers.load(Ordering::SeqCst) - before.1;
    assert!(callers >= 20 && queue * 4 >= callers, "{queue} of the queue, {callers} callers");
    assert!(counts.queue.load(Ordering::SeqCst) < QUEUED, "the queue came to its end");
}
