//! What shall go wrong with the next requests.

use serde::{Deserialize, Serialize};

/// What shall happen with the next requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What they ask for, as the ledger counts them (`search`, `create`, `token`, …); anything when absent.
    #[serde(default)]
    pub on: Option<String>,
    /// How many, one after the other.
    #[serde(default = "one")]
    pub times: u32,
    /// What happens.
    pub fault: Fault,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fault {
    /// 206: the results, with an error of one system beside them.
    Partial,
    /// 200 with an error beside the results.
    WithErrors,
    /// 200 without records, whatever there is; nothing is created.
    Empty,
    /// A page of a gateway, without any effect.
    Html { status: u16 },
    /// 200 with a body that is no JSON, after the effect.
    NoJson,
    /// An error without any effect.
    Refuse {
        status: u16,
        #[serde(default)]
        retry_after: Option<String>,
        #[serde(default)]
        message: Option<String>,
    },
    /// The effect, and then an error.
    CommitThenStatus { status: u16 },
    /// The effect and the answer, after a while. The effect comes also when the caller has gone.
    Slow { delay_ms: u64 },
    /// 401, and no token that was given out is good any more.
    Revoke,
    /// The connection ends after the request was read, without any effect.
    DropBeforeCommit,
    /// The connection ends after the effect, without an answer.
    DropAfterCommit,
}

impl Fault {
    /// Whether the workflow runs.
    pub(super) fn commits(&self) -> bool {
        !matches!(self, Self::Empty | Self::Html { .. } | Self::Refuse { .. } | Self::Revoke | Self::DropBeforeCommit)
    }
}

fn one() -> u32 {
    1
}

/// What was planted, oldest first.
#[derive(Debug, Default)]
pub(super) struct Scripts(Vec<Script>);

impl Scripts {
    pub(super) fn plant(&mut self, script: Script) {
        if script.times > 0 {
            self.0.push(script);
        }
    }

    /// What waits for requests.
    pub(super) fn waiting(&self) -> &[Script] {
        &self.0
    }

    /// What goes wrong with a request that asks for this.
    pub(super) fn take(&mut self, asked: &str) -> Option<Fault> {
        let at = self.0.iter().position(|script| script.on.as_deref().is_none_or(|on| on == asked))?;
        self.0[at].times -= 1;
        let fault = self.0[at].fault.clone();
        if self.0[at].times == 0 {
            self.0.remove(at);
        }
        Some(fault)
    }
}
