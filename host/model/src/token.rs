//! Who may ask the host for what.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenId};

/// What an API token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Hand in submissions and read the runs.
    Submit,
    /// Have single operations done, and look at what came of them.
    Call,
    /// Read everything but secrets, and act on deliveries.
    Operate,
    /// Install and activate connectors, apply configuration.
    Deploy,
    /// Write secrets, and confirm where they may go.
    Secrets,
    /// Read figures, and how schedules fare.
    Monitor,
    /// Everything, tokens included.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 7] =
        [Self::Submit, Self::Call, Self::Operate, Self::Deploy, Self::Secrets, Self::Monitor, Self::Admin];

    /// The name as written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Call => "call",
            Self::Operate => "operate",
            Self::Deploy => "deploy",
            Self::Secrets => "secrets",
            Self::Monitor => "monitor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope: use submit, call, operate, deploy, secrets, monitor or admin")]
pub struct InvalidScope(String);

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| InvalidScope(text.to_owned()))
    }
}

/// An API token as the host knows it: its hash and what it allows, never itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    /// What people call it: who holds it.
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether the token allows what `scope` names. `admin` allows everything.
    pub fn allows(&self, scope: Scope) -> bool {
        self.revoked_at.is_none() && (self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin))
    }
}
