//! Feeds: what a poll finds starts runs, once each, and its source hears what became of them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use sluse_connector::{Effect, Ended, FeedItem, FeedPage, Host, Request};
use sluse_model::{
    DeliveryState, Failure, ItemStanding, Outcome, Problem, Resolution, Run, RunState, SETTLE_FLOW, SkipReason, Tick,
    TickState,
};
use sluse_store::{PageRequest, RunFilter, Schedules as _, Store};

use crate::bench::{Act, Bench, Target, clerk, fake};

/// A group, and what was told of its items.
pub(crate) type Report = (String, Vec<(String, ItemStanding)>);

/// A source of items, as its own people see it.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) items: Mutex<Vec<FeedItem>>,
    pub(crate) polls: AtomicU32,
    pub(crate) cursors: Mutex<Vec<Option<String>>>,
    pub(crate) heard: Mutex<Vec<Report>>,
    /// What polls are answered with, before they are answered as they should, the last one first.
    pub(crate) failures: Mutex<Vec<Failure>>,
    /// The same for reports.
    pub(crate) refusals: Mutex<Vec<Failure>>,
}

pub(crate) fn item(key: &str, text: &str) -> FeedItem {
    let input = json!({ "text": text }).to_string();
    FeedItem { key: key.into(), group: None, flow: None, input, attachments: Vec::new() }
}

impl Source {
    /// Two items at a time, from where the cursor stands.
    fn page(&self, cursor: Option<String>) -> Ended<FeedPage> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        self.cursors.lock().expect("not poisoned").push(cursor.clone());
        if let Some(failure) = self.failures.lock().expect("not poisoned").pop() {
            return Ok(Err(failure));
        }
        let items = self.items.lock().expect("not poisoned");
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let found: Vec<_> = items.iter().skip(from).take(2).cloned().collect();
        let until = from + found.len();
        Ok(Ok(FeedPage { more: until < items.len(), items: found, cursor: Some(until.to_string()) }))
    }

    pub(crate) fn heard(&self) -> Vec<Report> {
        self.heard.lock().expect("not poisoned").clone()
    }

    pub(crate) fn add(&self, items: impl IntoIterator<Item = FeedItem>) {
        self.items.lock().expect("not poisoned").extend(items);
    }
}

/// A connector that has a feed, and whose operation refuses what says `no`.
pub(crate) async fn bench(source: &Arc<Source>) -> Bench {
    let url = Target::start(&[Act::Answer(200)]).await.url;
    let (polled, told) = (source.clone(), source.clone());
    let connector = fake(|_, _, input, _| async move {
        if input.contains("no") {
            return Ok(Err(Failure::Rejected { problem: Problem::new("no", "It says no.") }));
        }
        Ok(Ok(Outcome::Done { output: "{}".into() }))
    })
    .polled(move |_, cursor, _| std::future::ready(polled.page(cursor)))
    .settled(move |_, group, report| {
        let answer = match told.refusals.lock().expect("not poisoned").pop() {
            Some(failure) => Err(failure),
            None => {
                let items = report.into_iter().map(|item| (item.key, item.standing)).collect();
                told.heard.lock().expect("not poisoned").push((group, items));
                Ok(())
            }
        };
        std::future::ready(Ok(answer))
    });
    Bench::of(connector, &url).await
}

/// A schedule that polls every minute.
pub(crate) async fn poll_often(bench: &Bench, more: &str) {
    let text = format!(
        "[[schedule]]\nname = \"often\"\nevery = \"1m\"\nflow = \"flow\"\nconnection = \"target\"\nfeed = \"items\"\n{more}\n"
    );
    bench.apply(text).await;
}

pub(crate) async fn ticks(bench: &Bench) -> Vec<Tick> {
    let page = PageRequest { limit: 100, after: None };
    bench.store.ticks(&"often".parse().expect("a name"), page).await.expect("read").items
}

/// The runs of a flow, the latest first.
async fn runs(bench: &Bench, flow: &str) -> Vec<Run> {
    let filter = RunFilter { flow: Some(flow.parse().expect("a name")), state: None };
    let store: &dyn Store = &*bench.store;
    store.runs(filter, PageRequest { limit: 100, after: None }).await.expect("read").items
}

async fn until_done(bench: &Bench, count: usize) {
    bench
        .until("ticks that have ended", async || {
            let ended = |tick: &&Tick| matches!(tick.state, TickState::Done { .. } | TickState::Failed { .. });
            ticks(bench).await.iter().filter(ended).count() == count
        })
        .await;
}

async fn until_heard(bench: &Bench, source: &Source, count: usize) {
    bench.until("what the source hears", async || source.heard().len() >= count).await;
}

