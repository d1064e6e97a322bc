//! Targets that echo a secret, in headers, text and binary, in every encoding and across chunks.

use std::time::Duration;

use sluse_egress::{Credential, SendError};

use crate::target::{Step, Target, answer, bearer, get, rule, say, send_as};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";

async fn body_of(target: &Target, credential: &Credential) -> Result<String, SendError> {
    let incoming = send_as(&target.bound_endpoint(), get("/"), credential).await?;
    let bytes = incoming.body.bytes(1 << 20).await?;
    Ok(String::from_utf8(bytes.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_secret_in_a_header_is_replaced() {
    let target = Target::start(vec![answer(401, "X-Debug: got Bearer canary-token-8451!\r\n", "")]).await;
    let incoming = send_as(&target.bound_endpoint(), get("/"), &bearer()).await.expect("an answer");
    assert!(incoming.headers.contains(&("x-debug".into(), "got Bearer [redacted]!".into())), "{:?}", incoming.headers);
}

#[tokio::test]
async fn a_secret_in_text_is_replaced_in_each_spelling() {
    let credential = Credential::Basic { username: "user".into(), password: "canary/word".into(), version: None };
    for (echo, clean) in [
        ("canary/word", "[redacted]"),
        (r#"{"error":"canary\/word"}"#, r#"{"error":"[redacted]"}"#),
        ("a=canary%2fword&b", "a=[redacted]&b"),
        ("Authorization: Basic dXNlcjpjYW5hcnkvd29yZA==", "Authorization: Basic [redacted]"),
        ("63616e6172792f776f7264", "[redacted]"),
    ] {
        let target = Target::start(vec![answer(500, "Content-Type: application/json\r\n", echo)]).await;
        assert_eq!(body_of(&target, &credential).await.expect("a body"), clean);
    }
}

#[tokio::test]
async fn a_secret_across_chunk_borders_is_replaced() {
    let pause = || Step::Wait(Duration::from_millis(40));
    let steps = vec![
        say(CHUNKED),
        pause(),
        say("c\r\nfirst canary\r\n"),
        pause(),
        say("7\r\n-token-\r\n"),
        pause(),
        say("9\r\n8451 last\r\n"),
        pause(),
        say("6\r\ncanary\r\n0\r\n\r\n"),
    ];
    let target = Target::start(steps).await;
    assert_eq!(body_of(&target, &bearer()).await.expect("a body"), "first [redacted] lastcanary");
}

#[tokio::test]
async fn a_binary_answer_with_a_secret_is_refused() {
    for media_type in ["Content-Type: application/pdf\r\n", ""] {
        let target = Target::start(vec![answer(200, media_type, b"%PDF\xff canary-token-8451 \xff")]).await;
        let error = body_of(&target, &bearer()).await.expect_err("refused");
        assert!(!error.nothing_was_sent());
        assert_eq!(rule(error), "secret-in-binary");
    }
}

#[tokio::test]
async fn a_binary_answer_without_a_secret_is_not_altered() {
    let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let target = Target::start(vec![answer(200, "Content-Type: application/pdf\r\n", &content)]).await;
    let incoming = send_as(&target.bound_endpoint(), get("/"), &bearer()).await.expect("an answer");
    assert_eq!(incoming.body.bytes(1 << 20).await.expect("a body"), content);
}
