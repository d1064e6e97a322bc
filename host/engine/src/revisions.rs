//! Revisions that are loaded: ready to serve, by digest.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::{Bytes, BytesMut};
use sluse_connector::{Connector, LoadError, Loader};
use sluse_model::{Digest, Name, SETTLE_FLOW};
use sluse_store::{Store, StoreError};
use tokio::{io::AsyncReadExt, sync::Mutex};

use crate::schema::{Schema, SchemaFault};

/// What a source is told.
const REPORT: &str = r#"{"type": "object", "additionalProperties": false, "required": ["group", "items"], "properties": {
    "group": {"type": "string"},
    "items": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["key", "standing"],
        "properties": {"key": {"type": "string"}, "standing": {"enum": ["succeeded", "held", "failed"]},
            "message": {"type": "string"}}}}}}"#;

/// A revision with the schemas of its description compiled.
#[derive(Debug)]
pub(crate) struct LoadedRevision {
    pub(crate) connector: Arc<dyn Connector>,
    operations: HashMap<String, OperationSchemas>,
    /// By feed: what its items look like.
    feeds: HashMap<String, Schema>,
    /// What the host itself hands over and takes back when a source is told something.
    settle: OperationSchemas,
}

/// What goes into an operation and comes out of it.
#[derive(Debug)]
pub(crate) struct OperationSchemas {
    pub(crate) input: Schema,
    pub(crate) output: Schema,
    pub(crate) reads_only: bool,
}

impl LoadedRevision {
    /// Compiles the schemas of what was loaded.
    pub(crate) fn new(connector: Arc<dyn Connector>) -> Result<Self, LoadError> {
        let description = connector.description();
        let bad = |what: String| {
            move |fault: SchemaFault| LoadError::BadDescription(format!("{what} is no JSON Schema: {fault}"))
        };
        Schema::compile(&description.settings_schema).map_err(bad("`settings-schema`".into()))?;
        let mut operations = HashMap::new();
        for operation in &description.operations {
            let schemas = OperationSchemas {
                input: Schema::compile(&operation.input_schema)
                    .map_err(bad(format!("`input-schema` of operation `{}`", operation.name)))?,
                output: Schema::compile(&operation.output_schema)
                    .map_err(bad(format!("`output-schema` of operation `{}`", operation.name)))?,
                reads_only: operation.reads_only,
            };
            operations.insert(operation.name.clone(), schemas);
        }
        let mut feeds = HashMap::new();
        for feed in &description.feeds {
            let schema =
                Schema::compile(&feed.item_schema).map_err(bad(format!("`item-schema` of feed `{}`", feed.name)))?;
            feeds.insert(feed.name.clone(), schema);
        }
        let ours = |text: &str| Schema::compile(text).map_err(bad("a schema of the host".into()));
        let settle = OperationSchemas { input: ours(REPORT)?, output: ours("true")?, reads_only: false };
        Ok(Self { connector, operations, feeds, settle })
    }

    /// What goes into an operation that a flow asks for, and comes out of it. The host's own flow asks for feeds.
    pub(crate) fn asked(&self, flow: &Name, operation: &Name) -> Option<&OperationSchemas> {
        if flow.as_str() == SETTLE_FLOW {
            return self.feeds.contains_key(operation.as_str()).then_some(&self.settle);
        }
        self.operation(operation)
    }

    /// What goes into an operation, and comes out of it.
    pub(crate) fn operation(&self, name: &Name) -> Option<&OperationSchemas> {
        self.operations.get(name.as_str())
    }

    /// What a feed's items look like.
    pub(crate) fn feed(&self, name: &str) -> Option<&Schema> {
        self.feeds.get(name)
    }
}

/// Why a revision cannot serve.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum RevisionError {
    #[error("the bytes of revision {} are gone from the store", .0.short())]
    Gone(Digest),
    #[error("revision {} cannot be loaded: {error}", .digest.short())]
    NotLoaded { digest: Digest, error: LoadError },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Loaded revisions by digest. Each is loaded once, however many ask for it.
pub(crate) struct Revisions {
    store: Arc<dyn Store>,
    loader: Arc<dyn Loader>,
    loaded: RwLock<HashMap<Digest, Arc<LoadedRevision>>>,
    /// One load at a time: a load occupies a processor, and there are others to serve.
    loading: Mutex<()>,
}

impl std::fmt::Debug for Revisions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Revisions").finish_non_exhaustive()
    }
}

impl Revisions {
    pub(crate) fn new(store: Arc<dyn Store>, loader: Arc<dyn Loader>) -> Self {
        Self { store, loader, loaded: RwLock::default(), loading: Mutex::default() }
    }

    /// The revision of this digest, loaded now if it has to be.
    pub(crate) async fn get(&self, digest: &Digest) -> Result<Arc<LoadedRevision>, RevisionError> {
        if let Some(revision) = self.loaded(digest) {
            return Ok(revision);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(revision) = self.loaded(digest) {
            return Ok(revision);
        }
        let component = self.component(digest).await?;
        let revision =
            self.load(component).await.map_err(|error| RevisionError::NotLoaded { digest: *digest, error })?;
        self.keep(revision.clone());
        Ok(revision)
    }

    /// Verifies, compiles and links a component that nobody uses yet.
    pub(crate) async fn load(&self, component: Bytes) -> Result<Arc<LoadedRevision>, LoadError> {
        let connector = self.loader.load(component).await?;
        // A stranger's schemas may be many and large: not on a thread that serves.
        let compiled = tokio::task::spawn_blocking(move || LoadedRevision::new(connector)).await;
        compiled.map_err(|_| LoadError::BadDescription("its schemas cannot be compiled".into()))?.map(Arc::new)
    }

    /// Makes a loaded revision known, so that the first call after its activation finds it ready.
    pub(crate) fn keep(&self, revision: Arc<LoadedRevision>) {
        let digest = revision.connector.digest();
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(digest, revision);
    }

    /// Lets go of every revision but these; calls in flight keep theirs.
    pub(crate) fn retain(&self, digests: &[Digest]) {
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).retain(|digest, _| digests.contains(digest));
    }

    /// The bytes of an installed component.
    pub(crate) async fn component(&self, digest: &Digest) -> Result<Bytes, RevisionError> {
        let mut reader = self.store.read_content(digest, 0).await?.ok_or(RevisionError::Gone(*digest))?;
        let mut bytes = BytesMut::new();
        while reader.read_buf(&mut bytes).await.map_err(|error| StoreError::Unavailable(error.to_string()))? > 0 {}
        Ok(bytes.freeze())
    }

    fn loaded(&self, digest: &Digest) -> Option<Arc<LoadedRevision>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(digest).cloned()
    }
}
