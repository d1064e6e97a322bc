//! What is refused when a component is loaded, each with its reason and what to do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use bytes::Bytes;
use sluse_connector::{LoadError, Loader as _};
use support::{Bench, Guest};

async fn refusal(guest: Guest) -> LoadError {
    let bench = Bench::start();
    let refused = bench.try_load(&guest).await.expect_err("it is refused");
    bench.serves_others().await;
    refused
}

async fn refusal_of(bytes: &[u8]) -> LoadError {
    let bench = Bench::start();
    let refused = bench.sandbox.load(Bytes::copy_from_slice(bytes)).await.expect_err("it is refused");
    bench.serves_others().await;
    refused
}

#[tokio::test]
async fn a_text_is_not_a_component() {
    assert!(matches!(refusal_of(b"hello").await, LoadError::NotAComponent(_)));
}

#[tokio::test]
async fn nothing_is_not_a_component() {
    assert!(matches!(refusal_of(b"").await, LoadError::NotAComponent(_)));
}

#[tokio::test]
async fn a_core_module_is_not_a_component() {
    let LoadError::NotAComponent(reason) = refusal_of(&wat::parse_str("(module)").unwrap()).await else {
        panic!("not a component")
    };
    assert!(reason.contains("core module"), "{reason}");
}

#[tokio::test]
async fn a_component_that_is_cut_off_is_refused() {
    let whole = Guest::named("archive").component();
    assert!(matches!(refusal_of(&whole[..whole.len() / 2]).await, LoadError::NotAComponent(_)));
}

#[tokio::test]
async fn a_component_that_is_too_large_is_refused_unread() {
    let large = vec![0; (32 << 20) + 1];
    let expected = LoadError::TooLarge { size_bytes: (32 << 20) + 1, limit_bytes: 32 << 20 };
    assert_eq!(refusal_of(&large).await, expected);
}

#[tokio::test]
async fn a_component_whose_code_is_invalid_is_not_compiled() {
    // The function leaves nothing on the stack.
    let mut guest = Guest::named("archive").component();
    let module = wat::parse_str("(module (func (result i32) i32.const 7))").unwrap();
    let position = module.windows(3).position(|window| window == [0x41, 7, 0x0b]).unwrap();
    let mut broken = module.clone();
    broken[position..position + 2].copy_from_slice(&[0x01, 0x01]);
    guest.push(1);
    guest.push(u8::try_from(broken.len()).unwrap());
    guest.extend(broken);
    let LoadError::NotCompiled(reason) = refusal_of(&guest).await else { panic!("not compiled") };
    assert!(reason.contains("type mismatch"), "{reason}");
}

