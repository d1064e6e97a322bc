//! The bench itself, with connectors made of closures: what passes, and how each difference is told.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use serde_json::json;
use sluse_connector::{
    Arrival, Body, Content, Effect, Method, Request, SendError,
    fakes::{FakeConnector, description},
};
use sluse_model::{Failure, Outcome, Problem, TimelineLevel};
use sluse_testbench::{Asked, Case, Difference, Verdict, find_cases, run};
use tempfile::TempDir;

const MANIFEST: &str = "title = \"A case is opened\"\noperation = \"create-case\"\n";

const EXCHANGES: &str = r#"[{
    "expect": { "method": "POST", "path": "/Cases?name=Ærø x", "headers": { "Accept": "application/json", "X-None": null },
                "json": { "Title": "Byggeansøgning" }, "effect": "once", "intent_key": "create-case" },
    "answer": { "status": 201, "json": { "ID": "1" } }
}]"#;

const OUTCOME: &str =
    r#"{ "done": { "case_id": "1", "files": "attachment:a.txt" }, "log": ["info: opened"], "never": ["251248"] }"#;

/// A folder with a case that [`connector`] passes, but for the files given here.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let usual = [
        ("case/case.toml", MANIFEST),
        ("case/input.json", r#"{ "file": "attachment:a.txt" }"#),
        ("case/exchanges.json", EXCHANGES),
        ("case/outcome.json", OUTCOME),
        ("case/attachments/a.txt", "indhold"),
        ("settings.json", "{}"),
    ];
    for (name, text) in usual.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn read(folder: &TempDir) -> Case {
    Case::read(&folder.path().join("case")).expect("a case")
}

fn request(title: &str) -> Request {
    Request {
        method: Method::Post,
        endpoint: None,
        path: "/Cases?name=%C3%86r%C3%B8%20x".into(),
        headers: vec![("accept".into(), "application/json".into())],
        body: Body::Content(Content::Bytes(Bytes::from(json!({ "Title": title }).to_string()))),
        timeout: None,
        effect: Effect::Once,
        intent_key: Some("create-case".into()),
        reconciled: false,
        keep: None,
    }
}

/// A connector that opens a case with these requests, logs this line, and hands over the file that it was given.
fn connector(requests: Vec<Request>, line: &'static str) -> FakeConnector {
    FakeConnector::new(description("fake", "1.0.0", &["create-case"]), move |_, _, input, mut host| {
        let requests = requests.clone();
        async move {
            for request in requests {
                if let Err(error) = host.send(request).await {
                    let (SendError::Forbidden(text) | SendError::Interrupted(text)) = error else { panic!("{error}") };
                    return Ok(Err(Failure::Unknown { problem: Problem::new("no-answer", text) }));
                }
            }
            host.log(TimelineLevel::Info, line.to_owned());
            let input: serde_json::Value = serde_json::from_str(&input).expect("JSON");
            let file = host.attachments().await.expect("it is there").remove(0);
            assert_eq!(input["file"], file.id.to_string());
            let output = json!({ "case_id": "1", "files": file.id.to_string() });
            Ok(Ok(Outcome::Done { output: output.to_string() }))
        }
    })
}

async fn verdict(files: &[(&str, &str)], requests: Vec<Request>, line: &'static str) -> Verdict {
    run(&read(&folder(files)), &connector(requests, line)).await
}

#[tokio::test]
async fn a_connector_that_does_as_written_passes() {
    let verdict = verdict(&[], vec![request("Byggeansøgning")], "opened it").await;
    assert!(verdict.passed(), "{verdict}");
    assert_eq!(verdict.to_string(), "ok      case: A case is opened\n");
}

#[tokio::test]
async fn a_request_that_differs_is_shown_line_by_line() {
    let verdict = verdict(&[], vec![request("Noget andet")], "opened").await;
    let text = verdict.to_string();
    assert!(matches!(verdict.differences[..], [Difference::Request { number: 1, .. }]), "{text}");
    assert!(
        text.contains("-      \"Title\": \"Byggeansøgning\"") && text.contains("+      \"Title\": \"Noget andet\""),
        "{text}"
    );
}

#[tokio::test]
async fn a_mark_that_was_not_expected_is_a_difference() {
    let reconciled = Request { reconciled: true, ..request("Byggeansøgning") };
    assert!(!verdict(&[], vec![reconciled], "opened").await.passed());
    let without_key = Request { intent_key: None, ..request("Byggeansøgning") };
    assert!(!verdict(&[], vec![without_key], "opened").await.passed());
}

