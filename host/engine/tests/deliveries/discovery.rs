//! Endpoints whose address is asked for: who is believed, and how far.

use std::sync::{Arc, Mutex};

use serde_json::json;
use sluse_connector::SendError;
use sluse_model::{DeliveryState, Failure, Outcome, Problem, Reason, RunState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::once::send;
use crate::bench::{Act, Bench, Target};

/// Somebody on loopback who says where a target is.
struct Guide {
    url: String,
    says: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Guide {
    async fn start(address: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let guide = Self { url, says: Arc::default(), asked: Arc::default() };
        guide.says(200, &json!({"area": "na1", "api_endpoint": address}).to_string());
        let (says, asked) = (guide.says.clone(), guide.asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                asked.lock().expect("not poisoned").push(String::from_utf8_lossy(&head[..read]).into_owned());
                let (status, body) = says.lock().expect("not poisoned").clone();
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        guide
    }

    fn says(&self, status: u16, body: &str) {
        *self.says.lock().expect("not poisoned") = (status, body.to_owned());
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

/// An engine whose target is where the guide says, as far as these hosts are believed.
async fn bench(guide: &Guide, believed: &str) -> Bench {
    let bench = Bench::start("http://127.0.0.1:1", |_, _, _, mut host| async move {
        Ok(match send(&mut host, false).await {
            Ok(_) => Ok(Outcome::Done { output: "{}".into() }),
            Err(SendError::Forbidden(text)) => Err(Failure::Denied { problem: Problem::new("refused", text) }),
            Err(error) => Err(Failure::Unavailable {
                problem: Problem::new("unavailable", error.to_string()),
                retry_after_ms: None,
            }),
        })
    })
    .await;
    let name = "cxone".parse().expect("a name");
    bench.engine.set_secret(&name, b"hemmelig-noegle-77".to_vec()).await.expect("kept");
    let text = format!(
        r#"
[[connection]]
name = "target"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"] }}
retry = {{ max_attempts = 3, base_ms = 10, cap_ms = 10, floor_ms = 10 }}
[connection.endpoints.default]
discovery = {{ url = "{}/.well-known/cxone-configuration?tenantId=æ", field = "api_endpoint", host_suffixes = ["{believed}"] }}
allow_plaintext = true
auth = {{ kind = "bearer", token = {{ secret = "cxone" }} }}
"#,
        guide.url
    );
    bench.apply(text.replace('æ', "11")).await;
    bench
}

fn host_of(target: &Target) -> &str {
    target.url.strip_prefix("http://").expect("a URL in clear")
}

#[tokio::test]
async fn requests_go_where_the_guide_says_and_it_is_asked_once_an_hour() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let guide = Guide::start(&format!("{}/api/", target.url)).await;
    let bench = bench(&guide, host_of(&target)).await;
    for _ in 0..3 {
        let run = bench.submit("x").await;
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    }
    assert_eq!(target.seen(), ["POST /api/things HTTP/1.1"; 3]);
    assert!(target.heads()[0].to_lowercase().contains("authorization: bearer hemmelig-noegle-77"));
    let asked = guide.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("GET /.well-known/cxone-configuration?tenantId=11 "), "{}", asked[0]);
    assert!(!asked[0].to_lowercase().contains("authorization"), "a guide is told no secret: {}", asked[0]);
    let secrets = bench.engine.secrets().await.expect("listed");
    assert_eq!(secrets[0].summary.origins, std::slice::from_ref(&target.url), "the secret is bound to who is believed");
    bench.advance(std::time::Duration::from_secs(3600));
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded);
    assert_eq!(guide.asked().len(), 2);
}

#[tokio::test]
async fn a_host_that_is_not_believed_gets_nothing() {
    let (target, foreign) = (Target::start(&[Act::Answer(200)]).await, Target::start(&[Act::Answer(200)]).await);
    let guide = Guide::start(&foreign.url).await;
    let bench = bench(&guide, host_of(&target)).await;
    let run = bench.submit("x").await;
    bench.settled(run).await;
    let delivery = bench.first_delivery(run).await;
    let DeliveryState::Attention(attention) = &delivery.delivery.state else { panic!("{delivery:?}") };
    assert_eq!(attention.reason, Reason::Denied);
    let told = format!("{delivery:?}");
    assert!(
        told.contains(&format!("it names host `{}`, which is not believed", host_of(&foreign)))
            && told.contains("`discovery.host_suffixes`"),
        "{told}"
    );
    assert_eq!((foreign.seen().len(), target.seen().len()), (0, 0));
}

#[tokio::test]
async fn a_host_beside_the_suffix_or_in_another_scheme_gets_nothing() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let guide = Guide::start("").await;
    let bench = bench(&guide, host_of(&target)).await;
    for (address, part) in [
        (target.url.replace("http:", "https:"), "does not begin with `http://`"),
        (target.url.replace("http://", "http://evil@"), "leave out user and password"),
        (format!("{}?x=1", target.url), "leave out query"),
        (format!("{}.evil.test", target.url), "is no address"),
        ("http://127.0.0.1:1".to_owned(), "which is not believed"),
        ("file:///etc/passwd".to_owned(), "does not begin with `http://`"),
    ] {
        guide.says(200, &json!({ "api_endpoint": address }).to_string());
        let run = bench.submit("x").await;
        bench.settled(run).await;
        let told = format!("{:?}", bench.first_delivery(run).await);
        assert!(told.contains(part), "{address}: {told}");
        bench.advance(std::time::Duration::from_secs(10));
    }
    assert_eq!(target.seen().len(), 0);
}

#[tokio::test]
async fn a_guide_that_cannot_answer_is_asked_again() {
    let target = Target::start(&[Act::Answer(200)]).await;
    for (status, body) in [(503, ""), (200, "<html>"), (200, "{\"api_endpoint\": 7}")] {
        let guide = Guide::start("").await;
        guide.says(status, body);
        let bench = bench(&guide, host_of(&target)).await;
        let run = bench.submit("x").await;
        bench.until("the guide is asked", async || !guide.asked().is_empty()).await;
        guide.says(200, &json!({ "api_endpoint": target.url }).to_string());
        // Left alone for a second.
        bench.advance(std::time::Duration::from_secs(1));
        assert_eq!(bench.settled(run).await.run.state, RunState::Succeeded, "{status} {body}");
    }
}
