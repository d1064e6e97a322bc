//! A configured use of a connector: settings, endpoints, credentials, limits, policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AttemptLimits, Auth, GateSettings, Name, RetryPolicy, SecretName, Standing};

/// One configured use of a connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    pub name: Name,
    /// The connector that it uses.
    pub connector: Name,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Valid against the connector's settings schema. An object.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// Where the target is. Requests that name no endpoint go to `default`.
    #[serde(default)]
    pub endpoints: BTreeMap<Name, Endpoint>,
    /// What the connection may reach beyond the public addresses of its endpoints.
    #[serde(default)]
    pub grant: Grant,
    /// What one call may use.
    #[serde(default)]
    pub limits: Limits,
    /// When to try again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// How much at once, how fast, and when to leave the target alone.
    #[serde(default)]
    pub gates: GateSettings,
    /// How its target answers later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callbacks: Option<CallbackSettings>,
    /// The numbers that it hands out, by the name of the sequence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sequences: BTreeMap<Name, Sequence>,
    /// What holds for single operations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub operations: BTreeMap<Name, OperationSettings>,
}

impl Connection {
    /// When to try this operation again.
    pub fn retry_of(&self, operation: &Name) -> &RetryPolicy {
        self.operations.get(operation).and_then(|settings| settings.retry.as_ref()).unwrap_or(&self.retry)
    }

    /// How often its operations are tried.
    pub fn attempt_limits(&self) -> AttemptLimits {
        let own = |(name, settings): (&Name, &OperationSettings)| {
            settings.retry.as_ref().map(|retry| (name.clone(), retry.max_attempts))
        };
        let operations = self.operations.iter().filter_map(own).collect();
        AttemptLimits { max_attempts: self.retry.max_attempts, operations }
    }
}

/// How a target answers at the addresses that it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackSettings {
    /// Answers are signed with it (Standard Webhooks 1.0.0); others are refused. It is sent nowhere.
    pub secret: SecretName,
}

/// Numbers that are handed out once, from the first on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    pub first: u64,
    /// The last one that there is.
    pub last: u64,
}

impl Sequence {
    /// The largest number that a sequence may have.
    pub const MAX: u64 = i64::MAX as u64 - 1;
}

/// What holds for one operation of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperationSettings {
    /// When to try it again, in place of what the connection says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
}

/// Where a target is and how to sign in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The base address; what a connector asks for is appended to its path. Empty where it is asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Who is asked for the base address, in place of `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<Discovery>,
    /// Allows `http:`; then no credential is sent, but to loopback.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_plaintext: bool,
    /// Never HTTP/2, for targets that only claim to speak it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub http1_only: bool,
    #[serde(default)]
    pub auth: Auth,
    /// The time that one exchange may take.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// The largest answer that is handed to the connector. Answers that are kept as attachments may have
    /// [`Limits::max_attachment_bytes`].
    #[serde(default = "default_max_response_bytes")]
    pub max_response_bytes: u64,
    /// What a status says of a request that must happen once, where this target means something else by it than
    /// [`Standing::of_status`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub status_means: BTreeMap<u16, Standing>,
    /// The header in which the target takes an idempotency key, by which it recognises a request that comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_header: Option<String>,
}

impl Endpoint {
    /// What a status says of a request that must happen once.
    pub fn standing_of(&self, status: u16) -> Standing {
        self.status_means.get(&status).copied().unwrap_or_else(|| Standing::of_status(status))
    }
}

/// A service that says where an endpoint is. What it says is believed within bounds, since the endpoint's credential goes
/// there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovery {
    /// What is asked, with `GET` and without a credential.
    pub url: String,
    /// The field of the JSON answer in which the address stands.
    pub field: String,
    /// The host of the address is one of these, or below one: `niceincontact.com`.
    pub host_suffixes: Vec<String>,
}

impl Discovery {
    /// The scheme that the address must have: encrypted, unless the operator allows otherwise and the question itself is
    /// in clear.
    pub fn scheme(&self, allow_plaintext: bool) -> &'static str {
        if allow_plaintext && self.url.starts_with("http:") { "http" } else { "https" }
    }
}

/// Municipal systems answer large searches slowly.
fn default_timeout_ms() -> u64 {
    60_000
}

/// A connector reads pages, not archives.
fn default_max_response_bytes() -> u64 {
    8 << 20
}

/// What the operator lets a connection reach. Holds only together with the ceiling in `sluse.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// Addresses that are not public and yet allowed, as CIDR: `10.20.0.0/16`.
    pub cidrs: Vec<String>,
    /// Folders that it publishes files to and reads them from, by the connector's name for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<Name, FolderGrant>,
}

/// A folder that a connection may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderGrant {
    /// Absolute, without `.` and `..`.
    pub path: String,
    /// Something has to be mounted there, a share of another machine for example. Without it nothing is written, since
    /// that would go to a disk that nobody reads from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mounted: bool,
}

/// What one call of the connector may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// All memories and tables of the instance together.
    pub memory_bytes: u64,
    /// Time on the processor.
    pub cpu_ms: u64,
    /// Time by the clock, all waiting included.
    pub timeout_ms: u64,
    /// The largest file that a call may create or keep.
    pub max_attachment_bytes: u64,
}

impl Limits {
    /// The most that a connection may be given.
    pub const CEILING: Self =
        Self { memory_bytes: 256 << 20, cpu_ms: 30_000, timeout_ms: 60 * 60 * 1000, max_attachment_bytes: 4 << 30 };
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 64 << 20, cpu_ms: 2_000, timeout_ms: 5 * 60 * 1000, max_attachment_bytes: 512 << 20 }
    }
}
