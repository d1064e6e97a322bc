//! From bytes to a connector: verified, compiled elsewhere or found in the cache, linked, and asked who it is.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{Connector, LoadError, Loader};
use sluse_model::{Dice, Digest};
use tokio::sync::Semaphore;
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

use crate::{
    cache::{Cache, Found},
    compile::{self, CompileError, Compiler},
    host,
    lanes::Lanes,
    revision::Revision,
    state::CallState,
    ticker::Ticker,
    verify, wasi,
};

/// How the sandbox is set up.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The folder of compiled artefacts. Made with mode 0700 where it is not there, and ours alone.
    pub cache_folder: PathBuf,
    /// How many calls run side by side; more wait, on their own time.
    pub max_instances: u32,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// Where the key that authenticates compiled artefacts comes from.
    pub dice: Arc<dyn Dice>,
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine refused its settings, or the machine has no room for its slots.
    #[error("the WebAssembly engine did not start: {0}; with little address space, lower `max_instances`")]
    Engine(String),
    /// The folder of compiled artefacts cannot be used.
    #[error("the cache folder `{folder}` cannot be used: {source}")]
    Cache { folder: PathBuf, source: std::io::Error },
    /// There is no thread for the engine's heartbeat.
    #[error("the heartbeat of the WebAssembly engine did not start: {0}")]
    Ticker(std::io::Error),
}

/// The engines that run connectors. Cheap to share; one per process.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    lanes: Arc<Lanes>,
    ticker: Ticker,
    cache: Cache,
    compiler: Compiler,
    dice: Arc<dyn Dice>,
    /// By lane. Know the contract only, for components that import nothing else.
    linkers: Vec<Linker<CallState>>,
    /// By lane. Know the inert WASI too.
    wasi_linkers: Vec<Linker<CallState>>,
    /// One compilation at a time: each takes all cores.
    compiling: Semaphore,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({:?})", self.0.compiler)
    }
}

impl Sandbox {
    /// Starts the engines and their heartbeat, and opens the cache.
    pub fn start(settings: SandboxSettings) -> Result<Self, SandboxError> {
        let engine_error = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        let lanes = Lanes::start(settings.max_instances).map_err(engine_error)?;
        let cache = Cache::open(&settings.cache_folder, &lanes.engines()[0], settings.dice.as_ref())
            .map_err(|source| SandboxError::Cache { folder: settings.cache_folder.clone(), source })?;
        let linkers = for_each(&lanes, linker).map_err(engine_error)?;
        let wasi_linkers = for_each(&lanes, wasi_linker).map_err(engine_error)?;
        let ticker = Ticker::start(lanes.engines()).map_err(SandboxError::Ticker)?;
        Ok(Self(Arc::new(Shared {
            lanes: Arc::new(lanes),
            ticker,
            cache,
            compiler: settings.compiler,
            dice: settings.dice,
            linkers,
            wasi_linkers,
            compiling: Semaphore::new(1),
        })))
    }

    /// Whether the engines' heartbeat was heard of lately. Without it nothing stops a guest that runs on.
    pub fn ticker_alive(&self) -> bool {
        self.0.ticker.is_alive()
    }
}

/// A linker that offers the contract and nothing else.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    for (_, add) in host::INTERFACES {
        add(&mut linker)?;
    }
    Ok(linker)
}

/// A linker that offers the inert WASI too.
fn wasi_linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = linker(engine)?;
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

fn for_each<T>(lanes: &Lanes, make: impl Fn(&Engine) -> wasmtime::Result<T>) -> wasmtime::Result<Vec<T>> {
    lanes.engines().iter().map(make).collect()
}

#[async_trait]
impl Loader for Sandbox {
    async fn load(&self, component: Bytes) -> Result<Arc<dyn Connector>, LoadError> {
        let bytes = component.clone();
        let (outline, digest) = blocking(move || Ok((verify::outline(&bytes)?, Digest::of(&bytes)))).await?;
        let compiled = self.compiled(digest, component).await?;
        let linkers = if outline.imports_wasi { &self.0.wasi_linkers } else { &self.0.linkers };
        let revision = Revision::link(digest, outline, &compiled, linkers, Arc::clone(&self.0.lanes))?;
        Ok(Arc::new(revision.described().await?))
    }
}

impl Sandbox {
    /// The machine code for each lane: from the cache, or compiled now and kept.
    pub(crate) async fn compiled(&self, digest: Digest, component: Bytes) -> Result<Vec<Component>, LoadError> {
        if let Some(compiled) = self.cached(digest).await? {
            return Ok(compiled);
        }
        let _turn = self.0.compiling.acquire().await.expect("the semaphore is never closed");
        // Somebody may have compiled the same while we waited.
        if let Some(compiled) = self.cached(digest).await? {
            return Ok(compiled);
        }
        let shared = Arc::clone(&self.0);
        let work = blocking(move || shared.cache.work_folder(shared.dice.as_ref()).map_err(unavailable)).await?;
        let engine = &self.0.lanes.engines()[0];
        let artefact =
            compile::compile(&self.0.compiler, engine, component, work.path()).await.map_err(|error| match error {
                CompileError::Refused(reason) => LoadError::NotCompiled(reason),
                CompileError::Unavailable(reason) => LoadError::Unavailable(reason),
            })?;
        let shared = Arc::clone(&self.0);
        blocking(move || {
            drop(work);
            shared.cache.store(digest, &artefact, shared.dice.as_ref()).map_err(unavailable)
        })
        .await?;
        match self.find(digest).await? {
            Found::Components(compiled) => Ok(compiled),
            // More memories than a slot has, for example.
            Found::Unfit(reason) => Err(LoadError::NotCompiled(reason)),
            Found::Nothing => Err(LoadError::Unavailable("what was just compiled is not in the cache any more".into())),
        }
    }

