//! The feed as a whole, poll after poll, against a service of a few lines: what no single exchange can show.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use serde_json::{Value, json};
use sluse_sdk::{
    Failure, ItemReport, Standing,
    testing::{self, FakeHost, Page, Request, Response, SendError},
};

use crate::InteractConnector;

/// A service: what waits, and what does not go well there.
#[derive(Default)]
struct Service {
    waiting: Vec<&'static str>,
    /// Submissions that cannot be described now.
    failing: BTreeSet<&'static str>,
    /// Everything is too large that is fetched behind this many files of one poll.
    room: Option<usize>,
    files: usize,
    is_busy: bool,
}

impl Service {
    fn answer(&mut self, request: &Request) -> Result<Response, SendError> {
        if self.is_busy {
            return testing::answer(503, "{}");
        }
        let path = request.path.split('?').next().unwrap_or_default();
        match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
            ["submissions"] => {
                let entry =
                    |id: &&str| json!({ "id": id, "formId": "800636", "receivedAt": format!("2026-01-15T08:00:{id}") });
                let submissions: Vec<_> = self.waiting.iter().map(entry).collect();
                testing::answer(200, &json!({ "submissions": submissions }).to_string())
            }
            ["submissions", id] if self.failing.contains(id) => testing::answer(500, "{}"),
            ["submissions", id] => testing::answer(200, &described(id)),
            ["submissions", _, "files", "xml"] => self.file("<D><Files><Title>Ærø</Title></Files></D>"),
            ["submissions", _, "files", _] => self.file("%PDF"),
            _ => testing::answer(404, "{}"),
        }
    }

    fn file(&mut self, content: &str) -> Result<Response, SendError> {
        self.files += 1;
        match self.room {
            Some(room) if self.files > room => Err(SendError::TooLarge(1)),
            _ => testing::answer(200, content),
        }
    }
}

fn described(id: &str) -> String {
    json!({ "id": id, "formId": "800636", "files": [
        { "id": "xml", "name": "formular.xml", "kind": "xml" }, { "id": "pdf", "name": "formular.pdf", "kind": "pdf" },
    ] })
    .to_string()
}

fn install(service: Service) -> (FakeHost, Rc<RefCell<Service>>) {
    let service = Rc::new(RefCell::new(service));
    let answering = service.clone();
    (FakeHost::install(move |request| answering.borrow_mut().answer(request)), service)
}

fn settings(more: Value) -> Value {
    let mut settings =
        json!({ "Url": "https://interact.example.dk", "ClientId": "mycompany-workzone", "ExecutingUser": "ANSO" });
    settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    settings
}

fn poll(settings: &Value, cursor: Option<&str>) -> Result<Page, Failure> {
    testing::poll::<InteractConnector>("submissions", settings, cursor)
}

fn keys(page: &Page) -> Vec<&str> {
    page.items.iter().map(|item| item.key.as_str()).collect()
}

#[test]
fn what_was_handed_over_is_not_fetched_again() {
    let (host, service) = install(Service { waiting: vec!["02", "01", "01"], ..Service::default() });
    let first = poll(&settings(json!({})), None).expect("a page");
    assert_eq!((keys(&first), first.more), (vec!["01", "02"], false));
    let sent = host.requests().len();
    service.borrow_mut().waiting.push("03");
    let second = poll(&settings(json!({})), first.cursor.as_deref()).expect("a page");
    assert_eq!(keys(&second), ["03"]);
    assert_eq!(host.requests().len() - sent, 4, "the list, and one submission with two files");
}

#[test]
fn a_poll_takes_as_many_as_it_may_and_the_next_one_goes_on() {
    let (_host, _) = install(Service { waiting: vec!["01", "02", "03"], ..Service::default() });
    let settings = settings(json!({ "max_submissions_per_poll": 2 }));
    let first = poll(&settings, None).expect("a page");
    assert_eq!((keys(&first), first.more), (vec!["01", "02"], true));
    let second = poll(&settings, first.cursor.as_deref()).expect("a page");
    assert_eq!((keys(&second), second.more), (vec!["03"], false));
}

