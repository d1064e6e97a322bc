//! One call: a fresh store that the call consumes, limits set before anything of the guest runs, and how it
//! ended in the words of the seam.

use std::time::Duration;

use sluse_connector::{Breakage, BreakageKind, CallLimits, Host};
use tokio::time::{Instant, timeout_at};
use tracing::instrument;
use wasmtime::{
    Store, Trap, UpdateDeadline,
    component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower},
};
use wasmtime_wasi::I32Exit;

use crate::{
    lanes::Lanes,
    limits::{HOSTCALL_FUEL, MAX_HANDLES},
    revision::{Functions, Link},
    state::{CallState, on_tick},
    text::tidy,
    wasi::Wasi,
};

/// No call outlives it, whatever its limits say.
const MAX_WALL: Duration = Duration::from_secs(60 * 60);

/// What support is told of a trap.
const MAX_MESSAGE_BYTES: usize = 1 << 10;

/// A function of a component that is linked and waits to be called.
pub(crate) struct Target<'a> {
    pub(crate) lanes: &'a Lanes,
    /// By lane.
    pub(crate) links: &'a [Link],
    pub(crate) interface: &'static str,
    pub(crate) function: Find,
}

/// Where a function is, if the component exports it.
pub(crate) type Find = fn(&Functions) -> Option<&ComponentExportIndex>;

impl Target<'_> {
    /// Calls the function in a fresh instance.
    #[instrument(name = "sandbox.function.call", level = "debug", skip_all)]
    pub(crate) async fn call<Params, Return>(
        &self,
        params: Params,
        limits: CallLimits,
        host: Box<dyn Host>,
        wasi: Option<Box<Wasi>>,
    ) -> Result<Return, Breakage>
    where
        Params: ComponentNamedList + Lower + Send + Sync,
        Return: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let deadline = Instant::now() + limits.wall.min(MAX_WALL);
        let place = self.lanes.place(deadline).await.ok_or_else(|| timed_out(&limits))?;
        let Link { pre, functions } = &self.links[place.lane()];
        let function = (self.function)(functions).ok_or_else(|| not_exported(self.interface))?;
        let mut store = store(pre, &limits, host, wasi);
        let running = async {
            let instance = pre.instantiate_async(&mut store).await?;
            let function = typed::<Params, Return>(&mut store, &instance, function)?;
            function.call_async(&mut store, params).await
        };
        let ended = timeout_at(deadline, running).await;
        // The store ends here, whatever happened in it.
        let mut state = store.into_data();
        state.drain_output(true);
        match ended {
            Ok(Ok(returned)) => Ok(returned),
            Ok(Err(error)) => Err(breakage(&error, &state)),
            Err(_) => Err(timed_out(&limits)),
        }
    }
}

/// A store with every limit set: start functions run while the instance is made.
fn store(
    pre: &InstancePre<CallState>,
    limits: &CallLimits,
    host: Box<dyn Host>,
    wasi: Option<Box<Wasi>>,
) -> Store<CallState> {
    let mut store = Store::new(pre.engine(), CallState::new(limits, host, wasi));
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOSTCALL_FUEL);
    store.set_max_component_handles(MAX_HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        let spent = on_tick(context.data_mut());
        Ok(if spent { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
    });
    store
}

fn not_exported(interface: &str) -> Breakage {
    Breakage { kind: BreakageKind::NotExported, message: format!("it does not export `{interface}`") }
}

/// The function with its types checked.
fn typed<Params, Return>(
    store: &mut Store<CallState>,
    instance: &Instance,
    function: &ComponentExportIndex,
) -> wasmtime::Result<wasmtime::component::TypedFunc<Params, Return>>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    instance.get_typed_func(store, function)
}

fn timed_out(limits: &CallLimits) -> Breakage {
    Breakage {
        kind: BreakageKind::TimedOut,
        message: format!(
            "the call took longer than {} ms: raise `limits.timeout_ms` of the connection",
            limits.wall.as_millis()
        ),
    }
}

/// Why a call ended without an answer.
fn breakage(error: &wasmtime::Error, state: &CallState) -> Breakage {
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        let budget_ms = state.cpu.budget().as_millis();
        let message =
            format!("the call used its {budget_ms} ms on the processor: raise `limits.cpu_ms` of the connection");
        return Breakage { kind: BreakageKind::CpuExceeded, message };
    }
    if state.memory.refused {
        let mebibytes = state.memory.limit_bytes() >> 20;
        let message = format!(
            "the call wanted more than its {mebibytes} MiB of memory: raise `limits.memory_bytes` of the connection"
        );
        return Breakage { kind: BreakageKind::MemoryExceeded, message };
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Breakage { kind: BreakageKind::Trapped, message: format!("it ended itself with exit code {}", exit.0) };
    }
    if let Some(trap) = trap {
        return Breakage { kind: BreakageKind::Trapped, message: format!("it trapped: {trap}") };
    }
    Breakage {
        kind: BreakageKind::ContractBroken,
        message: tidy(format!("it broke the contract: {}", error.root_cause()), MAX_MESSAGE_BYTES),
    }
}
