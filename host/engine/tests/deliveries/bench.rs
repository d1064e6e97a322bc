//! An engine to try things on: a store in a temporary folder, a loader that hands out fakes, a target on loopback.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use sluse_connector::{
    Arrival, Call, Connector, Ended, Host, LoadError, Loader,
    fakes::{FakeConnector, description},
};
use sluse_egress::{Ceiling, Egress};
use sluse_engine::{
    ApplyOptions, ConfigurationFile, Engine, EngineParts, EngineSettings, InstallOptions, RetentionSettings,
    Submission, SubmitError, Submitted,
};
use sluse_model::{
    Actor, Clock, CredentialKind, Description, Digest, EndpointNeed, FeedDescription, FolderNeed, Outcome, RunId,
    RunState, Timestamp, TokenId,
    fakes::{SeededDice, SimClock},
};
use sluse_store::{DeliveryDetail, RunDetail, Store};
use sluse_store_sqlite::SqliteStore;
use sluse_vault::{MasterKey, Vault};

/// A component that can do nothing.
pub(crate) const WITHOUT_OPERATIONS: &[u8] = b"without operations";

/// Somebody who acts.
pub(crate) fn clerk() -> Actor {
    Actor { token: TokenId::new(NOW, &SeededDice::new(1)), name: "clerk".into() }
}

/// Hands out one fake for any other bytes, and counts how often.
#[derive(Debug)]
struct FakeLoader(FakeConnector, Arc<AtomicU32>);

#[async_trait]
impl Loader for FakeLoader {
    async fn load(&self, component: Bytes) -> Result<Arc<dyn Connector>, LoadError> {
        if component.is_empty() {
            return Err(LoadError::NotAComponent("it is empty".into()));
        }
        self.1.fetch_add(1, Ordering::SeqCst);
        if &*component == WITHOUT_OPERATIONS {
            let nothing = |_, _, _, _| async { Ok(Ok(Outcome::Done { output: "{}".into() })) };
            let useless = FakeConnector::new(description("fake", "2.0.0", &[]), nothing);
            return Ok(Arc::new(useless.loaded_from(&component)));
        }
        Ok(Arc::new(self.0.clone().loaded_from(&component)))
    }
}

/// An engine to try things on.
pub(crate) struct Bench {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<SqliteStore>,
    /// How often a component was loaded.
    pub(crate) loads: Arc<AtomicU32>,
    connector: FakeConnector,
    clock: Arc<SimClock>,
}

/// What the addresses begin with at which targets answer.
pub(crate) const CALLBACKS_URL: &str = "https://sluse.test";

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_768_464_000_000);

impl Bench {
    /// An engine whose one connector, `fake`, does this for each of its operations: `act`, `act-again`, `read`.
    pub(crate) async fn start<F, Running>(url: &str, execute: F) -> Self
    where
        F: Fn(Call, String, String, Box<dyn Host>) -> Running + Send + Sync + 'static,
        Running: Future<Output = Ended<Outcome>> + Send + 'static,
    {
        Self::of(FakeConnector::new(said(), execute), url).await
    }

    /// The same, which goes on after a wait as the second closure says.
    pub(crate) async fn resuming<F, Executing, G, Resuming>(url: &str, execute: F, resume: G) -> Self
    where
        F: Fn(Call, String, String, Box<dyn Host>) -> Executing + Send + Sync + 'static,
        Executing: Future<Output = Ended<Outcome>> + Send + 'static,
        G: Fn(Call, String, Arrival, Box<dyn Host>) -> Resuming + Send + Sync + 'static,
        Resuming: Future<Output = Ended<Outcome>> + Send + 'static,
    {
        Self::of(FakeConnector::new(said(), execute).resuming(resume), url).await
    }

    /// An engine with this connector.
    pub(crate) async fn of(connector: FakeConnector, url: &str) -> Self {
        Self::with(settings(), connector, url).await
    }

