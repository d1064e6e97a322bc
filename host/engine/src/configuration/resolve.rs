//! What a connector wants in its settings although it is meant for an endpoint: an address, a thumbprint. The documents of
//! some targets know them as settings; the host keeps them where it sends requests. Schemas mark them:
//! `x-sluse-endpoint` and `x-sluse-certificate`, each with the endpoint's name.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::Value;
use sluse_model::{Auth, Connection, Description, Endpoint, Name, Thumbprint};

use super::{
    Located, Parsed, endpoints, finding,
    finding::{Finding, Origin},
};
use crate::mapping::push_key;

/// The value is the address of the endpoint.
const ADDRESS_MARK: &str = "x-sluse-endpoint";
/// The value is the thumbprint of the certificate that is presented there.
const CERTIFICATE_MARK: &str = "x-sluse-certificate";

/// Puts marked settings where they are meant: from here on a connection is as it is stored and used. Whether an address
/// is there at all, and may be one, is up to the check.
pub(crate) fn resolve(parsed: &mut Parsed, connectors: &BTreeMap<Name, Description>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Located { value: connection, origin } in &mut parsed.connections {
        let Some(description) = connectors.get(&connection.connector) else { continue };
        // An address makes its endpoint, which a certificate may be meant for.
        let (addresses, certificates): (Vec<_>, Vec<_>) =
            marked(&description.settings_schema).into_iter().partition(|marked| marked.meaning == Meaning::Address);
        for marked in addresses.into_iter().chain(certificates) {
            place(&marked, connection, origin, &mut findings);
        }
    }
    finding::sort(&mut findings, &parsed.files);
    findings
}

/// A setting that is meant for an endpoint.
struct Marked {
    setting: String,
    meaning: Meaning,
    endpoint: Name,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Address,
    Certificate,
}

/// The marks on the properties of a schema.
fn marked(settings_schema: &str) -> Vec<Marked> {
    let schema: Value = serde_json::from_str(settings_schema).unwrap_or_default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let mut marked = Vec::new();
    for (setting, property) in properties {
        for (mark, meaning) in [(ADDRESS_MARK, Meaning::Address), (CERTIFICATE_MARK, Meaning::Certificate)] {
            let endpoint = property.get(mark).and_then(Value::as_str).and_then(|name| Name::from_str(name).ok());
            marked.extend(endpoint.map(|endpoint| Marked { setting: setting.clone(), meaning, endpoint }));
        }
    }
    marked
}

fn place(marked: &Marked, connection: &mut Connection, origin: &Origin, findings: &mut Vec<Finding>) {
    // What is no text, the schema refuses.
    let Some(Value::String(text)) = connection.settings.get(&marked.setting) else { return };
    let text = text.clone();
    let mut path = "settings".to_owned();
    push_key(&mut path, &marked.setting);
    let placed = match marked.meaning {
        Meaning::Address => {
            let endpoint = connection.endpoints.entry(marked.endpoint.clone()).or_insert_with(endpoints::empty);
            place_address(text, endpoint)
        }
        Meaning::Certificate => match connection.endpoints.get_mut(marked.endpoint.as_str()) {
            Some(endpoint) => place_thumbprint(&text, &marked.endpoint, endpoint),
            // That it is missing, the check tells.
            None => Ok(()),
        },
    };
    if let Err(Misplaced { key, problem }) = placed {
        let other = format!("endpoints.{}{key}", marked.endpoint);
        let (file, line) = origin.place(&other);
        let place = if key.is_empty() { String::new() } else { format!(" (`{other}` in {file}, line {line})") };
        findings.push(origin.finding(&path, format!("{problem}{place}")));
    }
}

/// What is wrong, and the key of the endpoint that says something else.
struct Misplaced {
    key: &'static str,
    problem: String,
}

/// The addresses are not repeated: what should not stand in one may be a password.
fn place_address(text: String, endpoint: &mut Endpoint) -> Result<(), Misplaced> {
    if endpoint.discovery.is_some() {
        let problem = "it is the address of an endpoint whose address is asked for: write one of the two".to_owned();
        return Err(Misplaced { key: ".discovery", problem });
    }
    if !endpoint.url.is_empty() && endpoint.url.trim_end_matches('/') != text.trim_end_matches('/') {
        let problem = "it is the address of an endpoint that has another one: write one of the two".to_owned();
        return Err(Misplaced { key: ".url", problem });
    }
    endpoint.url = text;
    Ok(())
}

fn place_thumbprint(text: &str, name: &Name, endpoint: &mut Endpoint) -> Result<(), Misplaced> {
    let given: Thumbprint = text.parse().map_err(|error| Misplaced { key: "", problem: format!("{error}") })?;
    if endpoint.auth == Auth::Nothing {
        let problem = format!(
            "it chooses a certificate, and nothing signs in at endpoint `{name}`: write `[connection.endpoints.{name}]` \
             with `auth = {{ kind = \"client-certificate\", secret = {{ secret = \"NAME\" }} }}`"
        );
        return Err(Misplaced { key: "", problem });
    }
    // Another way of signing in is the operator's choice, within what the connector takes.
    let Auth::ClientCertificate { thumbprint, .. } = &mut endpoint.auth else { return Ok(()) };
    match thumbprint {
        Some(other) if *other != given => {
            let problem = format!("it chooses another certificate than the endpoint, which names `{other}`");
            Err(Misplaced { key: ".auth.thumbprint", problem: format!("{problem}: write one of the two") })
        }
        _ => {
            *thumbprint = Some(given);
            Ok(())
        }
    }
}
