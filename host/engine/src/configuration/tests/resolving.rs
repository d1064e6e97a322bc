//! Addresses: written, taken out of settings, or asked for.

use serde_json::{Value, json};
use sluse_model::{CredentialKind, Endpoint};

use super::{
    Catalog, catalog, check, connection, expect_one, faults, file, marked, name, parsed, refuses, resolve, told,
};

const WRITTEN: &str = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3";

/// With a connector that knows an address and a certificate as settings.
fn with_marks() -> Catalog<'static> {
    let mut catalog = catalog();
    let shelf = catalog.connectors.get_mut("shelf").expect("a connector");
    shelf.settings_schema = json!({
        "type": "object", "required": ["Url"],
        "properties": {
            "Url": {"type": "string", "x-sluse-endpoint": "default"},
            "CertificateThumbprint": {"type": "string", "x-sluse-certificate": "default"},
            "Room": {"type": "string"},
        },
    })
    .to_string();
    shelf.endpoints[0].credentials.push(CredentialKind::ClientCertificate);
    catalog
}

fn text(settings: &str, endpoint: &str) -> String {
    format!("[[connection]]\nname = \"left\"\nconnector = \"shelf\"\n[connection.settings]\n{settings}\n{endpoint}")
}

/// The endpoint as it is stored.
#[track_caller]
fn resolved(text: &str) -> Endpoint {
    let mut parsed = parsed(&[file("a.toml", text)]);
    assert_eq!(told(&resolve(&mut parsed, &with_marks().connectors)), "");
    assert_eq!(told(&check(&parsed, &with_marks())), "");
    parsed.into_parts().0.remove(0).endpoints.remove("default").expect("an endpoint")
}

/// That resolving this gives one finding, on the line that holds `◄`.
#[track_caller]
fn misplaced(text: &str, path: &str, part: &str) {
    let findings = resolve(&mut parsed(&[marked(text)]), &with_marks().connectors);
    expect_one(&findings, text, path, part);
}

const CERTIFICATE: &str =
    "[connection.endpoints.default]\nauth = { kind = \"client-certificate\", secret = { secret = \"shelf-key\" } }";

#[test]
fn an_address_in_the_settings_is_the_endpoint_s() {
    let url = "Url = \"https://interact.example/test\"";
    let endpoint = resolved(&text(url, ""));
    assert_eq!(
        (endpoint.url.as_str(), endpoint.auth.kind()),
        ("https://interact.example/test", CredentialKind::Nothing)
    );
    let endpoint = resolved(&text(url, "[connection.endpoints.default]\ntimeout_ms = 5"));
    assert_eq!((endpoint.url.as_str(), endpoint.timeout_ms), ("https://interact.example/test", 5));
    let endpoint = resolved(&text(url, "[connection.endpoints.default]\nurl = \"https://interact.example/test/\""));
    assert_eq!(endpoint.url, "https://interact.example/test");
}

#[test]
fn a_thumbprint_in_the_settings_chooses_the_endpoint_s_certificate() {
    let settings =
        "Url = \"https://a.example\"\nCertificateThumbprint = \"\u{200e}a9 4a8fe5ccb19ba61c4c0873d391e987982fbb:d3\"";
    let chosen = json!({"kind": "client-certificate", "secret": {"secret": "shelf-key"}, "thumbprint": WRITTEN});
    let stored = |endpoint: Endpoint| serde_json::to_value(endpoint.auth).expect("JSON");
    assert_eq!(stored(resolved(&text(settings, CERTIFICATE))), chosen);
    let both = CERTIFICATE.replace("secret = {", &format!("thumbprint = \"{WRITTEN}\", secret = {{"));
    assert_eq!(stored(resolved(&text(settings, &both))), chosen);
    let basic = json!({"kind": "basic", "username": "u", "password": {"secret": "shelf-key"}});
    let other = "[connection.endpoints.default]\nauth = { kind = \"basic\", username = \"u\", password = { secret = \"shelf-key\" } }";
    assert_eq!(stored(resolved(&text(settings, other))), basic, "another way is the operator's choice");
}

#[test]
fn a_thumbprint_where_nothing_signs_in_is_told_with_what_to_write() {
    let settings = format!("CertificateThumbprint = \"{WRITTEN}\" # ◄\nUrl = \"https://a.example\"");
    for endpoint in ["", "[connection.endpoints.default]\ntimeout_ms = 5"] {
        misplaced(
            &text(&settings, endpoint),
            "connection[0].settings.CertificateThumbprint",
            "`auth = { kind = \"client-certificate\", secret = { secret = \"NAME\" } }`",
        );
    }
}