    #[cfg(feature = "measure")]
    pub(crate) fn lanes(&self) -> Arc<Lanes> {
        Arc::clone(&self.0.lanes)
    }

    async fn cached(&self, digest: Digest) -> Result<Option<Vec<Component>>, LoadError> {
        Ok(match self.find(digest).await? {
            Found::Components(compiled) => Some(compiled),
            Found::Nothing | Found::Unfit(_) => None,
        })
    }

    async fn find(&self, digest: Digest) -> Result<Found, LoadError> {
        let shared = Arc::clone(&self.0);
        blocking(move || Ok(shared.cache.find(shared.lanes.engines(), digest))).await
    }
}

fn unavailable(error: std::io::Error) -> LoadError {
    LoadError::Unavailable(format!("the folder of compiled components cannot be used: {error}"))
}

/// Away from the threads that serve.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(LoadError::Unavailable(format!("loading broke off: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the linker offers, with something that is in each. A change here is a change of what a component can
    /// reach.
    const OURS: [(&str, &str); 6] = [
        ("sluse:connector/http@0.1.0", "send"),
        ("sluse:connector/attachments@0.1.0", "read"),
        ("sluse:connector/folders@0.1.0", "put"),
        ("sluse:connector/numbers@0.1.0", "reserve"),
        ("sluse:connector/callbacks@0.1.0", "open"),
        ("sluse:connector/log@0.1.0", "write"),
    ];

    const WASI: [(&str, &str); 27] = [
        ("wasi:cli/environment@0.2.12", "get-environment"),
        ("wasi:cli/exit@0.2.12", "exit"),
        ("wasi:cli/stderr@0.2.12", "get-stderr"),
        ("wasi:cli/stdin@0.2.12", "get-stdin"),
        ("wasi:cli/stdout@0.2.12", "get-stdout"),
        ("wasi:cli/terminal-input@0.2.12", "terminal-input"),
        ("wasi:cli/terminal-output@0.2.12", "terminal-output"),
        ("wasi:cli/terminal-stderr@0.2.12", "get-terminal-stderr"),
        ("wasi:cli/terminal-stdin@0.2.12", "get-terminal-stdin"),
        ("wasi:cli/terminal-stdout@0.2.12", "get-terminal-stdout"),
        ("wasi:clocks/monotonic-clock@0.2.12", "now"),
        ("wasi:clocks/wall-clock@0.2.12", "now"),
        ("wasi:filesystem/preopens@0.2.12", "get-directories"),
        ("wasi:filesystem/types@0.2.12", "descriptor"),
        ("wasi:io/error@0.2.12", "error"),
        ("wasi:io/poll@0.2.12", "poll"),
        ("wasi:io/streams@0.2.12", "input-stream"),
        ("wasi:random/insecure@0.2.12", "get-insecure-random-bytes"),
        ("wasi:random/insecure-seed@0.2.12", "insecure-seed"),
        ("wasi:random/random@0.2.12", "get-random-bytes"),
        ("wasi:sockets/instance-network@0.2.12", "instance-network"),
        ("wasi:sockets/ip-name-lookup@0.2.12", "resolve-addresses"),
        ("wasi:sockets/network@0.2.12", "network"),
        ("wasi:sockets/tcp@0.2.12", "tcp-socket"),
        ("wasi:sockets/tcp-create-socket@0.2.12", "create-tcp-socket"),
        ("wasi:sockets/udp@0.2.12", "udp-socket"),
        ("wasi:sockets/udp-create-socket@0.2.12", "create-udp-socket"),
    ];

    /// Nothing can be defined where something is.
    fn offers(linker: &mut Linker<CallState>, (interface, item): (&str, &str)) -> bool {
        let mut instance = linker.instance(interface).expect("an interface can be opened");
        instance.func_wrap(item, |_, (): ()| Ok(())).is_err()
    }

    #[test]
    fn the_linker_offers_these_interfaces() {
        let engine = crate::runtime::compiling_engine().expect("an engine");
        let mut linker = linker(&engine).expect("a linker");
        // `types` has no functions, and stands before the others.
        let offered: Vec<&str> = host::INTERFACES.iter().map(|(name, _)| *name).collect();
        assert_eq!(offered[0], "sluse:connector/types@0.1.0");
        assert_eq!(offered[1..], OURS.map(|(name, _)| name));
        for ours in OURS {
            assert!(offers(&mut linker, ours), "{ours:?}");
        }
        for wasi in WASI {
            assert!(!offers(&mut linker, wasi), "{wasi:?} is for those who import it");
        }
    }

    #[test]
    fn the_linker_for_other_toolchains_offers_wasi_too() {
        let engine = crate::runtime::compiling_engine().expect("an engine");
        let mut linker = wasi_linker(&engine).expect("a linker");
        for offer in OURS.into_iter().chain(WASI) {
            assert!(offers(&mut linker, offer), "{offer:?}");
        }
        assert!(!offers(&mut linker, ("wasi:http/outgoing-handler@0.2.12", "handle")));
        assert_eq!(wasi::INTERFACES.map(|name| format!("{name}@0.2.12")), WASI.map(|(name, _)| name));
    }
}
