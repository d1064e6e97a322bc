//! `[connection.endpoints.NAME]`: where a target is, and what is said of it.

use std::collections::BTreeMap;

use serde_json::json;
use sluse_egress::HostSuffix;
use sluse_model::{Auth, Discovery, Endpoint, Name, Standing};

use super::{auth, connections::section, document::Content, reader::Reader};

pub(super) fn read(reader: &mut Reader<'_, '_>) -> BTreeMap<Name, Endpoint> {
    reader.named("endpoints", endpoint)
}

fn endpoint(mut reader: Reader<'_, '_>) -> Option<Endpoint> {
    let defaults = empty();
    // May stand in the settings instead; what becomes of one that is nowhere is said when that is known.
    let url = reader.optional_text("url").unwrap_or_default().to_owned();
    let discovery = section(&mut reader, "discovery").map(discovery);
    if !url.is_empty() && discovery.is_some() {
        reader.refuse("discovery", "an address is written (`url`) or asked for (`discovery`), not both");
    }
    let allow_plaintext = reader.flag("allow_plaintext");
    let http1_only = reader.flag("http1_only");
    let timeout_ms = reader.number("timeout_ms").unwrap_or(defaults.timeout_ms);
    let max_response_bytes = reader.number("max_response_bytes").unwrap_or(defaults.max_response_bytes);
    let status_means = status_means(&mut reader);
    let idempotency_header = reader.optional_text("idempotency_header").map(str::to_owned);
    let auth = match reader.get("auth") {
        None => Some(Auth::Nothing),
        Some(node) => reader.child("auth", node).and_then(auth::read),
    };
    reader.finish();
    let discovery = match discovery {
        Some(discovery) => Some(discovery?),
        None => None,
    };
    Some(Endpoint {
        url,
        discovery,
        allow_plaintext,
        http1_only,
        auth: auth?,
        timeout_ms,
        max_response_bytes,
        status_means,
        idempotency_header,
    })
}

/// An endpoint of which nothing is said.
pub(super) fn empty() -> Endpoint {
    serde_json::from_value(json!({})).expect("everything has a default")
}

/// `{ url = "https://…", field = "api_endpoint", host_suffixes = ["niceincontact.com"] }`.
fn discovery(mut reader: Reader<'_, '_>) -> Option<Discovery> {
    let url = reader.text("url").map(str::to_owned);
    let field = reader.text("field").map(str::to_owned);
    let suffixes = reader.optional_texts("host_suffixes");
    if suffixes.is_none() {
        reader.missing("host_suffixes");
    }
    let mut host_suffixes = Vec::new();
    for (place, text) in suffixes.unwrap_or_default() {
        match text.parse::<HostSuffix>() {
            Ok(suffix) => host_suffixes.push(suffix.to_string()),
            Err(_) => reader.refuse_at(
                &place,
                "the end of a host's name is needed here, without scheme, star and path: `niceincontact.com`",
            ),
        }
    }
    reader.finish();
    Some(Discovery { url: url?, field: field?, host_suffixes })
}

/// `{ 500 = "did-not-happen" }`.
fn status_means(reader: &mut Reader<'_, '_>) -> BTreeMap<u16, Standing> {
    let mut means = BTreeMap::new();
    for (key, node) in reader.table("status_means") {
        let path = format!("status_means.{key}");
        let Some(status) = key.parse().ok().filter(|status| (200..=599).contains(status)) else {
            reader.refuse_at(&path, format!("`{key}` is no status: there are 200 to 599"));
            continue;
        };
        let standing = match &node.value {
            Content::Text(text) => Standing::ALL.into_iter().find(|standing| standing.as_str() == text),
            _ => None,
        };
        match standing {
            Some(standing) => drop(means.insert(status, standing)),
            None => {
                let words = Standing::ALL.map(Standing::as_str).join(", ");
                reader.refuse_at(&path, format!("what the status says is one of {words}"));
            }
        }
    }
    means
}
