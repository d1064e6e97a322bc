//! Which addresses are dialled, over real sockets: names that resolve to what is not allowed, literals, rebinding.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use sluse_egress::{Ceiling, Egress, EndpointRules, Lookup, SendError};

use crate::target::{Step, Target, answer, bearer, ceiling, get, rule, rules, send, send_as};

/// Gives the answers in order, the last one for ever.
struct Table(Mutex<VecDeque<Vec<IpAddr>>>);

impl Lookup for Table {
    fn addresses(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = self.0.lock().expect("not poisoned");
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(next.expect("an answer")) })
    }
}

fn egress(answers: &[&[&str]]) -> Egress {
    let parse = |texts: &&[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect();
    Egress::with_lookup(ceiling(), Arc::new(Table(Mutex::new(answers.iter().map(parse).collect()))))
}

fn ungranted(base_url: &str) -> EndpointRules {
    EndpointRules { cidrs: Vec::new(), ..rules(base_url) }
}

#[tokio::test]
async fn literals_are_checked_however_they_are_written() {
    for literal in [
        "127.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.5",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "[::]",
    ] {
        let refusal =
            Egress::new(ceiling()).endpoint(ungranted(&format!("http://{literal}:8080")), false).expect_err(literal);
        assert_eq!(refusal.rule, "address", "{literal}: {refusal}");
    }
}

#[tokio::test]
async fn user_and_password_in_a_url_are_refused() {
    for base_url in ["http://127.0.0.1@evil.test/", "http://user:word@127.0.0.1/", "http://127.0.0.1\\@evil.test/"] {
        assert_eq!(Egress::new(ceiling()).endpoint(rules(base_url), false).expect_err(base_url).rule, "base-url");
    }
}

#[tokio::test]
async fn a_host_outside_the_ceiling_is_refused() {
    let refusal = Egress::new(Ceiling::default()).endpoint(rules("https://example.dk"), false).expect_err("refused");
    assert_eq!(refusal.rule, "host");
    assert!(refusal.message.contains("add `example.dk` to `egress.hosts` in sluse.toml"), "{refusal}");
}

#[tokio::test]
async fn loopback_must_be_named_by_both() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    assert!(Egress::new(ceiling()).endpoint(ungranted(&target.url()), false).is_err());
    let low = Ceiling { cidrs: Vec::new(), ..ceiling() };
    assert!(Egress::new(low).endpoint(rules(&target.url()), false).is_err());
    send(&target.endpoint(), get("/")).await.expect("both name it");
}

#[tokio::test]
async fn one_denied_address_refuses_them_all() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    for answers in [["127.0.0.1", "10.0.0.5"], ["10.0.0.5", "127.0.0.1"]] {
        let endpoint = egress(&[&answers])
            .endpoint(rules(&format!("http://target.test:{}", target.port)), false)
            .expect("an endpoint");
        let error = send(&endpoint, get("/")).await.expect_err("refused");
        assert!(
            matches!(&error, SendError::Forbidden(refusal) if refusal.message.contains("10.0.0.5 of `target.test`") && refusal.message.contains("`workzone`")),
            "{error:?}"
        );
        assert_eq!(rule(error), "address");
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn exactly_the_judged_addresses_are_dialled() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = egress(&[&["127.0.0.1"]])
        .endpoint(rules(&format!("http://target.test:{}", target.port)), false)
        .expect("an endpoint");
    send(&endpoint, get("/")).await.expect("an answer");
    assert_eq!(target.heard()[0].header("host"), Some(format!("target.test:{}", target.port).as_str()));
}

#[tokio::test]
async fn each_new_socket_is_judged_anew() {
    let target = Target::start(vec![answer(200, "Connection: close\r\n", ""), Step::Close]).await;
    let endpoint = egress(&[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1"]])
        .endpoint(rules(&format!("http://target.test:{}", target.port)), false)
        .expect("an endpoint");
    send(&endpoint, get("/")).await.expect("allowed");
    assert_eq!(rule(send(&endpoint, get("/")).await.expect_err("rebound")), "address");
    send(&endpoint, get("/")).await.expect("allowed again");
    assert_eq!(target.connections(), 2);
}

#[tokio::test]
async fn a_name_without_addresses_is_unreachable() {
    let endpoint = egress(&[&[]]).endpoint(rules("http://target.test:1"), false).expect("an endpoint");
    let error = send(&endpoint, get("/")).await.expect_err("no address");
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn plaintext_needs_leave_and_keeps_credentials_on_the_machine() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let without_leave = EndpointRules { allow_plaintext: false, ..rules(&target.url()) };
    assert_eq!(Egress::new(ceiling()).endpoint(without_leave, false).expect_err("refused").rule, "plaintext");
    send_as(&target.bound_endpoint(), get("/"), &bearer()).await.expect("loopback");

    let refusal = Egress::new(ceiling()).endpoint(rules("http://8.8.8.8"), true).expect_err("refused");
    assert_eq!(refusal.rule, "plaintext-credential");
    let endpoint = egress(&[&["8.8.8.8"]]).endpoint(rules("http://target.test"), true).expect("an endpoint");
    assert_eq!(rule(send_as(&endpoint, get("/"), &bearer()).await.expect_err("refused")), "plaintext-credential");
}
