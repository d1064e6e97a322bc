//! Versions of flows, compiled once: their schema, and the mapping of each step.

mod onward; // which step is next

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;
use sluse_model::{Digest, Flow, Name, Step, Timestamp, call_flow, ordering_key};
use sluse_store::{Store, StoreError, StoredFlow};

pub(crate) use onward::{Computed, NotComputed, Onward};

use crate::{
    mapping::{Condition, Mapping, MappingError, Scope},
    schema::Schema,
};

/// A version of a flow, ready to be used.
#[derive(Debug)]
pub(crate) struct CompiledFlow {
    pub(crate) flow: Flow,
    pub(crate) digest: Digest,
    pub(crate) schema: Schema,
    /// By step.
    mappings: Vec<Mapping>,
    /// By step: whether it is carried out.
    conditions: Vec<Option<Condition>>,
    /// By step: what its ordering key is made of.
    orders: Vec<Option<Mapping>>,
}

impl CompiledFlow {
    fn compile(stored: StoredFlow) -> Result<Self, FlowError> {
        let broken = |detail: String| FlowError::Broken { flow: stored.flow.name.clone(), detail };
        let schema = Schema::compile_value(&stored.flow.schema).map_err(|fault| broken(fault.to_string()))?;
        let mappings = stored
            .flow
            .steps
            .iter()
            .map(|step| Mapping::compile(&step.input).map_err(|fault| broken(format!("step `{}`: {fault}", step.name))))
            .collect::<Result<_, _>>()?;
        let orders = stored
            .flow
            .steps
            .iter()
            .map(|step| {
                let order_by = step.order_by.as_ref().or(stored.flow.order_by.as_ref());
                let compile = |text: &String| Mapping::compile(&Value::String(text.clone()));
                order_by.map(compile).transpose().map_err(|fault| broken(format!("step `{}`: {fault}", step.name)))
            })
            .collect::<Result<_, _>>()?;
        let condition = |step: &Step| {
            let compiled = step.when.as_deref().map(Condition::compile).transpose();
            compiled.map_err(|fault| broken(format!("step `{}`: {fault}", step.name)))
        };
        let conditions = stored.flow.steps.iter().map(condition).collect::<Result<_, _>>()?;
        Ok(Self { flow: stored.flow, digest: stored.digest, schema, mappings, conditions, orders })
    }

    /// The ordering key of a step.
    fn ordering_key(&self, index: usize, scope: &Scope<'_>) -> Result<Option<Digest>, MappingError> {
        let order = self.orders[index].as_ref().map(|order| order.render(scope)).transpose()?;
        Ok(match order {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => ordering_key(&text),
            Some(value) => ordering_key(&value.to_string()),
        })
    }
}

/// Why a flow cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    #[error("there is no flow `{0}`")]
    Unknown(Name),
    /// It was applied by a release that understood more, or less.
    #[error("flow `{flow}` cannot be used: {detail}; apply it again")]
    Broken { flow: Name, detail: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compiled flows by digest. A version never changes, so what is here stays right.
#[derive(Debug)]
pub(crate) struct Flows {
    store: Arc<dyn Store>,
    by_digest: RwLock<HashMap<Digest, Arc<CompiledFlow>>>,
    /// Grows whenever configuration was applied.
    generation: AtomicU64,
    /// The present version of each, with the generation that it was read in.
    present: RwLock<HashMap<Name, (u64, Digest)>>,
    /// The flows of single operations that are kept, by connection and operation. They never change.
    of_calls: RwLock<HashMap<(Name, Name), Digest>>,
}

/// Versions that are kept compiled; beyond it, all are dropped and compiled again as they are met.
const MAX_COMPILED: usize = 1000;

impl Flows {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let (by_digest, present, of_calls) = (RwLock::default(), RwLock::default(), RwLock::default());
        Self { store, by_digest, generation: AtomicU64::new(0), present, of_calls }
    }

    /// The present version of a flow.
    pub(crate) async fn present(&self, name: &Name) -> Result<Arc<CompiledFlow>, FlowError> {
        // Seen before the store is read: what is applied meanwhile makes this an old one.
        let generation = self.generation.load(Ordering::Acquire);
        let known = self.present.read().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        if let Some((seen, digest)) = known
            && seen == generation
            && let Some(compiled) = self.compiled(&digest)
        {
            return Ok(compiled);
        }
        let stored = self.store.flow(name).await?.ok_or_else(|| FlowError::Unknown(name.clone()))?;
        self.present.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), (generation, stored.digest));
        self.keep(stored)
    }

    /// The version that a run began with.
    pub(crate) async fn version(&self, name: &Name, digest: &Digest) -> Result<Arc<CompiledFlow>, FlowError> {
        if let Some(compiled) = self.compiled(digest) {
            return Ok(compiled);
        }
        let stored = self.store.flow_version(digest).await?.ok_or_else(|| FlowError::Unknown(name.clone()))?;
        self.keep(stored)
    }

    /// The flow of a single operation, kept from its first call on.
    pub(crate) async fn of_call(
        &self,
        connection: &Name,
        operation: &Name,
        now: Timestamp,
    ) -> Result<Digest, StoreError> {
        let asked = (connection.clone(), operation.clone());
        let known = self.of_calls.read().unwrap_or_else(PoisonError::into_inner).get(&asked).copied();
        if let Some(digest) = known {
            return Ok(digest);
        }
        let digest = self.store.keep_flow(call_flow(connection, operation), now).await?;
        self.of_calls.write().unwrap_or_else(PoisonError::into_inner).insert(asked, digest);
        Ok(digest)
    }

    /// Asks the store again which versions are present: configuration was applied.
    pub(crate) fn refresh(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn compiled(&self, digest: &Digest) -> Option<Arc<CompiledFlow>> {
        self.by_digest.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }

    fn keep(&self, stored: StoredFlow) -> Result<Arc<CompiledFlow>, FlowError> {
        let digest = stored.digest;
        let compiled = Arc::new(CompiledFlow::compile(stored)?);
        let mut by_digest = self.by_digest.write().unwrap_or_else(PoisonError::into_inner);
        if by_digest.len() >= MAX_COMPILED {
            by_digest.clear();
        }
        by_digest.insert(digest, compiled.clone());
        Ok(compiled)
    }
}

/// The value of a step's output, as later steps see it.
pub(crate) fn output_value(output: Option<&str>) -> Value {
    output.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}
