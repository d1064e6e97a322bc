//! JSON that nobody would write down.

use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};

use super::World;
use crate::mapping::{
    Mapping,
    environment::{FILTERS, TESTS},
};

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            prop_oneof![
                Just("{{"),
                Just("}}"),
                Just("{%"),
                Just("submission"),
                Just("."),
                Just("'"),
                Just("\""),
                Just("|"),
                Just("\\"),
                Just("æ"),
                Just("["),
                Just("]"),
                Just("("),
                Just(")"),
                Just("1"),
                Just("-"),
                Just("*"),
                Just("~"),
                Just(" if "),
                Just(" else "),
                Just(" is "),
                Just("trim"),
                Just(":"),
                Just("\n"),
                Just(","),
                Just("1e999"),
                Just("0x"),
            ],
            0..30
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn odd_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        odd_text().prop_map(Value::from),
        Just(json!("1.234,50")),
        Just(json!("24-12-2026")),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]|æ| |", inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #![proptest_config(Config { cases: 512, failure_persistence: None, ..Config::default() })]

    #[test]
    fn compiling_odd_inputs_never_panics(input in odd_json()) {
        if let Ok(mapping) = Mapping::compile(&input) {
            prop_assert!(mapping.holes().len() <= 100);
        }
    }

    #[test]
    fn a_submission_that_passes_whole_is_unchanged(submission in odd_json()) {
        let rendered = World::new(submission.clone()).render(&json!(["{{ submission }}", "{{ [submission][0] }}"]));
        prop_assert_eq!(rendered, Ok(json!([submission.clone(), submission])));
    }

    #[test]
    fn no_filter_or_test_panics_on_odd_values(
        value in odd_json(), other in odd_json(), filter in 0..FILTERS.len(), test in 0..TESTS.len(), operator in 0..10_usize,
    ) {
        let world = World::new(json!({"v": value, "o": other}));
        let (filter, test) = (FILTERS[filter], TESTS[test]);
        let operator = ["+", "-", "/", "//", "%", "**", "~", "in", "<", "=="][operator];
        let mut expressions = vec![
            format!("submission.v | {filter}"), format!("submission.v | {filter}(submission.o)"),
            format!("submission.v | {filter}('a', 2)"), format!("submission.v {operator} submission.o"),
            "submission.v[-3:5]".to_owned(), "submission.v[submission.o]".to_owned(), "-submission.v".to_owned(),
        ];
        if test.starts_with(|char: char| char.is_alphabetic()) {
            expressions.push(format!("submission.v is {test}"));
            expressions.push(format!("submission.v is {test}(submission.o)"));
        }
        for expression in expressions {
            for text in [format!("{{{{ {expression} }}}}"), format!("> {{{{ {expression} }}}}")] {
                if let Err(error) = world.render(&json!(text)) {
                    prop_assert!(error.message.contains(&expression), "{}", error.message);
                }
            }
        }
    }
}

#[test]
fn an_operator_that_panics_fails_its_expression_only() {
    super::fails(json!({ "a": 1, "b": 0 }), "submission.a is divisibleby(submission.b)", "cannot be evaluated");
}
