//! What a request looks like on the wire: headers, credentials, paths, connections that are used again.

use bytes::Bytes;
use sluse_egress::{Body, Credential, Message, Outgoing, SendError};
use sluse_model::Timestamp;

use crate::target::{Target, answer, bearer, get, post, rule, send, send_as};

#[tokio::test]
async fn a_request_arrives_as_it_was_written() {
    let target = Target::start(vec![answer(200, "Content-Type: application/json\r\n", r#"{"ID":1}"#)]).await;
    let endpoint = target.endpoint_with(|rules| rules.base_url.push_str("/odata/"), false);
    let mut outgoing =
        post("/Files('67453')?$select=ID&$filter=EXTREF%20eq%20%27a%27", Body::Bytes(Bytes::from_static(b"{}")));
    outgoing.headers = vec![
        ("Content-Type".into(), "application/json".into()),
        ("Prefer".into(), "a".into()),
        ("Prefer".into(), "b".into()),
    ];
    let incoming = send(&endpoint, outgoing).await.expect("an answer");
    assert_eq!(incoming.status, 200);
    assert!(incoming.headers.contains(&("content-type".into(), "application/json".into())));
    assert_eq!(incoming.body.bytes(100).await.expect("a body"), r#"{"ID":1}"#);

    let heard = target.heard();
    let head = &heard[0].head;
    assert!(
        head.starts_with("POST /odata/Files('67453')?$select=ID&$filter=EXTREF%20eq%20%27a%27 HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(heard[0].header("host"), Some(format!("127.0.0.1:{}", target.port).as_str()));
    assert_eq!(heard[0].header("content-length"), Some("2"));
    assert_eq!(heard[0].body, b"{}");
    assert_eq!(head.matches("prefer: ").count(), 2);
    for absent in ["accept-encoding", "cookie", "referer", "transfer-encoding", "expect"] {
        assert_eq!(heard[0].header(absent), None, "{absent}");
    }
}

/// The vector of Standard Webhooks' own libraries, and what carries it.
fn signed(body: Body, headers: &[(&str, &str)]) -> (Outgoing, Credential) {
    let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), at: Timestamp::from_millis(1_614_265_330_000) };
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let outgoing = Outgoing { headers, message: Some(message), ..post("/hooks", body) };
    (outgoing, Credential::Signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()))
}

#[tokio::test]
async fn a_signed_request_carries_id_time_and_signature_of_its_bytes() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let (outgoing, key) = signed(Body::Bytes(Bytes::from_static(br#"{"test": 2432232314}"#)), &[]);
    send_as(&target.bound_endpoint(), outgoing, &key).await.expect("an answer");
    let heard = &target.heard()[0];
    assert_eq!(heard.header("webhook-id"), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    assert_eq!(heard.header("webhook-timestamp"), Some("1614265330"));
    assert_eq!(heard.header("webhook-signature"), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = target.bound_endpoint();
    let stream = Body::Stream { size_bytes: 1, reader: Box::pin(&b"x"[..]) };
    let (streamed, key) = signed(stream, &[]);
    assert_eq!(rule(send_as(&endpoint, streamed, &key).await.expect_err("refused")), "signature");
    let (unnamed, key) = signed(Body::Empty, &[]);
    let unnamed = Outgoing { message: None, ..unnamed };
    assert_eq!(rule(send_as(&endpoint, unnamed, &key).await.expect_err("refused")), "signature");
    let (forged, key) = signed(Body::Empty, &[("webhook-timestamp", "99999999999")]);
    assert_eq!(rule(send_as(&endpoint, forged, &key).await.expect_err("refused")), "header");
    assert_eq!(target.heard().len(), 0);
}

#[tokio::test]
async fn a_post_without_a_body_says_so() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    send(&target.endpoint(), post("/Close", Body::Empty)).await.expect("an answer");
    assert_eq!(target.heard()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn merge_is_sent_and_head_has_no_body() {
    let target = Target::start(vec![say_length_only()]).await;
    let endpoint = target.endpoint();
    let mut outgoing = get("/");
    outgoing.method = http::Method::HEAD;
    let incoming = send(&endpoint, outgoing).await.expect("an answer");
    assert_eq!(incoming.body.bytes(0).await.expect("no body"), "");

    let target = Target::start(vec![answer(204, "", "")]).await;
    let mut outgoing = post("/F", Body::Bytes(Bytes::from_static(b"{}")));
    outgoing.method = "MERGE".parse().expect("a method");
    assert_eq!(send(&target.endpoint(), outgoing).await.expect("an answer").status, 204);
    assert!(target.heard()[0].head.starts_with("MERGE /F HTTP/1.1"));
}

fn say_length_only() -> crate::target::Step {
    crate::target::say("HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n")
}

#[tokio::test]
async fn sockets_are_used_again() {
    let target = Target::start(vec![answer(200, "", "ok")]).await;
    let endpoint = target.endpoint();
    for _ in 0..5 {
        send(&endpoint, get("/")).await.expect("an answer").body.bytes(10).await.expect("a body");
    }
    assert_eq!((target.heard().len(), target.connections()), (5, 1));
}

#[tokio::test]
async fn sockets_never_cross_credentials() {
    let target = Target::start(vec![answer(200, "", "ok")]).await;
    for token in ["token-of-one", "token-of-two"] {
        let credential = Credential::Bearer(token.into());
        send_as(&target.bound_endpoint(), get("/"), &credential)
            .await
            .expect("an answer")
            .body
            .bytes(10)
            .await
            .expect("a body");
    }
    assert_eq!(target.connections(), 2);
    let sent: Vec<String> =
        target.heard().iter().map(|heard| heard.header("authorization").expect("a header").to_owned()).collect();
    assert_eq!(sent, ["Bearer token-of-one", "Bearer token-of-two"]);
}

#[tokio::test]
async fn each_kind_of_credential_joins() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = target.bound_endpoint();
    for credential in [
        bearer(),
        Credential::Header { name: "x-api-key".into(), value: "canary-key".into() },
        Credential::Query { name: "key".into(), value: "canary/key".into() },
        Credential::Basic { username: "user".into(), password: "canary-word".into(), version: None },
    ] {
        send_as(&endpoint, get("/a?b=c"), &credential).await.expect("an answer");
    }
    let heard = target.heard();
    assert_eq!(heard[0].header("authorization"), Some("Bearer canary-token-8451"));
    assert_eq!(heard[1].header("x-api-key"), Some("canary-key"));
    assert!(heard[2].head.starts_with("GET /a?b=c&key=canary%2Fkey HTTP/1.1"));
    assert_eq!(heard[3].header("authorization"), Some("Basic dXNlcjpjYW5hcnktd29yZA=="));
}

#[tokio::test]
async fn smuggling_is_refused_before_anything_is_sent() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = target.bound_endpoint();
    let header = |name: &str, value: &str| {
        let mut outgoing = get("/");
        outgoing.headers = vec![(name.into(), value.into())];
        outgoing
    };
    let credential = bearer();
    for (outgoing, expected) in [
        (header("Host", "evil.test"), "header"),
        (header("Content-Length", "0"), "header"),
        (header("Transfer-Encoding", "chunked"), "header"),
        (header("X-A", "b\r\nHost: evil.test"), "header"),
        (header("X-A\r\nHost", "evil.test"), "header"),
        (header("Authorization", "Bearer other"), "header"),
        (header("Accept-Encoding", "gzip"), "header"),
        (header("X-Forwarded-Host", "evil.test"), "header"),
        (get("//evil.test/"), "path"),
        (get("/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"), "path"),
        (get("/a/../../admin"), "path"),
    ] {
        let error = send_as(&endpoint, outgoing, &credential).await.expect_err("refused");
        assert!(error.nothing_was_sent());
        assert_eq!(rule(error), expected);
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_guest_cannot_put_a_parameter_beside_the_credential() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let credential = Credential::Query { name: "api_key".into(), value: "canary-key".into() };
    let error = send_as(&target.bound_endpoint(), get("/?API%5Fkey=mine"), &credential).await.expect_err("refused");
    assert_eq!(rule(error), "query");
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn an_endpoint_keeps_to_the_credential_it_was_built_for() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let error = send(&target.bound_endpoint(), get("/")).await.expect_err("refused");
    assert_eq!(rule(error), "credential");
    let error = send_as(&target.endpoint(), get("/"), &bearer()).await.expect_err("refused");
    assert_eq!(rule(error), "credential");
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_request_above_the_cap_is_refused() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = target.endpoint_with(|rules| rules.max_request_bytes = 10, false);
    send(&endpoint, post("/", Body::Bytes(Bytes::from_static(&[0; 10])))).await.expect("just fits");
    let error = send(&endpoint, post("/", Body::Bytes(Bytes::from_static(&[0; 11])))).await.expect_err("refused");
    for key in ["`limits.max_attachment_bytes` of connection", "`egress.max_request_bytes`"] {
        assert!(matches!(&error, SendError::Forbidden(refusal) if refusal.message.contains(key)), "{error}");
    }
    assert_eq!(rule(error), "request-size");
    assert_eq!(target.heard().len(), 1);
}

/// The test above in a process of its own, whose environment names a proxy.
#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let proxy = Target::start(vec![answer(502, "", "")]).await;
    let mut again = tokio::process::Command::new(std::env::current_exe().expect("this test"));
    again.args(["--exact", "requests::each_kind_of_credential_joins"]).env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        again.env(name, proxy.url());
    }
    let output = again.output().await.expect("a process");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.connections(), 0);
}
