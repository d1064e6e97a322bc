//! What the vault's tests stand on: a store in memory, a token endpoint on loopback, connections.

mod memory;
mod token_server;

use std::sync::Arc;

use serde_json::{Value, json};
use sluse_egress::{Ceiling, Credential, Egress, Secret};
use sluse_model::{
    Connection, Endpoint, Name, Timestamp,
    fakes::{SeededDice, SimClock},
};
use sluse_vault::{IssuedCredential, MasterKey, SignIn, TokenEndpoint, Vault, VaultError};

pub(crate) use memory::MemorySecrets;
pub(crate) use token_server::{Reply, TokenServer};

pub(crate) const START: Timestamp = Timestamp::from_millis(1_762_000_000_000);

pub(crate) fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// A vault with a clock that stands still.
pub(crate) struct World {
    pub(crate) vault: Arc<Vault>,
    pub(crate) store: Arc<MemorySecrets>,
    pub(crate) clock: Arc<SimClock>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(Arc::new(MemorySecrets::default()), 1)
    }

    /// Another host over the same store; the key follows from the seed.
    pub(crate) fn over(store: Arc<MemorySecrets>, key_seed: u8) -> Self {
        let clock = Arc::new(SimClock::at(START));
        let key = MasterKey::from_bytes([key_seed; 32]);
        let vault = Arc::new(Vault::new(key, store.clone(), clock.clone(), Arc::new(SeededDice::new(key_seed.into()))));
        Self { vault, store, clock }
    }

    pub(crate) async fn set(&self, secret: &str, value: &str) {
        self.vault.set(&name(secret), Secret::from(value)).await.expect("written");
    }

    pub(crate) async fn apply(&self, connections: &[Connection]) {
        self.vault.apply_origins(connections, false).await.expect("applied");
    }
}

/// A connection with its default endpoint, as the engine holds it.
#[derive(Clone)]
pub(crate) struct Used {
    pub(crate) connection: Connection,
    pub(crate) token_endpoint: Option<TokenEndpoint>,
}

impl Used {
    pub(crate) fn new(url: &str, auth: Value) -> Self {
        Self::of(connection("workzone", url, auth))
    }

    pub(crate) fn of(connection: Connection) -> Self {
        let token_endpoint =
            TokenEndpoint::build(&egress(), &connection, &name("default")).expect("an endpoint within the grant");
        Self { connection, token_endpoint }
    }

    /// The same, at a host that keeps in this vault which sign-ins failed.
    pub(crate) fn counting(self, vault: &Arc<Vault>) -> Self {
        let connection = self.connection;
        let egress = egress().counting(vault.clone());
        let token_endpoint =
            TokenEndpoint::build(&egress, &connection, &name("default")).expect("an endpoint within the grant");
        Self { connection, token_endpoint }
    }

    /// Signs in by client credentials at this server, with the secret `client`.
    pub(crate) fn oauth(server: &TokenServer) -> Self {
        Self::new("https://api.test", oauth(&server.url(), "sluse"))
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.connection.endpoints["default"]
    }

    pub(crate) async fn credential(&self, vault: &Vault) -> Result<Option<IssuedCredential>, VaultError> {
        let default = name("default");
        vault.credential(&self.sign_in(&default)).await
    }

    pub(crate) async fn refreshed(
        &self,
        vault: &Vault,
        refused: &IssuedCredential,
    ) -> Result<Option<IssuedCredential>, VaultError> {
        let default = name("default");
        vault.refreshed(&self.sign_in(&default), refused).await
    }

    /// The bearer token that is at hand.
    pub(crate) async fn token(&self, vault: &Vault) -> Result<String, VaultError> {
        self.credential(vault).await.map(|issued| bearer_text(&issued.expect("a credential")))
    }

    fn sign_in<'a>(&'a self, endpoint_name: &'a Name) -> SignIn<'a> {
        SignIn {
            connection: &self.connection.name,
            endpoint_name,
            endpoint: self.endpoint(),
            token_endpoint: self.token_endpoint.as_ref(),
        }
    }
}

fn egress() -> Egress {
    Egress::new(Ceiling {
        hosts: vec!["*".parse().expect("a pattern")],
        cidrs: vec!["127.0.0.0/8".parse().expect("a network")],
        ..Ceiling::default()
    })
}

pub(crate) fn bearer_text(issued: &IssuedCredential) -> String {
    match issued.credential() {
        Credential::Bearer(token) => String::from_utf8(token.expose().to_vec()).expect("text"),
        other => panic!("{other:?} is no bearer token"),
    }
}

pub(crate) fn connection(connection: &str, url: &str, auth: Value) -> Connection {
    let endpoint = json!({ "url": url, "auth": auth, "allow_plaintext": true, "timeout_ms": 2000 });
    let connection = json!({ "name": connection, "connector": "workzone", "endpoints": { "default": endpoint }, "grant": { "cidrs": ["127.0.0.0/8"] } });
    serde_json::from_value(connection).expect("a connection")
}

pub(crate) fn bearer(secret: &str) -> Value {
    json!({ "kind": "bearer", "token": { "secret": secret } })
}

pub(crate) fn oauth(token_url: &str, client_id: &str) -> Value {
    json!({ "kind": "oauth2-client-credentials", "token_url": token_url, "client_id": client_id, "client_secret": { "secret": "client" }, "scope": "api://workzone/.default" })
}
