//! Pages of a list.

use serde::{Deserialize, Serialize};
use sluse_store::{Page, PageRequest};

use crate::{
    openapi::{
        Operation,
        schema::{Schema, list, number, object, text},
    },
    problem::kind,
};

/// Entries of a page unless the caller says otherwise, and at most.
const USUAL_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;

/// How many, and from where.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    limit: Option<u32>,
    after: Option<String>,
}

impl ListQuery {
    pub(crate) fn new(limit: Option<u32>, after: Option<String>) -> Self {
        Self { limit, after }
    }
}

impl From<ListQuery> for PageRequest {
    fn from(query: ListQuery) -> Self {
        Self { limit: query.limit.unwrap_or(USUAL_LIMIT).clamp(1, MAX_LIMIT), after: query.after }
    }
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(crate) struct ListBody<T> {
    items: Vec<T>,
    /// Send it as `after` to get what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> ListBody<T> {
    pub(crate) fn new<From>(page: Page<From>, convert: impl Fn(From) -> T) -> Self {
        Self { items: page.items.into_iter().map(convert).collect(), next: page.next }
    }
}

/// A page of these.
pub(crate) fn page(item: Schema) -> Schema {
    object().with("items", list(item)).may_have("next", text().about("Send it as `after` to get what follows."))
}

/// How many, and from where.
pub(crate) fn paged(operation: Operation) -> Operation {
    let limit = number().keyword("default", USUAL_LIMIT);
    let about = format!("Entries of the page; more than {MAX_LIMIT} become {MAX_LIMIT}, and 0 becomes 1.");
    operation
        .query("limit", &about, limit)
        .query("after", "Where the page before ended: its `next`.", text())
        .problems(&[kind::BAD_PAGE])
}

/// All of these.
pub(crate) fn items(item: Schema) -> Schema {
    object().with("items", list(item))
}