#[tokio::test]
async fn what_is_found_starts_a_run_each_page_after_page() {
    let source = Arc::new(Source::default());
    source.add(["a", "b", "c", "d", "e"].map(|key| item(key, key)));
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_done(&bench, 1).await;
    let tick = ticks(&bench).await.remove(0);
    assert_eq!((tick.found.started, tick.found.known, tick.found.held), (5, 0, 0));
    assert_eq!(runs(&bench, "flow").await.len(), 5);
    until_heard(&bench, &source, 5).await;
    // The next tick goes on where this one ended.
    source.add([item("f", "f")]);
    bench.advance(Duration::from_secs(60));
    until_done(&bench, 2).await;
    let cursors: Vec<_> = source.cursors.lock().expect("not poisoned").clone();
    assert_eq!(cursors, [None, Some("2".into()), Some("4".into()), Some("5".into())]);
    until_heard(&bench, &source, 6).await;
}

#[tokio::test]
async fn an_item_that_is_found_again_starts_nothing() {
    let source = Arc::new(Source::default());
    source.add([item("a", "one"), item("a", "another"), item("b", "two")]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_done(&bench, 1).await;
    let tick = ticks(&bench).await.remove(0);
    assert_eq!((tick.found.started, tick.found.known), (2, 1));
    assert_eq!(runs(&bench, "flow").await.len(), 2);
}

#[tokio::test]
async fn a_group_is_told_once_of_each_change_until_its_source_has_heard() {
    let source = Arc::new(Source::default());
    let of_group = |key: &str, text: &str| FeedItem { group: Some("batch".into()), ..item(key, text) };
    source.add([of_group("a", "no")]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_heard(&bench, &source, 1).await;
    assert_eq!(source.heard(), [("batch".to_owned(), vec![("a".to_owned(), ItemStanding::Held)])]);
    // The source is away, and hears it later all the same.
    let away = || Failure::Unavailable { problem: Problem::new("away", "Away."), retry_after_ms: None };
    *source.refusals.lock().expect("not poisoned") = vec![away(), away()];
    let held = runs(&bench, "flow").await.remove(0);
    let delivery = bench.first_delivery(held.id).await.delivery;
    let resolve = sluse_model::Act::Resolve { output: "{}".into() };
    bench.engine.act(delivery.id, resolve, clerk(), Some("it is there".into()), None).await.expect("resolved");
    bench
        .until("what the source hears", async || {
            bench.advance(Duration::from_millis(50));
            source.heard().len() == 2
        })
        .await;
    assert_eq!(source.heard()[1], ("batch".to_owned(), vec![("a".to_owned(), ItemStanding::Succeeded)]));
    let report = runs(&bench, SETTLE_FLOW).await.remove(0);
    assert_eq!(bench.settled(report.id).await.run.state, RunState::Succeeded);
    assert_eq!(bench.first_delivery(report.id).await.delivery.attempts, 3);
    assert_eq!(runs(&bench, SETTLE_FLOW).await.len(), 2);
}

#[tokio::test]
async fn a_report_that_its_source_refuses_is_a_person_s_work() {
    let source = Arc::new(Source::default());
    source.add([item("a", "yes")]);
    let bench = bench(&source).await;
    let refused = Failure::Rejected { problem: Problem::new("unknown", "Unknown here.") };
    source.refusals.lock().expect("not poisoned").push(refused);
    poll_often(&bench, "").await;
    bench.until("a report", async || !runs(&bench, SETTLE_FLOW).await.is_empty()).await;
    let report = runs(&bench, SETTLE_FLOW).await.remove(0);
    assert_eq!(bench.settled(report.id).await.run.state, RunState::Attention);
    // A report in attention is a change of nothing that a source would have to hear of.
    assert_eq!((runs(&bench, SETTLE_FLOW).await.len(), source.heard().len()), (1, 0));
    let delivery = bench.first_delivery(report.id).await.delivery;
    let retry = sluse_model::Act::Retry { did_not_happen: false };
    bench.engine.act(delivery.id, retry, clerk(), None, None).await.expect("asked for");
    until_heard(&bench, &source, 1).await;
    assert_eq!(bench.settled(report.id).await.run.state, RunState::Succeeded);
}

#[tokio::test]
async fn what_does_not_fit_waits_for_a_person_and_holds_up_nobody() {
    let source = Arc::new(Source::default());
    source.add([
        FeedItem { input: "not JSON".into(), ..item("a", "") },
        FeedItem { flow: Some("nowhere".into()), ..item("b", "b") },
        FeedItem { input: r#"{"text": 7}"#.into(), ..item("c", "") },
        FeedItem { attachments: vec!["att-none".into()], ..item("d", "d") },
        item("e", "e"),
    ]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_done(&bench, 1).await;
    let tick = ticks(&bench).await.remove(0);
    assert_eq!((tick.found.started, tick.found.held), (5, 4));
    until_heard(&bench, &source, 5).await;
    let held = source.heard().iter().filter(|(_, items)| items[0].1 == ItemStanding::Held).count();
    assert_eq!(held, 4);
    let states: Vec<_> = runs(&bench, "flow").await.iter().map(|run| run.state).collect();
    assert_eq!(states.iter().filter(|state| **state == RunState::Attention).count(), 4, "{states:?}");
}

#[tokio::test]
async fn what_comes_without_the_files_that_its_flow_needs_waits_before_anything_is_sent() {
    let source = Arc::new(Source::default());
    source.add([item("a", "a")]);
    let bench = bench(&source).await;
    let step = "[[flow.step]]\nname = \"act\"\nconnection = \"target\"\noperation = \"act\"\ninput = { text = \"x\" }";
    bench.apply(format!("[[flow]]\nname = \"with-files\"\nschema = true\nmin_attachments = 1\n{step}\n")).await;
    let schedule = "name = \"often\"\nevery = \"1m\"\nflow = \"with-files\"\nconnection = \"target\"\nfeed = \"items\"";
    bench.apply(format!("[[schedule]]\n{schedule}\n")).await;
    until_done(&bench, 1).await;
    let held = bench.first_delivery(runs(&bench, "with-files").await.remove(0).id).await.delivery;
    let DeliveryState::Attention(attention) = &held.state else { panic!("{held:?}") };
    let detail = attention.problem.detail.as_deref().unwrap_or_default();
    assert!(detail.contains("needs at least 1 file with a submission, and got 0"), "{detail}");
    assert_eq!(held.attempts, 0);
}

#[tokio::test]
async fn what_does_not_fit_has_a_queue_and_its_owner_is_told() {
    let source = Arc::new(Source::default());
    source.add([FeedItem { input: "not JSON".into(), ..item("a", "") }]);
    let bench = bench(&source).await;
    let cared_for = |name: &str, more: &str| {
        let step =
            "[[flow.step]]\nname = \"act\"\nconnection = \"target\"\noperation = \"act\"\ninput = { text = \"x\" }";
        format!("[[flow]]\nname = \"{name}\"\nschema = true\n{more}\n{step}\n")
    };
    let care = "owner_notice = { flow = \"told\", when = [\"attention\"] }\nattention = [{ reason = \"mapping-failed\", queue = \"forms\" }]";
    bench.apply(cared_for("told", "") + &cared_for("cared-for", care)).await;
    let schedule = "name = \"often\"\nevery = \"1m\"\nflow = \"cared-for\"\nconnection = \"target\"\nfeed = \"items\"";
    bench.apply(format!("[[schedule]]\n{schedule}\n")).await;
    until_done(&bench, 1).await;
    let held = bench.first_delivery(runs(&bench, "cared-for").await.remove(0).id).await.delivery;
    let DeliveryState::Attention(attention) = &held.state else { panic!("{held:?}") };
    assert_eq!(attention.queue.as_ref().map(|queue| queue.as_str()), Some("forms"));
    let notices = runs(&bench, "told").await;
    assert_eq!(notices.iter().map(|run| run.caused_by).collect::<Vec<_>>(), [Some(held.id)]);
}

#[tokio::test]
async fn a_source_that_is_away_is_asked_again_and_one_that_refuses_at_the_next_tick() {
    let source = Arc::new(Source::default());
    source.add([item("a", "a")]);
    let away = || Failure::Unavailable { problem: Problem::new("away", "Away."), retry_after_ms: None };
    let denied = Failure::Denied { problem: Problem::new("denied", "Who are you?") };
    *source.failures.lock().expect("not poisoned") = vec![denied, away()];
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    bench
        .until("a retry", async || matches!(ticks(&bench).await[..], [Tick { state: TickState::Retrying { .. }, .. }]))
        .await;
    bench.advance(Duration::from_secs(1));
    until_done(&bench, 1).await;
    let tick = ticks(&bench).await.remove(0);
    assert!(matches!(&tick.state, TickState::Failed { problem, .. } if problem.code == "denied"), "{tick:?}");
    assert_eq!(tick.attempts, 2);
    assert_eq!(runs(&bench, "flow").await, []);
    bench.advance(Duration::from_secs(60));
    until_done(&bench, 2).await;
    assert_eq!(runs(&bench, "flow").await.len(), 1);
}

#[tokio::test]
async fn a_paused_connection_is_not_polled() {
    let source = Arc::new(Source::default());
    let bench = bench(&source).await;
    let target = "target".parse().expect("a name");
    bench.engine.pause(&target, clerk(), "it is being moved").await.expect("paused");
    poll_often(&bench, "").await;
    bench.until("a tick", async || ticks(&bench).await.len() == 1).await;
    bench.advance(Duration::from_secs(60));
    bench.until("a skipped tick", async || ticks(&bench).await.len() == 2).await;
    assert_eq!(source.polls.load(Ordering::SeqCst), 0);
    let skipped = ticks(&bench).await.remove(0);
    assert_eq!(skipped.state, TickState::Skipped { why: SkipReason::Overlap });
    bench.engine.resume(&target, &clerk()).await.expect("resumed");
    until_done(&bench, 1).await;
}

#[tokio::test]
async fn a_source_that_was_away_while_the_clock_was_ahead_is_asked_again() {
    let source = Arc::new(Source::default());
    source.add([item("a", "a")]);
    let away = || Failure::Unavailable { problem: Problem::new("away", "Away."), retry_after_ms: None };
    let bench = bench(&source).await;
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    bench.advance(year);
    source.failures.lock().expect("not poisoned").push(away());
    poll_often(&bench, "").await;
    bench
        .until("a retry", async || matches!(ticks(&bench).await[..], [Tick { state: TickState::Retrying { .. }, .. }]))
        .await;
    bench.step_back(year);
    bench
        .until("what it is asked again", async || {
            bench.advance(Duration::from_millis(50));
            runs(&bench, "flow").await.len() == 1
        })
        .await;
}

#[tokio::test]
async fn a_poll_sends_nothing_that_must_happen_once_and_keeps_files_for_its_items() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let connector = fake(|_, _, _, _| async { Ok(Ok(Outcome::Done { output: "{}".into() })) }).polled(
        move |call, _, mut host: Box<dyn Host>| {
            let record = record.clone();
            async move {
                let request = |effect| Request { effect, ..crate::once::post(false) };
                let answers = [host.send(request(Effect::Once)).await, host.send(request(Effect::Repeatable)).await];
                let told = answers.map(|answer| answer.map(|answer| answer.status).map_err(|error| error.to_string()));
                record.lock().expect("not poisoned").push((call.delivery, told));
                let file =
                    host.create_attachment("a.txt".into(), "text/plain".into(), "hello".into()).await.expect("kept");
                let with_file = FeedItem { attachments: vec![file.id.to_string()], ..item("a", "a") };
                Ok(Ok(FeedPage { items: vec![with_file], cursor: None, more: false }))
            }
        },
    );
    let bench = Bench::of(connector, &target.url).await;
    poll_often(&bench, "").await;
    until_done(&bench, 1).await;
    let (call, [once, repeatable]) = seen.lock().expect("not poisoned").remove(0);
    assert_eq!(call, ticks(&bench).await[0].id.to_string());
    assert!(once.expect_err("refused").contains("must happen once"));
    assert_eq!((repeatable, target.seen().len()), (Ok(200), 1));
    let run = runs(&bench, "flow").await.remove(0);
    let detail = bench.settled(run.id).await;
    assert_eq!((detail.attachments.len(), detail.attachments[0].size_bytes), (1, 5));
}

#[tokio::test]
async fn a_poll_that_is_cut_off_is_made_again_and_starts_nothing_twice() {
    let source = Arc::new(Source::default());
    source.add([item("a", "a")]);
    let (polled, calls) = (source.clone(), Arc::new(AtomicU32::new(0)));
    let url = Target::start(&[Act::Answer(200)]).await.url;
    let counted = calls.clone();
    let connector =
        fake(|_, _, _, _| async { Ok(Ok(Outcome::Done { output: "{}".into() })) }).polled(move |_, cursor, _| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let page = polled.page(cursor);
            async move {
                if number == 0 {
                    std::future::pending::<()>().await;
                }
                page
            }
        });
    let bench = Bench::of(connector, &url).await;
    poll_often(&bench, "").await;
    bench.until("a poll", async || calls.load(Ordering::SeqCst) == 1).await;
    bench.advance(Duration::from_secs(31));
    let _second = bench.another_engine().await;
    until_done(&bench, 1).await;
    let tick = ticks(&bench).await.pop().expect("a tick");
    assert_eq!((tick.attempts, tick.found.started), (2, 1));
    assert_eq!(runs(&bench, "flow").await.len(), 1);
}

#[tokio::test]
async fn a_person_s_close_is_told_as_a_failure() {
    let source = Arc::new(Source::default());
    source.add([item("a", "no")]);
    let bench = bench(&source).await;
    poll_often(&bench, "").await;
    until_heard(&bench, &source, 1).await;
    let run = runs(&bench, "flow").await.remove(0);
    let delivery = bench.first_delivery(run.id).await.delivery;
    let closed = bench.engine.act(delivery.id, sluse_model::Act::Close, clerk(), Some("withdrawn".into()), None).await;
    let state = closed.expect("closed").delivery.state;
    assert!(matches!(state, sluse_model::DeliveryState::Closed { resolution: Resolution::Failed, .. }));
    until_heard(&bench, &source, 2).await;
    assert_eq!(source.heard()[1].1, [("a".to_owned(), ItemStanding::Failed)]);
}
