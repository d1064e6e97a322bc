//! Certificates as secrets: chosen, good for a time, replaced.

use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use sluse_egress::Credential;
use sluse_vault::VaultError;

use crate::common::{START, Used, World};

/// A certificate with its key as PEM, good for these years.
fn pem(from: i32, to: i32) -> String {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params.self_signed(&key).expect("a certificate").pem() + &key.serialize_pem()
}

fn auth(thumbprint: Option<&str>) -> Value {
    let mut auth = json!({ "kind": "client-certificate", "secret": { "secret": "interact" } });
    if let Some(thumbprint) = thumbprint {
        auth["thumbprint"] = json!(thumbprint);
    }
    auth
}

async fn ready(value: &str, thumbprint: Option<&str>) -> (Used, World) {
    let used = Used::new("https://interact.test", auth(thumbprint));
    let world = World::new();
    world.set("interact", value).await;
    world.apply(std::slice::from_ref(&used.connection)).await;
    (used, world)
}

async fn thumbprint(used: &Used, world: &World) -> String {
    let issued = used.credential(&world.vault).await.expect("issued").expect("a credential");
    let Credential::ClientCertificate(certificate) = issued.credential() else { panic!("{issued:?}") };
    certificate.thumbprint().to_string()
}

#[track_caller]
fn check_unusable(error: &VaultError, parts: &[&str]) {
    let told = error.to_string();
    assert!(matches!(error, VaultError::Unusable { .. }) && !error.is_temporary(), "{told}");
    assert!(parts.iter().all(|part| told.contains(part)) && !told.contains("PRIVATE KEY-"), "{told}");
}

#[tokio::test]
async fn a_thumbprint_chooses_one_of_a_secret_s_certificates() {
    let (first, second) = (pem(2020, 2090), pem(2020, 2090));
    let (used, world) = ready(&first, None).await;
    let chosen = thumbprint(&used, &world).await;
    let (used, world) = ready(&(second.clone() + &first), Some(&chosen)).await;
    assert_eq!(thumbprint(&used, &world).await, chosen);
    world.set("interact", &second).await;
    let error = used.credential(&world.vault).await.expect_err("another one");
    check_unusable(&error, &["no certificate with thumbprint", &chosen, "there are `", "(secret `interact`)"]);
}

#[tokio::test]
async fn a_certificate_ends_while_it_is_in_use() {
    // The vault's clock stands in November 2025.
    let (used, world) = ready(&pem(2020, 2026), None).await;
    let before = thumbprint(&used, &world).await;
    world.clock.advance(Duration::from_secs(70 * 24 * 60 * 60));
    let error = used.credential(&world.vault).await.expect_err("expired");
    check_unusable(&error, &["has expired", "from 2020-01-01T", "to 2026-01-01T", "`default`", "secret `interact`"]);
    world.set("interact", &pem(2020, 2090)).await;
    assert_ne!(thumbprint(&used, &world).await, before);
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_not_used_today() {
    let (used, world) = ready(&pem(2026, 2090), None).await;
    let error = used.credential(&world.vault).await.expect_err("not yet");
    check_unusable(&error, &["is not good yet", "from 2026-01-01T", &START.to_string()]);
}

#[tokio::test]
async fn what_is_no_certificate_is_told_without_being_shown() {
    let (used, world) = ready("hunter22-hunter22", None).await;
    let error = used.credential(&world.vault).await.expect_err("no PEM");
    check_unusable(&error, &["holds no certificate"]);
    assert!(!error.to_string().contains("hunter22"), "{error}");
}
