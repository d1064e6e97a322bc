//! Against what is installed.

use super::{super::warnings, catalog, check, connection, faults, file, flow, name, parsed, refuses, told};

fn with(from: &str, to: &str) -> String {
    connection("").replace(from, to)
}

#[test]
fn what_fits_has_no_findings() {
    let text = flow("input = { title = \"{{ steps.open.box_id }}\", size = 3 }");
    assert_eq!(told(&check(&parsed(&[file("a.toml", &text)]), &catalog())), "");
}

#[test]
fn the_connector_is_installed() {
    faults(
        &with("\"shelf\"", "\"shelv\" # ◄"),
        "connection[0].connector",
        "no connector `shelv` is installed (did you mean `shelf`?)",
    );
}

#[test]
fn settings_fit_the_connector() {
    faults(&with("room = \"A\" }", "room = 5 } # ◄"), "connection[0].settings.room", "`shelf` expects the type string");
    faults(&with("{ room = \"A\" }", "{ } # ◄"), "connection[0].settings", "the property `room`");
    faults(
        &with("room = \"A\" }", "room = \"A\", rows = [1, \"x\"] } # ◄"),
        "connection[0].settings.rows[1]",
        "the type integer",
    );
    faults(&with("room = \"A\" }", "room = \"A\", rom = 1 } # ◄"), "connection[0].settings", "no property `rom`");
}

#[test]
fn endpoints_are_those_that_the_connector_has() {
    faults(
        "[[connection]] # ◄\nname = \"left\"\nconnector = \"shelf\"\nsettings = { room = \"A\" }",
        "connection[0].endpoints",
        "write `[connection.endpoints.default]`",
    );
    faults(
        &connection("[connection.endpoints.archiv] # ◄\nurl = \"https://a.example\""),
        "connection[0].endpoints.archiv",
        "did you mean `archive`?",
    );
    faults(
        &connection("auth = { kind = \"bearer\", token = { secret = \"shelf-key\" } } # ◄"),
        "connection[0].endpoints.default.auth.kind",
        "use nothing, basic, api-key, oauth2-client-credentials",
    );
}

#[test]
fn addresses_are_plain_and_safe() {
    let path = "connection[0].endpoints.default.url";
    let address = |url: &str| with("\"https://shelf.example/api\"", &format!("\"{url}\" # ◄"));
    for (url, part) in [
        ("shelf", "https://host/path"),
        ("ftp://a.example", "begins with"),
        ("https://a:b@a.example", "no user"),
        ("https://a.example?x=1", "question mark"),
        ("https://a.example/#x", "no `#`"),
        ("http://a.example", "allow_plaintext"),
        ("https://blocked.example", "egress.hosts"),
    ] {
        faults(&address(url), path, part);
    }
    let hidden = check(&parsed(&[file("a.toml", &with("https://shelf", "https://u:topsecret@shelf"))]), &catalog());
    assert!(!told(&hidden).contains("topsecret"));
}

#[test]
fn a_credential_goes_in_clear_to_loopback_only() {
    let key =
        "allow_plaintext = true\nauth = { kind = \"api-key\", header = \"x\", value = { secret = \"shelf-key\" } }";
    let at = |url: &str| connection(key).replace("\"https://shelf.example/api\"", &format!("\"{url}\" # ◄"));
    // Nobody is told to allow what is then refused.
    for text in [at("http://10.0.0.1"), at("http://10.0.0.1").replace("allow_plaintext = true\n", "")] {
        faults(&text, "connection[0].endpoints.default.url", "never goes in clear");
    }
    let unsaid = at("http://127.0.0.1:8080").replace("allow_plaintext = true\n", "");
    faults(&unsaid, "connection[0].endpoints.default.url", "allow_plaintext");
    for url in ["http://127.0.0.1:8080/x", "http://[::1]:1", "https://10.0.0.1"] {
        let text = at(url).replace("# ◄", "");
        assert_eq!(told(&check(&parsed(&[file("a.toml", &text)]), &catalog())), "", "{url}");
    }
    faults(
        &connection(
            "auth = { kind = \"oauth2-client-credentials\", token_url = \"http://a.example/token\", client_id = \"x\", client_secret = { secret = \"shelf-key\" } } # ◄",
        ),
        "connection[0].endpoints.default.auth.token_url",
        "never goes in clear",
    );
}

