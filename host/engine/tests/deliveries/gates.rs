//! How much at once, how fast, and whether at all.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sluse_connector::{Body, Effect, Host, Method, Request, SendError};
use sluse_model::{DeliveryState, Failure, GateKind, Outcome, Problem, Reason, RunId, RunState};
use sluse_store::Store;
use tokio::sync::Semaphore;

use crate::bench::{Act, Bench, Target};

fn done() -> sluse_connector::Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: "{}".into() }))
}

async fn state_of(bench: &Bench, run: RunId) -> RunState {
    let store: &dyn Store = &*bench.store;
    store.run(run).await.expect("read").expect("a run").run.state
}

/// How many are under way at once, now and at most.
#[derive(Debug, Default)]
struct Crowd {
    now: AtomicU32,
    most: AtomicU32,
}

impl Crowd {
    async fn for_a_moment(self: Arc<Self>) -> sluse_connector::Ended<Outcome> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        done()
    }
}

#[tokio::test]
async fn no_more_than_may_be_are_under_way_at_once() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (narrow, other) = (Arc::new(Crowd::default()), Arc::new(Crowd::default()));
    let crowds = (narrow.clone(), other.clone());
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        let crowd = if input.contains("narrow") { &crowds.0 } else { &crowds.1 };
        crowd.clone().for_a_moment()
    })
    .await;
    bench.connect("narrow", &target.url, "gates = { max_concurrent = 2 }").await;
    bench.connect("other", &target.url, "gates = { max_concurrent = 1 }").await;
    // What follows has to pass as well, here and elsewhere.
    let mut flow = "[[flow]]\nname = \"back-and-forth\"\nschema = true\n".to_owned();
    for (index, connection) in ["narrow", "narrow", "other", "narrow"].into_iter().enumerate() {
        flow.push_str(&format!(
            "[[flow.step]]\nname = \"step-{index}\"\nconnection = \"{connection}\"\noperation = \"act\"\n\
             input = {{ text = \"{connection}\" }}\n"
        ));
    }
    bench.apply(flow).await;
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(bench.submit_to("back-and-forth").await);
    }
    for run in runs {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    let most = |crowd: &Crowd| crowd.most.load(Ordering::SeqCst);
    assert_eq!((most(&narrow), most(&other)), (2, 1));
}

#[tokio::test]
async fn a_rate_is_kept() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(done())
    })
    .await;
    bench.connect("slowly", &target.url, "gates = { rate = { attempts = 2, per_ms = 200 } }").await;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(bench.submit_to("slowly").await);
    }
    for expected in 2..=5 {
        bench.until("the rate's share", async || calls.load(Ordering::SeqCst) == expected).await;
        // Longer than the share takes, but by the wall: the clock stands still.
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(calls.load(Ordering::SeqCst), expected);
        bench.advance(Duration::from_millis(100));
    }
    bench.settled(runs[4]).await;
}

/// Waits for an answer as long as the endpoint does, or for less.
async fn ask(host: &mut Box<dyn Host>, timeout: Option<Duration>) -> sluse_connector::Ended<Outcome> {
    let request = Request {
        method: Method::Get,
        endpoint: None,
        path: "/things".into(),
        headers: Vec::new(),
        body: Body::Empty,
        timeout,
        effect: Effect::Read,
        intent_key: None,
        reconciled: false,
        keep: None,
    };
    match host.send(request).await {
        Ok(_) => done(),
        Err(SendError::Unreachable(_)) => {
            Ok(Err(Failure::Unavailable { problem: Problem::new("away", "Away."), retry_after_ms: None }))
        }
        Err(error) => Ok(Err(Failure::Unknown { problem: Problem::new("odd", error.to_string()) })),
    }
}

