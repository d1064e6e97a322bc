//! A connection against its connector and the operator's rules.

use serde_json::Value;
use sluse_egress::is_loopback;
use sluse_model::{Auth, Connection, CredentialKind, Description, Endpoint, EndpointNeed, Limits, Name};
use url::Url;

use super::{Catalog, granted, policies, shapes::pointer_to_path};
use crate::{
    configuration::{Located, finding::Finding, intervals::settings_of},
    mapping::did_you_mean,
    schema::Schema,
};

pub(super) fn check(located: &Located<Connection>, catalog: &Catalog<'_>, findings: &mut Vec<Finding>) {
    let connection = &located.value;
    let mut refuse = |path: &str, message: String| findings.push(located.origin.finding(path, message));
    match catalog.connectors.get(&connection.connector) {
        None => {
            let hint = did_you_mean(connection.connector.as_str(), catalog.connectors.keys().map(Name::as_str));
            let message = format!(
                "no connector `{}` is installed{hint}: hand it in with `sluse connector install FILE`",
                connection.connector
            );
            refuse("connector", message);
        }
        Some(description) => {
            settings(connection, description, &mut refuse);
            intervals(connection, description, &mut refuse);
            needs(connection, description, &mut refuse);
            granted::needs(connection, description, &mut refuse);
            policies::operations(connection, description, &mut refuse);
        }
    }
    for (name, endpoint) in &connection.endpoints {
        let path = format!("endpoints.{name}");
        address(name, endpoint, &path, &mut refuse);
        auth(&endpoint.auth, &path, catalog, &mut refuse);
        exchange(endpoint, connection, &path, &mut refuse);
        idempotency(endpoint, &path, &mut refuse);
        // Of an address that is missing or in clear the ceiling would say the same once more.
        let (asked, key) = asked(endpoint);
        let is_refused = asked.is_empty() || (asked.starts_with("http:") && !endpoint.allow_plaintext);
        if !is_refused && let Err(rule) = (catalog.allows_endpoint)(connection, name, endpoint) {
            refuse(&format!("{path}.{key}"), rule);
        }
    }
    if let Some(callbacks) = &connection.callbacks {
        secret(&callbacks.secret.secret, "callbacks.secret.secret", catalog, &mut refuse);
    }
    granted::check(connection, catalog, &mut refuse);
    limits(&connection.limits, &mut refuse);
    policies::check(connection, &mut refuse);
}

fn settings(connection: &Connection, description: &Description, refuse: &mut impl FnMut(&str, String)) {
    // A connector whose schema does not compile is not installed; should it be, that is told here.
    let schema = match Schema::compile(&description.settings_schema) {
        Ok(schema) => schema,
        Err(fault) => {
            return refuse("connector", format!("the settings schema of `{}` is broken: {fault}", description.name));
        }
    };
    for violation in schema.check(&Value::Object(connection.settings.clone())).err().unwrap_or_default() {
        let path = pointer_to_path("settings", &violation.path);
        refuse(&path, format!("`{}` expects {}", description.name, violation.expected));
    }
}

/// What says how often a feed is asked says so.
fn intervals(connection: &Connection, description: &Description, refuse: &mut impl FnMut(&str, String)) {
    for setting in settings_of(connection, description, |_| true) {
        if setting.seconds().is_none() {
            let message = "it says how often a feed is asked: a whole number of seconds, from 1 to a year's";
            refuse(&format!("settings.{}", setting.key), message.to_owned());
        }
    }
}

fn needs(connection: &Connection, description: &Description, refuse: &mut impl FnMut(&str, String)) {
    for need in &description.endpoints {
        if need.required && !connection.endpoints.contains_key(need.name.as_str()) {
            let message = format!(
                "the endpoint `{}` ({}) is missing: write `[connection.endpoints.{}]` with its `url`",
                need.name, need.title, need.name
            );
            refuse("endpoints", message);
        }
    }
    for (name, endpoint) in &connection.endpoints {
        match description.endpoints.iter().find(|need| need.name == name.as_str()) {
            Some(need) => credential(need, name, endpoint, refuse),
            None => {
                let names = description.endpoints.iter().map(|need| need.name.as_str());
                let hint = did_you_mean(name.as_str(), names);
                refuse(&format!("endpoints.{name}"), format!("`{}` has no endpoint `{name}`{hint}", description.name));
            }
        }
    }
}

fn credential(need: &EndpointNeed, name: &Name, endpoint: &Endpoint, refuse: &mut impl FnMut(&str, String)) {
    let kind = endpoint.auth.kind();
    if need.credentials.is_empty() || need.credentials.contains(&kind) {
        return;
    }
    let kinds: Vec<&str> = need.credentials.iter().copied().map(CredentialKind::as_str).collect();
    let message = format!("signing in with `{}` makes no sense there: use {}", kind.as_str(), kinds.join(", "));
    refuse(&format!("endpoints.{name}.auth.kind"), message);
}

/// The address that is known beforehand, and its key: the endpoint's own, or the one that is asked for it.
fn asked(endpoint: &Endpoint) -> (&str, &'static str) {
    match &endpoint.discovery {
        Some(discovery) => (&discovery.url, "discovery.url"),
        None => (&endpoint.url, "url"),
    }
}