#[test]
fn a_key_goes_into_one_place_and_its_secret_exists() {
    let auth = "connection[0].endpoints.default.auth";
    faults(&connection("auth = { kind = \"api-key\", value = { secret = \"shelf-key\" } } # ◄"), auth, "exactly one");
    faults(
        &connection(
            "auth = { kind = \"api-key\", header = \"a\", query = \"b\", value = { secret = \"shelf-key\" } } # ◄",
        ),
        auth,
        "exactly one",
    );
    faults(
        &connection("auth = { kind = \"api-key\", header = \"a b\", value = { secret = \"shelf-key\" } } # ◄"),
        &format!("{auth}.header"),
        "letters",
    );
    faults(
        &connection(
            "[connection.endpoints.default.auth]\nkind = \"basic\"\nusername = \"u\"\npassword = { secret = \"shelf-kay\" } # ◄",
        ),
        &format!("{auth}.password.secret"),
        "there is no secret `shelf-kay` (did you mean `shelf-key`?): write it with `sluse secret set shelf-kay`",
    );
}

#[test]
fn the_secret_that_answers_are_signed_with_exists() {
    let path = "connection[0].callbacks.secret.secret";
    let signed = |more: &str| connection(&format!("[connection.callbacks]\n{more}"));
    let text = signed("secret = { secret = \"shelf-key\" }");
    assert_eq!(told(&check(&parsed(&[file("a.toml", &text)]), &catalog())), "");
    faults(&signed("secret = { secret = \"shelf-kay\" } # ◄"), path, "did you mean `shelf-key`?");
    refuses(&signed("secret = \"shelf-key\" # ◄"), "connection[0].callbacks.secret", "never written");
}

#[test]
fn a_policy_that_can_never_succeed_is_refused() {
    let retry = |more: &str, key: &str, part: &str| {
        let text = connection(&format!("[connection.retry]\n{more} # ◄"));
        faults(&text, &format!("connection[0].retry.{key}"), part);
        let text = connection(&format!("[connection.operations.open-box.retry]\n{more} # ◄"));
        faults(&text, &format!("connection[0].operations.open-box.retry.{key}"), part);
    };
    retry("max_attempts = 0", "max_attempts", "from 1");
    retry("delays_ms = []", "delays_ms", "is empty");
    retry("delays_ms = [1, 86400001]", "delays_ms[1]", "at most a day");
    retry("cap_ms = 86400001", "cap_ms", "at most a day");
    retry("base_ms = 900001", "base_ms", "at most the longest");
    retry("floor_ms = 86400001", "floor_ms", "at most a day");
    retry("max_age_ms = 5000", "max_age_ms", "tried a second time");
    retry("max_age_ms = 31536000001", "max_age_ms", "at most a year");
}

#[test]
fn a_gate_that_never_opens_is_refused() {
    let gates = |more: &str, key: &str| {
        let text = connection(&format!("[connection.gates]\n{more} # ◄"));
        faults(&text, &format!("connection[0].gates.{key}"), "from 1 to");
    };
    gates("max_concurrent = 0", "max_concurrent");
    gates("rate = { attempts = 0, per_ms = 1000 }", "rate.attempts");
    gates("rate = { attempts = 1, per_ms = 0 }", "rate.per_ms");
    gates("breaker = { failures = 0 }", "breaker.failures");
    gates("breaker = { open_ms = 300001 }", "breaker.open_ms");
}

#[test]
fn settings_of_an_operation_need_that_operation() {
    let text = connection("[connection.operations.open-bocks.retry] # ◄\nmax_attempts = 1");
    faults(&text, "connection[0].operations.open-bocks", "did you mean `open-box`");
}

#[test]
fn limits_and_retries_are_sane() {
    faults(
        &connection("[connection.limits]\nmemory_bytes = 268435457 # ◄"),
        "connection[0].limits.memory_bytes",
        "1 to 268435456",
    );
    faults(&connection("[connection.limits]\ncpu_ms = 0 # ◄"), "connection[0].limits.cpu_ms", "from 1");
    faults(&connection("[connection.retry]\nmax_attempts = 0 # ◄"), "connection[0].retry.max_attempts", "from 1");
    faults(
        &connection("[connection.retry]\ncap_ms = 5\nbase_ms = 6 # ◄"),
        "connection[0].retry.base_ms",
        "at most the longest",
    );
    faults(&connection("timeout_ms = 0 # ◄"), "connection[0].endpoints.default.timeout_ms", "from 1 to 300000");
    faults(
        &connection("max_response_bytes = 999999999999 # ◄"),
        "connection[0].endpoints.default.max_response_bytes",
        "limits.memory_bytes",
    );
}

