//! Answers that drip, break off, are too large or encoded: each ends within its limit.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sluse_egress::{Body, EndpointRules, SendError};
use tokio::net::TcpListener;

use crate::target::{Step, Target, answer, get, post, rule, rules, say, send};

const HUNDRED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";

fn short(rules: &mut EndpointRules) {
    rules.timeout = Duration::from_millis(300);
}

#[track_caller]
fn interrupted(error: &SendError, part: &str) {
    assert!(matches!(error, SendError::Interrupted(text) if text.contains(part)), "{error:?}");
    assert!(!error.nothing_was_sent());
}

#[track_caller]
fn unreachable(error: &SendError) {
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
    assert!(error.nothing_was_sent());
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let endpoint = sluse_egress::Egress::new(crate::target::ceiling())
        .endpoint(rules(&format!("http://127.0.0.1:{port}")), false)
        .expect("an endpoint");
    unreachable(&send(&endpoint, get("/?token=canary")).await.expect_err("closed"));
}

#[tokio::test]
async fn silence_after_the_request_is_interrupted() {
    let target = Target::start(vec![Step::Hang]).await;
    let endpoint = target.endpoint_with(short, false);
    for outgoing in [get("/"), post("/", Body::Empty), post("/", Body::Bytes(Bytes::from_static(b"{}")))] {
        interrupted(&send(&endpoint, outgoing).await.expect_err("silent"), "in time");
    }
    assert_eq!(target.heard().len(), 3);
}

