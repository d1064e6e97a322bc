//! A named request: what `call` and `read` send, and how they read the answer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluse_sdk::http;

/// A request that `call` or `read` names. `{customer.name}` in a text stands for that value of the input, and
/// `{$delivery}` for the delivery, the same on every attempt. `{note?}` may be missing; `{{` and `}}` are braces.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedRequest {
    /// How it is sent.
    #[serde(default)]
    pub(crate) method: Method,
    /// The path below the endpoint's address: `/orders/{order}`. Values are percent-encoded.
    pub(crate) path: String,
    /// Parameters of the query. One whose optional value is missing is left out.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, String>,
    /// Header lines. One whose optional value is missing is left out.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The JSON body. A text that is nothing but one `{place}` becomes that value with its type; a member whose optional
    /// value is missing is left out.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// What it does at the target. Without it, `get` reads and everything else must happen once.
    #[serde(default)]
    pub(crate) effect: Option<Effect>,
    /// Names what must happen once, within the delivery. Without it, the request's own name.
    #[serde(default)]
    pub(crate) intent: Option<String>,
    /// A header that carries the delivery, the same on every attempt.
    #[serde(default)]
    pub(crate) idempotency_header: Option<String>,
    /// The statuses that mean that it succeeded; without it, every 2xx.
    #[serde(default)]
    #[schemars(inner(range(min = 200, max = 599)))]
    pub(crate) success: Vec<u16>,
    /// What other statuses mean, where the usual meaning is not meant.
    #[serde(default)]
    pub(crate) status_table: BTreeMap<String, Meaning>,
    /// Fields of the operation's `data`, each with its place in the answer: `order.id` or `/order/id`; `note?` may be
    /// missing and is then null. Without it `data` is the whole answer; empty, the answer is not read.
    #[serde(default)]
    pub(crate) output: Option<BTreeMap<String, String>>,
    /// The place in a refusal where the target says why.
    #[serde(default)]
    pub(crate) reason_pointer: Option<String>,
    /// The request that finds out whether this one happened, when it was interrupted. It gets the same values.
    #[serde(default)]
    pub(crate) lookup: Option<String>,
    /// The place in the look-up's answer where something stands when it happened. Without it a success says that it did;
    /// 404 and 410 always say that it did not.
    #[serde(default)]
    pub(crate) found: Option<String>,
    /// The answer comes in pages.
    #[serde(default)]
    pub(crate) paging: Option<Paging>,
}

/// The method of a named request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a named request does at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    /// It changes nothing.
    Read,
    /// Doing it again leaves the same state.
    Repeatable,
    /// It must happen once.
    Once,
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Meaning {
    /// The values cannot be right. Nothing was done.
    Invalid,
    /// The target refused. Nothing was done.
    Rejected,
    /// The sign-in or a right is missing. Nothing was done.
    Denied,
    /// The target cannot now, and is asked again. Nothing was done.
    Unavailable,
    /// It may have been done.
    Unknown,
}

/// How an answer goes on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// The place of the list in each page. Without it the answer is the list.
    #[serde(default)]
    pub(crate) items: String,
    /// The place in each page that leads to the next one. Without it the header `Link` does (`rel="next"`).
    #[serde(default)]
    pub(crate) next: Option<String>,
    /// The parameter of the query that takes what stands at `next`. Without it an address stands there.
    #[serde(default)]
    pub(crate) parameter: Option<String>,
    /// No more pages than this are read.
    #[serde(default = "usual_pages")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) max_pages: u32,
}

fn usual_pages() -> u32 {
    20
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(crate) fn on_the_wire(self) -> http::Method {
        match self {
            Self::Get => http::Method::Get,
            Self::Post => http::Method::Post,
            Self::Put => http::Method::Put,
            Self::Patch => http::Method::Patch,
            Self::Delete => http::Method::Delete,
        }
    }
}

impl NamedRequest {
    /// What it does at the target.
    pub(crate) fn effect(&self) -> Effect {
        self.effect.unwrap_or(match self.method {
            Method::Get => Effect::Read,
            Method::Post | Method::Put | Method::Patch | Method::Delete => Effect::Once,
        })
    }

    /// The status says that it succeeded.
    pub(crate) fn is_success(&self, status: u16) -> bool {
        if self.success.is_empty() { (200..300).contains(&status) } else { self.success.contains(&status) }
    }

    /// What the settings say that the status means.
    pub(crate) fn meaning(&self, status: u16) -> Option<Meaning> {
        self.status_table.get(&status.to_string()).copied()
    }
}