/// An address on loopback where nobody listens, for now.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_is_left_alone_and_then_tried_by_one() {
    let address = nobody().await;
    let url = format!("http://{address}");
    let bench = Bench::start(&url, |_, _, _, mut host| async move { ask(&mut host, None).await }).await;
    let more = "retry = { max_attempts = 9, delays_ms = [10] }\ngates = { breaker = { failures = 2, open_ms = 1000 } }";
    bench.connect("away", &url, more).await;
    let first = bench.submit_to("away").await;
    let attempts = async |run| bench.first_delivery(run).await.delivery.attempts;
    let waits_again = async || {
        let delivery = bench.first_delivery(first).await.delivery;
        delivery.attempts == 1 && matches!(delivery.state, DeliveryState::Retrying { .. })
    };
    bench.until("the first attempt", waits_again).await;
    bench.advance(Duration::from_millis(20));
    bench.until("the second attempt", async || attempts(first).await == 2).await;
    bench.until("open", async || bench.engine.gate(&"away".parse().expect("a name")).is_some()).await;

    // Whoever is due now is parked, and uses no attempts.
    let second = bench.submit_to("away").await;
    bench.advance(Duration::from_millis(500));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((attempts(first).await, attempts(second).await), (2, 0));
    let detail = bench.first_delivery(second).await;
    let gate = bench.engine.outlook(&detail).await.expect("read").gate.expect("it is held");
    let DeliveryState::Queued { due } = detail.delivery.state else { panic!("{:?}", detail.delivery.state) };
    assert_eq!((gate.kind, gate.since), (GateKind::Breaker, due));
    assert_eq!(gate.until.map(|until| until.since(due)), Some(Duration::from_secs(1)));

    // Nobody is there: one finds out for all.
    bench.advance(Duration::from_millis(500));
    let both = async || attempts(first).await + attempts(second).await;
    bench.until("one who looks", async || both().await == 3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(both().await, 3);

    let _target = Target::start_at(&address, &[Act::Answer(200)]).await;
    for run in [first, second] {
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    assert_eq!(both().await, 5, "one looked in vain, and each went through once");
    assert_eq!(bench.engine.gate(&"away".parse().expect("a name")), None);
}

#[tokio::test]
async fn an_answer_of_any_kind_keeps_the_breaker_closed() {
    let target = Target::start(&[Act::Answer(500)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move { ask(&mut host, None).await }).await;
    bench.connect("there", &target.url, "gates = { breaker = { failures = 1 } }").await;
    for _ in 0..3 {
        let run = bench.submit_to("there").await;
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
}

#[tokio::test]
async fn a_target_that_takes_a_request_and_says_nothing_was_reached() {
    for act in [&[Act::Hang], &[Act::Drop]] {
        let target = Target::start(act).await;
        let short = Some(Duration::from_secs(1));
        let bench =
            Bench::start(&target.url, move |_, _, _, mut host| async move { ask(&mut host, short).await }).await;
        bench.connect("mute", &target.url, "gates = { breaker = { failures = 1, open_ms = 60000 } }").await;
        let run = bench.submit_to("mute").await;
        // Time stands still meanwhile: a breaker that had opened would be open.
        bench.until("it has ended", async || state_of(&bench, run).await != RunState::Running).await;
        let state = bench.first_delivery(run).await.delivery.state;
        let is_odd = matches!(&state, DeliveryState::Attention(why) if why.reason == Reason::OutcomeUnknown);
        assert!(is_odd, "{act:?}: {state:?}");
        assert_eq!(target.seen().len(), 1, "{act:?}");
        assert_eq!(bench.engine.gate(&"mute".parse().expect("a name")), None, "{act:?}");
    }
}

#[tokio::test]
async fn one_that_hangs_holds_up_nobody_else() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (hung, release) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, waiting) = (hung.clone(), release.clone());
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        let (counted, waiting) = (counted.clone(), waiting.clone());
        async move {
            if input.contains("hangs") {
                counted.fetch_add(1, Ordering::SeqCst);
                let _permit = waiting.acquire().await;
            }
            done()
        }
    })
    .await;
    bench.connect("hangs", &target.url, "gates = { max_concurrent = 3 }").await;
    bench.connect("well", &target.url, "").await;
    let mut hanging = Vec::new();
    for _ in 0..40 {
        hanging.push(bench.submit_to("hangs").await);
    }
    for _ in 0..20 {
        let run = bench.submit_to("well").await;
        bench.until("the others go on", async || state_of(&bench, run).await == RunState::Succeeded).await;
    }
    assert_eq!(hung.load(Ordering::SeqCst), 3);
    let waiting = bench.first_delivery(hanging[39]).await;
    let gate = bench.engine.outlook(&waiting).await.expect("read").gate.expect("it is held");
    assert_eq!((gate.kind, gate.until), (GateKind::Concurrency, None));
    release.add_permits(1000);
    for run in hanging {
        bench.until("it goes on", async || state_of(&bench, run).await == RunState::Succeeded).await;
    }
}

#[tokio::test]
async fn connections_take_turns() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (order, release) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let (record, waiting) = (order.clone(), release.clone());
    let bench = Bench::start(&target.url, move |_, _, input, _| {
        let (record, waiting) = (record.clone(), waiting.clone());
        async move {
            record.lock().expect("not poisoned").push(input.contains("many"));
            let _permit = waiting.acquire().await;
            done()
        }
    })
    .await;
    for name in ["many", "few"] {
        bench.connect(name, &target.url, "").await;
    }
    for _ in 0..60 {
        bench.submit_to("many").await;
    }
    let mut few = Vec::new();
    for _ in 0..6 {
        few.push(bench.submit_to("few").await);
    }
    // All eight places go to those who came first; then each has its share.
    release.add_permits(1000);
    for run in few {
        bench.until("few", async || state_of(&bench, run).await == RunState::Succeeded).await;
    }
    let order = order.lock().expect("not poisoned").clone();
    let last = order.iter().rposition(|is_many| !is_many).expect("few were called");
    assert!(last < 40, "the few waited for {last} others");
}
