//! What is refused when a flow is applied.

use serde_json::json;

use crate::mapping::{
    Mapping,
    environment::{FILTERS, TESTS, environment},
};

#[track_caller]
fn refused(expression: &str, part: &str) {
    let fault = Mapping::compile(&json!({"a": [{"b": format!("x\n{{{{ {expression} }}}}")}]})).expect_err(expression);
    assert_eq!((fault.path.as_str(), fault.line), ("a[0].b", 2), "{expression}");
    assert!(fault.message.contains(part), "{expression}: {}", fault.message);
}

#[test]
fn undefined_names_are_refused_with_the_nearest() {
    refused("submision.a", "did you mean `submission`?");
    refused("foo", "`foo` is undefined");
    refused("attachments[0].id ~ step.a.b", "`step` is undefined (did you mean `steps`?)");
    refused("steps", "name the step");
    refused("steps[0].a", "name the step");
    refused("steps[submission.a].b", "name the step");
}

#[test]
fn unknown_filters_and_tests_are_refused_with_the_nearest() {
    refused("submission.a | befor(',')", "there is no filter `befor` (did you mean `before`?)");
    refused("submission.a is defind", "there is no test `defind` (did you mean `defined`?)");
}

#[test]
fn what_is_no_expression_is_refused() {
    refused("submission.", "");
    refused("submission.a |", "");
    refused("1 2", "");
    refused("", "empty");
    refused("'a", "close");
    refused("range(3)", "no functions");
    refused("submission.a.upper()", "no functions");
    refused("submission.a if submission.b", "else");
    refused("submission.a[::2]", "step");
    refused("submission.a[submission.b:]", "plain numbers");
    refused("submission.a | default(*submission.b)", "not available");
}

#[test]
fn all_faults_are_told_at_once_in_order() {
    let faults =
        Mapping::compile_all(&json!({"a": "{{ x }}{{ y }}", "b": ["{% if %}"], "c {{": 1})).expect_err("faults");
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["a", "a", "b[0]", "[\"c {{\"]"]);
}

#[test]
fn references_tell_what_is_read() {
    let mapping = Mapping::compile(&json!({
        "a": "{{ submission.navn }} {{ steps['open-case'].case_id }}\n{{ submission.x.y | default('') }}",
        "b": "{{ attachments | map(attribute='id') | list }}", "c": "{{ run.id }}", "d": "{{ submission.a is defined }}",
    }))
    .expect("a mapping");
    let told: Vec<String> = mapping
        .references()
        .iter()
        .map(|reference| {
            format!("{}:{} {reference}{}", reference.path, reference.line, if reference.guarded { "?" } else { "" })
        })
        .collect();
    assert_eq!(
        told,
        [
            "a:1 submission.navn",
            "a:1 steps[\"open-case\"].case_id",
            "a:2 submission.x.y?",
            "b:1 attachments",
            "c:1 run.id",
            "d:1 submission.a?",
        ]
    );
    assert_eq!(mapping.references()[0].field(), Some("navn"));
    assert_eq!(mapping.references()[1].step(), Some("open-case"));
    assert_eq!(mapping.holes(), ["a", "b", "c", "d"]);
}

#[test]
fn every_listed_filter_and_test_exists_and_no_other() {
    for name in FILTERS {
        let known = environment().compile_expression_owned(format!("1 | {name}")).expect("an expression");
        let unknown = known.eval(()).err().is_some_and(|error| error.kind() == minijinja::ErrorKind::UnknownFilter);
        assert!(!unknown, "{name}");
    }
    for name in TESTS.iter().filter(|name| name.starts_with(|char: char| char.is_alphabetic())) {
        let known = environment().compile_expression_owned(format!("1 is {name}")).expect("an expression");
        let unknown = known.eval(()).err().is_some_and(|error| error.kind() == minijinja::ErrorKind::UnknownTest);
        assert!(!unknown, "{name}");
    }
    for name in ["range", "dict", "debug", "namespace"] {
        assert!(
            environment()
                .compile_expression_owned(name.to_owned())
                .expect("an expression")
                .eval(())
                .expect("a value")
                .is_undefined()
        );
    }
}

#[test]
fn a_mapping_goes_to_any_thread() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Mapping>();
}
