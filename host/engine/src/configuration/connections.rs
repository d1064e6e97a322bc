//! A `[[connection]]`.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::json;
use sluse_model::{
    Auth, CallbackSettings, Connection, Endpoint, FolderGrant, Grant, Limits, Name, RetryPolicy, SecretName, Sequence,
    Standing,
};

use super::{
    document::{Content, Node},
    finding::{Finding, Origin},
    policies,
    reader::Reader,
};
use crate::mapping::did_you_mean;

/// The ways of signing in that can be configured.
const AUTH_KINDS: [&str; 6] = ["nothing", "basic", "bearer", "api-key", "oauth2-client-credentials", "signature"];

/// Reads a connection. `None` when what is there is not enough to make one; there are findings then.
pub(crate) fn read(node: &Node, origin: &Origin, path: &str, findings: &mut Vec<Finding>) -> Option<Connection> {
    let mut reader = Reader::new(node, origin, path, findings)?;
    let name = reader.name("name");
    let connector = reader.name("connector");
    let title = reader.optional_text("title").unwrap_or_default().to_owned();
    let settings = reader.json_table("settings");
    let endpoints = endpoints(&mut reader);
    let grant = grant(&mut reader);
    let limits = limits(&mut reader);
    let retry = policies::retry(&mut reader, &RetryPolicy::default()).unwrap_or_default();
    let gates = policies::gates(&mut reader);
    let operations = policies::operations(&mut reader, &retry);
    let sequences = sequences(&mut reader);
    let callbacks = callbacks(&mut reader);
    reader.finish();
    let (name, connector) = (name?, connector?);
    Some(Connection {
        name,
        connector,
        title,
        settings,
        endpoints,
        grant,
        limits,
        retry,
        gates,
        callbacks,
        sequences,
        operations,
    })
}

fn endpoints(reader: &mut Reader<'_, '_>) -> BTreeMap<Name, Endpoint> {
    named(reader, "endpoints", endpoint)
}

/// A table of tables, each under a name.
fn named<'n, T>(
    reader: &mut Reader<'n, '_>,
    key: &'static str,
    read: impl Fn(Reader<'n, '_>) -> Option<T>,
) -> BTreeMap<Name, T> {
    let mut found = BTreeMap::new();
    for (entry, node) in reader.table(key) {
        let mut path = key.to_owned();
        crate::mapping::push_key(&mut path, entry);
        let name = Name::from_str(entry).map_err(|error| reader.refuse_at(&path, error.to_string())).ok();
        let value = reader.child_at(&path, node).and_then(&read);
        if let (Some(name), Some(value)) = (name, value) {
            found.insert(name, value);
        }
    }
    found
}