#[test]
fn a_flow_has_steps_with_names_of_their_own() {
    faults("[[flow]] # ◄\nname = \"a\"\nschema = true", "flow[0]", "at least one step");
    let text = flow("input.title = \"abc\"").replace("name = \"again\"", "name = \"open\" # ◄");
    faults(&text, "flow[0].step[1].name", "already a step `open`");
    let text = flow("input.title = \"abc\"").replace("schema = { type = \"object\"", "schema = { type = \"text\"");
    faults(
        &text.replace("additionalProperties = false } }", "additionalProperties = false } } # ◄"),
        "flow[0].schema",
        "/type",
    );
}

#[test]
fn the_connection_and_the_operation_exist() {
    let text = flow("input.title = \"abc\"");
    let unknown =
        text.replacen("name = \"again\"\nconnection = \"left\"", "name = \"again\"\nconnection = \"lift\" # ◄", 1);
    faults(&unknown, "flow[0].step[1].connection", "there is no connection `lift` (did you mean `left`?)");
    let unknown = text.replace("operation = \"close-box\"", "operation = \"close-bocks\" # ◄");
    faults(
        &unknown,
        "flow[0].step[2].operation",
        "cannot do `close-bocks` (did you mean `close-box`?): it has open-box, close-box",
    );
}

#[test]
fn a_stored_connection_will_do() {
    let only_flow = "[[flow]]\nname = \"a\"\nschema = true\n[[flow.step]]\nname = \"b\"\nconnection = \"left\"\noperation = \"close-box\"";
    let (connections, ..) = parsed(&[file("c.toml", &connection(""))]).into_parts();
    let mut catalog = catalog();
    catalog.connections.insert(name("left"), connections[0].clone());
    assert_eq!(told(&check(&parsed(&[file("a.toml", only_flow)]), &catalog)), "");
}

#[test]
fn what_an_input_reads_can_be_there() {
    let path = "flow[0].step[1].input.title";
    let title = |expression: &str| flow(&format!("[flow.step.input]\ntitle = '{expression}' # ◄"));
    for (expression, part) in [
        ("{{ submision.what }}", "did you mean `submission`?"),
        (
            "{{ submission.wat }}",
            "`submission.wat` is undefined: the flow's schema has no `wat` (did you mean `what`?)",
        ),
        ("{{ submission.where.rum }}", "has no `rum`"),
        ("{{ steps.shut_it.x }}", "the step `shut-it` comes after `again`"),
        ("{{ steps[\"shut-it\"].x }}", "the step `shut-it` comes after `again`"),
        ("{{ steps.again.x }}", "this very step"),
        ("{{ steps.opn.box_id }}", "no step before `again` is called `opn` (did you mean `open`?)"),
        ("{{ steps.open.bx_id }}", "the output of `open` has no `bx_id` (did you mean `box_id`?)"),
        ("{{ run.flw }}", "did you mean `flow`?"),
        ("{{ submission.what | befor(\",\") }}", "did you mean `before`?"),
        ("{{ submission.what ", "without `}}`"),
        ("{% if submission.what %}", "statements"),
    ] {
        faults(&title(expression), path, part);
    }
}

#[test]
fn the_line_is_that_of_the_expression_in_a_long_text() {
    for quotes in ["\"\"\"", "'''"] {
        let text =
            flow(&format!("[flow.step.input]\ntitle = {quotes}\nførste\nanden {{{{ submission.wat }}}} ◄\n{quotes}"));
        faults(&text, "flow[0].step[1].input.title", "no `wat`");
        let text =
            flow(&format!("[flow.step.input]\ntitle = {quotes}første\nanden {{{{ submission.wat }}}} ◄{quotes}"));
        faults(&text, "flow[0].step[1].input.title", "no `wat`");
    }
    let crlf = flow("[flow.step.input]\ntitle = '''\nførste\n{{ submission.wat }} ◄'''").replace('\n', "\r\n");
    faults(&crlf, "flow[0].step[1].input.title", "no `wat`");
}

