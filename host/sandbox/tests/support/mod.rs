//! What the tests of the sandbox share: components written as text, a sandbox, a call.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

pub mod guest; // components written as text

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sluse_connector::{Breakage, Call, CallLimits, Connector, Ended, LoadError, Loader as _, fakes::FakeHost};
use sluse_model::{Outcome, Timestamp, fakes::SeededDice};
use sluse_sandbox::{Compiler, Sandbox, SandboxSettings};

pub use guest::Guest;

/// A sandbox that compiles in this process, with its cache folder.
pub struct Bench {
    pub sandbox: Sandbox,
    _cache: tempfile::TempDir,
}

impl Bench {
    pub fn start() -> Self {
        Self::with_instances(4)
    }

    pub fn with_instances(max_instances: u32) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(SandboxSettings {
            cache_folder: cache.path().join("components"),
            max_instances,
            compiler: Compiler::InProcess,
            dice: Arc::new(SeededDice::new(7)),
        })
        .unwrap();
        Self { sandbox, _cache: cache }
    }

    pub async fn load(&self, guest: &Guest) -> Arc<dyn Connector> {
        self.try_load(guest).await.unwrap()
    }

    pub async fn try_load(&self, guest: &Guest) -> Result<Arc<dyn Connector>, LoadError> {
        self.sandbox.load(Bytes::from(guest.component())).await
    }

    /// Shows that a connector that behaves is served as if nothing had happened.
    pub async fn serves_others(&self) {
        let quiet = self.load(&Guest::named("quiet")).await;
        let ended = execute(&quiet, &FakeHost::default()).await;
        assert_eq!(done(ended), "{}");
    }
}

pub fn call() -> Call {
    Call {
        delivery: "del-1".into(),
        attempt: 1,
        accepted_at: Timestamp::from_millis(1_700_000_000_000),
        attempt_at: Timestamp::from_millis(1_700_000_060_000),
        settings: "{}".into(),
    }
}

/// The limits of most tests: those of a connection, with less time.
pub fn limits() -> CallLimits {
    CallLimits { memory_bytes: 64 << 20, cpu: Duration::from_millis(300), wall: Duration::from_secs(20) }
}

pub async fn execute(connector: &Arc<dyn Connector>, host: &FakeHost) -> Ended<Outcome> {
    connector.execute(call(), "run", "{}", limits(), Box::new(host.clone())).await
}

#[track_caller]
pub fn done(ended: Ended<Outcome>) -> String {
    match ended {
        Ok(Ok(Outcome::Done { output })) => output,
        other => panic!("expected an output, got {other:?}"),
    }
}

#[track_caller]
pub fn broken(ended: Ended<Outcome>) -> Breakage {
    match ended {
        Err(breakage) => breakage,
        other => panic!("expected a breakage, got {other:?}"),
    }
}
