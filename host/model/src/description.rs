//! What a connector says of itself. Mirrors `connector` of the WIT contract.

use serde::{Deserialize, Serialize};

/// Everything that the host, the console and the documentation need to know about a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The connector's name, the same in every version.
    pub name: String,
    /// SemVer.
    pub version: String,
    /// The name that people see.
    pub title: String,
    /// What it connects to.
    pub summary: String,
    /// JSON Schema (2020-12) of a connection's settings, as JSON text.
    pub settings_schema: String,
    /// What it can be asked to do.
    pub operations: Vec<OperationDescription>,
    /// What it can be asked to look for.
    pub feeds: Vec<FeedDescription>,
    /// The endpoints that a connection must or may name.
    pub endpoints: Vec<EndpointNeed>,
    /// The folders that a connection must or may grant.
    pub folders: Vec<FolderNeed>,
    /// The number sequences that it reserves from.
    pub sequences: Vec<String>,
}

impl Description {
    /// The operation of this name.
    pub fn operation(&self, name: &str) -> Option<&OperationDescription> {
        self.operations.iter().find(|operation| operation.name == name)
    }
}

/// Something that a connector can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDescription {
    /// Kebab-case.
    pub name: String,
    /// The name that people know it by.
    pub title: String,
    pub summary: String,
    /// JSON Schema (2020-12) as JSON text.
    pub input_schema: String,
    /// JSON Schema (2020-12) as JSON text.
    pub output_schema: String,
    /// It changes nothing at the target.
    pub reads_only: bool,
}

/// Something that a connector can be asked to look for on a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedDescription {
    pub name: String,
    pub title: String,
    pub summary: String,
    /// JSON Schema (2020-12) of what an item hands to its flow, as JSON text.
    pub item_schema: String,
    /// The interval that suits most uses.
    pub usual_interval_seconds: u32,
}

/// An address that a connector needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointNeed {
    /// `default`, or the name that requests use.
    pub name: String,
    pub title: String,
    /// A connection without it is refused.
    pub required: bool,
    /// The ways of signing in that make sense there.
    pub credentials: Vec<CredentialKind>,
}

/// A folder that a connector publishes files to, or reads files from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderNeed {
    pub name: String,
    pub title: String,
    pub required: bool,
    /// Nothing is published there.
    pub reads_only: bool,
}

/// A way of signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    Nothing,
    Basic,
    Bearer,
    ApiKey,
    #[serde(rename = "oauth2-client-credentials")]
    OAuth2ClientCredentials,
    #[serde(rename = "oauth2-password")]
    OAuth2Password,
    Ntlm,
    ClientCertificate,
    Signature,
}

impl CredentialKind {
    /// The name as written in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::ApiKey => "api-key",
            Self::OAuth2ClientCredentials => "oauth2-client-credentials",
            Self::OAuth2Password => "oauth2-password",
            Self::Ntlm => "ntlm",
            Self::ClientCertificate => "client-certificate",
            Self::Signature => "signature",
        }
    }
}