#[test]
fn what_is_wrong_with_an_input_whatever_comes_is_told() {
    faults(
        &flow("[flow.step.input] # ◄\nsize = 3"),
        "flow[0].step[1].input",
        "`open-box` expects the property `title`",
    );
    faults(
        &flow("[flow.step.input] # ◄\ntitle = \"{{ submission.what }}\"\nsise = 3"),
        "flow[0].step[1].input",
        "no property `sise`",
    );
    faults(
        &flow("[flow.step.input]\ntitle = \"{{ submission.what }}\"\nsize = \"3\" # ◄"),
        "flow[0].step[1].input.size",
        "the type integer",
    );
    faults(&flow("[flow.step.input]\ntitle = \"ab\" # ◄"), "flow[0].step[1].input.title", "at least 3 characters");
    faults(
        &flow(
            "[flow.step.input]\ntitle = \"{{ submission.what }}\"\nitems = [\n{ id = \"{{ submission.what }}\" },\n{ note = \"{{ submission.what }}\" }, # ◄\n]",
        ),
        "flow[0].step[1].input.items[1]",
        "the property `id`",
    );
}

#[test]
fn what_only_the_submission_decides_is_not_told() {
    for input in [
        "input = { title = \"{{ run.id }}\", size = \"{{ submission.what | number }}\" }",
        "input = { title = \"{{ run.id }}\", items = \"{{ attachments | pick(id='id') }}\" }",
        "input = { title = \"x{{ '' }}\" }",
        "input = { title = \"{{ submission.what | default('') }}\" }",
    ] {
        assert_eq!(told(&check(&parsed(&[file("a.toml", &flow(input))]), &catalog())), "", "{input}");
    }
}

#[test]
fn all_findings_come_at_once_in_the_order_of_the_files() {
    let flow = "[[flow]]\nname = \"a\"\nschema = false\n[[flow.step]]\nname = \"b\"\nconnection = \"lft\"\noperation = \"open-box\"\ninput.x = \"{{ y }}\"";
    let files =
        [file("z.toml", flow), file("a.toml", &connection("timeout_ms = 0\n[connection.retry]\nmax_attempts = 0"))];
    let findings = check(&parsed(&files), &catalog());
    let places: Vec<_> = findings.iter().map(|finding| (finding.file.as_str(), finding.line)).collect();
    assert_eq!(places, [("z.toml", 6), ("z.toml", 8), ("a.toml", 7), ("a.toml", 9)]);
}

/// A flow that fits, with more about it.
fn and_more(more: &str) -> String {
    flow("input = { title = \"abc\" }").replacen("[[flow.step]]", &format!("{more}\n[[flow.step]]"), 1)
}

#[test]
fn a_rule_for_attention_can_fit() {
    let fits = "[[flow.attention]]\nreason = \"denied\"\nconnection = \"left\"\nstep = \"open\"\nqueue = \"night\"";
    assert_eq!(told(&check(&parsed(&[file("a.toml", &and_more(fits))]), &catalog())), "");
    let path = |key: &str| format!("flow[0].attention[0].{key}");
    let rule = |more: &str| and_more(&format!("[[flow.attention]]\nqueue = \"night\"\n{more} # ◄"));
    refuses(&rule("reason = \"deneid\""), &path("reason"), "did you mean `denied`?");
    refuses(&and_more("[[flow.attention]] # ◄\nreason = \"denied\""), "flow[0].attention[0]", "`queue` is missing");
    faults(&rule("connection = \"lift\""), &path("connection"), "did you mean `left`?");
    faults(&rule("step = \"opn\""), &path("step"), "did you mean `open`?");
    let unused = connection("").replace("\"left\"", "\"right\"") + &rule("connection = \"right\"");
    faults(&unused, "flow[0].attention[0].connection", "never fits");
}

const NOTICE: &str = "[flow.owner_notice]\nflow = \"tell\" # ◄";

/// Flow `tell`, which takes what this schema says.
fn carrier(schema: &str, more: &str) -> String {
    format!(
        "\n[[flow]]\nname = \"tell\"\nschema = \'{schema}\'\n{more}\n[[flow.step]]\nname = \"tell\"\nconnection = \"left\"\n\
         operation = \"close-box\"\n"
    )
}

