//! What files say.

use serde_json::json;
use sluse_model::{Auth, Limits, RetryPolicy};

use super::{file, name, parse, parsed, refuses, told};

#[test]
fn a_connection_is_read_with_its_defaults() {
    let text = r#"
[[connection]]
name = "left"
connector = "shelf"
[connection.endpoints.default]
url = "https://shelf.example"
"#;
    let parsed = parsed(&[file("a.toml", text)]);
    let connection = parsed.connections().next().expect("a connection");
    assert_eq!((&connection.name, &connection.connector), (&name("left"), &name("shelf")));
    assert_eq!((connection.limits, connection.retry.clone()), (Limits::default(), RetryPolicy::default()));
    let endpoint = &connection.endpoints["default"];
    assert_eq!((endpoint.auth.clone(), endpoint.timeout_ms, endpoint.allow_plaintext), (Auth::Nothing, 60_000, false));
}

#[test]
fn a_connection_is_read_with_everything() {
    let text = r#"
[[connection]]
name = "left"
connector = "shelf"
title = "Venstre"
[connection.settings]
room = "Æ"
rows = [1, 2]
[connection.endpoints.default]
url = "http://127.0.0.1:80"
allow_plaintext = true
timeout_ms = 5
max_response_bytes = 6
status_means = { 500 = "did-not-happen" }
idempotency_header = "Idempotency-Key"
auth = { kind = "api-key", header = "x-key", value = { secret = "shelf-key" } }
[connection.grant]
cidrs = ["10.20.0.0/16", "fd00::/8"]
[connection.limits]
memory_bytes = 1
cpu_ms = 2
timeout_ms = 3
max_attachment_bytes = 4
[connection.retry]
max_attempts = 1
max_age_ms = 9
base_ms = 2
cap_ms = 3
floor_ms = 4
when_exhausted = "close"
[connection.gates]
max_concurrent = 5
rate = { attempts = 6, per_ms = 7 }
breaker = { failures = 8, open_ms = 9 }
[connection.operations.open-box.retry]
delays_ms = [1, 2]
when_failed = "close"
"#;
    let (connections, flows, _) = parsed(&[file("a.toml", text)]).into_parts();
    assert_eq!(
        serde_json::to_value(&connections[0]).expect("JSON"),
        json!({
            "name": "left", "connector": "shelf", "title": "Venstre", "settings": {"room": "Æ", "rows": [1, 2]},
            "endpoints": {"default": {
                "url": "http://127.0.0.1:80", "allow_plaintext": true, "timeout_ms": 5, "max_response_bytes": 6,
                "status_means": {"500": "did-not-happen"}, "idempotency_header": "Idempotency-Key",
                "auth": {"kind": "api-key", "header": "x-key", "value": {"secret": "shelf-key"}},
            }},
            "grant": {"cidrs": ["10.20.0.0/16", "fd00::/8"]},
            "limits": {"memory_bytes": 1, "cpu_ms": 2, "timeout_ms": 3, "max_attachment_bytes": 4},
            "retry": {
                "max_attempts": 1, "max_age_ms": 9, "base_ms": 2, "cap_ms": 3, "floor_ms": 4,
                "when_exhausted": "close", "when_failed": "attention",
            },
            "gates": {
                "max_concurrent": 5, "rate": {"attempts": 6, "per_ms": 7}, "breaker": {"failures": 8, "open_ms": 9},
            },
            "operations": {"open-box": {"retry": {
                "max_attempts": 1, "max_age_ms": 9, "delays_ms": [1, 2], "floor_ms": 4,
                "when_exhausted": "close", "when_failed": "close",
            }}},
        })
    );
    assert!(flows.is_empty());
}

#[test]
fn waits_are_a_list_or_they_double() {
    let connection =
        |more: &str| format!("[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.retry]\n{more}");
    let retry = "connection[0].retry";
    refuses(&connection("base_ms = 1\ndelays_ms = [1] # ◄"), &format!("{retry}.delays_ms"), "or they double");
    refuses(&connection("delays_ms = 5 # ◄"), &format!("{retry}.delays_ms"), "a list of waits");
    refuses(&connection("delays_ms = [1, -1] # ◄"), &format!("{retry}.delays_ms[1]"), "at least 0");
    refuses(&connection("when_failed = \"closed\" # ◄"), &format!("{retry}.when_failed"), "did you mean `close`");
    let rate = "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.gates]\nrate = { attempts = 1 } # ◄";
    refuses(rate, "connection[0].gates.rate", "`per_ms` is missing");
}

