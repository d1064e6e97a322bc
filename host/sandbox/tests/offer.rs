//! What the host offers to components, written out: a change here is a change of what a component can reach.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use support::{Bench, Guest};

/// Every guest of the workspace, and the test that runs it. A guest that nobody tests has no business here.
const GUESTS: &[(&str, &str)] = &[
    ("courier", "xtask/src/torture.rs"),
    ("echo", "host/sandbox/tests/guests.rs"),
    ("growth", "host/sandbox/tests/guests.rs"),
    ("inbox", "tests/tests/main_job/feeds.rs"),
    ("javascript", "tests/tests/toolchains.rs"),
    ("python", "tests/tests/toolchains.rs"),
];

#[test]
fn every_guest_of_the_workspace_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tests: BTreeMap<_, _> = GUESTS.iter().copied().collect();
    for entry in fs::read_dir(root.join("tests/guests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let test = tests.get(name.as_str()).unwrap_or_else(|| panic!("no test runs the guest `{name}`"));
        let source = fs::read_to_string(root.join(test)).unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "`{test}` does not run the guest `{name}`");
    }
}

#[tokio::test]
async fn every_import_of_the_contract_links() {
    let bench = Bench::start();
    let guest = Guest::named("everything").importing(
        r#"(import "sluse:connector/http@0.1.0" "send" (func (param i32 i32)))
           (import "sluse:connector/http@0.1.0" "send-all" (func (param i32 i32 i32)))
           (import "sluse:connector/http@0.1.0" "conclude" (func (param i32 i32 i32 i32)))
           (import "sluse:connector/attachments@0.1.0" "all" (func (param i32)))
           (import "sluse:connector/attachments@0.1.0" "get" (func (param i32 i32 i32)))
           (import "sluse:connector/attachments@0.1.0" "read" (func (param i32 i32 i64 i32 i32)))
           (import "sluse:connector/attachments@0.1.0" "create" (func (param i32 i32 i32 i32 i32 i32 i32)))
           (import "sluse:connector/folders@0.1.0" "put" (func (param i32 i32 i32 i32 i32 i32 i32)))
           (import "sluse:connector/folders@0.1.0" "read" (func (param i32 i32 i32 i32 i32)))
           (import "sluse:connector/numbers@0.1.0" "reserve" (func (param i32 i32 i32 i32 i32 i32 i32)))
           (import "sluse:connector/callbacks@0.1.0" "open" (func (param i64 i32)))
           (import "sluse:connector/log@0.1.0" "write" (func (param i32 i32 i32)))"#,
    );
    bench.load(&guest).await;
}