#[test]
fn one_that_cannot_be_fetched_holds_up_no_other_and_is_told() {
    let failing = BTreeSet::from(["01"]);
    let (_host, service) = install(Service { waiting: vec!["01", "02"], failing, ..Service::default() });
    let first = poll(&settings(json!({})), None).expect("a page");
    assert_eq!((keys(&first), first.more), (vec!["02"], true));
    let failure = poll(&settings(json!({})), first.cursor.as_deref()).expect_err("nothing but that one is left");
    assert_eq!(failure.problem().code, "interact-error");
    service.borrow_mut().failing.clear();
    assert_eq!(keys(&poll(&settings(json!({})), first.cursor.as_deref()).expect("a page")), ["01"]);
}

#[test]
fn a_service_that_is_busy_is_left_alone() {
    let (host, _) = install(Service { waiting: vec!["01"], is_busy: true, ..Service::default() });
    assert!(matches!(poll(&settings(json!({})), None), Err(Failure::Unavailable(_))));
    assert_eq!(host.requests().len(), 1);
}

#[test]
fn what_has_no_room_beside_others_has_a_poll_of_its_own() {
    let (_host, service) = install(Service { waiting: vec!["01", "02"], room: Some(2), ..Service::default() });
    let first = poll(&settings(json!({})), None).expect("a page");
    assert_eq!((keys(&first), first.more), (vec!["01"], true));
    service.borrow_mut().files = 0;
    let second = poll(&settings(json!({})), first.cursor.as_deref()).expect("a page");
    assert_eq!(keys(&second), ["02"]);
    assert!(second.items[0].input.contains("\"unmappable\":null"), "{}", second.items[0].input);
}

#[test]
fn what_has_no_room_alone_comes_without_it() {
    let (_host, _) = install(Service { waiting: vec!["01"], room: Some(1), ..Service::default() });
    let page = poll(&settings(json!({})), None).expect("a page");
    let input: Value = serde_json::from_str(&page.items[0].input).expect("JSON");
    assert!(input["pdf"].is_string() && input["xml"].is_null());
    assert_eq!(input["unmappable"], "formular.xml: Filen er større, end forbindelsen henter.");
    assert_eq!(page.items[0].attachments.len(), 1);
}

#[test]
fn the_form_comes_first_among_the_files() {
    let (_host, _) = install(Service { waiting: vec!["01"], ..Service::default() });
    let page = poll(&settings(json!({})), None).expect("a page");
    let input: Value = serde_json::from_str(&page.items[0].input).expect("JSON");
    let files: Vec<_> = page.items[0].attachments.iter().map(String::as_str).collect();
    assert_eq!(files, [input["pdf"].as_str().expect("an id"), input["xml"].as_str().expect("an id")]);
    assert_eq!(input["fields"], json!({ "Files/Title": "Ærø" }));
}

#[test]
fn nothing_is_told_of_a_group_without_items() {
    let (host, _) = install(Service::default());
    testing::settle::<InteractConnector>("submissions", &settings(json!({})), "01", Vec::new()).expect("nothing");
    assert!(host.requests().is_empty());
}

#[test]
fn personal_numbers_stay_out_of_interact() {
    let host = FakeHost::install(|_| testing::answer(204, ""));
    let message = Some("Kontakten 251248-4916 kan ikke oprettes.".to_owned());
    let report = vec![ItemReport { key: "01".into(), standing: Standing::Held, message }];
    testing::settle::<InteractConnector>("submissions", &settings(json!({})), "01", report).expect("told");
    let told = format!("{:?}", host.requests()[0].body);
    assert!(!told.contains("4916"), "{told}");
}

#[test]
fn settings_are_marked_for_the_host() {
    let schema: Value = serde_json::from_str(&testing::describe::<InteractConnector>().settings_schema).expect("JSON");
    for (setting, mark, value) in [
        ("WatchInterval", "x-sluse-interval", "submissions"),
        ("Url", "x-sluse-endpoint", "default"),
        ("CertificateThumbprint", "x-sluse-certificate", "default"),
    ] {
        assert_eq!(schema["properties"][setting][mark], value, "{setting}");
    }
    assert_eq!(schema["properties"]["WatchInterval"]["minimum"], 1);
    assert_eq!(schema["required"], json!(["Url", "ClientId", "ExecutingUser"]));
}