#[tokio::test]
async fn a_request_with_another_time_is_a_difference() {
    let patient = Request { timeout: Some(Duration::from_secs(150)), ..request("Byggeansøgning") };
    for (written, passes) in [("150000", true), ("60000", false), ("null", false)] {
        let exchanges = EXCHANGES.replace("\"effect\"", &format!("\"timeout_ms\": {written}, \"effect\""));
        let verdict = verdict(&[("case/exchanges.json", &exchanges)], vec![patient.clone()], "opened").await;
        assert_eq!(verdict.passed(), passes, "{written}: {verdict}");
    }
    assert!(verdict(&[], vec![patient], "opened").await.passed(), "what a case does not say is not compared");
}

#[tokio::test]
async fn a_request_behind_the_script_is_a_difference() {
    let verdict = verdict(&[], vec![request("Byggeansøgning"), request("Byggeansøgning")], "opened").await;
    assert!(matches!(verdict.differences[..], [Difference::Unexpected { number: 2, .. }]), "{verdict}");
}

#[tokio::test]
async fn a_request_that_no_host_sends_is_a_difference() {
    for path in ["/Cases?name=Ærø", "/Cases/1%2F2", "/Cases/%252e%252E/x", "/Cases/..;x", "/Cases/a%5Cb"] {
        let raw = Request { path: path.into(), ..request("Byggeansøgning") };
        let verdict = verdict(&[], vec![raw], "opened").await;
        assert!(matches!(verdict.differences[..], [Difference::Refused { number: 1, .. }]), "{path}: {verdict}");
    }
    // A slash in a query leads nowhere.
    let slash = Request { path: "/Cases?name=1%2F2".into(), ..request("Byggeansøgning") };
    assert!(matches!(verdict(&[], vec![slash], "opened").await.differences[..], [Difference::Request { .. }]));
}

#[tokio::test]
async fn exchanges_that_never_came_are_told() {
    let verdict = verdict(&[], vec![], "opened").await;
    let Some(Difference::LeftOver { requests }) = verdict.differences.first() else { panic!("{verdict}") };
    assert_eq!(requests, &["POST /Cases?name=Ærø x"]);
}

#[tokio::test]
async fn another_outcome_a_missing_line_and_a_forbidden_text_are_told() {
    let outcome =
        r#"{ "done": { "case_id": "2", "files": "attachment:a.txt" }, "log": ["warn: x"], "never": ["secret"] }"#;
    let verdict = verdict(&[("case/outcome.json", outcome)], vec![request("Byggeansøgning")], "a secret").await;
    let differences = &verdict.differences[..];
    let expected = matches!(
        differences,
        [Difference::Outcome { .. }, Difference::NotLogged { .. }, Difference::Said { place: "log", .. }]
    );
    assert!(expected, "{verdict}");
}

