//! The guest `echo` with something to send to: a target that counts, one connection, and a flow of one step.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{Router, http::StatusCode, routing::post};
use tokio::sync::Notify;

/// A target on loopback that counts what comes in, and answers 201.
#[derive(Debug, Clone)]
pub struct CountingTarget {
    url: String,
    requests: Arc<AtomicU64>,
    silence_ends: Arc<Notify>,
}

impl CountingTarget {
    /// The first `silent` requests are not answered before [`CountingTarget::answer_one`].
    pub async fn start(silent: u64) -> anyhow::Result<Self> {
        let (requests, silence_ends) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let (counted, answered) = (requests.clone(), silence_ends.clone());
        let answer = move || async move {
            if counted.fetch_add(1, Ordering::SeqCst) < silent {
                answered.notified().await;
            }
            StatusCode::CREATED
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().route("/", post(answer.clone()).put(answer.clone()).get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, requests, silence_ends })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many have come in.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Answers one of those that wait for an answer.
    pub fn answer_one(&self) {
        self.silence_ends.notify_one();
    }

    /// Counts from here.
    pub fn forget(&self) {
        self.requests.store(0, Ordering::SeqCst);
    }
}

/// The connection `target`, and the flow `send`, which sends the submission's `text` by this operation. `more` is about
/// the connection.
pub fn configuration(url: &str, operation: &str, more: &str) -> String {
    format!(
        r#"
[[connection]]
name = "target"
connector = "echo"
grant = {{ cidrs = ["127.0.0.0/8"] }}
{more}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
[[flow]]
name = "send"
schema = '{{"type": "object"}}'
[[flow.step]]
name = "send"
connection = "target"
operation = "{operation}"
input = {{ text = "{{{{ submission.text }}}}" }}
"#
    )
}