#[test]
fn a_notice_has_a_flow_that_takes_it() {
    let path = "flow[0].owner_notice.flow";
    let taken =
        r#"{"required": ["type", "timestamp", "data"], "properties": {"data": {"required": ["run", "problem"]}}}"#;
    let text = and_more(NOTICE).replace(" # ◄", "") + &carrier(taken, "");
    assert_eq!(told(&check(&parsed(&[file("a.toml", &text)]), &catalog())), "");
    faults(&and_more(NOTICE), path, "there is no flow `tell`");
    faults(&(and_more(NOTICE) + &carrier(r#"{"required": ["reference"]}"#, "")), path, "does not take notices");
    let when = |when: &str| and_more(&NOTICE.replace("# ◄", &format!("\nwhen = {when} # ◄"))) + &carrier("true", "");
    refuses(&when("[\"close\"]"), "flow[0].owner_notice.when[0]", "did you mean `closed`?");
    faults(&when("[]"), "flow[0].owner_notice.when", "never be told");
}

#[test]
fn what_carries_notices_tells_nobody() {
    let path = "flow[0].owner_notice.flow";
    faults(&and_more(&NOTICE.replace("tell", "store")), path, "tells nobody");
    let other = "[flow.owner_notice]\nflow = \"last\"";
    let last = carrier("true", "").replace("name = \"tell\"\nschema", "name = \"last\"\nschema");
    faults(&(and_more(NOTICE) + &carrier("true", other) + &last), path, "tells nobody");
    // What names it may be stored already.
    let (_, flows, _) = parsed(&[file("a.toml", &and_more(NOTICE).replace(" # ◄", ""))]).into_parts();
    let mut catalog = catalog();
    catalog.flows.insert(name("store"), flows[0].clone());
    let text = connection("") + &carrier("true", other) + &last;
    let findings = check(&parsed(&[file("a.toml", &text)]), &catalog);
    assert!(
        findings.len() == 1 && findings[0].message.contains("carries the notices of `store`"),
        "{}",
        told(&findings)
    );
}

#[test]
fn an_idempotency_key_has_a_header_of_its_own() {
    let path = "connection[0].endpoints.default.idempotency_header";
    let key = |header: &str| connection(&format!("idempotency_header = \"{header}\" # ◄"));
    for header in ["Host", "Cookie", "content-length", "Content_Type", "Authorization", "webhook-signature", "Via"] {
        faults(&key(header), path, "name another header");
    }
    for header in ["Idempotency-Key", "webhook-id", "X-Request-Id"] {
        assert_eq!(told(&check(&parsed(&[file("a.toml", &key(header))]), &catalog())), "", "{header}");
    }
}

/// What is cut down to the operator's bound is told with the line to write; what nobody wrote is not.
#[test]
fn bounds_above_the_operator_s_are_told() {
    let warned = |lines: &str, seconds: u64| {
        let mut catalog = catalog();
        catalog.ceiling.max_timeout = std::time::Duration::from_secs(seconds);
        told(&warnings(&parsed(&[file("a.toml", &connection(lines))]), &catalog))
    };
    assert_eq!(warned("timeout_ms = 120000\n", 120), "");
    assert_eq!(warned("", 30), "");
    assert!(warned("timeout_ms = 50000\n", 30).contains("waits 30000 ms at most"));
    let told = warned("timeout_ms = 120001\n", 120);
    assert!(told.contains("`connection[0].endpoints.default.timeout_ms`: the host waits 120000 ms at most"), "{told}");
    assert!(told.contains("`egress.max_timeout_seconds` in sluse.toml to 121 or more"), "{told}");
    let told = warned("max_response_bytes = 536870913\n", 120);
    assert!(told.contains("default.max_response_bytes`: the host takes 536870912 bytes at most"), "{told}");
}

/// A setting that lets an answer take longer than its endpoint waits is told, also where nobody wrote either.
#[test]
fn answers_that_nobody_waits_for_are_told() {
    let mut description = super::description();
    description.settings_schema = serde_json::json!({
        "$defs": {"Claims": {"properties": {"timeout_ms": {"default": 150_000, "x-sluse-timeout": "default"}}}},
        "properties": {"room": {}, "claims": {"$ref": "#/$defs/Claims"}},
    })
    .to_string();
    let warned = |text: &str, seconds: u64| {
        let mut catalog = catalog();
        catalog.ceiling.max_timeout = std::time::Duration::from_secs(seconds);
        catalog.connectors = [(name("shelf"), description.clone())].into();
        told(&warnings(&parsed(&[file("a.toml", text)]), &catalog))
    };
    let told = warned(&connection(""), 120);
    assert!(told.contains("`connection[0].endpoints.default`: it gives up after 60000 ms"), "{told}");
    assert!(told.contains("`settings.claims.timeout_ms` lets an answer take 150000 ms"), "{told}");
    let told = warned(&connection("timeout_ms = 150000\n"), 120);
    assert!(told.contains("gives up after 120000 ms"), "{told}");
    assert_eq!(warned(&connection("timeout_ms = 150000\n"), 150), "");
    assert_eq!(warned(&with("room = \"A\"", "room = \"A\", claims = { timeout_ms = 60000 }"), 120), "");
}
