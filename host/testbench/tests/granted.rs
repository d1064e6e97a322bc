//! Cases of feeds, files, numbers and what answers mean: what passes, and how each difference is told.

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::json;
use sluse_connector::{
    FeedItem, FeedPage, FolderError,
    fakes::{FakeConnector, description},
};
use sluse_model::{Description, Failure, FeedDescription, ItemStanding, Outcome, Problem, Standing};
use sluse_testbench::{Case, Difference, Verdict, run};
use tempfile::TempDir;

const WRITING: &str = r#"
title = "Lines are published"
operation = "append-lines"

[[reserve]]
sequence = "lines"
count = 2
purpose = "batch 7"
first = 41

[[put]]
folder = "payroll"
name = "batch-7.txt"
file = "expected.txt"

[[read]]
folder = "payroll"
name = "batch-7.receipt"

[[conclude]]
intent_key = "pay"
standing = "did-not-happen"
"#;

const WRITTEN: &str = r#"{ "done": { "first": 41 } }"#;

async fn verdict(files: &[(&str, &str)], connector: &FakeConnector) -> Verdict {
    let folder = TempDir::new().expect("a folder");
    let usual = [("settings.json", "{}"), ("case/exchanges.json", "[]"), ("case/input.json", "{}")];
    for (name, text) in usual.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    run(&Case::read(&folder.path().join("case")).expect("a case"), connector).await
}

/// A connector that writes these bytes under a number, looks for the receipt, and says what an answer means.
fn writer(bytes: &'static str, count: u32) -> FakeConnector {
    FakeConnector::new(description("fake", "1.0.0", &["append-lines"]), move |_, _, _, mut host| async move {
        let first = host.reserve_numbers("lines".into(), count, Some("batch 7".into())).await.unwrap_or(0);
        let put = host.put_file("payroll".into(), "batch-7.txt".into(), Bytes::from_static(bytes.as_bytes())).await;
        if let Err(FolderError::Conflict(message)) = put {
            return Ok(Err(Failure::Rejected { problem: Problem::new("file-conflict", message) }));
        }
        let _ = host.get_file("payroll".into(), "batch-7.receipt".into()).await;
        let _ = host.conclude("pay", Standing::DidNotHappen);
        Ok(Ok(Outcome::Done { output: json!({ "first": first }).to_string() }))
    })
}

fn writing<'a>(manifest: &'a str, outcome: &'a str) -> [(&'static str, &'a str); 3] {
    [("case/case.toml", manifest), ("case/expected.txt", "Sørensen\r\n"), ("case/outcome.json", outcome)]
}

#[tokio::test]
async fn files_numbers_and_conclusions_are_compared() {
    let verdict = verdict(&writing(WRITING, WRITTEN), &writer("Sørensen\r\n", 2)).await;
    assert!(verdict.passed(), "{verdict}");
}

#[tokio::test]
async fn another_line_end_is_a_difference_that_one_sees() {
    let verdict = verdict(&writing(WRITING, WRITTEN), &writer("Sørensen\n", 2)).await;
    assert!(matches!(verdict.differences[..], [Difference::Granted { .. }]), "{verdict}");
    assert!(verdict.to_string().contains(r"\r\n"), "{verdict}");
}

#[tokio::test]
async fn other_numbers_are_a_difference() {
    let verdict = verdict(&writing(WRITING, WRITTEN), &writer("Sørensen\r\n", 3)).await;
    assert!(matches!(verdict.differences[..], [Difference::Granted { .. }]), "{verdict}");
}

#[tokio::test]
async fn what_is_never_asked_for_is_a_difference() {
    let manifest = format!("{WRITING}\n[[conclude]]\nintent_key = \"more\"\nstanding = \"happened\"\n");
    let verdict = verdict(&writing(&manifest, WRITTEN), &writer("Sørensen\r\n", 2)).await;
    assert!(matches!(verdict.differences[..], [Difference::NotAsked { .. }]), "{verdict}");
}

#[tokio::test]
async fn what_is_not_in_the_script_is_not_granted() {
    let manifest = WRITING.split("[[conclude]]").next().expect("the part before");
    let verdict = verdict(&writing(manifest, WRITTEN), &writer("Sørensen\r\n", 2)).await;
    assert!(matches!(verdict.differences[..], [Difference::NotGranted { .. }]), "{verdict}");
}

