//! What shall happen with a trigger: how it is answered, and what the API calls back with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What shall happen with the next triggers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// Only triggers of this reference; each when absent.
    pub reference: Option<String>,
    /// How many triggers, one after the other.
    pub times: u32,
    /// How they are answered.
    pub answer: Answer,
    /// What the API calls back with, one after the other. None is silence.
    pub callbacks: Vec<Callback>,
}

impl Default for Script {
    /// Accepts, and calls back at once with success.
    fn default() -> Self {
        Self { reference: None, times: 1, answer: Answer::default(), callbacks: vec![Callback::default()] }
    }
}

/// How a trigger is answered. What is refused, redirected or dropped before the commit has no effect and no callbacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Answer {
    /// 202, after a while.
    Accept {
        #[serde(default)]
        delay_ms: u64,
    },
    /// 200 with what came of it, as a synchronous API does.
    AtOnce {
        success: bool,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        data: Map<String, Value>,
    },
    /// 200 with a body in small pieces.
    Drip { chunk_bytes: usize, every_ms: u64 },
    /// An error without any effect.
    Refuse {
        status: u16,
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The effect, and then an error.
    CommitThenStatus { status: u16 },
    /// 307 to another address.
    Redirect { location: String },
    /// The connection ends after the request was read, without any effect.
    DropBeforeCommit,
    /// The connection ends after the effect, without an answer.
    DropAfterCommit,
}

impl Default for Answer {
    fn default() -> Self {
        Self::Accept { delay_ms: 0 }
    }
}

impl Answer {
    /// Whether the action is done.
    pub(super) fn commits(&self) -> bool {
        !matches!(self, Self::Refuse { .. } | Self::Redirect { .. } | Self::DropBeforeCommit)
    }
}

/// One call back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Callback {
    /// Wait before it, in milliseconds.
    pub after_ms: u64,
    /// Is made, and answered, before the trigger is.
    pub before_answer: bool,
    /// Whether the action succeeded.
    pub success: bool,
    /// Why it did not; may be long or HTML.
    pub reason: Option<String>,
    /// Custom data; may be unknown to the host.
    pub data: Map<String, Value>,
    /// Sent instead of all that.
    pub body: Option<String>,
    /// Alters the address, as somebody would who guesses it.
    pub wrong_token: bool,
    /// How often it is tried until somebody answers with a 2xx, a pause of `pause_ms` between.
    pub tries: u32,
    /// Pause between tries, in milliseconds.
    pub pause_ms: u64,
}

impl Default for Callback {
    fn default() -> Self {
        Self {
            after_ms: 0,
            before_answer: false,
            success: true,
            reason: None,
            data: Map::new(),
            body: None,
            wrong_token: false,
            tries: 1,
            pause_ms: 100,
        }
    }
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

    /// What waits for triggers.
    pub(super) fn waiting(&self) -> &[Script] {
        &self.0
    }

    /// The script of a trigger; the usual one when none was planted for it.
    pub(super) fn take(&mut self, reference: &str) -> Script {
        let fits = |script: &Script| script.reference.as_deref().is_none_or(|wanted| wanted == reference);
        let Some(at) = self.0.iter().position(fits) else { return Script::default() };
        self.0[at].times -= 1;
        let script = self.0[at].clone();
        if script.times == 0 {
            self.0.remove(at);
        }
        script
    }
}
