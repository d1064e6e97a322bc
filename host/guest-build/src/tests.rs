//! Which packages are guests, and how they are built.

use anyhow::Result;
use serde_json::{Value, json};

use crate::component::{Component, encode, imports};
use crate::{Guest, Workspace};

fn package(folder: &str, sluse: &Value) -> Value {
    json!({
        "name": format!("sluse-{}", folder.replace('/', "-")),
        "manifest_path": format!("/work/{folder}/Cargo.toml"),
        "targets": [{ "name": "a-guest", "crate_types": ["cdylib", "rlib"] }],
        "metadata": { "sluse": sluse },
    })
}

fn guests(packages: &[Value]) -> Result<Vec<Guest>> {
    let metadata = json!({ "workspace_root": "/work", "target_directory": "/target", "packages": packages });
    Workspace::of(serde_json::from_value(metadata)?).guests(&["connectors", "tests/guests"])
}

#[test]
fn a_guest_has_a_small_stack_and_a_usual_memory() {
    let guests = guests(&[package("connectors/greeter", &Value::Null)]).unwrap();
    assert_eq!(guests[0].link_arguments(), ["-Clink-arg=-zstack-size=65536", "-Clink-arg=--initial-memory=1048576"]);
}

#[test]
fn a_guest_may_wish_for_more_in_whole_pages() {
    let wishes = json!({ "stack_kib": 256, "memory_kib": 2000 });
    let guests = guests(&[package("connectors/greeter", &wishes)]).unwrap();
    assert_eq!(guests[0].link_arguments(), ["-Clink-arg=-zstack-size=262144", "-Clink-arg=--initial-memory=2097152"]);
}

#[test]
fn an_unknown_wish_is_refused() {
    let error = guests(&[package("connectors/greeter", &json!({ "stack_kb": 256 }))]).unwrap_err();
    assert!(error.to_string().contains("stack_kb"), "{error:#}");
}

#[test]
fn a_package_that_makes_no_module_is_refused_with_what_to_add() {
    let mut package = package("connectors/greeter", &Value::Null);
    package["targets"][0]["crate_types"] = json!(["rlib"]);
    let error = guests(&[package]).unwrap_err();
    assert!(error.to_string().contains("crate-type = [\"cdylib\"]"), "{error:#}");
}

#[test]
fn only_crates_in_the_guests_folders_are_guests() {
    let packages =
        ["connectors/b", "host/model", "tests/guests/a", "tests"].map(|folder| package(folder, &Value::Null));
    let guests = guests(&packages).unwrap();
    let names: Vec<_> = guests.iter().map(|guest| guest.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn two_guests_of_one_name_are_refused() {
    let packages = ["connectors/a", "tests/guests/a"].map(|folder| package(folder, &Value::Null));
    let error = guests(&packages).unwrap_err();
    assert!(error.to_string().contains("`a`"), "{error:#}");
}

#[test]
fn a_module_without_a_world_is_a_component_without_anything() {
    let empty_module = b"\0asm\x01\0\0\0";
    let component = encode(empty_module).unwrap();
    assert_eq!(imports(&component).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(encode(b"no module").is_err());
}

#[test]
fn a_component_that_imports_wasi_is_refused() {
    let component = Component {
        name: "greeter".into(),
        path: "greeter.wasm".into(),
        size_bytes: 1,
        changed: true,
        imports: vec!["wasi:cli/stdin@0.2.0".into()],
    };
    let error = component.refuse_foreign().unwrap_err();
    assert!(error.to_string().contains("`wasi:cli/stdin@0.2.0`"), "{error:#}");
}
