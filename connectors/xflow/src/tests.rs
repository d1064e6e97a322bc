//! The feed as a whole, against an XFlow of a few lines: what no single exchange can show.

use serde_json::{Value, json};
use sluse_sdk::{
    ItemReport, Standing,
    testing::{self, FakeHost},
};

use crate::XFlowConnector;

fn poll(answer: &Value) -> testing::Page {
    let answer = answer.to_string();
    let _host = FakeHost::install(move |_| testing::answer(200, &answer));
    let settings = json!({ "flow_sd": "kørsel", "flow_prisme": "postering" });
    testing::poll::<XFlowConnector>("deliveries", &settings, None).expect("a page")
}

fn keys_and_groups(page: &testing::Page) -> Vec<(&str, &str)> {
    page.items.iter().map(|item| (item.key.as_str(), item.group.as_deref().unwrap_or_default())).collect()
}

fn report(parts: &[(&str, Standing)]) -> Vec<ItemReport> {
    parts
        .iter()
        .map(|(key, standing)| ItemReport { key: (*key).to_owned(), standing: *standing, message: None })
        .collect()
}

/// The paths that XFlow hears of, when it answers everything with 200.
fn told(group: &str, parts: &[(&str, Standing)]) -> Vec<String> {
    let host = FakeHost::install(|_| testing::answer(200, "{}"));
    testing::settle::<XFlowConnector>("deliveries", &json!({}), group, report(parts)).expect("settled");
    host.requests().into_iter().map(|request| request.path).collect()
}

#[test]
fn it_is_asked_every_third_minute() {
    let feeds = testing::describe::<XFlowConnector>().feeds;
    assert_eq!(feeds.iter().map(|feed| feed.usual_interval_seconds).collect::<Vec<_>>(), [180]);
}

#[test]
fn each_part_is_an_item_of_its_own_and_both_are_one_group() {
    let page = poll(&json!({ "batch": "8842", "sd": [{ "id": 1 }, { "id": 2 }], "prisme": [{ "id": 3 }] }));
    let group = "8842+sd+prisme";
    assert_eq!(keys_and_groups(&page), [("8842+sd", group), ("8842+prisme", group)]);
    let flows: Vec<_> = page.items.iter().map(|item| item.flow.as_deref()).collect();
    assert_eq!(flows, [Some("kørsel"), Some("postering")]);
    assert_eq!((page.cursor, page.more), (None, false));
}

#[test]
fn one_answer_may_have_several_deliveries() {
    let page = poll(&json!({
        "sd": [{ "id": "a", "batch": "1" }, { "id": "b" }],
        "prisme": [{ "id": "c", "batch": "2" }, { "id": "d", "batch": "1" }],
    }));
    let expected = [("1+sd", "1+sd+prisme"), ("1+prisme", "1+sd+prisme"), ("b+sd", "b+sd"), ("2+prisme", "2+prisme")];
    assert_eq!(keys_and_groups(&page), expected);
}

#[test]
fn nothing_waits_where_the_lists_are_empty_or_left_out() {
    for answer in [json!({ "sd": [], "prisme": [] }), json!({ "sd": null }), json!({})] {
        assert!(poll(&answer).items.is_empty(), "{answer}");
    }
}

#[test]
fn it_is_acknowledged_when_both_are_delivered() {
    let both = [("8842+sd", Standing::Succeeded), ("8842+prisme", Standing::Succeeded)];
    assert_eq!(told("8842+sd+prisme", &both), ["/delivery/8842/acknowledge"]);
    assert_eq!(told("8842+sd", &both[..1]), ["/delivery/8842/acknowledge"]);
}

#[test]
fn xflow_hears_nothing_before_each_part_has_closed() {
    let sd = ("8842+sd", Standing::Succeeded);
    assert!(told("8842+sd+prisme", &[sd]).is_empty());
    assert!(told("8842+sd+prisme", &[sd, ("8842+prisme", Standing::Held)]).is_empty());
    assert!(told("8842+sd+prisme", &[("8842+sd", Standing::Failed)]).is_empty());
}

#[test]
fn it_is_rejected_when_one_has_failed_and_the_other_has_closed() {
    let parts = [("8842+sd", Standing::Succeeded), ("8842+prisme", Standing::Failed)];
    assert_eq!(told("8842+sd+prisme", &parts), ["/delivery/8842/reject"]);
}

#[test]
fn a_part_with_contradictions_does_not_fit_the_schema() {
    let schema = testing::describe::<XFlowConnector>().feeds.remove(0).item_schema;
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["properties"]["contradictions"]["maxItems"], 0);
}