fn address(name: &Name, endpoint: &Endpoint, path: &str, refuse: &mut impl FnMut(&str, String)) {
    let has_credential = endpoint.auth.kind() != CredentialKind::Nothing;
    match &endpoint.discovery {
        Some(discovery) => {
            // Its query is our own, and nothing signs in there.
            let (address, _) = discovery.url.split_once('?').unwrap_or((&discovery.url, ""));
            url(address, &format!("{path}.discovery.url"), endpoint.allow_plaintext, false, refuse);
            if discovery.host_suffixes.is_empty() {
                let message = "nobody is believed: name the ends of the hosts that are, `[\"niceincontact.com\"]`";
                refuse(&format!("{path}.discovery.host_suffixes"), message.to_owned());
            }
        }
        None if endpoint.url.is_empty() => {
            let message = format!("`url` is missing: write the address of endpoint `{name}`, or `discovery`");
            refuse(path, message);
        }
        None => url(&endpoint.url, &format!("{path}.url"), endpoint.allow_plaintext, has_credential, refuse),
    }
    if let Some(token_url) = endpoint.auth.token_url() {
        // Secrets are in the request.
        url(token_url, &format!("{path}.auth.token_url"), endpoint.allow_plaintext, true, refuse);
    }
}

fn url(text: &str, path: &str, allow_plaintext: bool, has_credential: bool, refuse: &mut impl FnMut(&str, String)) {
    // The address is not repeated: what should not stand in it may be a password.
    let Ok(url) = Url::parse(text) else {
        return refuse(path, "it is no address: write `https://host/path`".to_owned());
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse(path, "an address begins with `https://`".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        refuse(path, "an address holds no user and password: use `auth`".to_owned());
    }
    if url.query().is_some() {
        refuse(path, "an address ends before the question mark: a connector adds its own query".to_owned());
    }
    if url.fragment().is_some() {
        refuse(path, "an address has no `#`: it never reaches a server".to_owned());
    }
    if url.scheme() == "http" && has_credential && !is_loopback(&url) {
        refuse(
            path,
            "a credential never goes in clear over a network: use `https:`, or `kind = \"nothing\"`".to_owned(),
        );
    } else if url.scheme() == "http" && !allow_plaintext {
        refuse(
            path,
            "`http:` can be read and changed on the way: use `https:`, or set `allow_plaintext = true` at the endpoint"
                .to_owned(),
        );
    }
}

fn auth(auth: &Auth, path: &str, catalog: &Catalog<'_>, refuse: &mut impl FnMut(&str, String)) {
    if let Auth::ApiKey { header, query, .. } = auth
        && header.is_some() == query.is_some()
    {
        refuse(&format!("{path}.auth"), "a key goes into exactly one of `header` and `query`".to_owned());
    }
    if let Auth::ApiKey { header: Some(header), .. } = auth
        && (header.is_empty() || !header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
    {
        refuse(&format!("{path}.auth.header"), "the name of a header has letters, digits and dashes".to_owned());
    }
    if let Auth::Ntlm { username, .. } = auth
        && username.contains('\\')
    {
        let message = "the part before the `\\` is the domain: write it in `domain`, and the user alone here";
        refuse(&format!("{path}.auth.username"), message.to_owned());
    }
    for (key, name) in auth.named_secrets() {
        secret(name, &format!("{path}.auth.{key}.secret"), catalog, refuse);
    }
}

fn secret(name: &Name, path: &str, catalog: &Catalog<'_>, refuse: &mut impl FnMut(&str, String)) {
    if catalog.secrets.contains(name) {
        return;
    }
    let hint = did_you_mean(name.as_str(), catalog.secrets.iter().map(Name::as_str));
    refuse(path, format!("there is no secret `{name}`{hint}: write it with `sluse secret set {name}`"));
}

fn exchange(endpoint: &Endpoint, connection: &Connection, path: &str, refuse: &mut impl FnMut(&str, String)) {
    if endpoint.timeout_ms == 0 || endpoint.timeout_ms > connection.limits.timeout_ms {
        let most = connection.limits.timeout_ms;
        refuse(
            &format!("{path}.timeout_ms"),
            format!("an exchange has from 1 to {most} ms, what a call has (`limits.timeout_ms`)"),
        );
    }
    if endpoint.max_response_bytes == 0 || endpoint.max_response_bytes > connection.limits.memory_bytes {
        let most = connection.limits.memory_bytes;
        refuse(
            &format!("{path}.max_response_bytes"),
            format!("an answer has from 1 to {most} bytes, what a call has (`limits.memory_bytes`)"),
        );
    }
}

fn idempotency(endpoint: &Endpoint, path: &str, refuse: &mut impl FnMut(&str, String)) {
    let Some(header) = &endpoint.idempotency_header else { return };
    if header.is_empty() || !header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        let message = "the name of a header has letters, digits and dashes: `Idempotency-Key`";
        refuse(&format!("{path}.idempotency_header"), message.to_owned());
        return;
    }
    let carries_credential = match &endpoint.auth {
        Auth::ApiKey { header: Some(key), .. } => key.replace('_', "-").eq_ignore_ascii_case(&header.replace('_', "-")),
        _ => false,
    };
    if carries_credential || !sluse_egress::is_free(header) {
        let message = format!("`{header}` is set by the host, or by what signs in: name another header");
        refuse(&format!("{path}.idempotency_header"), message);
    }
}

fn limits(limits: &Limits, refuse: &mut impl FnMut(&str, String)) {
    let ceiling = Limits::CEILING;
    for (key, value, most) in [
        ("memory_bytes", limits.memory_bytes, ceiling.memory_bytes),
        ("cpu_ms", limits.cpu_ms, ceiling.cpu_ms),
        ("timeout_ms", limits.timeout_ms, ceiling.timeout_ms),
        ("max_attachment_bytes", limits.max_attachment_bytes, ceiling.max_attachment_bytes),
    ] {
        if value == 0 || value > most {
            refuse(&format!("limits.{key}"), format!("it is from 1 to {most}"));
        }
    }
}
