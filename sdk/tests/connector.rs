//! A connector as the host sees it: what it describes, what it sends, and what it says when it did not work.

#![cfg(not(target_arch = "wasm32"))]

use serde_json::{Value, json};
use sluse_sdk::http::{Header, SendErrorReason};
use sluse_sdk::prelude::*;
use sluse_sdk::testing::{self, AttachmentError, FakeHost, Outcome};

#[derive(Deserialize, JsonSchema)]
struct Settings {
    prefix: String,
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// The title of the case.
    title: String,
    parties: Vec<Party>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Role {
    Applicant,
    Owner,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only read from JSON")]
struct Party {
    cpr: u64,
    role: Role,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Created {
    id: String,
}

struct Cases;

impl Connector for Cases {
    type Settings = Settings;
    const NAME: &str = "cases";
    const VERSION: &str = "1.2.3";
    const TITLE: &str = "Cases";
    const SUMMARY: &str = "Creates cases.";
    const OPERATIONS: &[Operation<Settings>] = &[
        operation!("create", "Create", "Creates a case.", create),
        operation!("look", "Look", "Looks for a case.", look).reads_only(),
        operation!("start", "Start", "Starts and waits.", start),
    ];

    fn check(_: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
        Ok(vec![Finding::passed("sign-in", "It works.")])
    }
}

fn create(call: &Call<Settings>, input: Create) -> Result<Created, Failure> {
    let title = format!("{}{} ({})", call.settings.prefix, input.title, input.parties.len());
    let request = Request::post("/cases").intent_key("create-case").json(&json!({ "title": title }))?;
    request.send()?.require_success()?.json()
}

fn look(_: &Call<Settings>, input: Created) -> Result<Created, Failure> {
    Request::get(path!("/cases/{}", input.id)).query("$select", "id").send()?.require_success()?.json()
}

fn start(_: &Call<Settings>, input: Created) -> Result<Reply<Created>, Failure> {
    Reply::waiting(&input.id)
}

fn settings() -> Value {
    json!({ "prefix": "Byggesag: " })
}

fn create_input() -> Value {
    json!({ "title": "Carport", "parties": [{ "cpr": 1, "role": "owner" }] })
}

fn fails(operation: &str, input: &Value) -> Failure {
    testing::execute::<Cases>(operation, &settings(), input).expect_err("it should have failed")
}

#[test]
fn it_describes_itself_from_its_types() {
    let description = testing::describe::<Cases>();
    assert_eq!((description.name.as_str(), description.version.as_str()), ("cases", "1.2.3"));
    let reads_only: Vec<_> = description.operations.iter().map(|operation| operation.reads_only).collect();
    assert_eq!(reads_only, [false, true, false]);
    let schema: Value = serde_json::from_str(&description.operations[0].input_schema).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["title"]["description"], "The title of the case.");
    assert_eq!(schema["required"], json!(["title", "parties"]));
}

#[test]
fn a_waiting_operation_describes_its_output_not_its_reply() {
    let description = testing::describe::<Cases>();
    assert_eq!(description.operations[2].output_schema, description.operations[0].output_schema);
}

#[test]
fn an_operation_sends_and_reads_json() {
    let host = FakeHost::install(|_| testing::answer(201, r#"{"id":"17"}"#));
    let outcome = testing::execute::<Cases>("create", &settings(), &create_input()).unwrap();
    assert_eq!(outcome, Outcome::Done(r#"{"id":"17"}"#.to_owned()));
    let sent = &host.requests()[0];
    assert_eq!((sent.path.as_str(), sent.intent_key.as_deref()), ("/cases", Some("create-case")));
    assert_eq!(sent.headers[0].value, "application/json");
    let sluse_sdk::testing::Body::Bytes(body) = &sent.body else { panic!("a body in hand") };
    assert_eq!(body, r#"{"title":"Byggesag: Carport (1)"}"#.as_bytes());
}

#[test]
fn a_waiting_operation_leaves_its_state() {
    let outcome = testing::execute::<Cases>("start", &settings(), &json!({ "id": "17" })).unwrap();
    assert_eq!(outcome, Outcome::Waiting(r#""17""#.to_owned()));
}

#[test]
fn an_input_that_does_not_fit_is_invalid_and_names_the_place_but_not_the_value() {
    let input = json!({ "title": "Carport", "parties": [{ "cpr": "251248-4916", "role": "owner" }] });
    let failure = fails("create", &input);
    assert!(matches!(failure, Failure::Invalid(_)));
    assert_eq!(failure.problem().message, "The input does not fit at `parties[0].cpr`.");
    assert!(!format!("{failure:?}").contains("251248"), "{failure:?}");
}

#[test]
fn a_value_that_is_not_allowed_is_not_repeated() {
    let input = json!({ "title": "Carport", "parties": [{ "cpr": 1, "role": "251248-4916" }] });
    let failure = fails("create", &input);
    assert_eq!(failure.problem().message, "The input does not fit at `parties[0].role`.");
    assert!(!format!("{failure:?}").contains("251248"), "{failure:?}");
}

#[test]
fn settings_that_do_not_fit_are_invalid() {
    let failure = testing::execute::<Cases>("create", &json!({ "prefix": 7 }), &create_input()).unwrap_err();
    assert_eq!(failure.problem().code, "settings-do-not-fit");
    assert_eq!(failure.problem().message, "The connection's settings do not fit at `prefix`.");
}

#[test]
fn an_unknown_operation_is_invalid() {
    assert_eq!(fails("destroy", &json!({})).problem().code, "unknown-operation");
}

/// The class of the failure when the target answers a POST, and a GET, with `status`.
#[track_caller]
fn check_status(status: u16, once: &str, read: &str) {
    let _host = FakeHost::install(move |_| testing::answer(status, "{}"));
    assert_eq!(class(&fails("create", &create_input())), once, "POST");
    assert_eq!(class(&fails("look", &json!({ "id": "1" }))), read, "GET");
}

/// The class of the failure when the host says `reason` to a POST, and to a GET.
#[track_caller]
fn check_reason(reason: SendErrorReason, once: &str, read: &str) {
    let _host = FakeHost::install(move |_| Err(reason.clone()));
    assert_eq!(class(&fails("create", &create_input())), once, "POST");
    assert_eq!(class(&fails("look", &json!({ "id": "1" }))), read, "GET");
}

fn class(failure: &Failure) -> &'static str {
    match failure {
        Failure::Invalid(_) => "invalid",
        Failure::Rejected(_) => "rejected",
        Failure::Denied(_) => "denied",
        Failure::Unavailable(_) => "unavailable",
        Failure::Unknown(_) => "unknown",
    }
}

#[test]
fn a_refused_sign_in_is_denied() {
    check_status(401, "denied", "denied");
}

#[test]
fn a_missing_record_is_rejected() {
    check_status(404, "rejected", "rejected");
}

#[test]
fn a_busy_target_is_unavailable() {
    check_status(503, "unavailable", "unavailable");
}

#[test]
fn a_broken_target_leaves_what_must_happen_once_in_doubt() {
    check_status(500, "unknown", "unavailable");
}

#[test]
fn a_gateway_that_gave_up_leaves_what_must_happen_once_in_doubt() {
    check_status(504, "unknown", "unavailable");
}

#[test]
fn a_rule_of_the_host_is_denied() {
    check_reason(SendErrorReason::Forbidden("not granted".to_owned()), "denied", "denied");
}

#[test]
fn an_unreachable_target_is_unavailable() {
    check_reason(SendErrorReason::Unreachable("refused".to_owned()), "unavailable", "unavailable");
}

#[test]
fn an_interrupted_request_is_in_doubt_only_when_it_must_happen_once() {
    check_reason(SendErrorReason::Interrupted("timeout".to_owned()), "unknown", "unavailable");
}

#[test]
fn an_answer_that_is_too_large_is_rejected() {
    check_reason(SendErrorReason::TooLarge(8), "rejected", "rejected");
}

#[test]
fn the_target_says_how_long_to_wait() {
    for (value, wait_ms) in [("7", Some(7000)), ("Thu, 15 Jan 2026 08:02:00 GMT", Some(45_000)), ("soon", None)] {
        let _host = FakeHost::install(move |_| {
            let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
            let mut answer = testing::answer(429, "{}")?;
            answer.headers.push(header("Retry-After", value));
            answer.headers.push(header("Date", "Thu, 15 Jan 2026 08:01:15 GMT"));
            Ok(answer)
        });
        let Failure::Unavailable(unavailable) = fails("look", &json!({ "id": "1" })) else { panic!("not unavailable") };
        assert_eq!(unavailable.retry_after_ms, wait_ms, "{value}");
    }
}

#[test]
fn an_answer_that_is_not_as_agreed_is_rejected_with_its_place() {
    let _host = FakeHost::install(|_| testing::answer(200, r#"{"id":17}"#));
    let failure = fails("look", &json!({ "id": "1" }));
    assert_eq!(class(&failure), "rejected");
    assert!(failure.problem().detail.as_deref().is_some_and(|detail| detail.contains("`id`")), "{failure:?}");
}

#[test]
fn requests_side_by_side_are_answered_in_order() {
    let _host = FakeHost::install(|request| testing::answer(200, &format!("{:?}", request.path)));
    let answers = send_all([Request::get("/a"), Request::get("/b")]);
    let paths: Vec<String> = answers.into_iter().map(|answer| answer.unwrap().json().unwrap()).collect();
    assert_eq!(paths, ["/a", "/b"]);
}

#[test]
fn files_that_the_host_cannot_tell_now_are_unavailable() {
    fn count() -> Result<usize, Failure> {
        Ok(attachments::all()?.len())
    }
    let host = FakeHost::install(|_| testing::answer(200, "{}"));
    assert_eq!(count().unwrap(), 0);
    assert!(matches!(attachments::get("att-1"), Err(AttachmentError::NotFound)));
    host.fail_attachments(AttachmentError::Unavailable("the disk is away".to_owned()));
    let Err(Failure::Unavailable(unavailable)) = count() else { panic!("it said how many") };
    assert_eq!(unavailable.problem.detail.as_deref(), Some("the disk is away"));
}

#[test]
fn a_part_cannot_end_its_own_header() {
    let host = FakeHost::install(|_| testing::answer(200, "{}"));
    let file = Part::attachment("application/pdf", "a1").file("file", "a\"\r\nX-Evil: 1.pdf");
    Request::post("/").multipart(Multipart::form_data().part(file)).send().unwrap();
    let testing::Body::Multipart(body) = &host.requests()[0].body else { panic!("several parts") };
    let disposition = &body.parts[0].headers[1].value;
    assert_eq!(disposition, r#"form-data; name="file"; filename="a%22%0D%0AX-Evil: 1.pdf""#);
}

sluse_sdk::export_target!(Cases);