#[tokio::test]
async fn a_scripted_error_and_its_failure_are_compared() {
    let exchanges = EXCHANGES
        .replace(r#"{ "status": 201, "json": { "ID": "1" } }"#, r#"{ "error": "interrupted", "message": "cut" }"#);
    let outcome = r#"{ "failed": { "kind": "unknown", "code": "no-answer", "message": "cut", "detail": null } }"#;
    let files = [("case/exchanges.json", exchanges.as_str()), ("case/outcome.json", outcome)];
    let verdict = verdict(&files, vec![request("Byggeansøgning")], "opened").await;
    assert!(verdict.passed(), "{verdict}");
}

/// A connector that asks for one address, for an hour, and waits.
fn waiting_connector() -> FakeConnector {
    FakeConnector::new(description("fake", "1.0.0", &["create-case"]), |_, _, _, mut host| async move {
        match host.open_callback(Duration::from_secs(3600)).await {
            Ok(state) => Ok(Ok(Outcome::Waiting { state })),
            Err(error) => Ok(Err(Failure::Denied { problem: Problem::new("no-address", error.to_string()) })),
        }
    })
}

async fn waiting_verdict(manifest: &str, outcome: &str) -> Verdict {
    let manifest = format!("{MANIFEST}{manifest}");
    let files = [("case/case.toml", manifest.as_str()), ("case/exchanges.json", "[]"), ("case/outcome.json", outcome)];
    run(&read(&folder(&files)), &waiting_connector()).await
}

#[tokio::test]
async fn a_host_gives_the_addresses_of_the_case() {
    let address = "[[callback]]\nurl = \"https://a.test/1\"\ntimeout_ms = 3600000\n";
    let verdict = waiting_verdict(address, r#"{ "waiting": "https://a.test/1" }"#).await;
    assert!(verdict.passed(), "{verdict}");
    let verdict = waiting_verdict("", r#"{ "failed": { "kind": "denied", "code": "no-address" } }"#).await;
    assert!(verdict.passed(), "{verdict}");
}

#[tokio::test]
async fn another_time_and_an_address_that_is_left_are_differences() {
    let address = |timeout_ms| format!("[[callback]]\nurl = \"https://a.test/1\"\ntimeout_ms = {timeout_ms}\n");
    let outcome = r#"{ "waiting": "https://a.test/1" }"#;
    let verdict = waiting_verdict(&address(5), outcome).await;
    assert!(matches!(verdict.differences[..], [Difference::Timeout { asked_ms: 3_600_000, .. }]), "{verdict}");
    let verdict = waiting_verdict(&address(3_600_000).repeat(2), outcome).await;
    assert!(matches!(verdict.differences[..], [Difference::Unopened { .. }]), "{verdict}");
}

#[test]
fn a_resumption_has_its_answer_in_a_file() {
    let manifest = format!("{MANIFEST}[resume]\nstate = \"x\"\nanswer = \"callback.json\"\n");
    let folder = folder(&[("case/case.toml", &manifest), ("case/callback.json", "{}")]);
    let Asked::Operation { resumption: Some(resumption), .. } = read(&folder).asked else { panic!("a resumption") };
    assert_eq!(resumption.state, "x");
    let Arrival::Answered { media_type, body } = resumption.arrival else { panic!("it was answered") };
    assert_eq!((media_type.as_str(), &*body), ("application/json", b"{}".as_slice()));
}

#[tokio::test]
async fn an_input_outside_the_schema_never_reaches_the_connector() {
    let verdict = verdict(&[("case/input.json", "[]")], vec![], "opened").await;
    assert!(matches!(verdict.differences[..], [Difference::Schema { what: "input", .. }]), "{verdict}");
}

#[track_caller]
fn malformed(file: &str, text: &str, complaint: &str) {
    let folder = folder(&[(file, text)]);
    let error = Case::read(&folder.path().join("case")).expect_err(complaint).to_string();
    let shown = error.replace(&folder.path().display().to_string(), "");
    assert!(shown.contains(file.trim_start_matches("case/")) && shown.contains(complaint), "{shown}");
}

#[test]
fn a_file_that_is_wrong_is_named_with_its_line() {
    malformed("case/case.toml", "title = \"x\"\noperatoin = \"y\"\n", "case.toml:2:1: unknown field `operatoin`");
    malformed("case/exchanges.json", "[\n  { \"expect\": 1 }\n]", "exchanges.json:2:");
    malformed("case/outcome.json", "{\n  \"don\": {}\n}", "outcome.json:2:");
    malformed("settings.json", "{", "settings.json:1:1");
}

#[test]
fn files_that_contradict_each_other_are_told() {
    malformed("case/case.toml", "title = \"x\"\n", "one of `operation");
    malformed("case/case.toml", &format!("{MANIFEST}[resume]\nstate = \"x\"\n"), "either `answer");
    malformed(
        "case/case.toml",
        "title = \"x\"\ncheck = true\n[resume]\nstate = \"x\"\ntimed_out = true\n",
        "`[resume]` needs",
    );
    malformed("case/outcome.json", "{}", "say one of");
    malformed("case/outcome.json", r#"{ "done": 1, "waiting": "x" }"#, "say one of");
    malformed("case/input.json", r#"{ "file": "attachment:b.txt" }"#, "attachment:b.txt");
    let both =
        r#"[{ "expect": { "method": "GET", "path": "/" }, "answer": { "status": 200, "error": "interrupted" } }]"#;
    malformed("case/exchanges.json", both, "exchange 1: `answer` needs either");
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder(&[]);
    fs::remove_file(folder.path().join("case/outcome.json")).expect("it was there");
    let error = Case::read(&folder.path().join("case")).expect_err("missing").to_string();
    assert!(error.contains("outcome.json"), "{error}");
}

#[test]
fn cases_are_found_below_a_folder() {
    let folder = folder(&[("other/deep/case.toml", "")]);
    let found = find_cases(folder.path()).expect("two cases");
    let names: Vec<_> = found.iter().map(|path| path.strip_prefix(folder.path()).expect("below")).collect();
    assert_eq!(names, [Path::new("case"), Path::new("other/deep")]);
    assert!(find_cases(&folder.path().join("case/attachments")).is_err());
}
