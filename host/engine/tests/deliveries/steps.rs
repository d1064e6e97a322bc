//! One step after the other, each fed by those before it.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sluse_model::{DeliveryState, Outcome, Reason, RunState};

use crate::bench::{Act, Bench, Target};

#[tokio::test]
async fn later_steps_see_the_outputs_of_earlier_ones() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let bench = Bench::start(&target.url, move |_, operation, input, _| {
        record.lock().expect("not poisoned").push((operation, input));
        std::future::ready(Ok(Ok(Outcome::Done { output: r#"{"id":"42"}"#.into() })))
    })
    .await;
    let steps = [
        ("first", "act", json!({"text": "{{ submission.text }}"})),
        ("second-step", "act-again", json!({"case": "{{ steps.first.id }}"})),
        ("third", "read", json!({"both": "{{ steps.first.id }}-{{ steps.second_step.id }}"})),
    ];
    bench.configure(&target.url, &steps).await;
    let run = bench.submit("hello").await;
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Succeeded);
    let expected = [
        ("act".to_owned(), r#"{"text":"hello"}"#.to_owned()),
        ("act-again".to_owned(), r#"{"case":"42"}"#.to_owned()),
        ("read".to_owned(), r#"{"both":"42-42"}"#.to_owned()),
    ];
    assert_eq!(*seen.lock().expect("not poisoned"), expected);
}

#[tokio::test]
async fn a_run_keeps_to_the_version_of_the_flow_that_it_began_with() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (release, released) = tokio::sync::watch::channel(false);
    let bench = Bench::start(&target.url, move |_, _, _, _| {
        let mut released = released.clone();
        async move {
            let _ = released.wait_for(|released| *released).await;
            Ok(Ok(Outcome::Done { output: r#"{"id":"1"}"#.into() }))
        }
    })
    .await;
    let run = bench.submit("old").await;
    let two = [("act", "act", json!({"text": "x"})), ("more", "act-again", json!({"case": "{{ steps.act.id }}"}))];
    bench.configure(&target.url, &two).await;
    release.send(true).expect("somebody waits");
    assert_eq!(bench.settled(run).await.deliveries.len(), 1);
    let run = bench.submit("new").await;
    assert_eq!(bench.settled(run).await.deliveries.len(), 2);
}

#[tokio::test]
async fn a_step_whose_input_cannot_be_computed_waits_for_a_person() {
    let target = Target::start(&[Act::Answer(200)]).await;
    // The first step is done, but without the id that the second one needs.
    let bench =
        Bench::start(&target.url, |_, _, _, _| std::future::ready(Ok(Ok(Outcome::Done { output: "{}".into() })))).await;
    let two = [("act", "act", json!({"text": "x"})), ("more", "act-again", json!({"case": "{{ steps.act.id }}"}))];
    bench.configure(&target.url, &two).await;
    let run = bench.submit("x").await;
    let detail = bench.settled(run).await;
    assert_eq!(detail.run.state, RunState::Attention);
    let state = &detail.deliveries[1].state;
    assert!(
        matches!(state, DeliveryState::Attention(attention) if attention.reason == Reason::MappingFailed),
        "{state:?}"
    );
}
