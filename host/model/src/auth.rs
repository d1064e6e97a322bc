//! How a connection signs in at an endpoint. Names secrets, never holds one.

use serde::{Deserialize, Serialize};

use crate::{CredentialKind, Name, Thumbprint};

/// The name of a secret, written as `{ secret = "name" }`, so that nobody takes a secret's name for its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretName {
    pub secret: Name,
}

/// A text that may be kept as a secret, and need not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TextOrSecret {
    Text(String),
    Secret(SecretName),
}

/// Where a client says who it is when it asks for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientPlace {
    /// In `Authorization: Basic`.
    #[default]
    Header,
    /// In the form.
    Body,
}

impl ClientPlace {
    pub const ALL: [Self; 2] = [Self::Header, Self::Body];

    /// The word as written in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Body => "body",
        }
    }

    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
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
    /// OAuth 2.0 with a user's name and password (RFC 6749 section 4.3), as CXone asks for it.
    #[serde(rename = "oauth2-password")]
    OAuth2Password {
        token_url: String,
        client_id: String,
        client_secret: SecretName,
        #[serde(default, skip_serializing_if = "ClientPlace::is_usual")]
        client_in: ClientPlace,
        username: TextOrSecret,
        password: SecretName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// A user of Active Directory (NTLMv2).
    Ntlm {
        username: String,
        password: SecretName,
        /// Empty where the user's name says it, or there is none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        domain: String,
    },
    /// A certificate that is presented when the connection is made (mutual TLS).
    ClientCertificate {
        /// Which of the secret's certificates; may be left out where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thumbprint: Option<Thumbprint>,
        /// PEM: certificates and private keys.
        secret: SecretName,
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
            Self::OAuth2Password { .. } => CredentialKind::OAuth2Password,
            Self::Ntlm { .. } => CredentialKind::Ntlm,
            Self::ClientCertificate { .. } => CredentialKind::ClientCertificate,
            Self::Signature { .. } => CredentialKind::Signature,
        }
    }

    /// The secrets that it needs, each with the key that names it.
    pub fn named_secrets(&self) -> Vec<(&'static str, &Name)> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Basic { password, .. } | Self::Ntlm { password, .. } => vec![("password", &password.secret)],
            Self::Bearer { token } => vec![("token", &token.secret)],
            Self::ApiKey { value, .. } => vec![("value", &value.secret)],
            Self::OAuth2ClientCredentials { client_secret, .. } => vec![("client_secret", &client_secret.secret)],
            Self::OAuth2Password { client_secret, username, password, .. } => {
                let mut named = vec![("client_secret", &client_secret.secret), ("password", &password.secret)];
                if let TextOrSecret::Secret(username) = username {
                    named.push(("username", &username.secret));
                }
                named
            }
            Self::ClientCertificate { secret, .. } | Self::Signature { secret } => vec![("secret", &secret.secret)],
        }
    }

    /// The secrets that it needs.
    pub fn secrets(&self) -> Vec<&Name> {
        self.named_secrets().into_iter().map(|(_, secret)| secret).collect()
    }

    /// Where its secrets are exchanged for a token, if they are.
    pub fn token_url(&self) -> Option<&str> {
        match self {
            Self::OAuth2ClientCredentials { token_url, .. } | Self::OAuth2Password { token_url, .. } => Some(token_url),
            _ => None,
        }
    }
}