#[tokio::test]
async fn an_import_of_another_package_is_refused_by_name() {
    let package = "package vendor:files@1.0.0; interface disk { format: func(); }";
    let guest = Guest::named("archive")
        .in_world("import vendor:files/disk@1.0.0;", &[("vendor.wit", package)])
        .importing(r#"(import "vendor:files/disk@1.0.0" "format" (func))"#);
    let LoadError::UnknownImport { import, advice } = refusal(guest).await else { panic!("unknown import") };
    assert_eq!(import, "vendor:files/disk@1.0.0");
    assert!(advice.contains("sluse:connector@0.1"), "{advice}");
}

#[tokio::test]
async fn wasi_http_is_refused_with_the_way_out() {
    let package = "package wasi:http@0.2.0; interface types { now: func() -> u64; }";
    let guest = Guest::named("archive")
        .in_world("import wasi:http/types@0.2.0;", &[("http.wit", package)])
        .importing(r#"(import "wasi:http/types@0.2.0" "now" (func (result i64)))"#);
    let LoadError::UnknownImport { import, advice } = refusal(guest).await else { panic!("unknown import") };
    assert_eq!(import, "wasi:http/types@0.2.0");
    assert!(advice.contains("sluse:connector/http"), "{advice}");
}

#[tokio::test]
async fn another_version_of_the_contract_is_refused() {
    // The same bytes, but for the version in the name of an import.
    let component = Guest::named("archive")
        .importing(r#"(import "sluse:connector/log@0.1.0" "write" (func (param i32 i32 i32)))"#)
        .component();
    let name = b"sluse:connector/log@0.1.0";
    let mut altered = component.clone();
    for position in 0..altered.len() - name.len() {
        if altered[position..].starts_with(name) {
            altered[position + name.len() - 3] = b'2';
        }
    }
    assert_ne!(altered, component);
    let LoadError::UnknownImport { import, advice } = refusal_of(&altered).await else { panic!("unknown import") };
    assert_eq!(import, "sluse:connector/log@0.2.0");
    assert!(advice.contains("0.1"), "{advice}");
}

#[tokio::test]
async fn a_component_that_exports_nothing_of_ours_is_refused() {
    let empty = wat::parse_str("(component)").unwrap();
    let LoadError::MissingExport { export, .. } = refusal_of(&empty).await else { panic!("missing export") };
    assert_eq!(export, "sluse:connector/connector@0.1.0");
}

#[tokio::test]
async fn an_interface_without_its_functions_is_refused() {
    let hollow = r#"(component
        (instance $none)
        (export "sluse:connector/connector@0.1.0" (instance $none))
        (export "sluse:connector/operations@0.1.0" (instance $none)))"#;
    let LoadError::MissingExport { detail, .. } = refusal_of(&wat::parse_str(hollow).unwrap()).await else {
        panic!("missing export")
    };
    assert!(detail.contains("`describe`"), "{detail}");
}

#[tokio::test]
async fn a_function_with_other_types_is_refused() {
    let other = r#"(component
        (core module $module (func (export "f")))
        (core instance $core (instantiate $module))
        (func $f (canon lift (core func $core "f")))
        (instance $connector (export "describe" (func $f)) (export "check" (func $f)))
        (instance $operations (export "execute" (func $f)) (export "resume" (func $f)))
        (export "sluse:connector/connector@0.1.0" (instance $connector))
        (export "sluse:connector/operations@0.1.0" (instance $operations)))"#;
    let LoadError::MissingExport { export, detail } = refusal_of(&wat::parse_str(other).unwrap()).await else {
        panic!("missing export")
    };
    assert_eq!(export, "sluse:connector/connector@0.1.0");
    assert!(detail.contains("`describe`"), "{detail}");
}

async fn bad_description(guest: Guest) -> String {
    match refusal(guest).await {
        LoadError::BadDescription(reason) => reason,
        other => panic!("expected a bad description, got {other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_refused() {
    for name in ["", "Work Zone", "../etc/passwd", "a\u{1b}[2J"] {
        let reason = bad_description(Guest::named(name)).await;
        assert!(reason.contains("is not a name"), "{reason}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_semver_is_refused() {
    let mut guest = Guest::named("archive");
    guest.version = "1.0".into();
    let reason = bad_description(guest).await;
    assert!(reason.contains("SemVer"), "{reason}");
}

#[tokio::test]
async fn a_schema_that_is_not_json_is_refused() {
    for schema in ["", "{", "[]", "\"text\""] {
        let mut guest = Guest::named("archive");
        guest.settings_schema = schema.into();
        let reason = bad_description(guest).await;
        assert!(reason.contains("settings-schema"), "{reason}");
    }
}

#[tokio::test]
async fn a_schema_without_end_is_refused() {
    let mut guest = Guest::named("archive");
    guest.memory = "32".into();
    guest.settings_schema = format!("{{\"title\":\"{}\"}}", "x".repeat(600 << 10));
    let reason = bad_description(guest).await;
    assert!(reason.contains("at most"), "{reason}");
}

#[tokio::test]
async fn a_describe_that_traps_is_refused() {
    let mut guest = Guest::named("archive");
    guest.describe = "unreachable".into();
    let reason = bad_description(guest).await;
    assert!(reason.contains("trapped"), "{reason}");
}

#[tokio::test]
async fn describe_has_no_grant() {
    // Its request is refused as forbidden, and it can say so and live.
    let mut guest = Guest::named("archive")
        .importing(r#"(import "sluse:connector/http@0.1.0" "send" (func $send (param i32 i32)))"#);
    guest.describe = "(call $send (i32.const 4096) (i32.const 2048))
        (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.const 2056)) (i32.const 0)) (then unreachable))
        (global.get $description)"
        .into();
    Bench::start().load(&guest).await;
}
