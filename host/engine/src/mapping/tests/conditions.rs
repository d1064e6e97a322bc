//! Conditions of steps, and what is left of a step that was skipped.

use serde_json::{Value, json};
use sluse_model::{SkippedStep, Timestamp};

use super::{World, name};
use crate::mapping::{Condition, Mapping};

/// A world in which a step `search` was skipped.
fn world() -> World {
    let skipped = SkippedStep {
        step_index: 1,
        step: name("search-cases"),
        when: "{{ submission.known }}".to_owned(),
        at: Timestamp::from_millis(0),
    };
    World {
        skipped: vec![skipped],
        ..World::new(json!({"kind": "byggesag", "urgent": true, "text": "true", "count": 0}))
    }
}

#[track_caller]
fn holds(written: &str, expected: bool) {
    let condition = Condition::compile(written).expect("a condition");
    assert_eq!(world().scoped(|scope| condition.holds(scope)), Ok(expected), "{written}");
}

#[track_caller]
fn fails(written: &str, part: &str) {
    let condition = Condition::compile(written).expect("a condition");
    let error = world().scoped(|scope| condition.holds(scope)).expect_err(written);
    assert!(error.message.contains(part), "{error}");
}

#[track_caller]
fn refused(written: &str, part: &str) {
    let fault = Condition::compile(written).expect_err(written);
    assert!(fault.message.contains(part), "{fault}");
}

#[test]
fn a_condition_is_true_or_false() {
    holds("{{ submission.urgent }}", true);
    holds("{{ not submission.urgent }}", false);
    holds("{{ submission.kind == 'byggesag' and steps.open_case.created }}", true);
    holds("{{ steps.open_case.parties | length > 2 }}", false);
}

#[test]
fn nothing_else_is_a_condition() {
    fails("{{ submission.text }}", "the text `true`: compare it, `… == 'true'`");
    fails("{{ submission.kind }}", "a text: compare it");
    fails("{{ submission.count }}", "a number");
    fails("{{ steps.open_case }}", "a table");
    fails("{{ steps.open_case.parties }}", "a list");
    fails("{{ submission.nothing | optional }}", "nothing");
    fails("{{ submission.nothing == 1 }}", "`submission.nothing` is undefined");
}

#[test]
fn what_is_no_single_expression_is_refused_before_it_runs() {
    for written in ["", "true", "{{ submission.a }} ", "{{ submission.a }}{{ submission.b }}", "a == b"] {
        refused(written, "exactly one expression");
    }
    refused("{{ submision.a }}", "did you mean `submission`");
    refused("{% if x %}", "");
}

#[test]
fn a_step_that_was_skipped_is_undefined() {
    holds("{{ steps.search_cases is defined }}", false);
    holds("{{ steps.search_cases is undefined }}", true);
    holds("{{ steps['search-cases'].branch is defined }}", false);
    holds("{{ steps.search_cases is defined and steps.search_cases.branch == 'Success' }}", false);
    holds("{{ steps.search_cases is not defined and submission.urgent }}", true);
    holds("{{ steps.search_cases.branch | default('none') == 'none' }}", true);
    fails("{{ steps.search_cases.branch == 'Success' }}", "`steps.search_cases.branch` is undefined");
}

#[test]
fn what_was_in_it_can_be_left_out_or_replaced_however_deep() {
    let input = json!({
        "id": "{{ steps.search_cases.case.id | default('new') }}",
        "parties": "{{ steps.search_cases.parties[0].id | optional }}",
        "both": "{{ steps.search_cases.a | default('x') }}-{{ steps.search_cases.a.b | default('y') }}",
        "kind": "{{ steps.search_cases.kind if steps.search_cases is defined else submission.kind }}",
    });
    let expected: Value = json!({"id": "new", "both": "x-y", "kind": "byggesag"});
    assert_eq!(world().render(&input), Ok(expected));
}

#[test]
fn nothing_of_it_comes_into_an_input_by_accident() {
    for written in ["{{ steps.search_cases }}", "{{ steps.search_cases.id }}", "a{{ steps.search_cases.id }}"] {
        let error = world().render(&json!({"a": written})).expect_err(written);
        assert!(error.message.contains("is undefined"), "{error}");
    }
    let error = world().render(&json!({"a": "{{ [steps.search_cases] }}"})).expect_err("a list");
    assert!(error.message.contains("undefined"), "{error}");
}

#[test]
fn it_is_known_which_steps_a_condition_ensures() {
    let ensures = |written: &str| Condition::compile(written).expect("a condition").ensures("search-cases");
    for written in [
        "{{ steps.search_cases is defined }}",
        "{{ submission.urgent and steps.search_cases.branch is defined }}",
        "{{ steps['search-cases'] is not undefined and submission.urgent }}",
        "{{ not (steps.search_cases is undefined) }}",
    ] {
        assert!(ensures(written), "{written}");
    }
    for written in [
        "{{ steps.search_cases is undefined }}",
        "{{ submission.urgent or steps.search_cases is defined }}",
        "{{ not (steps.search_cases is defined) }}",
        "{{ steps.open_case is defined }}",
    ] {
        assert!(!ensures(written), "{written}");
    }
}

#[test]
fn what_stands_behind_a_look_at_its_step_is_guarded() {
    let guarded = |written: &str| {
        let mapping = Mapping::compile(&json!(written)).expect("a mapping");
        mapping.references().iter().map(|reference| reference.guarded).collect::<Vec<_>>()
    };
    assert_eq!(guarded("{{ steps.a is defined and steps.a.b == 1 }}"), [true, true]);
    assert_eq!(guarded("{{ steps.a.b == 1 and steps.a is defined }}"), [false, true]);
    assert_eq!(guarded("{{ (steps.a is defined and steps.a.b) or steps.a.c }}"), [true, true, false]);
    assert_eq!(guarded("{{ steps.a is defined and steps.c.b }}"), [true, false]);
}
