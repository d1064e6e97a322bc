//! What differs between tenants: who may sign in, and what may change while they run.

use serde::{Deserialize, Serialize};

/// The ids of the one configuration and its workflows.
pub mod ids {
    /// The tenant.
    pub const TENANT: &str = "11ea5b3c-7d20-4c4f-9a51-0242ac110002";
    /// The configuration.
    pub const CONFIGURATION: &str = "97c1a2de-4b0f-4d5e-8a6b-3f2e1d0c9b8a";
    /// Its workflow that searches.
    pub const SEARCH: &str = "486b7c1a-0d2e-4f3a-9b4c-5d6e7f8a9b0c";
    /// Its workflow that creates.
    pub const CREATE: &str = "5a9d0e1f-2b3c-4d5e-8f60-718293a4b5c6";
    /// Its workflow that is switched off.
    pub const DISABLED: &str = "6bae1f20-3c4d-4e5f-9071-8293a4b5c6d7";
}

/// What differs between tenants.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// The registered client.
    pub client_id: String,
    /// Its secret. Has what must be percent-encoded.
    pub client_secret: String,
    /// The access key of the user.
    pub access_key_id: String,
    /// Its secret. Has what must be percent-encoded.
    pub access_key_secret: String,
    /// The tenant as it begins.
    pub tenant: Tenant,
}

/// What may change while a tenant runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenant {
    /// Agent integrations are enabled.
    pub agent_integrations: bool,
    /// Life of a token in seconds. Real ones live for an hour.
    pub token_life_s: u64,
    /// Refuses to give a new token for a refresh token.
    pub refuses_refresh: bool,
    /// What the discovery gives as the API's address; its own when absent.
    pub api_endpoint: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            client_id: "sluse@simulated".into(),
            client_secret: "p+K4/x==".into(),
            access_key_id: "SIMULATEDACCESSKEY+ID=".into(),
            access_key_secret: "A+b/C&d=Ærø==".into(),
            tenant: Tenant::default(),
        }
    }
}

impl Default for Tenant {
    fn default() -> Self {
        Self { agent_integrations: true, token_life_s: 3600, refuses_refresh: false, api_endpoint: None }
    }
}
