//! What a hostile mapping or submission cannot do: each ends in an error, soon, and in little memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{World, fails, gives};
use crate::mapping::{Mapping, limits};

/// Generous: a machine under load is slow, a hostile expression without bounds takes minutes.
const SOON: Duration = Duration::from_secs(20);

#[track_caller]
fn refused_at_apply(text: &str) {
    let begun = Instant::now();
    assert!(Mapping::compile(&json!(text)).is_err(), "{}", &text[..text.len().min(80)]);
    assert!(begun.elapsed() < SOON);
}

#[test]
fn texts_cannot_be_multiplied() {
    for text in [
        "{{ 'a' * 999999999 }}",
        "{{ 999999999 * 'a' }}",
        "{{ submission.a * 2 }}",
        "{{ [1] * 99999999 }}",
        "{{ ('a' ~ 'b') * 3 }}",
        "{{ (1 + submission.a) * 2 }}",
        "{{ (submission.a | default('x')) * 9 }}",
        "{{ (submission.a | int('x')) * 9 }}",
        "{{ -('a' * 3) }}",
        "{{ [0, 'a' * 999999999] | first }}",
        "{{ submission['a' * 999999999] }}",
    ] {
        refused_at_apply(text);
    }
    gives(json!({"a": 4}), "2 * 3 * (submission.a | number)", json!(24));
}

#[test]
fn loops_and_macros_do_not_exist() {
    for text in [
        "{% for i in range(10**9) %}a{% endfor %}",
        "{{ range(10**9) | list }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set x = 'a' %}",
        "{% include 'x' %}",
        "{{ namespace() }}",
        "{{ debug() }}",
        "{{ 'a' | format(1) }}",
        "{{ 'a' | indent(999999999) }}",
        "{{ 'a' | center(999999999) }}",
        "{{ [1] | batch(999999999, 1) }}",
    ] {
        refused_at_apply(text);
    }
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let long = limits::MAX_EXPRESSION_BYTES / 2;
    for inner in [
        "(".repeat(2000) + "1" + &")".repeat(2000),
        "[".repeat(2000) + &"]".repeat(2000),
        "-".repeat(2000) + "1",
        "not ".repeat(1000) + "1",
        "1".to_owned() + &"+1".repeat(2000),
        "1".to_owned() + &" if 1 else 1".repeat(300),
        "submission".to_owned() + &".a".repeat(2000) + "|trim~x",
        "1".to_owned() + &"|trim".repeat(800),
        "1".to_owned() + &"|default(1".repeat(300) + &")".repeat(300),
        "{1:".repeat(1000) + "1" + &"}".repeat(1000),
        "a".repeat(long * 3),
    ] {
        refused_at_apply(&format!("{{{{ {inner} }}}}"));
    }
    refused_at_apply(&format!("{}{{{{ 1 }}}}", "x".repeat(limits::MAX_TEMPLATE_BYTES)));
    let deep = (0..40).fold(json!("{{ 1 }}"), |inner, _| json!([inner]));
    assert!(Mapping::compile(&deep).is_err());
    assert!(Mapping::compile(&json!(vec![1; limits::MAX_INPUT_NODES + 1])).is_err());
}

#[test]
fn texts_cannot_grow_in_filters() {
    let form = json!({"a": "a".repeat(100_000), "l": vec!["x"; 10_000]});
    fails(form.clone(), "submission.a | replace('a', 'aaaaaaaaaa')", "grows beyond");
    fails(form.clone(), "submission.l | join(submission.a)", "grows beyond");
    fails(form.clone(), "submission.l | map('replace', 'x', submission.a) | list", "write `map");
    fails(form.clone(), "submission.l | map('default', submission.a) | join", "write `map");
    fails(form.clone(), "submission.a | split('') | map('danish_decimal', 60) | list", "");
    fails(json!({"l": vec!["1"; 19_000]}), "submission.l | map('danish_decimal', 59) | list", "grow beyond");
    fails(form, "'x' | date('%Y' ~ submission.a)", "date format");
}

#[test]
fn what_is_computed_with_is_bounded_and_what_passes_is_not() {
    let long = "a".repeat(limits::MAX_TEXT_BYTES + 1);
    let form = json!({"a": long, "l": vec![0; limits::MAX_SCOPE_NODES], "b": "b"});
    gives(form.clone(), "submission.a", json!(long));
    gives(form.clone(), "submission.l", json!(vec![0; limits::MAX_SCOPE_NODES]));
    fails(form, "submission.b | trim", "more than 20000 values");
    fails(json!({"a": long}), "submission.a | trim", "hand it on whole");
    fails(json!({"a": long}), "[submission.a]", "hand it on whole");
    fails(json!({"a": [long]}), "submission.a | join", "hand it on whole");
    gives(json!({"a": long, "b": "b"}), "submission.b | trim", json!("b"));
}

#[test]
fn the_output_is_bounded() {
    let form = json!({"a": "a".repeat(200_000)});
    let fifty = vec!["submission.a"; 50].join(", ");
    fails(form.clone(), &format!("[{fifty}]"), "grows beyond");
    fails(form.clone(), &format!("{{'a': [{fifty}]}}"), "grows beyond");
    let world = World::new(form);
    let whole: Vec<Value> = vec![json!("{{ submission.a }}"); 50];
    assert!(world.render(&json!(whole)).expect_err("too large").message.contains("grows beyond"));
    let text = "{{ submission.a }}".repeat(50);
    assert!(world.render(&json!(text)).expect_err("too large").message.contains("grows beyond"));
}

#[test]
fn whole_tables_cannot_be_printed_again_and_again() {
    let form = json!({"l": vec!["x".repeat(1000); 1000]});
    let all = vec!["submission"; 60].join(" ~ ");
    let begun = Instant::now();
    fails(form, &all, "cannot become text");
    assert!(begun.elapsed() < SOON);
}

#[test]
fn powers_and_sums_end() {
    fails(json!({}), "10 ** 10 ** 10", "");
    fails(json!({"n": i64::MAX}), "submission.n ** 9", "");
    fails(json!({}), "1.0e308 * 10", "not finite");
    fails(json!({}), "2 ** 100", "64 bits");
    fails(json!({"l": [i64::MAX, i64::MAX, 2]}), "submission.l | sum", "64 bits");
    gives(json!({"a": "abc"}), "submission.a[-2:]", json!("bc"));
    gives(json!({"a": "abc"}), "submission.a[5:2]", json!(""));
}
