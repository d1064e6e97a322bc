//! What the host adds for somebody who waits: the time from asking to the answer, over asking the target directly, in the
//! same run and in turn.

use std::{
    fmt,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder};
use tokio::task::JoinSet;

use crate::{arms::Arm, host::HostArm, load::Target};

/// Calls of each kind in a round, all clients together.
const CALLS: usize = 2_000;
/// In turn with the target alone, so that what else goes on meets both.
const ROUNDS: usize = 5;
const CLIENTS: [usize; 2] = [1, 16];

/// What is sent, to the target as through the host.
const MESSAGE: &str = r#"{"text": "Rønnebærvej 4, 8660 Skanderborg"}"#;

pub(crate) async fn measure() -> anyhow::Result<()> {
    let target = Target::start(Duration::ZERO).await?;
    let host = HostArm::start(target.url(), "post").await?;
    // reqwest is built without a provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().tcp_nodelay(true).build()?;
    println!("{CALLS} calls in each of {ROUNDS} rounds, in turn with the target alone");
    for (what, method, operation) in [("reads only", Method::GET, "fetch"), ("once, durable", Method::POST, "post")] {
        let address = host.address(&format!("/v1/connections/target/operations/{operation}"));
        for clients in CLIENTS {
            let direct = client.request(method.clone(), target.url()).body(body_of(&method));
            let token = host.token().unwrap_or_default();
            let called =
                client.post(&address).bearer_auth(token).body(if method == Method::GET { "{}" } else { MESSAGE });
            let called = called.header("content-type", "application/json");
            let (mut alone, mut through) = (Vec::new(), Vec::new());
            // What is slow only once: connections, the first look at what is configured.
            ask(&called, clients * 10, clients).await?;
            for _ in 0..ROUNDS {
                alone.extend(ask(&direct, CALLS, clients).await?);
                through.extend(ask(&called, CALLS, clients).await?);
            }
            report(what, clients, &Latencies::of(alone), &Latencies::of(through));
        }
    }
    host.stop().await;
    Ok(())
}

fn body_of(method: &Method) -> &'static str {
    if *method == Method::GET { "" } else { MESSAGE }
}

fn report(what: &str, clients: usize, alone: &Latencies, through: &Latencies) {
    let plural = if clients == 1 { "" } else { "s" };
    println!("{what}, {clients} client{plural}");
    println!("  the target alone   {alone}");
    println!("  through the host   {through}");
    println!("  added              {}", Latencies { p50: through.p50 - alone.p50, p99: through.p99 - alone.p99 });
}

/// In microseconds.
struct Latencies {
    p50: f64,
    p99: f64,
}

impl Latencies {
    fn of(mut taken: Vec<Duration>) -> Self {
        taken.sort_unstable();
        let at = |part: f64| taken[((taken.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:>6.0} µs   p99 {:>6.0} µs", self.p50, self.p99)
    }
}

/// Asks so often, side by side, and gives how long each took to its last byte.
async fn ask(request: &RequestBuilder, count: usize, clients: usize) -> anyhow::Result<Vec<Duration>> {
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let requests: Option<Vec<_>> = (0..count / clients).map(|_| request.try_clone()).collect();
        let requests = requests.ok_or_else(|| anyhow::anyhow!("a body that cannot be sent again"))?;
        asking.spawn(async move {
            let mut taken = Vec::with_capacity(requests.len());
            for request in requests {
                let began = Instant::now();
                let answer = request.send().await?;
                let status = answer.status();
                let body = answer.bytes().await?;
                anyhow::ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
                taken.push(began.elapsed());
            }
            anyhow::Ok(taken)
        });
    }
    let mut taken = Vec::with_capacity(count);
    while let Some(ended) = asking.join_next().await {
        taken.extend(ended??);
    }
    Ok(taken)
}