#[test]
fn a_schema_is_a_table_or_json_text() {
    let flow = |name: &str, schema: &str| format!("[[flow]]\nname = \"{name}\"\n{schema}\n");
    let text = flow("a", "schema = '''\n{\"type\": \"object\"}\n'''")
        + &flow("b", "schema = true")
        + &flow("c", "[flow.schema]\ntype = \"object\"");
    let parsed = parsed(&[file("a.toml", &text)]);
    let schemas: Vec<_> = parsed.flows().map(|flow| flow.schema.clone()).collect();
    assert_eq!(schemas, [json!({"type": "object"}), json!(true), json!({"type": "object"})]);
}

#[test]
fn unknown_keys_are_told_with_their_path_and_the_nearest() {
    refuses("[[conection]] # ◄\nname = \"a\"", "conection", "did you mean `connection`?");
    refuses(
        "[[connection]]\nname = \"a\"\nconector = \"b\" # ◄\nconnector = \"b\"",
        "connection[0].conector",
        "did you mean `connector`?",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.endpoints.default]\nurl = \"x\"\ntimeout = 5 # ◄",
        "connection[0].endpoints.default.timeout",
        "unknown key `connection[0].endpoints.default.timeout`: did you mean `timeout_ms`?",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.endpoints.default]\nurl = \"x\"\nauth = { kind = \"bearer\", token = { secret = \"a\", values = 1 } } # ◄",
        "connection[0].endpoints.default.auth.token.values",
        "unknown key",
    );
    refuses(
        "[[flow]]\nname = \"a\"\nschema = true\n[[flow.step]]\nname = \"b\"\nconnection = \"c\"\noperation = \"d\"\ninputs = {} # ◄",
        "flow[0].step[0].inputs",
        "did you mean `input`?",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.retry]\nattempts = 3 # ◄",
        "connection[0].retry.attempts",
        "max_attempts",
    );
}

#[test]
fn what_is_missing_is_told_where_it_belongs() {
    refuses("\n[[connection]] # ◄\nname = \"a\"", "connection[0]", "`connector` is missing");
    refuses("[[flow]] # ◄\nname = \"a\"", "flow[0]", "`schema` is missing");
    refuses(
        "[[flow]]\nname = \"a\"\nschema = true\n\n[[flow.step]] # ◄\nname = \"b\"\nconnection = \"c\"",
        "flow[0].step[0]",
        "`operation` is missing",
    );
}

#[test]
fn what_is_of_another_kind_is_told() {
    refuses("connection = 1 # ◄", "connection", "a list is needed");
    refuses(
        "[[connection]]\nname = 1 # ◄\nconnector = \"b\"",
        "connection[0].name",
        "a text is needed here, not a whole number",
    );
    refuses("[[connection]]\nname = \"Venstre\" # ◄\nconnector = \"b\"", "connection[0].name", "is not a name");
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\nsettings = 5 # ◄",
        "connection[0].settings",
        "a table is needed",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\nsettings = { a = 2026-01-01 } # ◄",
        "connection[0].settings.a",
        "put it in quotes",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\nsettings.b = [\n1,\nnan # ◄\n]",
        "connection[0].settings.b[1]",
        "finite",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.retry]\nbase_ms = -1 # ◄",
        "connection[0].retry.base_ms",
        "at least 0",
    );
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\ngrant.cidrs = [\n\"10.0.0.0/8\",\n\"10.0.0.0/33\", # ◄\n]",
        "connection[0].grant.cidrs[1]",
        "10.20.0.0/16",
    );
    refuses("[[flow]]\nname = \"a\"\nschema = '''\n{\n \"type\": , ◄\n}\n'''", "flow[0].schema", "no JSON");
    refuses(
        "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.endpoints.default]\nurl = \"x\"\nauth.kind = \"ntml\" # ◄",
        "connection[0].endpoints.default.auth.kind",
        "no way of signing in",
    );
}

#[test]
fn a_secret_in_the_file_is_never_repeated() {
    let text = "[[connection]]\nname = \"a\"\nconnector = \"b\"\n[connection.endpoints.default]\nurl = \"x\"\n[connection.endpoints.default.auth]\nkind = \"bearer\"\ntoken = \"Hemmelig-Nøgle-77\" # ◄";
    refuses(text, "connection[0].endpoints.default.auth.token", "token = { secret = \"NAME\" }");
    let text = text.replace("token = \"Hemmelig-Nøgle-77\"", "token = { secret = \"Hemmelig-Nøgle-77\" }");
    refuses(&text, "connection[0].endpoints.default.auth.token.secret", "lower-case");
    assert!(!told(&parse(&[super::marked(&text)]).expect_err("refused")).contains("Hemmelig"));
}

