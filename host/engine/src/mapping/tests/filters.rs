//! Each filter of ours, as a table.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{World, fails, gives};
use crate::mapping::environment::FILTERS;

/// What `submission.v | filter` gives.
#[track_caller]
fn check(value: Value, filter: &str, expected: Value) {
    gives(json!({ "v": value }), &format!("submission.v | {filter}"), expected);
}

#[track_caller]
fn refused(value: Value, filter: &str, part: &str) {
    // A short text may stand in the message by chance.
    let secret = value.as_str().filter(|text| text.len() > 8).unwrap_or("\u{1}");
    fails(json!({ "secret": secret, "v": value }), &format!("submission.v | {filter}"), part);
}

#[test]
fn before_takes_what_stands_before_the_first_separator() {
    check(json!("27.36.04, Byggesager, øvrige"), "before(',')", json!("27.36.04"));
    check(json!("27.36.04"), "before(',')", json!("27.36.04"));
    check(json!("27.36.04 "), "before(',')", json!("27.36.04"));
    check(json!(", x"), "before(',')", json!(""));
    check(json!(""), "before(',')", json!(""));
    check(json!("a - b"), "before(' - ')", json!("a"));
    check(json!(12.5), "before('.')", json!("12"));
    refused(json!("abc"), "before('')", "separator");
    refused(json!(["a"]), "before(',')", "list");
    refused(json!(null), "before(',')", "null");
}

#[test]
fn after_takes_what_follows_the_first_separator() {
    check(json!("27.36.04, Byggesager, øvrige"), "after(',')", json!("Byggesager, øvrige"));
    check(json!("27.36.04"), "after(',')", json!(""));
    check(json!("a,"), "after(',')", json!(""));
}

#[test]
fn texts_are_trimmed_replaced_and_written_as_json() {
    check(json!("  æ \n"), "trim", json!("æ"));
    check(json!("..a.."), "trim('.')", json!("a"));
    check(json!("251248-4916"), "replace('-', '')", json!("2512484916"));
    refused(json!("abc"), "replace('', 'x')", "look for");
    check(json!(5), "string", json!("5"));
    check(json!({"a": [1, "\""]}), "tojson", json!("{\"a\":[1,\"\\\"\"]}"));
    check(json!("aB"), "upper ~ (submission.v | lower) ~ (submission.v | capitalize)", json!("ABabAb"));
}

#[test]
fn default_stands_for_what_is_not_there() {
    gives(json!({}), "submission.v | default('x')", json!("x"));
    gives(json!({}), "submission.v | d(3)", json!(3));
    check(json!("a"), "default('x')", json!("a"));
    check(json!(null), "default('x')", json!(null));
    check(json!(null), "default('x', true)", json!("x"));
    check(json!(""), "default('x', true)", json!("x"));
}

#[test]
fn optional_leaves_the_place_out() {
    let world = World::new(json!({"blank": " ", "null": null, "zero": 0, "a": "b"}));
    let input = json!({
        "1": "{{ submission.missing | optional }}", "2": "{{ submission.blank | optional }}",
        "3": "{{ submission['null'] | optional }}", "4": "{{ submission.zero | optional }}",
        "5": ["{{ submission.missing | optional }}", "{{ submission.a | optional }}"],
        "6": "x{{ submission.missing | optional }}y",
        "7": "{{ {'a': submission.missing | optional, 'b': 1} }}",
    });
    assert_eq!(world.render(&input), Ok(json!({"4": 0, "5": ["b"], "6": "xy", "7": {"b": 1}})));
    assert_eq!(world.render(&json!("{{ submission.missing | optional }}")), Ok(json!(null)));
}

#[test]
fn dates_are_read_in_every_usual_spelling() {
    for text in [
        "24-12-2026",
        "24/12/2026",
        "24.12.2026",
        "2026-12-24",
        " 24-12-2026 ",
        "2026-12-24T23:59:59+01:00",
        "2026-12-24T00:00:00Z",
    ] {
        check(json!(text), "iso_date", json!("2026-12-24"));
        check(json!(text), "date('%d/%m/%Y')", json!("24/12/2026"));
        check(json!(text), "date", json!("24-12-2026"));
    }
    check(json!("1-2-2026"), "iso_date", json!("2026-02-01"));
    check(json!("2026-12-24T23:30:00Z"), "date(zone='Europe/Copenhagen')", json!("25-12-2026"));
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "24-13-2026",
        "30-02-2026",
        "24-12-26",
        "24-12/2026",
        "2026-12-24T00:00:00",
        "i morgen",
        "1-2-3-2026",
        "+1-12-2026",
        "٢٤-12-2026",
    ] {
        refused(json!(text), "iso_date", "it is no date");
    }
    refused(json!("24-12-2026"), "date('%Q')", "format");
    refused(json!("24-12-2026"), "date('%H:%M')", "format");
    refused(json!("2026-12-24T23:30:00Z"), "date(zone='Mars/Base')", "zone");
    refused(json!("24-12-2026"), "date(zome='x')", "argument");
}

