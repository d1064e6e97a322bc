//! What a call costs without the sandbox around it, for the benchmark to compare with: the same engine, the same
//! machine code, nothing but an instance and a call.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sluse_connector::{Call, LoadError};
use sluse_model::Digest;
use tokio::time::Instant;
use wasmtime::{
    Store,
    component::{Component, ComponentExportIndex, InstancePre, Linker},
    error::Context as _,
};

use crate::{Sandbox, abi::v0_1 as abi, lanes::Lanes, revision, verify};

/// Longer than any call waits for a place here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A component that is called with wasmtime alone: no limits, no host, no state. Never for what others made.
pub struct Bare {
    lanes: Arc<Lanes>,
    /// By lane.
    links: Vec<(InstancePre<()>, ComponentExportIndex)>,
}

impl std::fmt::Debug for Bare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bare")
    }
}

impl Bare {
    /// Prepares a component with the engines of `sandbox`. What it imports traps when it is called.
    pub async fn prepare(sandbox: &Sandbox, component: Bytes) -> Result<Self, LoadError> {
        verify::outline(&component)?;
        let compiled = sandbox.compiled(Digest::of(&component), component).await?;
        let links = compiled.iter().map(link).collect::<Result<_, _>>()?;
        Ok(Self { lanes: sandbox.lanes(), links })
    }

    /// Instantiates and calls; the length of the output.
    pub async fn execute(&self, call: &Call, operation: &str, input: &str) -> Result<usize, String> {
        self.call(call, operation, input).await.map_err(|error| format!("{error:#}"))
    }

    async fn call(&self, call: &Call, operation: &str, input: &str) -> wasmtime::Result<usize> {
        let place = self.lanes.place(Instant::now() + PATIENCE).await.context("no place in time")?;
        let (pre, execute) = &self.links[place.lane()];
        let mut store = Store::new(pre.engine(), ());
        store.set_epoch_deadline(1_000_000);
        let instance = pre.instantiate_async(&mut store).await?;
        let execute = instance.get_typed_func::<abi::ExecuteParams<'_>, abi::ExecuteResult>(&mut store, execute)?;
        let (answer,) = execute.call_async(&mut store, (call.into(), operation, input)).await?;
        match answer {
            Ok(abi::types::Outcome::Done(output)) => Ok(output.len()),
            _ => wasmtime::bail!("it did not answer with an output"),
        }
    }
}

fn link(compiled: &Component) -> Result<(InstancePre<()>, ComponentExportIndex), LoadError> {
    let execute = revision::find::<abi::ExecuteParams<'_>, abi::ExecuteResult>(compiled, abi::OPERATIONS, "execute")?;
    let mut linker = Linker::new(compiled.engine());
    let pre = linker.define_unknown_imports_as_traps(compiled).and_then(|()| linker.instantiate_pre(compiled));
    Ok((pre.map_err(|error| LoadError::Unavailable(format!("{error:#}")))?, execute))
}