#[tokio::test]
async fn a_request_can_shorten_its_time_and_not_lengthen_it() {
    let target = Target::start(vec![Step::Hang]).await;
    let begun = Instant::now();
    let mut outgoing = get("/");
    outgoing.timeout = Some(Duration::from_millis(200));
    interrupted(&send(&target.endpoint(), outgoing).await.expect_err("silent"), "in time");
    let mut outgoing = get("/");
    outgoing.timeout = Some(Duration::from_secs(3600));
    interrupted(&send(&target.endpoint_with(short, false), outgoing).await.expect_err("silent"), "in time");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_dripping_body_is_given_up() {
    let target = Target::start(vec![
        say("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        Step::Drip(Duration::from_millis(30)),
    ])
    .await;
    let endpoint = target.endpoint_with(|rules| rules.rate_window = Duration::from_millis(400), false);
    let begun = Instant::now();
    let mut incoming = send(&endpoint, get("/")).await.expect("a head");
    let mut received = 0;
    let error = loop {
        match incoming.body.chunk().await {
            Ok(chunk) => received += chunk.expect("no end").len(),
            Err(error) => break error,
        }
    };
    interrupted(&error, "slower than 100 bytes per second");
    assert!(received > 0 && received < 100, "{received}");
    assert!(begun.elapsed() < Duration::from_secs(15), "long before the endpoint's 30 seconds");
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let target = Target::start(vec![say(HUNDRED), say("begin"), Step::Hang]).await;
    let endpoint = target.endpoint_with(|rules| rules.rate_window = Duration::from_millis(200), false);
    let incoming = send(&endpoint, get("/")).await.expect("a head");
    interrupted(&incoming.body.bytes(1000).await.expect_err("stands still"), "slower");
}

#[tokio::test]
async fn without_a_rate_only_the_total_time_counts() {
    for (min_bytes_per_second, rate_window) in [(0, Duration::from_millis(50)), (100, Duration::ZERO)] {
        let steps = vec![say(HUNDRED), Step::Wait(Duration::from_millis(300)), say("x".repeat(100))];
        let target = Target::start(steps).await;
        let change = |rules: &mut EndpointRules| {
            rules.min_bytes_per_second = min_bytes_per_second;
            rules.rate_window = rate_window;
        };
        let incoming = send(&target.endpoint_with(change, false), get("/")).await.expect("a head");
        assert_eq!(incoming.body.bytes(100).await.expect("slow, but whole").len(), 100);
    }
}

#[tokio::test]
async fn a_slow_reader_is_not_the_targets_fault() {
    let target = Target::start(vec![answer(200, "", "x".repeat(600_000))]).await;
    let endpoint = target.endpoint_with(|rules| rules.rate_window = Duration::from_millis(100), false);
    let mut incoming = send(&endpoint, get("/")).await.expect("a head");
    let mut received = 0;
    while let Some(chunk) = incoming.body.chunk().await.expect("no error") {
        if received == 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        received += chunk.len();
    }
    assert_eq!(received, 600_000);
}

#[tokio::test]
async fn dripping_headers_end_with_the_total_time() {
    let target = Target::start(vec![say("HTTP/1.1 200 OK\r\nX-A: "), Step::Drip(Duration::from_millis(30))]).await;
    interrupted(&send(&target.endpoint_with(short, false), get("/")).await.expect_err("dripping"), "in time");
}

#[tokio::test]
async fn a_body_that_outlasts_the_total_time_is_interrupted() {
    let target = Target::start(vec![say(CHUNKED), say("1\r\na\r\n"), Step::Hang]).await;
    let incoming = send(&target.endpoint_with(|rules| rules.timeout = Duration::from_millis(500), false), get("/"))
        .await
        .expect("a head");
    interrupted(&incoming.body.bytes(100).await.expect_err("late"), "did not end in time");
}

#[tokio::test]
async fn cut_answers_are_interrupted() {
    for steps in [
        vec![Step::Close],
        vec![say("HTTP/1.1 200 OK\r\nContent-"), Step::Close],
        vec![say("nonsense\r\n\r\n"), Step::Close],
    ] {
        let target = Target::start(steps).await;
        interrupted(
            &send(&target.endpoint(), post("/", Body::Bytes(Bytes::from_static(b"{}")))).await.expect_err("cut"),
            "broke off",
        );
    }
    for steps in [vec![say(HUNDRED), say("begin"), Step::Close], vec![say(CHUNKED), say("5\r\nbegin\r\n"), Step::Close]]
    {
        let target = Target::start(steps).await;
        let mut body = send(&target.endpoint(), get("/")).await.expect("a head").body;
        let mut last = body.chunk().await;
        while let Ok(chunk) = &last {
            assert!(chunk.is_some(), "a cut body has no end");
            last = body.chunk().await;
        }
        interrupted(&last.expect_err("cut"), "broke off");
        interrupted(&body.chunk().await.expect_err("still cut"), "broke off");
    }
}

#[tokio::test]
async fn answers_above_the_cap_are_given_up() {
    let small = |rules: &mut EndpointRules| rules.max_response_bytes = 1000;
    let target = Target::start(vec![answer(200, "", "x".repeat(1000))]).await;
    let incoming = send(&target.endpoint_with(small, false), get("/")).await.expect("just fits");
    assert_eq!(incoming.body.bytes(1000).await.expect("just fits").len(), 1000);

    let target = Target::start(vec![answer(200, "", "x".repeat(1001))]).await;
    assert_eq!(
        send(&target.endpoint_with(small, false), get("/")).await.expect_err("said too much"),
        SendError::TooLarge(1000)
    );

    let thousand = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let target = Target::start(vec![say(CHUNKED), say(&thousand), say(&thousand), Step::Hang]).await;
    let incoming = send(&target.endpoint_with(small, false), get("/")).await.expect("a head");
    assert_eq!(incoming.body.bytes(10_000).await.expect_err("gave too much"), SendError::TooLarge(1000));
}

#[tokio::test]
async fn a_caller_takes_no_more_than_it_asked_for() {
    let target = Target::start(vec![answer(200, "", "x".repeat(1000))]).await;
    let incoming = send(&target.endpoint(), get("/")).await.expect("a head");
    assert_eq!(incoming.body.size_bytes(), Some(1000));
    assert_eq!(incoming.body.bytes(999).await.expect_err("too much"), SendError::TooLarge(999));
}

#[tokio::test]
async fn encoded_answers_are_refused() {
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let target = Target::start(vec![answer(200, &format!("Content-Encoding: {encoding}\r\n"), b"\x1f\x8b")]).await;
        let error = send(&target.endpoint(), get("/")).await.expect_err("encoded");
        assert!(!error.nothing_was_sent());
        assert_eq!(rule(error), "answer-encoding");
    }
}

#[tokio::test]
async fn too_many_headers_are_not_taken() {
    let many: String = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    let target = Target::start(vec![answer(200, &many, "")]).await;
    assert!(!send(&target.endpoint(), get("/")).await.expect_err("too many").nothing_was_sent());
    let long = format!("X-A: {}\r\n", "a".repeat(70_000));
    let target = Target::start(vec![answer(200, &long, "")]).await;
    assert_eq!(rule(send(&target.endpoint(), get("/")).await.expect_err("too long")), "answer-headers");
}

#[tokio::test]
async fn cookies_are_neither_kept_nor_handed_over() {
    let target = Target::start(vec![answer(200, "Set-Cookie: session=1\r\nX-A: b\r\n", "")]).await;
    let endpoint = target.endpoint();
    for _ in 0..2 {
        let incoming = send(&endpoint, get("/")).await.expect("an answer");
        assert!(incoming.headers.iter().any(|(name, _)| name == "x-a"));
        assert!(!incoming.headers.iter().any(|(name, _)| name == "set-cookie"));
    }
    assert_eq!(target.heard()[1].header("cookie"), None);
}
