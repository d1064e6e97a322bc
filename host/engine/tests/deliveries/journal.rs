//! What is known over attempts of what must happen once.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use sluse_connector::{Answer, Body, Content, Effect, Ended, Host, Method, Request, SendError};
use sluse_model::{DeliveryState, Outcome, Reason, RunId, RunState, Standing};
use sluse_store::Store as _;

use crate::{
    bench::{Act, Bench, Target},
    once::{get, post, send, unavailable},
};

fn done() -> Ended<Outcome> {
    Ok(Ok(Outcome::Done { output: "{}".into() }))
}

fn saying(text: &str) -> Request {
    Request { body: Body::Content(Content::Bytes(Bytes::copy_from_slice(text.as_bytes()))), ..post(false) }
}

async fn standings(bench: &Bench, run: RunId) -> Vec<Standing> {
    bench.first_delivery(run).await.journal.iter().map(|intent| intent.standing).collect()
}

/// Sends in its first attempt and then never comes back, as if the host had been killed there.
async fn sends_and_is_lost(host: &mut Box<dyn Host>) -> Ended<Outcome> {
    let _ = send(host, false).await;
    std::future::pending().await
}

/// The commits so far, once nobody writes any more: what was set up has woken whoever looks for work.
async fn quiet(bench: &Bench) -> u64 {
    let mut before = bench.store.statistics().commits;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = bench.store.statistics().commits;
        if now == before {
            break;
        }
        before = now;
    }
    before
}

