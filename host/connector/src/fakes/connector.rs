//! A connector made of a closure.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use sluse_model::{Description, Digest, Failure, ItemReport, OperationDescription, Outcome, Problem};

use crate::{Arrival, Breakage, BreakageKind, Call, CallLimits, Connector, Ended, FeedPage, Finding, Host};

type Executing = Pin<Box<dyn Future<Output = Ended<Outcome>> + Send>>;
type Execute = dyn Fn(Call, String, String, Box<dyn Host>) -> Executing + Send + Sync;

type Polling = Pin<Box<dyn Future<Output = Ended<FeedPage>> + Send>>;
type Poll = dyn Fn(Call, Option<String>, Box<dyn Host>) -> Polling + Send + Sync;

type Settling = Pin<Box<dyn Future<Output = Ended<()>> + Send>>;
type Settle = dyn Fn(Call, String, Vec<ItemReport>) -> Settling + Send + Sync;

type Resume = dyn Fn(Call, String, Arrival, Box<dyn Host>) -> Executing + Send + Sync;

/// A connector whose operations are one closure over (call, operation, input, host). Goes on after a wait only when it
/// was said how.
#[derive(Clone)]
pub struct FakeConnector {
    digest: Digest,
    description: Description,
    execute: Arc<Execute>,
    resume: Option<Arc<Resume>>,
    poll: Option<Arc<Poll>>,
    settle: Option<Arc<Settle>>,
}

impl FakeConnector {
    /// A connector that does `execute` for every operation.
    pub fn new<F, Running>(description: Description, execute: F) -> Self
    where
        F: Fn(Call, String, String, Box<dyn Host>) -> Running + Send + Sync + 'static,
        Running: Future<Output = Ended<Outcome>> + Send + 'static,
    {
        let digest = Digest::of(format!("{}@{}", description.name, description.version));
        let execute: Arc<Execute> =
            Arc::new(move |call, operation, input, host| Box::pin(execute(call, operation, input, host)));
        Self { digest, description, execute, resume: None, poll: None, settle: None }
    }

    /// The same connector, which goes on after a wait with a closure over (call, state, arrival, host).
    pub fn resuming<F, Running>(self, resume: F) -> Self
    where
        F: Fn(Call, String, Arrival, Box<dyn Host>) -> Running + Send + Sync + 'static,
        Running: Future<Output = Ended<Outcome>> + Send + 'static,
    {
        let resume: Arc<Resume> =
            Arc::new(move |call, state, arrival, host| Box::pin(resume(call, state, arrival, host)));
        Self { resume: Some(resume), ..self }
    }

    /// The same connector, which is polled with a closure over (call, cursor, host).
    pub fn polled<F, Running>(self, poll: F) -> Self
    where
        F: Fn(Call, Option<String>, Box<dyn Host>) -> Running + Send + Sync + 'static,
        Running: Future<Output = Ended<FeedPage>> + Send + 'static,
    {
        let poll: Arc<Poll> = Arc::new(move |call, cursor, host| Box::pin(poll(call, cursor, host)));
        Self { poll: Some(poll), ..self }
    }

    /// The same connector, which is told what became of items with a closure over (call, group, report).
    pub fn settled<F, Running>(self, settle: F) -> Self
    where
        F: Fn(Call, String, Vec<ItemReport>) -> Running + Send + Sync + 'static,
        Running: Future<Output = Ended<()>> + Send + 'static,
    {
        let settle: Arc<Settle> = Arc::new(move |call, group, report| Box::pin(settle(call, group, report)));
        Self { settle: Some(settle), ..self }
    }

    /// The same connector under the digest of the bytes that it was loaded from.
    pub fn loaded_from(self, component: &[u8]) -> Self {
        Self { digest: Digest::of(component), ..self }
    }
}

impl fmt::Debug for FakeConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeConnector({})", self.description.name)
    }
}

/// A description with these operations, each with schemas that accept any object.
pub fn description(name: &str, version: &str, operations: &[&str]) -> Description {
    let any_object = r#"{"type":"object"}"#.to_owned();
    Description {
        name: name.into(),
        version: version.into(),
        title: name.into(),
        summary: String::new(),
        settings_schema: any_object.clone(),
        operations: operations
            .iter()
            .map(|operation| OperationDescription {
                name: (*operation).into(),
                title: (*operation).into(),
                summary: String::new(),
                input_schema: any_object.clone(),
                output_schema: any_object.clone(),
                reads_only: false,
            })
            .collect(),
        feeds: Vec::new(),
        endpoints: Vec::new(),
        folders: Vec::new(),
        sequences: Vec::new(),
    }
}

fn not_exported<T>(interface: &str) -> Ended<T> {
    Err(Breakage { kind: BreakageKind::NotExported, message: format!("a fake exports no {interface}") })
}

#[async_trait]
impl Connector for FakeConnector {
    fn digest(&self) -> Digest {
        self.digest
    }

    fn description(&self) -> &Description {
        &self.description
    }

    async fn execute(
        &self,
        call: Call,
        operation: &str,
        input: &str,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome> {
        let running = (self.execute)(call, operation.to_owned(), input.to_owned(), host);
        match tokio::time::timeout(limits.wall, running).await {
            Ok(ended) => ended,
            Err(_) => Err(Breakage { kind: BreakageKind::TimedOut, message: "the call took too long".into() }),
        }
    }

    async fn resume(
        &self,
        call: Call,
        _operation: &str,
        _input: &str,
        state: &str,
        arrival: Arrival,
        _limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome> {
        if let Some(resume) = &self.resume {
            return resume(call, state.to_owned(), arrival, host).await;
        }
        Ok(Err(Failure::Invalid { problem: Problem::new("no-resume", "a fake does not wait") }))
    }

    async fn check(&self, _call: Call, _limits: CallLimits, _host: Box<dyn Host>) -> Ended<Vec<Finding>> {
        Ok(Ok(Vec::new()))
    }

    async fn poll(
        &self,
        call: Call,
        _feed: &str,
        cursor: Option<&str>,
        _limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<FeedPage> {
        match &self.poll {
            Some(poll) => poll(call, cursor.map(str::to_owned), host).await,
            None => not_exported("feeds"),
        }
    }

    async fn settle(
        &self,
        call: Call,
        _feed: &str,
        group: &str,
        report: Vec<ItemReport>,
        _limits: CallLimits,
        _host: Box<dyn Host>,
    ) -> Ended<()> {
        match &self.settle {
            Some(settle) => settle(call, group.to_owned(), report).await,
            None => not_exported("feeds"),
        }
    }
}