    /// The same, whose leases are that long: they are looked after three times as often.
    pub(crate) async fn leasing(lease: Duration, connector: FakeConnector, url: &str) -> Self {
        Self::with(EngineSettings { lease, ..settings() }, connector, url).await
    }

    /// An engine with this connector, which reserves `lines` from 10 on, and a flow `counter` that asks it to `act`.
    pub(crate) async fn counting(connector: FakeConnector) -> Self {
        let bench = Self::unconfigured(settings(), connector).await;
        let text = r#"
[[connection]]
name = "counter"
connector = "fake"
retry = { max_attempts = 3, base_ms = 10, cap_ms = 10, floor_ms = 10 }
sequences = { lines = { first = 10, last = 99 } }
[[flow]]
name = "counter"
schema = true
[[flow.step]]
name = "act"
connection = "counter"
operation = "act"
input = {}
"#;
        bench.apply(text.into()).await;
        bench
    }

    async fn with(settings: EngineSettings, connector: FakeConnector, url: &str) -> Self {
        let bench = Self::unconfigured(settings, connector).await;
        bench.configure(url, &[("act", "act", json!({"text": "{{ submission.text }}"}))]).await;
        bench
    }

    async fn unconfigured(settings: EngineSettings, connector: FakeConnector) -> Self {
        let clock = Arc::new(SimClock::at(NOW));
        let store = Arc::new(SqliteStore::temporary(clock.clone()).expect("a store"));
        let loads = Arc::new(AtomicU32::new(0));
        let engine = engine(&store, &connector, &clock, &loads, settings).await;
        let bench = Self { engine, store, loads, connector, clock };
        bench.install(b"a component").await;
        bench
    }

    /// Hands it another revision, which is active from then on.
    pub(crate) async fn install(&self, component: &'static [u8]) -> Digest {
        let options = InstallOptions { activate: true, ..InstallOptions::default() };
        let installed = self.engine.install(Bytes::from_static(component), options).await.expect("installed");
        installed.revision.digest
    }

    /// A flow `flow` of these steps: name, operation, input.
    pub(crate) async fn configure(&self, url: &str, steps: &[(&str, &str, Value)]) {
        self.configure_with("", url, steps).await;
    }

    /// The same, with more about the endpoint.
    pub(crate) async fn configure_with(&self, endpoint: &str, url: &str, steps: &[(&str, &str, Value)]) {
        let mut text = format!(
            r#"
[[connection]]
name = "target"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"] }}
retry = {{ max_attempts = 3, base_ms = 10, cap_ms = 10, floor_ms = 10 }}
limits = {{ timeout_ms = 1000 }}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
timeout_ms = 1000
{endpoint}
[[flow]]
name = "flow"
schema = '{{"type": "object", "required": ["text"], "properties": {{"text": {{"type": "string"}}}}}}'
"#
        );
        for (name, operation, input) in steps {
            let fields: Vec<String> =
                input.as_object().into_iter().flatten().map(|(key, value)| format!("{key} = {value}")).collect();
            text.push_str(&format!(
                "[[flow.step]]\nname = \"{name}\"\nconnection = \"target\"\noperation = \"{operation}\"\ninput = {{ {} }}\n",
                fields.join(", ")
            ));
        }
        self.apply(text).await;
    }

    /// Applies what stands in a file.
    pub(crate) async fn apply(&self, text: String) {
        let file = ConfigurationFile { name: "bench.toml".into(), text };
        self.engine.configure(&[file], ApplyOptions::default()).await.expect("applied");
    }

    /// A connection of this name, and a flow of the same name that sends one text to it. `more` is about the connection.
    pub(crate) async fn connect(&self, name: &str, url: &str, more: &str) {
        let text = format!(
            r#"
[[connection]]
name = "{name}"
connector = "fake"
grant = {{ cidrs = ["127.0.0.0/8"] }}
{more}
[connection.endpoints.default]
url = "{url}"
allow_plaintext = true
[[flow]]
name = "{name}"
schema = true
[[flow.step]]
name = "act"
connection = "{name}"
operation = "act"
input = {{ text = "{name}" }}
"#
        );
        self.apply(text).await;
    }