/// Waits until the target has seen so many requests.
async fn seen(target: &Target, count: usize) {
    for _ in 0..500 {
        if target.seen().len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", target.seen());
}

#[tokio::test]
async fn the_next_attempt_gets_the_answer_of_what_happened() {
    let target = Target::start(&[Act::Echo]).await;
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = answers.clone();
    let bench = Bench::start(&target.url, move |call, _, _, mut host| {
        let kept = kept.clone();
        async move {
            let answer = host.send(saying("hello")).await.expect("answered");
            kept.lock().expect("not poisoned").push(answer);
            if call.attempt == 1 { unavailable() } else { done() }
        }
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let answers = answers.lock().expect("not poisoned").clone();
    assert_eq!(answers[0], answers[1]);
    assert!(matches!(&answers[1].body, Answer::Bytes(body) if body.ends_with(b"hello")), "{answers:?}");
    assert_eq!(target.seen().len(), 1);
    assert_eq!(standings(&bench, run).await, [Standing::Happened]);
    let timeline = bench.first_delivery(run).await.timeline;
    assert!(
        timeline.iter().any(|line| line.message == "POST /things: happened before, not sent again"),
        "{timeline:#?}"
    );
}

#[tokio::test]
async fn an_answer_too_long_to_keep_still_says_that_it_happened() {
    let target = Target::start(&[Act::Long]).await;
    let second = Arc::new(Mutex::new(None));
    let kept = second.clone();
    let bench = Bench::start(&target.url, move |call, _, _, mut host| {
        let kept = kept.clone();
        async move {
            let answer = host.send(saying("hello")).await;
            if call.attempt == 1 {
                assert!(answer.is_ok(), "{answer:?}");
                return unavailable();
            }
            *kept.lock().expect("not poisoned") = answer.err();
            done()
        }
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let second = second.lock().expect("not poisoned").clone();
    assert!(matches!(second, Some(SendError::TooLarge(_))), "{second:?}");
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn after_a_lost_attempt_who_looks_goes_on() {
    let target = Target::start(&[Act::Drop, Act::Answer(404), Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        if call.attempt == 1 {
            return sends_and_is_lost(&mut host).await;
        }
        assert!(matches!(send(&mut host, false).await, Err(SendError::Interrupted(_))), "held back");
        assert_eq!(host.send(get()).await.map(|response| response.status), Ok(404));
        assert_eq!(send(&mut host, true).await, Ok(201));
        done()
    })
    .await;
    let run = bench.submit("x").await;
    seen(&target, 1).await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(target.seen().len(), 3);
    assert_eq!(standings(&bench, run).await, [Standing::DidNotHappen, Standing::Happened]);
}

#[tokio::test]
async fn after_a_lost_attempt_who_cannot_look_asks_a_person() {
    let target = Target::start(&[Act::Drop]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        if call.attempt == 1 {
            return sends_and_is_lost(&mut host).await;
        }
        let _ = send(&mut host, false).await;
        unavailable()
    })
    .await;
    let run = bench.submit("x").await;
    seen(&target, 1).await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let state = bench.first_delivery(run).await.delivery.state;
    assert!(matches!(&state, DeliveryState::Attention(found) if found.reason == Reason::OutcomeUnknown), "{state:?}");
    assert_eq!(target.seen().len(), 1);
    assert_eq!(standings(&bench, run).await, [Standing::Open]);
}

#[tokio::test]
async fn another_body_to_the_same_place_is_held_back_as_well() {
    let target = Target::start(&[Act::Drop, Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |call, _, _, mut host| async move {
        // A connector need not be deterministic, nor the same revision.
        let _ = host.send(saying(&call.attempt.to_string())).await;
        unavailable()
    })
    .await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn a_host_that_lost_its_lease_sends_nothing() {
    let target = Target::start(&[Act::Answer(201)]).await;
    let (goes_on, late) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
    let (may_go_on, answer) = (goes_on.clone(), late.clone());
    let bench = Bench::start(&target.url, move |call, _, _, mut host| {
        let (may_go_on, answer) = (may_go_on.clone(), answer.clone());
        async move {
            if call.attempt > 1 {
                return done();
            }
            while !may_go_on.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            *answer.lock().expect("not poisoned") = Some(send(&mut host, false).await);
            std::future::pending().await
        }
    })
    .await;
    let run = bench.submit("x").await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    goes_on.store(true, Ordering::SeqCst);
    for _ in 0..500 {
        if late.lock().expect("not poisoned").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // On a busy machine its attempt may have been stopped before it could try.
    let late = late.lock().expect("not poisoned").take();
    assert!(matches!(late, None | Some(Err(SendError::Unreachable(_)))), "{late:?}");
    assert_eq!(target.seen().len(), 0);
}

#[tokio::test]
async fn the_target_can_mean_something_else_by_a_status() {
    let target = Target::start(&[Act::Answer(500), Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        match send(&mut host, false).await {
            Ok(201) => done(),
            _ => unavailable(),
        }
    })
    .await;
    let means = "status_means = { 500 = \"did-not-happen\" }";
    bench.configure_with(means, &target.url, &[("act", "act", serde_json::json!({}))]).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(standings(&bench, run).await, [Standing::DidNotHappen, Standing::Happened]);
}

#[tokio::test]
async fn a_target_that_recognises_a_request_gets_it_again_under_the_same_key() {
    let target = Target::start(&[Act::Drop, Act::Echo]).await;
    let echoed = Arc::new(Mutex::new(String::new()));
    let kept = echoed.clone();
    let bench = Bench::start(&target.url, move |_, _, _, mut host| {
        let kept = kept.clone();
        async move {
            match host.send(post(false)).await.map(|response| response.body) {
                Ok(Answer::Bytes(body)) => {
                    *kept.lock().expect("not poisoned") = String::from_utf8_lossy(&body).into_owned();
                    done()
                }
                _ => unavailable(),
            }
        }
    })
    .await;
    let recognises = "idempotency_header = \"Idempotency-Key\"";
    bench.configure_with(recognises, &target.url, &[("act", "act", serde_json::json!({}))]).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    let key = |head: &str| {
        head.to_lowercase().lines().find_map(|line| Some(line.strip_prefix("idempotency-key: ")?.to_owned()))
    };
    let (first, second) = (key(&target.heads()[0]), key(&echoed.lock().expect("not poisoned")));
    assert!(first.is_some() && first == second, "{first:?} {second:?}");
    assert_eq!(standings(&bench, run).await, [Standing::Happened]);
}

/// The commits of one delivery.
async fn commits(bench: &Bench) -> u64 {
    let before = quiet(bench).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    bench.store.statistics().commits - before
}

#[tokio::test]
async fn a_delivery_has_two_commits_and_one_more_for_what_must_happen_once() {
    for (once, expected) in [(0, 2), (1, 3), (5, 3)] {
        let target = Target::start(&[Act::Answer(201)]).await;
        let bench = Bench::start(&target.url, move |_, _, _, mut host| async move {
            host.send_all((0..once).map(|_| post(false)).collect()).await;
            done()
        })
        .await;
        assert_eq!(commits(&bench).await, expected, "{once} requests that must happen once");
    }
}

#[tokio::test]
async fn what_may_be_repeated_costs_no_commit() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        let put = Request { method: Method::Put, effect: Effect::Repeatable, ..saying("all of it") };
        host.send(put).await.expect("answered");
        done()
    })
    .await;
    assert_eq!((commits(&bench).await, target.seen().len()), (2, 1));
}

#[tokio::test]
async fn one_after_the_other_each_that_must_happen_once_has_one_commit_at_most() {
    let target = Target::start(&[Act::Answer(201)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        for text in ["one", "two", "three"] {
            host.send(saying(text)).await.expect("answered");
        }
        done()
    })
    .await;
    let commits = commits(&bench).await;
    assert!(commits <= 2 + 3, "{commits}");
    assert_eq!(target.seen().len(), 3);
}

#[tokio::test]
async fn nothing_leaves_that_is_not_written_down() {
    let target = Target::start(&[Act::Answer(201)]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (closed, wait) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (is_closed, waits) = (closed.clone(), wait.clone());
    let bench = Bench::start(&target.url, move |_, _, _, mut host| {
        let (sender, is_closed, waits) = (sender.clone(), is_closed.clone(), waits.clone());
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            waits.notify_one();
            is_closed.notified().await;
            let _ = sender.send(send(&mut host, false).await);
            done()
        }
    })
    .await;
    bench.submit("x").await;
    wait.notified().await;
    bench.store.close().await;
    closed.notify_one();
    let answer = told.recv().await;
    assert!(matches!(answer, Some(Err(SendError::Unreachable(_)))), "{answer:?}");
    assert_eq!((calls.load(Ordering::SeqCst), target.seen().len()), (1, 0));
}
