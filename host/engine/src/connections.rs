//! Connections that are ready to be used: settings as text, endpoints with sockets of their own. Where an address is asked
//! for is `discovery`'s business.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sluse_egress::{EndpointRules, IpNet, Refusal};
use sluse_model::{Auth, Connection, Endpoint, Name};
use sluse_store::{Store, StoreError, StoredConnection};
use sluse_vault::TokenEndpoint;

use crate::{Engine, discovery::Discovered};

/// Connecting takes this long at most: a target that is there answers at once.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection with its endpoints built.
#[derive(Debug)]
pub(crate) struct LiveConnection {
    stored: StoredConnection,
    settings: Arc<str>,
    endpoints: HashMap<String, LiveEndpoint>,
}

/// An endpoint with its sockets.
#[derive(Debug)]
pub(crate) struct LiveEndpoint {
    pub(crate) name: Name,
    pub(crate) endpoint: Endpoint,
    pub(crate) route: Route,
    /// Where tokens come from, when it signs in with OAuth.
    pub(crate) token_endpoint: Option<TokenEndpoint>,
}

/// How requests get to an endpoint.
#[derive(Debug)]
pub(crate) enum Route {
    /// To an address that is known.
    Known(sluse_egress::Endpoint),
    /// To one that is asked for.
    Discovered(Box<Discovered>),
}

impl Route {
    /// Held against the operator's rules, as far as the address is known. Nothing is sent.
    pub(crate) fn build(
        engine: &Engine,
        connection: &Connection,
        name: &Name,
        endpoint: &Endpoint,
    ) -> Result<Self, ConnectionError> {
        let rules = rules(connection, name, endpoint)?;
        let refused =
            |refusal| ConnectionError::Refused { connection: connection.name.clone(), endpoint: name.clone(), refusal };
        let credential_bound = !matches!(endpoint.auth, Auth::Nothing);
        match &endpoint.discovery {
            None => engine.egress.endpoint(rules, credential_bound).map(Self::Known).map_err(refused),
            Some(discovery) => {
                let discovered = Discovered::build(&engine.egress, discovery, rules, credential_bound);
                discovered.map(|discovered| Self::Discovered(Box::new(discovered))).map_err(refused)
            }
        }
    }

    /// The endpoint as it is now; asks for its address when that is not known.
    pub(crate) async fn endpoint(&self, engine: &Engine) -> Result<sluse_egress::Endpoint, sluse_egress::SendError> {
        match self {
            Self::Known(endpoint) => Ok(endpoint.clone()),
            Self::Discovered(discovered) => discovered.endpoint(&engine.egress, &*engine.clock).await,
        }
    }
}

impl LiveConnection {
    pub(crate) fn connection(&self) -> &Connection {
        &self.stored.connection
    }

    /// The settings as JSON text.
    pub(crate) fn settings(&self) -> Arc<str> {
        self.settings.clone()
    }

    pub(crate) fn endpoint(&self, name: &str) -> Option<&LiveEndpoint> {
        self.endpoints.get(name)
    }
}

/// Why a connection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    #[error("there is no connection `{0}`")]
    Unknown(Name),
    /// A rule of the host refuses one of its endpoints.
    #[error("endpoint `{endpoint}` of connection `{connection}` is refused: {refusal}")]
    Refused { connection: Name, endpoint: Name, refusal: Refusal },
    /// A grant that is no CIDR.
    #[error("`{cidr}` in `grant.cidrs` of connection `{connection}` is not a CIDR such as `10.20.0.0/16`")]
    BadCidr { connection: Name, cidr: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Connections by name. What was built stays until the connection changes.
#[derive(Debug)]
pub(crate) struct Connections {
    store: Arc<dyn Store>,
    /// Grows whenever configuration was applied.
    generation: AtomicU64,
    live: RwLock<HashMap<Name, (u64, Arc<LiveConnection>)>>,
}

impl Connections {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, generation: AtomicU64::new(0), live: RwLock::default() }
    }

    /// The connection of this name, as it is now.
    pub(crate) async fn get(&self, engine: &Engine, name: &Name) -> Result<Arc<LiveConnection>, ConnectionError> {
        let generation = self.generation.load(Ordering::Acquire);
        let known = self.live.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some((seen, live)) = &known
            && *seen == generation
        {
            return Ok(live.clone());
        }
        let stored = self.store.connection(name).await?.ok_or_else(|| ConnectionError::Unknown(name.clone()))?;
        let live = match known {
            Some((_, live)) if live.stored.version == stored.version => live,
            _ => Arc::new(build(engine, stored)?),
        };
        self.live.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), (generation, live.clone()));
        Ok(live)
    }

    /// Looks at the store again before a connection is used: configuration was applied.
    pub(crate) fn refresh(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }
}

fn build(engine: &Engine, stored: StoredConnection) -> Result<LiveConnection, ConnectionError> {
    let connection = &stored.connection;
    let mut endpoints = HashMap::new();
    for (name, endpoint) in &connection.endpoints {
        endpoints.insert(name.to_string(), live_endpoint(engine, connection, name, endpoint)?);
    }
    let settings = serde_json::Value::Object(connection.settings.clone()).to_string().into();
    Ok(LiveConnection { settings, endpoints, stored })
}

fn live_endpoint(
    engine: &Engine,
    connection: &Connection,
    name: &Name,
    endpoint: &Endpoint,
) -> Result<LiveEndpoint, ConnectionError> {
    let refused =
        |refusal| ConnectionError::Refused { connection: connection.name.clone(), endpoint: name.clone(), refusal };
    let token_endpoint = TokenEndpoint::build(&engine.egress, connection, name).map_err(refused)?;
    let route = Route::build(engine, connection, name, endpoint)?;
    Ok(LiveEndpoint { name: name.clone(), endpoint: endpoint.clone(), route, token_endpoint })
}

/// What a connection's endpoint may reach, as the gate wants to know it.
fn rules(connection: &Connection, name: &Name, endpoint: &Endpoint) -> Result<EndpointRules, ConnectionError> {
    let cidrs = connection
        .grant
        .cidrs
        .iter()
        .map(|cidr| {
            cidr.parse::<IpNet>()
                .map_err(|_| ConnectionError::BadCidr { connection: connection.name.clone(), cidr: cidr.clone() })
        })
        .collect::<Result<_, _>>()?;
    let mut rules = EndpointRules::new(connection.name.clone(), name.clone(), &endpoint.url);
    rules.allow_plaintext = endpoint.allow_plaintext;
    rules.http1_only = endpoint.http1_only;
    rules.cidrs = cidrs;
    rules.timeout = Duration::from_millis(endpoint.timeout_ms);
    rules.connect_timeout = CONNECT_TIMEOUT.min(rules.timeout);
    // What is handed to the connector has a smaller limit of its own; this one is for files.
    rules.max_request_bytes = connection.limits.max_attachment_bytes;
    rules.max_response_bytes = connection.limits.max_attachment_bytes.max(endpoint.max_response_bytes);
    Ok(rules)
}