    /// Hands something in to the flow of this name.
    pub(crate) async fn submit_to(&self, flow: &str) -> RunId {
        let submission = Submission { flow: flow.parse().expect("a name"), ..submission(json!({}), None) };
        self.engine.submit(submission).await.expect("accepted").run
    }

    /// Waits until this holds. Time stands still meanwhile.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for _ in 0..500 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: it never came to that");
    }

    pub(crate) async fn submit(&self, text: &str) -> RunId {
        self.try_submit(json!({"text": text}), None).await.expect("accepted").run
    }

    pub(crate) async fn try_submit(&self, data: Value, key: Option<&str>) -> Result<Submitted, SubmitError> {
        self.engine.submit(submission(data, key)).await
    }

    /// The run, once it is closed or needs a person. Time moves on meanwhile, so that retries come due.
    pub(crate) async fn settled(&self, run: RunId) -> RunDetail {
        for _ in 0..500 {
            let detail = self.store_dyn().run(run).await.expect("read").expect("a run");
            if detail.run.state != RunState::Running {
                return detail;
            }
            self.clock.advance(Duration::from_millis(50));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("run {run} did not settle");
    }

    /// The first delivery of a run with its attempts.
    pub(crate) async fn first_delivery(&self, run: RunId) -> DeliveryDetail {
        let detail = self.store_dyn().run(run).await.expect("read").expect("a run");
        self.store_dyn().delivery(detail.deliveries[0].id).await.expect("read").expect("a delivery")
    }

    /// A second engine on the same store, as after a restart, but with the leases still held.
    pub(crate) async fn another_engine(&self) -> Arc<Engine> {
        self.another_engine_that_keeps(None).await
    }

    /// The same, which gives up what is older.
    pub(crate) async fn another_engine_that_keeps(&self, retention: Option<RetentionSettings>) -> Arc<Engine> {
        let settings = EngineSettings { retention, ..settings() };
        engine(&self.store, &self.connector, &self.clock, &self.loads, settings).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub(crate) fn step_back(&self, duration: Duration) {
        self.clock.step_back(duration);
    }

    fn store_dyn(&self) -> &dyn Store {
        &*self.store
    }
}

/// The connector `fake`, which does this for each of its operations.
pub(crate) fn fake<F, Running>(execute: F) -> FakeConnector
where
    F: Fn(Call, String, String, Box<dyn Host>) -> Running + Send + Sync + 'static,
    Running: Future<Output = Ended<Outcome>> + Send + 'static,
{
    FakeConnector::new(said(), execute)
}

/// What the connector says of itself.
fn said() -> Description {
    let mut said = description("fake", "1.0.0", &["act", "act-again", "read"]);
    said.operations[2].reads_only = true;
    said.endpoints = vec![EndpointNeed {
        name: "default".into(),
        title: "Target".into(),
        required: true,
        credentials: vec![CredentialKind::Nothing, CredentialKind::Bearer],
    }];
    let folder = FolderNeed { name: "outbox".into(), title: "Outbox".into(), required: false, reads_only: false };
    let receipts = FolderNeed { name: "receipts".into(), title: "Receipts".into(), reads_only: true, ..folder.clone() };
    said.folders = vec![folder, receipts];
    said.feeds = vec![FeedDescription {
        name: "items".into(),
        title: "Items".into(),
        summary: String::new(),
        item_schema: "true".into(),
        usual_interval_seconds: 60,
    }];
    said.operations[0].input_schema = json!({"type": "object", "properties": {"text": {"type": "string"}}}).to_string();
    said.operations[0].output_schema = json!({"type": "object", "properties": {"id": {"type": "string"}}}).to_string();
    said
}

/// What is handed in to the flow `flow`.
pub(crate) fn submission(data: Value, key: Option<&str>) -> Submission {
    Submission {
        flow: "flow".parse().expect("a name"),
        data,
        files: Vec::new(),
        idempotency_key: key.map(str::to_owned),
    }
}

fn settings() -> EngineSettings {
    EngineSettings {
        max_in_flight: 8,
        lease: Duration::from_secs(30),
        stop_within: Duration::from_secs(2),
        folders: vec![std::env::temp_dir()],
        callbacks_url: Some(CALLBACKS_URL.into()),
        schedule_look: Duration::from_millis(20),
        starts_paused: false,
        retention: None,
    }
}

async fn engine(
    store: &Arc<SqliteStore>,
    connector: &FakeConnector,
    clock: &Arc<SimClock>,
    loads: &Arc<AtomicU32>,
    settings: EngineSettings,
) -> Arc<Engine> {
    let dice = Arc::new(SeededDice::new(clock.now().as_millis().unsigned_abs()));
    let vault = Vault::new(MasterKey::from_bytes([1; 32]), store.clone(), clock.clone(), dice.clone());
    let ceiling = Ceiling {
        hosts: vec!["*".parse().expect("a pattern")],
        cidrs: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Ceiling::default()
    };
    let parts = EngineParts {
        store: store.clone(),
        loader: Arc::new(FakeLoader(connector.clone(), loads.clone())),
        vault: Arc::new(vault),
        egress: Arc::new(Egress::new(ceiling)),
        clock: clock.clone(),
        dice,
        settings,
    };
    Engine::start(parts).await.expect("an engine")
}

/// A target on loopback that does what it is told for each request, in order; the last is repeated.
pub(crate) struct Target {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What a target does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Answer(u16),
    /// Takes the request and ends the connection.
    Drop,
    /// Takes the request and never answers.
    Hang,
    /// Has too much to do, and says for how long in `Retry-After`.
    Busy(&'static str),
    /// Gives the request back, as header and as body.
    Echo,
    /// Answers with more than a journal keeps.
    Long,
}

impl Target {
    pub(crate) async fn start(acts: &'static [Act]) -> Self {
        Self::start_at("127.0.0.1:0", acts).await
    }

    pub(crate) async fn start_at(address: &str, acts: &'static [Act]) -> Self {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind(address).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        tokio::spawn(async move {
            let mut count = 0;
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                if read == 0 {
                    continue;
                }
                let request = String::from_utf8_lossy(&head[..read]).into_owned();
                record.lock().expect("not poisoned").push(request.clone());
                let act = acts[count.min(acts.len() - 1)];
                count += 1;
                match act {
                    Act::Answer(status) => {
                        let answer =
                            format!("HTTP/1.1 {status} Said\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    Act::Busy(retry_after) => {
                        let answer = format!(
                            "HTTP/1.1 429 Busy\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    Act::Echo => {
                        let credential = request.lines().find(|line| line.to_lowercase().starts_with("authorization"));
                        let answer = format!(
                            "HTTP/1.1 200 Said\r\ncontent-type: text/plain\r\nx-seen: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{request}",
                            credential.unwrap_or("nothing"),
                            request.len(),
                        );
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    Act::Long => {
                        let head = format!("HTTP/1.1 200 Said\r\ncontent-length: {}\r\n\r\n", 1 << 20);
                        let _ = stream.write_all(&[head.as_bytes(), &vec![b'x'; 1 << 20]].concat()).await;
                    }
                    Act::Drop => {}
                    Act::Hang => held.push(stream),
                }
            }
        });
        Self { url, seen }
    }

    /// The first lines of what came in.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.heads().iter().map(|head| head.lines().next().unwrap_or("").to_owned()).collect()
    }

    /// What came in, as far as it was read at once.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }
}