#[tokio::test]
async fn a_folder_answers_as_the_case_says() {
    let manifest = "title = \"x\"\noperation = \"append-lines\"\n[[reserve]]\nsequence = \"lines\"\ncount = 2\n\
        purpose = \"batch 7\"\nerror = \"unavailable\"\n[[put]]\nfolder = \"payroll\"\nname = \"batch-7.txt\"\n\
        file = \"expected.txt\"\nerror = \"conflict\"\nmessage = \"it is there\"\n";
    let outcome = r#"{ "failed": { "kind": "rejected", "code": "file-conflict", "message": "it is there" } }"#;
    let verdict = verdict(&writing(manifest, outcome), &writer("Sørensen\r\n", 2)).await;
    assert!(verdict.passed(), "{verdict}");
}

/// A connector with the feed `forms`, whose items have a number.
fn source() -> FakeConnector {
    let feed = FeedDescription {
        name: "forms".into(),
        title: String::new(),
        summary: String::new(),
        item_schema: r#"{"type":"object","required":["number"]}"#.into(),
        usual_interval_seconds: 60,
    };
    let description = Description { feeds: vec![feed], ..description("fake", "1.0.0", &[]) };
    FakeConnector::new(description, |_, _, _, _| async { panic!("it has no operation") })
        .polled(|_, cursor, _| async move {
            let input = json!({ "number": 1 }).to_string();
            let item = FeedItem { key: "f-1".into(), group: None, flow: None, input, attachments: Vec::new() };
            Ok(Ok(FeedPage { items: vec![item], cursor: cursor.map(|text| text + "1"), more: true }))
        })
        .settled(|_, group, report| async move {
            assert_eq!((group.as_str(), report[0].standing), ("f-1", ItemStanding::Held));
            Ok(Ok(()))
        })
}

#[tokio::test]
async fn a_page_is_compared() {
    let files = [
        ("case/case.toml", "title = \"x\"\npoll = \"forms\"\ncursor = \"4\"\n"),
        (
            "case/outcome.json",
            r#"{ "page": { "items": [{ "key": "f-1", "input": { "number": 1 } }], "cursor": "41", "more": true } }"#,
        ),
    ];
    let passed = verdict(&files, &source()).await;
    assert!(passed.passed(), "{passed}");
    let other = [files[0], ("case/outcome.json", r#"{ "page": { "items": [] } }"#)];
    let differs = verdict(&other, &source()).await;
    assert!(matches!(differs.differences[..], [Difference::Outcome { .. }]), "{differs}");
    let unknown = [("case/case.toml", "title = \"x\"\npoll = \"letters\"\n"), files[1]];
    let differs = verdict(&unknown, &source()).await;
    assert!(matches!(differs.differences[..], [Difference::NotDescribed { what: "feed", .. }]), "{differs}");
}

#[tokio::test]
async fn a_source_is_told() {
    let manifest =
        "title = \"x\"\nsettle = \"forms\"\ngroup = \"f-1\"\n[[report]]\nkey = \"f-1\"\nstanding = \"held\"\n";
    let files = [("case/case.toml", manifest), ("case/outcome.json", r#"{ "settled": true }"#)];
    let verdict = verdict(&files, &source()).await;
    assert!(verdict.passed(), "{verdict}");
}

#[test]
fn what_does_not_belong_together_is_told() {
    for (manifest, complaint) in [
        ("title = \"x\"\ncheck = true\ncursor = \"1\"\n", "`cursor` needs"),
        ("title = \"x\"\ncheck = true\ngroup = \"1\"\n", "need a `settle`"),
        ("title = \"x\"\nsettle = \"forms\"\n", "needs a `group`"),
        ("title = \"x\"\ncheck = true\n[[reserve]]\nsequence = \"a\"\ncount = 1\n", "either `first` or `error`"),
        ("title = \"x\"\ncheck = true\n[[put]]\nfolder = \"a\"\nname = \"b\"\nfile = \"none.txt\"\n", "none.txt"),
    ] {
        let folder = TempDir::new().expect("a folder");
        for (name, text) in
            [("case.toml", manifest), ("settings.json", "{}"), ("exchanges.json", "[]"), ("outcome.json", "{}")]
        {
            fs::create_dir_all(folder.path().join("case")).expect("a folder");
            fs::write(folder.path().join("case").join(name), text).expect("a file");
        }
        fs::write(folder.path().join("settings.json"), "{}").expect("a file");
        let error = Case::read(Path::new(&folder.path().join("case"))).expect_err(complaint).to_string();
        assert!(error.contains(complaint), "{error}");
    }
}
