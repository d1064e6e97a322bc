//! An engine's settings. Which proposals are on, how large stacks and slots are.
//! What one call may use is `limits`' business.

use std::hash::{Hash as _, Hasher};

use sha2::{Digest as _, Sha256};
use wasmparser::WasmFeatures;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmBacktraceDetails};

use crate::limits::MAX_MEMORY_BYTES;

/// What compilers of connectors emit, and nothing else. Every other proposal is a family of advisories that no
/// connector needs: async components, GC, exceptions, function references, threads, memory64, tail calls,
/// relaxed SIMD, stack switching, custom page sizes, multi-memory.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Deep enough for a JSON parser's recursion, small enough to fit the fiber's stack four times.
const WASM_STACK_BYTES: usize = 512 << 10;

/// The guest's stack and, above it, that of the host functions it calls.
const ASYNC_STACK_BYTES: usize = 2 << 20;

/// What a returned stack keeps, reset by memset instead of a system call.
const STACK_KEEP_BYTES: usize = 64 << 10;

/// What a returned memory keeps, reset by memset. A usual call touches less than half of it.
const MEMORY_KEEP_BYTES: usize = 1 << 20;

/// Slots that stay warm for a component that is not running now. Each holds at most what is kept above.
const WARM_SLOTS: u32 = 4;

/// A connector has one memory. Toolchains that link several modules share it.
pub(crate) const MEMORIES_PER_COMPONENT: u32 = 4;

/// One for the module, one for its shims; linked modules share theirs.
pub(crate) const TABLES_PER_COMPONENT: u32 = 8;

/// An interpreter with its native libraries comes in some thirty modules.
pub(crate) const CORE_INSTANCES_PER_COMPONENT: u32 = 64;

/// An interpreter's function table has some ten thousand.
const TABLE_ELEMENTS: usize = 64 << 10;

/// An engine that serves. Its slots hold `max_instances` components at a time.
pub(crate) fn serving_engine(max_instances: u32) -> wasmtime::Result<Engine> {
    let mut config = compiling_config();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(max_instances)
        .total_stacks(max_instances)
        .total_core_instances(max_instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(max_instances.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(max_instances.saturating_mul(TABLES_PER_COMPONENT))
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memories_per_module(1)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .max_memory_size(usize::try_from(MAX_MEMORY_BYTES).unwrap_or(usize::MAX))
        .table_elements(TABLE_ELEMENTS)
        .max_unused_warm_slots(WARM_SLOTS)
        .linear_memory_keep_resident(MEMORY_KEEP_BYTES)
        .table_keep_resident(32 << 10)
        .async_stack_keep_resident(STACK_KEEP_BYTES)
        // Resets written pages only, where the kernel has the call (Linux 6.7); else the plain way.
        .pagemap_scan(Enabled::Auto);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The engine that only compiles: the same code comes out, and no address space is reserved for slots.
pub(crate) fn compiling_engine() -> wasmtime::Result<Engine> {
    Engine::new(&compiling_config())
}

fn compiling_config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(FEATURES, true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        .async_stack_zeroing(true)
        .memory_init_cow(true)
        // The default may parse the guest's DWARF.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// Names everything that decides whether a compiled artefact fits this engine.
pub(crate) fn compatibility(engine: &Engine) -> String {
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let digest = hasher.0.finalize();
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hash that is the same in every build of this program, unlike the standard library's.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(digest[..8].try_into().expect("eight bytes of thirty-two"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Defaults change between releases, so the list is written out.
    #[test]
    fn these_proposals_are_on_and_no_other() {
        let engine = serving_engine(1).expect("an engine");
        assert_eq!(engine.get_wasm_features(), FEATURES);
        // Parts of others are not named.
        let mut on: Vec<&str> = engine.get_wasm_features().iter_names().map(|(name, _)| name).collect();
        on.sort_unstable();
        assert_eq!(
            on,
            [
                "BULK_MEMORY",
                "COMPONENT_MODEL",
                "EXTENDED_CONST",
                "FLOATS",
                "MULTI_VALUE",
                "MUTABLE_GLOBAL",
                "REFERENCE_TYPES",
                "SATURATING_FLOAT_TO_INT",
                "SIGN_EXTENSION",
                "SIMD",
            ]
        );
    }

    #[test]
    fn the_engine_is_set_as_hardening_says() {
        let engine = serving_engine(3).expect("an engine");
        let config = &engine;
        assert!(config.get_epoch_interruption());
        assert!(!config.get_concurrency_support());
        assert!(config.get_async_stack_zeroing());
        assert!(config.get_memory_init_cow());
        assert_eq!(config.get_max_wasm_stack(), 512 << 10);
        assert_eq!(config.get_async_stack_size(), 2 << 20);
        let pool = config.get_pooling_config().expect("a pool");
        assert_eq!(pool.get_max_memory_size(), 256 << 20);
        assert_eq!(pool.get_total_component_instances(), 3);
        assert_eq!(pool.get_max_memories_per_component(), 4);
        assert_eq!(pool.get_max_tables_per_component(), 8);
        assert_eq!(pool.get_max_core_instances_per_component(), 64);
        assert!(pool.get_max_unused_warm_slots() <= 4);
    }

    #[test]
    fn what_the_compiling_engine_makes_fits_the_serving_one() {
        let compiling = compiling_engine().expect("an engine");
        let serving = serving_engine(1).expect("an engine");
        assert_eq!(compatibility(&compiling), compatibility(&serving));
    }
}