fn endpoint(mut reader: Reader<'_, '_>) -> Option<Endpoint> {
    let defaults: Endpoint =
        serde_json::from_value(json!({ "url": "" })).expect("everything but the address has a default");
    let url = reader.text("url").map(str::to_owned);
    let allow_plaintext = reader.flag("allow_plaintext");
    let timeout_ms = reader.number("timeout_ms").unwrap_or(defaults.timeout_ms);
    let max_response_bytes = reader.number("max_response_bytes").unwrap_or(defaults.max_response_bytes);
    let status_means = status_means(&mut reader);
    let idempotency_header = reader.optional_text("idempotency_header").map(str::to_owned);
    let auth = match reader.get("auth") {
        None => Some(Auth::Nothing),
        Some(node) => reader.child("auth", node).and_then(auth),
    };
    reader.finish();
    let (url, auth) = (url?, auth?);
    Some(Endpoint { url, allow_plaintext, auth, timeout_ms, max_response_bytes, status_means, idempotency_header })
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

fn auth(mut reader: Reader<'_, '_>) -> Option<Auth> {
    let kind = reader.text("kind")?;
    let auth = match kind {
        "nothing" => Some(Auth::Nothing),
        "basic" => {
            let username = reader.text("username").map(str::to_owned);
            let password = secret(&mut reader, "password");
            username.zip(password).map(|(username, password)| Auth::Basic { username, password })
        }
        "bearer" => secret(&mut reader, "token").map(|token| Auth::Bearer { token }),
        "api-key" => {
            let header = reader.optional_text("header").map(str::to_owned);
            let query = reader.optional_text("query").map(str::to_owned);
            secret(&mut reader, "value").map(|value| Auth::ApiKey { header, query, value })
        }
        "oauth2-client-credentials" => {
            let token_url = reader.text("token_url").map(str::to_owned);
            let client_id = reader.text("client_id").map(str::to_owned);
            let client_secret = secret(&mut reader, "client_secret");
            let scope = reader.optional_text("scope").map(str::to_owned);
            token_url.zip(client_id).zip(client_secret).map(|((token_url, client_id), client_secret)| {
                Auth::OAuth2ClientCredentials { token_url, client_id, client_secret, scope }
            })
        }
        "signature" => secret(&mut reader, "secret").map(|secret| Auth::Signature { secret }),
        unknown => {
            let hint = did_you_mean(unknown, AUTH_KINDS);
            reader.refuse(
                "kind",
                format!("`{unknown}` is no way of signing in{hint}: there are {}", AUTH_KINDS.join(", ")),
            );
            // Which other keys belong here is not known.
            return None;
        }
    };
    reader.finish();
    auth
}

/// `{ secret = "name" }`. What stands there instead is never repeated: it may be the secret itself.
fn secret(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<SecretName> {
    let Some(node) = reader.get(key) else {
        reader.missing(key);
        return None;
    };
    if !matches!(node.value, Content::Table(_)) {
        reader.refuse(key, format!("a secret is named here, never written: `{key} = {{ secret = \"NAME\" }}`"));
        return None;
    }
    let mut reader = reader.child(key, node)?;
    let text = reader.text("secret");
    let name = text.and_then(|text| {
        let name = Name::from_str(text).ok();
        if name.is_none() {
            reader.refuse(
                "secret",
                "the name of a secret has lower-case letters, digits and single dashes inside, at most 64",
            );
        }
        name
    });
    reader.finish();
    name.map(|secret| SecretName { secret })
}

/// `[connection.callbacks]`.
fn callbacks(reader: &mut Reader<'_, '_>) -> Option<CallbackSettings> {
    let mut reader = section(reader, "callbacks")?;
    let secret = secret(&mut reader, "secret");
    reader.finish();
    Some(CallbackSettings { secret: secret? })
}

fn grant(reader: &mut Reader<'_, '_>) -> Grant {
    let Some(mut reader) = section(reader, "grant") else { return Grant::default() };
    let mut cidrs = Vec::new();
    for (index, node) in reader.list("cidrs").iter().enumerate() {
        match &node.value {
            Content::Text(text) if text.parse::<sluse_egress::IpNet>().is_ok() => cidrs.push(text.clone()),
            _ => reader.refuse_at(&format!("cidrs[{index}]"), "a range of addresses is needed here: `10.20.0.0/16`"),
        }
    }
    let folders = named(&mut reader, "folders", |mut reader| {
        let path = reader.text("path").map(str::to_owned);
        let mounted = reader.flag("mounted");
        reader.finish();
        Some(FolderGrant { path: path?, mounted })
    });
    reader.finish();
    Grant { cidrs, folders }
}

/// `[connection.sequences.NAME]`.
fn sequences(reader: &mut Reader<'_, '_>) -> BTreeMap<Name, Sequence> {
    named(reader, "sequences", |mut reader| {
        let first = reader.number("first").unwrap_or(1);
        if reader.get("last").is_none() {
            reader.missing("last");
        }
        let last = reader.number("last");
        reader.finish();
        Some(Sequence { first, last: last? })
    })
}

fn limits(reader: &mut Reader<'_, '_>) -> Limits {
    let defaults = Limits::default();
    let Some(mut reader) = section(reader, "limits") else { return defaults };
    let limits = Limits {
        memory_bytes: reader.number("memory_bytes").unwrap_or(defaults.memory_bytes),
        cpu_ms: reader.number("cpu_ms").unwrap_or(defaults.cpu_ms),
        timeout_ms: reader.number("timeout_ms").unwrap_or(defaults.timeout_ms),
        max_attachment_bytes: reader.number("max_attachment_bytes").unwrap_or(defaults.max_attachment_bytes),
    };
    reader.finish();
    limits
}

pub(super) fn section<'n, 'r>(reader: &'r mut Reader<'n, '_>, key: &'static str) -> Option<Reader<'n, 'r>> {
    let node = reader.get(key)?;
    reader.child(key, node)
}