#[test]
fn danish_decimals_keep_every_digit() {
    for (text, expected) in [
        ("1.234,50", "1234.50"),
        ("1234,5", "1234.5"),
        ("1.234", "1234"),
        ("0,05", "0.05"),
        ("-1.234.567,89", "-1234567.89"),
        ("007", "7"),
        ("-0,00", "0.00"),
        (" 5 ", "5"),
        ("12345678901234567890,123456789", "12345678901234567890.123456789"),
    ] {
        check(json!(text), "danish_decimal", json!(expected));
    }
    check(json!("1.234,5"), "danish_decimal(2)", json!("1234.50"));
    check(json!(1234.5), "danish_decimal(2)", json!("1234.50"));
    check(json!("7"), "danish_decimal(2)", json!("7.00"));
    refused(json!("1,234"), "danish_decimal(2)", "more than 2 decimals");
}

#[test]
fn what_is_no_danish_decimal_is_refused() {
    for text in [
        "", "x", "1,", ",5", "1.23", "12.34,5", "1.2345", "1234.567", "1,2,3", "--1", "+1", "1e3", "1 234", "١",
        "1..000",
    ] {
        refused(json!(text), "danish_decimal", "it is no Danish decimal");
    }
    refused(json!("9".repeat(61)), "danish_decimal", "Danish");
}

#[test]
fn danish_decimals_become_numbers_only_when_exact() {
    check(json!("1.234,50"), "danish_number", json!(1234.5));
    check(json!("1.234"), "danish_number", json!(1234));
    check(json!("3,00"), "danish_number", json!(3));
    check(json!("0,1"), "danish_number(2)", json!(0.1));
    check(json!("9.223.372.036.854.775.807"), "danish_number", json!(i64::MAX));
    check(json!("123456789012,345"), "danish_number", json!(123_456_789_012.345));
    refused(json!("1234567890123,4567"), "danish_number", "more digits");
    refused(json!("9.223.372.036.854.775.808"), "danish_number", "more digits");
    check(json!("1.234,5"), "minor_units", json!(123_450));
    check(json!("-0,05"), "minor_units", json!(-5));
    check(json!("0"), "minor_units", json!(0));
    refused(json!("1,005"), "minor_units", "more than 2 decimals");
}

#[test]
fn numbers_go_back_to_danish() {
    check(json!(1234.5), "to_danish(2)", json!("1.234,50"));
    check(json!("1234567.8"), "to_danish", json!("1.234.567,8"));
    check(json!(-100), "to_danish", json!("-100"));
    check(json!(1234567), "to_danish(2, grouped=false)", json!("1234567,00"));
    check(json!("999"), "to_danish", json!("999"));
    refused(json!("1.2345"), "to_danish(2)", "more than 2 decimals");
    refused(json!("1,5"), "to_danish", "plain number");
    check(json!("12.5"), "number", json!(12.5));
    check(json!(7), "number", json!(7));
    gives(json!({"antal": "3"}), "(submission.antal | number) * 250", json!(750));
}

#[test]
fn lists_are_joined_mapped_and_rebuilt() {
    let list = json!([{"navn": "Åse", "cpr": "1", "kontakt": {"email": "a@example.dk"}}, {"navn": "Bo", "cpr": "2", "kontakt": {}}]);
    check(json!(["a", 1, true]), "join(', ')", json!("a, 1, true"));
    check(list.clone(), "map(attribute='navn') | join('/')", json!("Åse/Bo"));
    check(json!(["a, x", "b, y"]), "map('before', ',') | list", json!(["a", "b"]));
    check(
        list.clone(),
        "pick(id='cpr', email='kontakt.email?') | add_fields(id_kind='cpr')",
        json!([
            {"id": "1", "email": "a@example.dk", "id_kind": "cpr"}, {"id": "2", "id_kind": "cpr"},
        ]),
    );
    check(json!(["2026-12-24T23:30:00Z"]), "map('date', '%d', zone='Europe/Copenhagen') | first", json!("25"));
    check(list[0].clone(), "pick(n='navn')", json!({"n": "Åse"}));
    refused(list.clone(), "pick(e='kontakt.email')", "item 2 of the list has no `kontakt.email`");
    refused(list.clone(), "map(attribute='kontakt.email') | list", "item 2 of the list has no `kontakt.email`");
    refused(list[0].clone(), "pick(k='kommune')", "the table has no `kommune`");
    refused(list, "map('tojson')", "write `map");
    refused(json!("abc"), "join(', ')", "list is needed");
    refused(json!([1]), "pick(a='b')", "list of tables");
    check(json!([3, 1, 2]), "sort | first", json!(1));
    check(json!([3, 1, 3]), "unique | list | length", json!(2));
    check(json!("a;b"), "split(';') | list", json!(["a", "b"]));
    check(json!("abcdef"), "last ~ submission.v[1:3]", json!("fbc"));
}

/// What stands between backticks in the first column of the page's table of filters.
fn named_by_the_page(page: &str) -> BTreeSet<String> {
    let table = page.split_once("| Filter |").expect("the table of filters").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let firsts = rows.filter_map(|row| row.trim_start_matches('|').split(" | ").next());
    let names = firsts.flat_map(|first| first.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    names.map(|name| name.split(['(', ' ']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_page_lists_each_filter_and_no_other() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mapping.md");
    let named = named_by_the_page(&std::fs::read_to_string(page).expect("the page"));
    let known: BTreeSet<String> = FILTERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(named, known);
}
