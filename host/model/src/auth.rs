//! How a connection signs in at an endpoint. Names secrets, never holds one.

use serde::{Deserialize, Serialize};

use crate::{CredentialKind, Name};

/// The name of a secret, written as `{ secret = "name" }`, so that nobody takes a secret's name for its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretName {
    pub secret: Name,
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Auth {
    /// Not at all.
    #[default]
    Nothing,
    /// User name and password in every request (RFC 7617).
    Basic { username: String, password: SecretName },
    /// A fixed token in every request (RFC 6750).
    Bearer { token: SecretName },
    /// A key in a header, or in a query parameter where the target knows no other way.
    ApiKey {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
        value: SecretName,
    },
    /// OAuth 2.0 client credentials (RFC 6749 section 4.4), as Entra asks for it.
    #[serde(rename = "oauth2-client-credentials")]
    OAuth2ClientCredentials {
        token_url: String,
        client_id: String,
        client_secret: SecretName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// Every request signed with a shared key (Standard Webhooks 1.0.0).
    Signature { secret: SecretName },
}

impl Auth {
    /// Which way of signing in this is.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::Nothing => CredentialKind::Nothing,
            Self::Basic { .. } => CredentialKind::Basic,
            Self::Bearer { .. } => CredentialKind::Bearer,
            Self::ApiKey { .. } => CredentialKind::ApiKey,
            Self::OAuth2ClientCredentials { .. } => CredentialKind::OAuth2ClientCredentials,
            Self::Signature { .. } => CredentialKind::Signature,
        }
    }

    /// The secrets that it needs.
    pub fn secrets(&self) -> Vec<&Name> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Basic { password: secret, .. }
            | Self::Bearer { token: secret }
            | Self::ApiKey { value: secret, .. }
            | Self::OAuth2ClientCredentials { client_secret: secret, .. }
            | Self::Signature { secret } => vec![&secret.secret],
        }
    }
}
