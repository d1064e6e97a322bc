//! What a connector is handed: never a secret, also when the target says it back.

use std::sync::Arc;

use serde_json::json;
use sluse_connector::{Answer, SendError};
use sluse_model::{Name, Outcome, RunState};
use tokio::sync::Semaphore;

use super::once::post;
use crate::bench::{Act, Bench, Target};

const SECRET: &str = "hemmelig-noegle-77-canary";

async fn sign_in_with_the_secret(bench: &Bench, target: &Target) -> Name {
    let name = "key".parse().expect("a name");
    bench.engine.set_secret(&name, SECRET.as_bytes().to_vec()).await.expect("kept");
    let endpoint = "auth = { kind = \"bearer\", token = { secret = \"key\" } }";
    bench.configure_with(endpoint, &target.url, &[("act", "act", json!({"text": "x"}))]).await;
    name
}

#[tokio::test]
async fn a_connector_never_sees_the_secret_that_it_signs_in_with() {
    let target = Target::start(&[Act::Echo]).await;
    let bench = Bench::start(&target.url, |call, operation, input, mut host| async move {
        let response = host.send(post(false)).await.expect("an answer");
        let Answer::Bytes(body) = &response.body else { panic!("it was not to be kept") };
        let body = String::from_utf8_lossy(body).into_owned();
        // The target did see a credential, and said it back twice.
        assert!(body.to_lowercase().contains("authorization: "), "{body}");
        let seen = format!("{call:?} {operation} {input} {:?} {body}", response.headers);
        for form in [SECRET, "hemmelig", "canary"] {
            assert!(!seen.contains(form), "{seen}");
        }
        Ok(Ok(Outcome::Done { output: "{}".into() }))
    })
    .await;
    sign_in_with_the_secret(&bench, &target).await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
}

#[tokio::test]
async fn an_origin_that_is_withdrawn_between_two_requests_gets_the_first_one_only() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let (sent, withdrawn) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (told, waits) = (sent.clone(), withdrawn.clone());
    let bench = Bench::start(&target.url, move |_, _, _, mut host| {
        let (told, waits) = (told.clone(), waits.clone());
        async move {
            host.send(post(false)).await.expect("an answer");
            told.add_permits(1);
            waits.acquire().await.expect("never closed").forget();
            let error = host.send(post(false)).await.expect_err("refused");
            assert!(
                matches!(&error, SendError::Forbidden(text) if text.contains("sluse secret confirm key")),
                "{error}"
            );
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    let name = sign_in_with_the_secret(&bench, &target).await;
    let run = bench.submit("x").await;
    sent.acquire().await.expect("never closed").forget();
    bench.engine.withdraw_secret(&name, &target.url).await.expect("withdrawn");
    withdrawn.add_permits(1);
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded, "the connector had its way to the end");
    assert_eq!(target.seen().len(), 1, "{:?}", target.seen());
}
