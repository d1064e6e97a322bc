//! What a call costs without the sandbox around it, for the benchmark to compare with: the same engine, the same
//! machine code, nothing but an instance and a call.

use bytes::Bytes;
use sluse_connector::{Call, LoadError};
use sluse_model::Digest;
use wasmtime::{
    Store,
    component::{ComponentExportIndex, InstancePre, Linker},
};

use crate::{Sandbox, abi::v0_1 as abi, revision, verify};

/// A component that is called with wasmtime alone: no limits, no host, no state. Never for what others made.
pub struct Bare {
    pre: InstancePre<()>,
    execute: ComponentExportIndex,
}

impl std::fmt::Debug for Bare {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bare")
    }
}

impl Bare {
    /// Prepares a component with the engine of `sandbox`. What it imports traps when it is called.
    pub async fn prepare(sandbox: &Sandbox, component: Bytes) -> Result<Self, LoadError> {
        verify::outline(&component)?;
        let compiled = sandbox.compiled(Digest::of(&component), component).await?;
        let execute =
            revision::find::<abi::ExecuteParams<'_>, abi::ExecuteResult>(&compiled, abi::OPERATIONS, "execute")?;
        let mut linker = Linker::new(compiled.engine());
        linker
            .define_unknown_imports_as_traps(&compiled)
            .and_then(|()| linker.instantiate_pre(&compiled))
            .map(|pre| Self { pre, execute })
            .map_err(|error| LoadError::Unavailable(format!("{error:#}")))
    }

    /// Instantiates and calls; the length of the output.
    pub async fn execute(&self, call: &Call, operation: &str, input: &str) -> Result<usize, String> {
        self.call(call, operation, input).await.map_err(|error| format!("{error:#}"))
    }

    async fn call(&self, call: &Call, operation: &str, input: &str) -> wasmtime::Result<usize> {
        let mut store = Store::new(self.pre.engine(), ());
        store.set_epoch_deadline(1_000_000);
        let instance = self.pre.instantiate_async(&mut store).await?;
        let execute =
            instance.get_typed_func::<abi::ExecuteParams<'_>, abi::ExecuteResult>(&mut store, &self.execute)?;
        let (answer,) = execute.call_async(&mut store, (call.into(), operation, input)).await?;
        match answer {
            Ok(abi::types::Outcome::Done(output)) => Ok(output.len()),
            _ => wasmtime::bail!("it did not answer with an output"),
        }
    }
}