#[test]
fn what_is_not_toml_is_told_with_its_line() {
    refuses("a = 1\nb = [ # ◄", "", "not TOML");
    refuses("a = 1\na = 2 # ◄", "", "not TOML");
}

#[test]
fn a_name_is_given_once_over_all_files() {
    let connection = "[[connection]]\nname = \"a\"\nconnector = \"b\"\n";
    let flow = "\n[[flow]]\nname = \"a\"\nschema = true\n";
    let findings = parse(&[
        file("z.toml", connection),
        file("b.toml", &format!("{connection}{connection}{flow}")),
        file("c.toml", flow),
    ])
    .expect_err("duplicates");
    let told: Vec<String> = findings.iter().map(|finding| finding.to_string()).collect();
    assert_eq!(
        told,
        [
            "b.toml:2: `connection[0].name`: there is already a connection `a` in z.toml, line 2",
            "b.toml:5: `connection[1].name`: there is already a connection `a` in z.toml, line 2",
            "c.toml:3: `flow[0].name`: there is already a flow `a` in b.toml, line 9",
        ]
    );
}

#[test]
fn all_findings_are_told_at_once_by_file_and_line() {
    let findings = parse(&[file("b.toml", "x = 1\ny = 2\n[[flow]]"), file("a.toml", "[[connection]]\nname = 1")])
        .expect_err("faults");
    let places: Vec<_> = findings.iter().map(|finding| (finding.file.as_str(), finding.line)).collect();
    assert_eq!(places, [("b.toml", 1), ("b.toml", 2), ("b.toml", 3), ("b.toml", 3), ("a.toml", 1), ("a.toml", 2)]);
}

#[test]
fn size_and_nesting_are_bounded() {
    let large = file("a.toml", &"# æ\n".repeat(1 << 20));
    assert!(told(&parse(&[large]).expect_err("too large")).contains("larger than"));
    let deep = file("a.toml", &format!("a = {}1{}", "[".repeat(5000), "]".repeat(5000)));
    assert!(told(&parse(&[deep]).expect_err("too deep")).contains("not TOML"));
    let dotted = file("a.toml", &format!("{}a = 1", "a.".repeat(5000)));
    assert!(parse(&[dotted]).is_err());
    let many: Vec<_> = (0..300).map(|_| file("a.toml", "")).collect();
    assert!(told(&parse(&many).expect_err("too many")).contains("more than 256 files"));
    let much: Vec<_> = (0..17).map(|_| file("a.toml", &" ".repeat(1 << 20))).collect();
    assert!(told(&parse(&much).expect_err("too much")).contains("together"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn odd_files_never_panic_and_findings_name_a_line_of_theirs(
        lines in proptest::collection::vec(proptest::sample::select(&ODD_LINES), 0..12),
    ) {
        let text = lines.concat();
        for finding in parse(&[file("a.toml", &text)]).err().unwrap_or_default() {
            let last = text.matches('\n').count() + 1;
            proptest::prop_assert!((1..=last).contains(&(finding.line as usize)), "{}\n{}", text, finding);
        }
    }
}

/// What files are made of, and what they should not be made of.
const ODD_LINES: [&str; 22] = [
    "[[connection]]\n",
    "[[flow]]\n",
    "[[flow.step]]\n",
    "[connection]\n",
    "[flow.schema]\n",
    "[connection.endpoints.default]\n",
    "[connection.endpoints.\"Ø x\"]\n",
    "[connection.retry]\n",
    "name = \"a\"\n",
    "name = 1\n",
    "connector = \"b\"\n",
    "schema = '''\n{\n'''\n",
    "schema = true\n",
    "input = { a = [\n{ b = 1979-05-27 },\n nan ] }\n",
    "settings.\"\".x = inf\n",
    "url = '''\r\nx'''\n",
    "auth = { kind = \"basic\", password = \"x\" }\n",
    "æ = 1\n",
    "\"\\u0000[\" = 1\n",
    "max_attempts = -1\n",
    "grant.cidrs = [1, \"x\"]\n",
    "step = [1, {}]\n",
];

#[test]
fn a_key_that_stands_twice_is_named() {
    refuses("[[connection]]\nname = \"left\"\nname = \"right\" # ◄", "", "duplicate key `name`");
}