#[test]
fn two_places_that_differ_are_told_with_both_lines() {
    misplaced(
        &text("Url = \"https://a.example\" # ◄", "[connection.endpoints.default]\nurl = \"https://b.example\""),
        "connection[0].settings.Url",
        "write one of the two (`endpoints.default.url` in a.toml, line 7)",
    );
    let other =
        CERTIFICATE.replace("secret = {", "thumbprint = \"00 4A8FE5CCB19BA61C4C0873D391E987982FBBD3\", secret = {");
    misplaced(
        &text(&format!("Url = \"https://a.example\"\nCertificateThumbprint = \"{WRITTEN}\" # ◄"), &other),
        "connection[0].settings.CertificateThumbprint",
        "names `004A8FE5CCB19BA61C4C0873D391E987982FBBD3`",
    );
    misplaced(
        &text("Url = \"https://a.example\"\nCertificateThumbprint = \"minkommune\" # ◄", CERTIFICATE),
        "connection[0].settings.CertificateThumbprint",
        "40 hex digits",
    );
    let secret = text("Url = \"https://u:topsecret@a.example\"", "[connection.endpoints.default]\nurl = \"https://b\"");
    let findings = resolve(&mut parsed(&[marked(&secret)]), &with_marks().connectors);
    assert!(!findings.is_empty() && !told(&findings).contains("topsecret"));
}

#[test]
fn an_address_is_somewhere() {
    faults(
        "[[connection]]\nname = \"left\"\nconnector = \"shelf\"\nsettings = { room = \"A\" }\n[connection.endpoints.default] # ◄\ntimeout_ms = 1",
        "connection[0].endpoints.default",
        "`url` is missing",
    );
}

fn discovery(more: &str) -> String {
    format!("[connection.endpoints.archive]\n{more}")
}

#[test]
fn an_address_may_be_asked_for() {
    let text = connection(&discovery(
        "http1_only = true\ndiscovery = { url = \"https://cxone.example/.well-known/x?tenantId=11\", field = \"api_endpoint\", host_suffixes = [\"NiceInContact.com\", \"b.example:8443\"] }",
    ));
    let parsed = parsed(&[file("a.toml", &text)]);
    assert_eq!(told(&check(&parsed, &catalog())), "");
    let endpoint = &parsed.connections().next().expect("one").endpoints[&name("archive")];
    let expected = json!({
        "url": "https://cxone.example/.well-known/x?tenantId=11", "field": "api_endpoint",
        "host_suffixes": ["niceincontact.com", "b.example:8443"],
    });
    assert_eq!(serde_json::to_value(&endpoint.discovery).expect("JSON"), expected);
    assert!(endpoint.url.is_empty() && endpoint.http1_only);
    let stored: Value = serde_json::to_value(endpoint).expect("JSON");
    assert_eq!(*endpoint, serde_json::from_value::<Endpoint>(stored).expect("what is stored is read back"));
}

#[test]
fn who_is_asked_and_believed_is_said() {
    let archive = "connection[0].endpoints.archive";
    let asked = |url: &str, suffixes: &str| {
        connection(&discovery(&format!(
            "discovery = {{ url = \"{url}\", field = \"a\", host_suffixes = {suffixes} }} # ◄"
        )))
    };
    refuses(
        &asked("https://a.example", "[\"*\"]"),
        &format!("{archive}.discovery.host_suffixes[0]"),
        "niceincontact.com",
    );
    faults(&asked("https://a.example", "[]"), &format!("{archive}.discovery.host_suffixes"), "nobody is believed");
    faults(&asked("http://a.example", "[\"a.example\"]"), &format!("{archive}.discovery.url"), "allow_plaintext");
    faults(
        &asked("https://blocked.example?x=1", "[\"a.example\"]"),
        &format!("{archive}.discovery.url"),
        "egress.hosts",
    );
    refuses(
        &connection(&discovery(
            "url = \"https://a.example\"\ndiscovery = { url = \"https://b.example\", field = \"a\", host_suffixes = [\"a.example\"] } # ◄",
        )),
        &format!("{archive}.discovery"),
        "not both",
    );
    refuses(
        &connection(&discovery("discovery = { url = \"https://b.example\", field = \"a\" } # ◄")),
        &format!("{archive}.discovery"),
        "`host_suffixes` is missing",
    );
}
