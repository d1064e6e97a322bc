//! Which packages are guests, and how they are built.

use super::*;
use serde_json::{Value, json};

fn package(folder: &str, sluse: &Value) -> Value {
    json!({
        "name": format!("sluse-{}", folder.replace('/', "-")),
        "manifest_path": format!("/work/{folder}/Cargo.toml"),
        "targets": [{ "name": "a-guest", "crate_types": ["cdylib", "rlib"] }],
        "metadata": { "sluse": sluse },
    })
}

fn workspace(packages: &[Value]) -> Result<Workspace> {
    let metadata = json!({ "workspace_root": "/work", "target_directory": "/target", "packages": packages });
    Workspace::of(serde_json::from_value(metadata)?)
}

#[test]
fn a_guest_has_a_small_stack_and_a_usual_memory() {
    let workspace = workspace(&[package("connectors/greeter", &Value::Null)]).unwrap();
    let arguments = workspace.guests[0].link_arguments();
    assert_eq!(arguments, ["-Clink-arg=-zstack-size=65536", "-Clink-arg=--initial-memory=1048576"]);
}

#[test]
fn a_guest_may_wish_for_more_in_whole_pages() {
    let wishes = json!({ "stack_kib": 256, "memory_kib": 2000 });
    let workspace = workspace(&[package("connectors/greeter", &wishes)]).unwrap();
    let arguments = workspace.guests[0].link_arguments();
    assert_eq!(arguments, ["-Clink-arg=-zstack-size=262144", "-Clink-arg=--initial-memory=2097152"]);
}

#[test]
fn an_unknown_wish_is_refused() {
    let error = workspace(&[package("connectors/greeter", &json!({ "stack_kb": 256 }))]).err().unwrap();
    assert!(error.to_string().contains("stack_kb"), "{error:#}");
}

#[test]
fn only_crates_in_the_guests_folders_are_guests() {
    let packages =
        ["connectors/b", "host/model", "tests/guests/a", "tests"].map(|folder| package(folder, &Value::Null));
    let workspace = workspace(&packages).unwrap();
    let names: Vec<_> = workspace.guests.iter().map(|guest| guest.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn two_guests_of_one_name_are_refused() {
    let packages = ["connectors/a", "tests/guests/a"].map(|folder| package(folder, &Value::Null));
    let error = workspace(&packages).err().unwrap();
    assert!(error.to_string().contains("`a`"), "{error:#}");
}

#[test]
fn an_unknown_name_is_refused_with_those_that_there_are() {
    let workspace = workspace(&[package("connectors/greeter", &Value::Null)]).unwrap();
    let error = workspace.select(&["gretter".to_owned()]).err().unwrap();
    assert_eq!(error.to_string(), "there is no guest `gretter`; there are: greeter");
}

#[test]
fn a_module_without_a_world_is_a_component_without_anything() {
    let empty_module = b"\0asm\x01\0\0\0";
    let component = encode_module(empty_module).unwrap();
    assert_eq!(imports(&component).unwrap(), Vec::<String>::new());
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(encode_module(b"no module").is_err());
}

#[test]
fn a_guest_that_imports_wasi_is_refused() {
    let workspace = workspace(&[package("connectors/greeter", &Value::Null)]).unwrap();
    let wasi = ["wasi:cli/stdin@0.2.0".to_owned()];
    let error = refuse_foreign(&wasi, &workspace.guests[0]).unwrap_err();
    assert!(error.to_string().contains("`wasi:cli/stdin@0.2.0`"), "{error:#}");
}
