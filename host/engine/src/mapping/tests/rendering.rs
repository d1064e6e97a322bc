//! Types, texts, names.

use serde_json::{Value, json};

use super::{World, fails, gives};

fn form() -> Value {
    json!({
        "tekst": "Ærøskøbing", "tal": 3, "stor": u64::MAX, "negativ": i64::MIN, "decimal": 1234.56, "ja": true, "tom": null,
        "liste": [1, "to", null], "objekt": {"a": {"b": [10, 20]}}, "med mellemrum": "x", "lang": 0.1,
    })
}

#[test]
fn a_text_that_is_one_expression_keeps_the_type() {
    gives(form(), "submission.tekst", json!("Ærøskøbing"));
    gives(form(), "submission.tal", json!(3));
    gives(form(), "submission.ja", json!(true));
    gives(form(), "submission.tom", json!(null));
    gives(form(), "submission.liste", json!([1, "to", null]));
    gives(form(), "submission.objekt.a.b[1]", json!(20));
    gives(form(), "submission", form());
    gives(form(), "submission['med mellemrum']", json!("x"));
}

#[test]
fn numbers_keep_their_digits_also_when_computed_with() {
    for expression in ["submission.stor", "submission.stor | default(0)"] {
        gives(form(), expression, json!(u64::MAX));
    }
    for expression in ["submission.negativ", "submission.negativ | default(0)"] {
        gives(form(), expression, json!(i64::MIN));
    }
    for expression in ["submission.decimal", "submission.decimal | default(0)"] {
        gives(form(), expression, json!(1234.56));
    }
    gives(form(), "submission.tal + 1", json!(4));
    gives(form(), "[submission.lang, 1.0]", json!([0.1, 1.0]));
}

#[test]
fn other_texts_are_put_together() {
    let world = World::new(form());
    let input =
        json!({"t": "By: {{ submission.tekst }}, {{ submission.tal }}/{{ submission.ja }} {{ submission.decimal }}"});
    assert_eq!(world.render(&input), Ok(json!({"t": "By: Ærøskøbing, 3/true 1234.56"})));
    assert_eq!(world.render(&json!(" {{ submission.tal }}")), Ok(json!(" 3")));
    assert_eq!(world.render(&json!("a\n")), Ok(json!("a\n")));
    assert_eq!(world.render(&json!("{{ submission.tekst }}\n")), Ok(json!("Ærøskøbing\n")));
    assert_eq!(world.render(&json!("<{{ '<&>' }}>")), Ok(json!("<<&>>")));
}

#[test]
fn what_holds_no_expression_passes_unchanged() {
    let input = json!({"a": [1, 2.5, null, "x { y } }}", {"b": true}], "c": {}});
    assert_eq!(World::new(json!({})).render(&input), Ok(input));
}

#[test]
fn steps_are_reached_under_both_spellings() {
    for expression in ["steps.open_case.case_id", "steps[\"open-case\"].case_id", "steps.open_case.case_id | trim"] {
        gives(json!({}), expression, json!("67453"));
    }
    gives(json!({}), "steps['open-case'].case_id ~ steps.open_case.case_id", json!("6745367453"));
    gives(json!({}), "steps.open_case.parties", json!([1, 2]));
}

#[test]
fn attachments_and_the_run_are_there() {
    gives(json!({}), "attachments[0].name", json!("ansøgning.pdf"));
    gives(
        json!({}),
        "attachments | selectattr('media_type', 'equalto', 'image/png') | map(attribute='name') | list",
        json!(["tegning.png"]),
    );
    gives(json!({}), "attachments | pick(attachment='id', mime='media_type') | last | length", json!(2));
    gives(json!({}), "attachments[0].size_bytes", json!(1234));
    gives(json!({}), "attachments[1].sha256 | length", json!(64));
    gives(json!({}), "run.flow ~ '/' ~ run.idempotency_key", json!("building-permit/xflow-1"));
    gives(json!({}), "run.accepted_at | date('%Y-%m-%d', zone='Europe/Copenhagen')", json!("2025-12-25"));
    gives(json!({}), "run.id | length", json!(36));
}

#[test]
fn what_is_undefined_is_named() {
    fails(form(), "submission.tekts", "`submission.tekts` is undefined");
    fails(form(), "submission.objekt.a.c", "`submission.objekt.a.c` is undefined");
    fails(form(), "submission.liste[9]", "`submission.liste[9]` is undefined");
    fails(form(), "submission.tekts | trim", "`submission.tekts` is undefined");
    fails(form(), "submission.tekst ~ submission.tekts", "`submission.tekts` is undefined");
    fails(form(), "[submission.tekts]", "`submission.tekts` is undefined");
    fails(form(), "submission.tekts == 'x'", "`submission.tekts` is undefined");
    fails(form(), "'a' if submission.tekts else 'b'", "`submission.tekts` is undefined");
    fails(form(), "(submission.x | default('')) ~ submission.y", "`submission.y` is undefined");
    fails(form(), "steps.close_case.case_id", "`steps.close_case.case_id` is undefined");
}

#[test]
fn the_message_names_path_and_expression_but_no_value() {
    let form = json!({"secret": "2512484916", "n": "x"});
    for expression in [
        "submission.secret | date",
        "submission.secret - 1",
        "-submission.secret",
        "submission.secret | danish_decimal(2) | abs",
        "submission.secret[submission.n].y",
        "submission.secret | before('')",
        "submission.secret | pick(a='b')",
        "submission.secret | map('upper')",
        "submission | string",
        "submission ~ ''",
        "submission.secret // 0",
        "submission.secret | sum",
        "submission.secret | round",
        "{submission.secret: 1}[1]",
        "submission.secret | number / 0",
        "submission.secret | minor_units(99)",
        "submission.secret | join",
        "submission.secret in 5",
    ] {
        fails(form.clone(), expression, expression);
    }
}

#[test]
fn null_lists_and_tables_do_not_become_text() {
    for (expression, part) in [
        ("submission.tom", "null"),
        ("submission.liste", "join"),
        ("submission.objekt", "join"),
        ("submission.liste ~ 'x'", "join"),
        ("'x' in submission.objekt ~ ''", "join"),
    ] {
        let error = World::new(form()).render(&json!([format!("> {{{{ {expression} }}}}")])).expect_err(expression);
        assert_eq!(error.path, "[0]");
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[test]
fn a_choice_takes_one_side_only() {
    gives(form(), "'a' if submission.ja else submission.mangler", json!("a"));
    gives(form(), "submission.x if submission.x is defined else 'intet'", json!("intet"));
}
