//! Steps with conditions, and what is started for failures.

use super::{catalog, check, connection, faults, file, flow, name, parsed, refuses, told};

/// A flow whose second step has this condition, and whose third one has these lines.
fn then(when: &str, third: &str) -> String {
    flow(&format!("when = \"{when}\"\ninput = {{ title = \"box\" }}")) + third + "\n"
}

#[track_caller]
fn fits(text: &str) {
    assert_eq!(told(&check(&parsed(&[file("a.toml", text)]), &catalog())), "", "{text}");
}

#[test]
fn a_condition_is_one_expression_over_what_is_there() {
    let path = "flow[0].step[1].when";
    let when = |when: &str| flow(&format!("when = {when} # ◄\ninput = {{ title = \"box\" }}"));
    fits(&when("\"{{ steps.open.box_id == '7' }}\""));
    refuses(&when("true"), path, "a text is needed here");
    faults(&when("\"true\""), path, "exactly one expression");
    faults(&when("\"{{ steps.open.box_id == '7' }}!\""), path, "exactly one expression");
    faults(&when("\"{{ steps.open.bx_id == '7' }}\""), path, "did you mean `box_id`?");
    faults(&when("\"{{ steps.opn.box_id == '7' }}\""), path, "did you mean `open`?");
    faults(&when("\"{{ steps.shut_it is defined }}\""), path, "comes after `again`");
    faults(&when("\"{{ steps.again is defined }}\""), path, "this very step");
    faults(&when("\"{{ submission.wat == 'x' }}\""), path, "did you mean `what`?");
    faults(&when("\"{{ submission.what = 'x' }}\""), path, "");
}

#[test]
fn what_may_be_skipped_is_read_with_care() {
    let sure = "{{ steps.open.box_id == '7' }}";
    let reading = |written: &str| format!("input = {{ title = \"{written}\" }}");
    let path = "flow[0].step[2].input.title";
    faults(&then(sure, &(reading("{{ steps.again.box_id }}") + " # ◄")), path, "may be undefined: the step `again`");
    faults(&then(sure, &(reading("{{ steps.again }}") + " # ◄")), path, "may be undefined");
    for careful in [
        "{{ steps.again.box_id | default('none') }}",
        "{{ steps.again.box_id | optional }}",
        "{{ steps.again.box_id if steps.again is defined else 'none' }}",
        "{{ steps.again is defined and steps.again.box_id == '7' }}",
        "{{ steps.open.box_id }}",
    ] {
        fits(&then(sure, &reading(careful)));
    }
}

#[test]
fn what_is_carried_out_only_after_another_step_may_read_it() {
    let sure = "{{ steps.open.box_id == '7' }}";
    let third = |when: &str| format!("when = \"{when}\"\ninput = {{ title = \"{{{{ steps.again.box_id }}}}\" }}");
    fits(&then(sure, &third("{{ steps.again is defined }}")));
    fits(&then(sure, &third("{{ steps.again is defined and steps.again.box_id == '8' }}")));
    // The same condition is true of both, or of none.
    fits(&then(sure, &third(sure)));
    for other in ["{{ steps.open.box_id == '8' }}", "{{ steps.again is undefined }}"] {
        faults(&then(sure, &(third(other) + " # ◄")), "flow[0].step[2].input.title", "may be undefined");
    }
}

/// A flow `store` that names this one for its failures, and that one, with a step of these lines.
fn handled(on_failure: &str, handler: &str, step: &str) -> String {
    let with = flow("input = { title = \"box\" }")
        .replace("[[flow.step]]\nname = \"open\"", &format!("{on_failure}\n[[flow.step]]\nname = \"open\""));
    format!(
        "{with}\n[[flow]]\nname = \"error-case\"\n{handler}\n[[flow.step]]\nname = \"tell\"\nconnection = \"left\"\n\
         operation = \"close-box\"\n{step}\n"
    )
}

const MARKED: &str = "[flow.on_failure]\nflow = \"error-case\" # ◄";

#[test]
fn what_is_started_for_a_failure_takes_it() {
    let path = "flow[0].on_failure.flow";
    let takes = r#"schema = '{"required": ["submission", "failure", "run"], "properties": {"failure": {"required": ["step", "reason", "message"]}}}'"#;
    fits(&handled(&MARKED.replace(" # ◄", ""), takes, ""));
    // What was submitted is the business of the flow that took it.
    fits(&handled(
        &MARKED.replace(" # ◄", ""),
        r#"schema = '{"properties": {"submission": {"required": ["x"]}}}'"#,
        "",
    ));
    faults(&handled(MARKED, r#"schema = '{"required": ["title"]}'"#, ""), path, "does not take failures");
    faults(&handled(&MARKED.replace("error-case", "errorcase"), takes, ""), path, "did you mean `error-case`?");
    let unsure = "when = \"{{ submission.failure.reason == 'rejected' }}\"";
    faults(&handled(MARKED, takes, unsure), path, "every step of flow `error-case` has a condition");
}

#[test]
fn it_says_when_and_whether_that_settles_the_matter() {
    let with = |more: &str| handled(&MARKED.replace(" # ◄", &format!("\n{more} # ◄")), "schema = true", "");
    refuses(&with("when = [\"attentoin\"]"), "flow[0].on_failure.when[0]", "did you mean `attention`?");
    refuses(&with("resolves = \"no\""), "flow[0].on_failure.resolves", "`true` or `false`");
    faults(&with("when = []"), "flow[0].on_failure.when", "nothing would ever be started");
    let read = parsed(&[file("a.toml", &with("when = [\"closed\"]\nresolves = false"))]);
    let on_failure = read.flows().next().and_then(|flow| flow.on_failure.clone()).expect("it is there");
    assert_eq!((on_failure.when.len(), on_failure.resolves), (1, false));
    let usual = parsed(&[file("a.toml", &with(""))]);
    let usual = usual.flows().next().and_then(|flow| flow.on_failure.clone()).expect("it is there");
    assert_eq!((usual.when.len(), usual.resolves), (2, true));
}

#[test]
fn nothing_is_started_for_what_was_started_for_a_failure() {
    let path = "flow[0].on_failure.flow";
    faults(&handled(&MARKED.replace("error-case", "store"), "schema = true", ""), path, "nothing more is started");
    let own = "schema = true\n[flow.on_failure]\nflow = \"last\"";
    let last = "[[flow]]\nname = \"last\"\nschema = true\n[[flow.step]]\nname = \"tell\"\nconnection = \"left\"\noperation = \"close-box\"\n";
    faults(&(handled(MARKED, own, "") + last), path, "nothing more is started");
    // What names it may be stored already.
    let text = handled(&MARKED.replace(" # ◄", ""), "schema = true", "");
    let (_, flows, _) = parsed(&[file("a.toml", &text)]).into_parts();
    let mut catalog = catalog();
    catalog.flows.insert(name("store"), flows[0].clone());
    let tell = "[[flow.step]]\nname = \"tell\"\nconnection = \"left\"\noperation = \"close-box\"\n";
    let text = connection("") + &format!("\n[[flow]]\nname = \"error-case\"\n{own}\n{tell}{last}");
    let findings = check(&parsed(&[file("a.toml", &text)]), &catalog);
    assert!(findings.len() == 1 && findings[0].message.contains("failures of `store`"), "{}", told(&findings));
}
