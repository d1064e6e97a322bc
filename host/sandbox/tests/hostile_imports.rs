//! Guests that hand over too much, one test per import and per answer. Lengths are refused with an answer before
//! the host is asked; what is beyond all measure ends the call.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sluse_connector::{AttachmentError, BreakageKind, fakes::FakeHost};
use sluse_model::{Failure, TimelineLevel};
use support::{Bench, Guest, broken, done, execute};

const ROOMY: &str = "640";

/// Where the answer goes, and where there is nothing but zeros up to the end of memory.
const ANSWER: u32 = 2048;
const ZEROS: u32 = 1 << 20;

const SEND: &str = r#"(import "sluse:connector/http@0.1.0" "send" (func $send (param i32 i32)))"#;
const SEND_ALL: &str = r#"(import "sluse:connector/http@0.1.0" "send-all" (func $send_all (param i32 i32 i32)))"#;
const LOG: &str = r#"(import "sluse:connector/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
const READ: &str = r#"(import "sluse:connector/attachments@0.1.0" "read" (func $read (param i32 i32 i64 i32 i32)))"#;
const CREATE: &str =
    r#"(import "sluse:connector/attachments@0.1.0" "create" (func $create (param i32 i32 i32 i32 i32 i32 i32)))"#;
const ALL: &str = r#"(import "sluse:connector/attachments@0.1.0" "all" (func $all (param i32)))"#;
const GET: &str = r#"(import "sluse:connector/attachments@0.1.0" "get" (func $get (param i32 i32 i32)))"#;
const PUT: &str = r#"(import "sluse:connector/folders@0.1.0" "put" (func $put (param i32 i32 i32 i32 i32 i32 i32)))"#;
const READ_FILE: &str = r#"(import "sluse:connector/folders@0.1.0" "read" (func $read (param i32 i32 i32 i32 i32)))"#;
const RESERVE: &str =
    r#"(import "sluse:connector/numbers@0.1.0" "reserve" (func $reserve (param i32 i32 i32 i32 i32 i32 i32)))"#;
const OPEN: &str = r#"(import "sluse:connector/callbacks@0.1.0" "open" (func $open (param i64 i32)))"#;

fn roomy(name: &str, import: &str, body: &str) -> Guest {
    let mut guest = Guest::named(name).importing(import).executing(body);
    guest.memory = ROOMY.into();
    guest
}

/// Traps unless the answer is an error whose variant, at `variant`, is `case`.
fn expecting(asking: &str, variant: u32, case: u32) -> String {
    format!(
        "{asking}
         (if (i32.ne (i32.load8_u (i32.const {ANSWER})) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const {})) (i32.const {case})) (then unreachable))
         (i32.const 16)",
        ANSWER + variant
    )
}

/// The guest sees the refusal and lives; the host was asked for nothing.
async fn is_refused(import: &str, asking: &str, variant: u32, case: u32) {
    let bench = Bench::start();
    let guest = roomy("greedy", import, &expecting(asking, variant, case));
    let host = FakeHost::default();
    assert_eq!(done(execute(&bench.load(&guest).await, &host).await), "{}");
    assert!(host.record().requests.is_empty(), "the host was asked");
    bench.serves_others().await;
}

/// The call ends as broken contract, and others are served.
async fn breaks_the_contract(guest: Guest) -> String {
    let bench = Bench::start();
    let host = FakeHost::default();
    let breakage = broken(execute(&bench.load(&guest).await, &host).await);
    assert_eq!(breakage.kind, BreakageKind::ContractBroken, "{}", breakage.message);
    assert!(host.record().requests.is_empty(), "the host was asked");
    bench.serves_others().await;
    breakage.message
}

/// A request at 4096 whose words at the given offsets are set.
fn request(words: &[(u32, u32)]) -> String {
    let stores: String = words
        .iter()
        .map(|(offset, word)| format!("(i32.store (i32.const {}) (i32.const {word}))", 4096 + offset))
        .collect();
    format!("{stores} (call $send (i32.const 4096) (i32.const {ANSWER}))")
}

// Offsets in a request, in the canonical ABI.
const ENDPOINT: u32 = 4;
const PATH: u32 = 16;
const HEADERS: u32 = 24;
const BODY: u32 = 32;
const INTENT_KEY: u32 = 64;
const KEEP: u32 = 80;

const FORBIDDEN: u32 = 0;
/// Of what a folder refuses, that no file may be so.
const INVALID: u32 = 1;

/// Where the variant of `send-error` is in an answer.
const SEND_ERROR: u32 = 8;

#[tokio::test]
async fn a_path_that_is_too_long_is_refused() {
    is_refused(SEND, &request(&[(PATH, ZEROS), (PATH + 4, 20_000)]), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn an_endpoint_name_that_is_too_long_is_refused() {
    let words = [(ENDPOINT, 1), (ENDPOINT + 4, ZEROS), (ENDPOINT + 8, 300)];
    is_refused(SEND, &request(&words), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn an_intent_key_that_is_too_long_is_refused() {
    let words = [(INTENT_KEY, 1), (INTENT_KEY + 4, ZEROS), (INTENT_KEY + 8, 300)];
    is_refused(SEND, &request(&words), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn too_many_header_lines_are_refused() {
    is_refused(SEND, &request(&[(HEADERS, ZEROS), (HEADERS + 4, 65)]), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    // One line: name at 8192, value of 40,000 zeros.
    let line =
        format!("(i32.store (i32.const 8200) (i32.const {ZEROS})) (i32.store (i32.const 8204) (i32.const 40000))");
    let asking = line + &request(&[(HEADERS, 8192), (HEADERS + 4, 1)]);
    is_refused(SEND, &asking, SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let words = [(BODY, 1), (BODY + 4, ZEROS), (BODY + 8, (16 << 20) + 1)];
    is_refused(SEND, &request(&words), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn too_many_parts_are_refused() {
    // Parts of zeros: no header, no bytes.
    let words = [(BODY, 3), (BODY + 12, ZEROS), (BODY + 16, 257)];
    is_refused(SEND, &request(&words), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn a_name_to_keep_that_is_too_long_is_refused() {
    let words = [(KEEP, 1), (KEEP + 4, ZEROS), (KEEP + 8, 300)];
    is_refused(SEND, &request(&words), SEND_ERROR, FORBIDDEN).await;
}

#[tokio::test]
async fn a_body_beyond_all_measure_ends_the_call() {
    let words = [(BODY, 1), (BODY + 4, ZEROS), (BODY + 8, 20 << 20)];
    let guest = roomy("greedy", SEND, &format!("{} unreachable", request(&words)));
    let message = breaks_the_contract(guest).await;
    assert!(message.contains("too much data"), "{message}");
}

#[tokio::test]
async fn headers_beyond_all_measure_end_the_call() {
    let guest =
        roomy("greedy", SEND, &format!("{} unreachable", request(&[(HEADERS, ZEROS), (HEADERS + 4, 2_000_000)])));
    breaks_the_contract(guest).await;
}

#[tokio::test]
async fn requests_outside_memory_end_the_call() {
    let guest = roomy("greedy", SEND, "(call $send (i32.const -4) (i32.const 2048)) unreachable");
    breaks_the_contract(guest).await;
}

#[tokio::test]
async fn too_many_requests_at_once_are_each_refused() {
    let bench = Bench::start();
    // Every one of the 65 answers is an error, `forbidden`.
    let guest = roomy(
        "greedy",
        SEND_ALL,
        &format!(
            "(local $at i32) (local $left i32)
             (call $send_all (i32.const {ZEROS}) (i32.const 65) (i32.const {ANSWER}))
             (local.set $at (i32.load (i32.const {ANSWER})))
             (local.set $left (i32.load (i32.const {})))
             (if (i32.ne (local.get $left) (i32.const 65)) (then unreachable))
             (loop $again
                (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 1)) (then unreachable))
                (if (i32.load8_u (i32.add (local.get $at) (i32.const 8))) (then unreachable))
                (local.set $at (i32.add (local.get $at) (i32.const 32)))
                (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
             (i32.const 16)",
            ANSWER + 4
        ),
    );
    let host = FakeHost::default();
    assert_eq!(done(execute(&bench.load(&guest).await, &host).await), "{}");
    assert!(host.record().requests.is_empty(), "none of them was sent");
    bench.serves_others().await;
}

#[tokio::test]
async fn a_flood_of_requests_ends_the_call() {
    let body = format!("(call $send_all (i32.const {ZEROS}) (i32.const 5000) (i32.const {ANSWER})) unreachable");
    breaks_the_contract(roomy("greedy", SEND_ALL, &body)).await;
}

#[tokio::test]
async fn reading_too_much_of_an_attachment_is_refused() {
    const TOO_LARGE: u32 = 2;
    let asking =
        format!("(call $read (i32.const {ZEROS}) (i32.const 4) (i64.const 0) (i32.const -1) (i32.const {ANSWER}))");
    is_refused(READ, &asking, 8, TOO_LARGE).await;
}

#[tokio::test]
async fn an_attachment_id_that_is_too_long_names_nothing() {
    const NOT_FOUND: u32 = 1;
    let asking =
        format!("(call $read (i32.const {ZEROS}) (i32.const 100000) (i64.const 0) (i32.const 1) (i32.const {ANSWER}))");
    is_refused(READ, &asking, 8, NOT_FOUND).await;
}

#[tokio::test]
async fn getting_an_attachment_with_an_id_beyond_all_measure_ends_the_call() {
    let body = format!("(call $get (i32.const {ZEROS}) (i32.const {}) (i32.const {ANSWER})) unreachable", 20 << 20);
    breaks_the_contract(roomy("greedy", GET, &body)).await;
}

#[tokio::test]
async fn creating_an_attachment_with_a_name_that_is_too_long_is_refused() {
    let asking = format!(
        "(call $create (i32.const {ZEROS}) (i32.const 2000) (i32.const {ZEROS}) (i32.const 0)
            (i32.const {ZEROS}) (i32.const 0) (i32.const {ANSWER}))"
    );
    is_refused(CREATE, &asking, 8, FORBIDDEN).await;
}

#[tokio::test]
async fn creating_an_attachment_that_is_too_large_is_refused() {
    const TOO_LARGE: u32 = 2;
    let asking = format!(
        "(call $create (i32.const {ZEROS}) (i32.const 4) (i32.const {ZEROS}) (i32.const 4)
            (i32.const {ZEROS}) (i32.const {}) (i32.const {ANSWER}))",
        (16 << 20) + 1
    );
    is_refused(CREATE, &asking, 8, TOO_LARGE).await;
}

#[tokio::test]
async fn publishing_under_a_name_that_is_too_long_is_refused() {
    let asking = format!(
        "(call $put (i32.const {ZEROS}) (i32.const 4) (i32.const {ZEROS}) (i32.const 256)
            (i32.const {ZEROS}) (i32.const 0) (i32.const {ANSWER}))"
    );
    is_refused(PUT, &asking, 4, INVALID).await;
}

#[tokio::test]
async fn publishing_a_file_that_is_too_large_is_refused() {
    let asking = format!(
        "(call $put (i32.const {ZEROS}) (i32.const 4) (i32.const {ZEROS}) (i32.const 4)
            (i32.const {ZEROS}) (i32.const {}) (i32.const {ANSWER}))",
        (16 << 20) + 1
    );
    is_refused(PUT, &asking, 4, INVALID).await;
}

#[tokio::test]
async fn reserving_too_many_numbers_is_refused() {
    for count in [0, 100_001, -1] {
        let asking = format!(
            "(call $reserve (i32.const {ZEROS}) (i32.const 4) (i32.const {count})
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {ANSWER}))"
        );
        is_refused(RESERVE, &asking, 8, FORBIDDEN).await;
    }
}

#[tokio::test]
async fn a_sequence_or_purpose_whose_name_is_too_long_is_refused() {
    for (sequence, purpose) in [(300, 4), (4, 300)] {
        let asking = format!(
            "(call $reserve (i32.const {ZEROS}) (i32.const {sequence}) (i32.const 1)
                (i32.const 1) (i32.const {ZEROS}) (i32.const {purpose}) (i32.const {ANSWER}))"
        );
        is_refused(RESERVE, &asking, 8, FORBIDDEN).await;
    }
}

#[tokio::test]
async fn reading_under_a_name_that_is_too_long_is_refused() {
    for (folder, name) in [(256, 4), (4, 256)] {
        let asking = format!(
            "(call $read (i32.const {ZEROS}) (i32.const {folder}) (i32.const {ZEROS}) (i32.const {name}) (i32.const {ANSWER}))"
        );
        is_refused(READ_FILE, &asking, 4, INVALID).await;
    }
}

#[tokio::test]
async fn a_callback_that_waits_forever_is_refused() {
    for timeout_ms in ["0", "-1"] {
        let asking = format!("(call $open (i64.const {timeout_ms}) (i32.const {ANSWER}))");
        is_refused(OPEN, &asking, 4, FORBIDDEN).await;
    }
}

#[tokio::test]
async fn a_huge_log_line_is_cut() {
    let bench = Bench::start();
    let guest = roomy(
        "talker",
        LOG,
        &format!(
            "(memory.fill (i32.const {ZEROS}) (i32.const 97) (i32.const 1000000))
                  (call $log (i32.const 1) (i32.const {ZEROS}) (i32.const 1000000)) (i32.const 16)"
        ),
    );
    let host = FakeHost::default();
    done(execute(&bench.load(&guest).await, &host).await);
    let record = host.record();
    let (level, line) = &record.lines[0];
    assert_eq!((*level, record.lines.len()), (TimelineLevel::Info, 1));
    assert!(line.len() < 5_000 && line.ends_with("bytes left out)"), "{} bytes", line.len());
}

#[tokio::test]
async fn control_characters_in_a_log_line_are_escaped() {
    let bench = Bench::start();
    let guest = Guest::named("talker")
        .importing(LOG)
        .data(1024, "\r\n\x1b]0;owned\x07")
        .executing("(call $log (i32.const 3) (i32.const 1024) (i32.const 12)) (i32.const 16)");
    let host = FakeHost::default();
    done(execute(&bench.load(&guest).await, &host).await);
    assert_eq!(host.record().lines, [(TimelineLevel::Error, r"\r\n\u{1b}]0;owned\u{7}".to_owned())]);
}

#[tokio::test]
async fn a_log_line_that_is_not_utf_8_ends_the_call() {
    let guest = Guest::named("talker")
        .importing(LOG)
        .data(1024, [0xff, 0xfe])
        .executing("(call $log (i32.const 0) (i32.const 1024) (i32.const 2)) unreachable");
    breaks_the_contract(guest).await;
}

#[tokio::test]
async fn an_unknown_log_level_ends_the_call() {
    let guest = Guest::named("talker")
        .importing(LOG)
        .executing("(call $log (i32.const 9) (i32.const 1024) (i32.const 0)) unreachable");
    breaks_the_contract(guest).await;
}

/// An answer at 4096: `ok(done(text at, length))`.
fn answering(at: u32, length: u32) -> String {
    format!(
        "(i32.store (i32.const 4108) (i32.const {at})) (i32.store (i32.const 4112) (i32.const {length})) (i32.const 4096)"
    )
}

#[tokio::test]
async fn an_output_that_is_too_large_ends_the_call() {
    breaks_the_contract(roomy("talker", "", &answering(ZEROS, 20 << 20))).await;
}

/// Words at their addresses.
fn stores(words: &[(u32, u32)]) -> String {
    words.iter().map(|(at, word)| format!("(i32.store (i32.const {at}) (i32.const {word}))")).collect()
}

/// A million escape characters from `ZEROS` on, and a failure at 4096 whose texts they are.
fn shouting() -> String {
    let (err, invalid) = ((4096, 1), (4104, 0));
    let (code, message) = ([(4112, ZEROS), (4116, 1000)], [(4120, ZEROS), (4124, 1_000_000)]);
    let detail = [(4128, 1), (4132, ZEROS), (4136, 1_000_000)];
    let words = [[err, invalid].as_slice(), &code, &message, &detail].concat();
    format!("(memory.fill (i32.const {ZEROS}) (i32.const 27) (i32.const 1000000)) {} (i32.const 4096)", stores(&words))
}

#[track_caller]
fn is_tidy(text: &str, max_bytes: usize) {
    assert!(text.len() <= max_bytes, "{} bytes", text.len());
    assert!(!text.contains('\x1b'), "it is escaped");
}

#[tokio::test]
async fn what_a_problem_says_is_escaped_and_cut() {
    let bench = Bench::start();
    let ended = execute(&bench.load(&roomy("shouter", "", &shouting())).await, &FakeHost::default()).await;
    let Ok(Err(Failure::Invalid { problem })) = ended else { panic!("{ended:?}") };
    assert_eq!(problem.code, "-".repeat(64));
    is_tidy(&problem.message, 700);
    is_tidy(&problem.detail.unwrap(), 5_000);
    bench.serves_others().await;
}

#[tokio::test]
async fn what_a_check_says_is_escaped_and_cut() {
    // 5,000 findings in a row: the first with texts, the others of zeros.
    let (ok, list) = ((4096, 0), [(4104, ZEROS), (4108, 5_000)]);
    let texts = ZEROS + 200_000;
    let first = [(ZEROS, texts), (ZEROS + 4, 100_000), (ZEROS + 12, texts), (ZEROS + 16, 100_000)];
    let words = stores(&[[ok].as_slice(), &list, &first].concat());
    let mut guest = roomy("shouter", "", "unreachable");
    guest.check =
        format!("(memory.fill (i32.const {texts}) (i32.const 27) (i32.const 100000)) {words} (i32.const 4096)");
    let bench = Bench::start();
    let connector = bench.load(&guest).await;
    let findings = connector.check(support::call(), support::limits(), Box::new(FakeHost::default())).await;
    let findings = findings.unwrap().unwrap();
    is_tidy(&findings[0].subject, 150);
    is_tidy(&findings[0].message, 700);
    assert_eq!(findings.len(), 65);
    assert!(!findings[64].passed && findings[64].message.contains("4936"), "{:?}", findings[64]);
    bench.serves_others().await;
}

#[tokio::test]
async fn a_check_that_fails_is_escaped_and_cut() {
    let mut guest = roomy("shouter", "", "unreachable");
    guest.check = shouting();
    let bench = Bench::start();
    let connector = bench.load(&guest).await;
    let ended = connector.check(support::call(), support::limits(), Box::new(FakeHost::default())).await;
    let Ok(Err(Failure::Invalid { problem })) = ended else { panic!("{ended:?}") };
    is_tidy(&problem.message, 700);
    bench.serves_others().await;
}

#[tokio::test]
async fn a_host_that_cannot_tell_the_files_says_so() {
    const UNAVAILABLE: u32 = 3;
    let bench = Bench::start();
    let host = FakeHost::default();
    host.record().attachments_fail = Some(AttachmentError::Unavailable("the disk is away".into()));
    let all = format!("(call $all (i32.const {ANSWER}))");
    let get = format!("(call $get (i32.const 1024) (i32.const 4) (i32.const {ANSWER}))");
    for (import, asking) in [(ALL, all), (GET, get)] {
        let guest = roomy("patient", import, &expecting(&asking, 8, UNAVAILABLE));
        assert_eq!(done(execute(&bench.load(&guest).await, &host).await), "{}");
    }
}

#[tokio::test]
async fn getting_an_attachment_that_is_not_there_says_so() {
    const NOT_FOUND: u32 = 1;
    let asking = format!("(call $get (i32.const 1024) (i32.const 4) (i32.const {ANSWER}))");
    is_refused(GET, &asking, 8, NOT_FOUND).await;
}

#[tokio::test]
async fn an_output_outside_memory_ends_the_call() {
    breaks_the_contract(roomy("liar", "", &answering(0xffff_0000, 100))).await;
}

#[tokio::test]
async fn an_output_that_is_not_utf_8_ends_the_call() {
    breaks_the_contract(roomy("liar", "", &answering(1024, 2)).data(1024, [0xc0, 0x80])).await;
}

#[tokio::test]
async fn an_outcome_that_does_not_exist_ends_the_call() {
    let body = format!("(i32.store8 (i32.const 4104) (i32.const 77)) {}", answering(1024, 0));
    breaks_the_contract(roomy("liar", "", &body)).await;
}

#[tokio::test]
async fn an_answer_that_is_not_aligned_ends_the_call() {
    breaks_the_contract(roomy("liar", "", "(i32.const 4097)")).await;
}

#[tokio::test]
async fn an_allocator_that_lies_ends_the_call() {
    let mut guest = Guest::named("liar");
    guest.realloc = "(i32.const -16)".into();
    breaks_the_contract(guest).await;
}

#[tokio::test]
async fn output_that_is_not_json_is_handed_on_as_it_is() {
    // Whoever holds the schema parses it.
    let bench = Bench::start();
    let guest = roomy("sloppy", "", &answering(1024, 7)).data(1024, "{\"a\": ,");
    assert_eq!(done(execute(&bench.load(&guest).await, &FakeHost::default()).await), "{\"a\": ,");
}

#[tokio::test]
async fn handles_without_end_end_the_call() {
    // A resource of its own: no code of the host is in the loop.
    let guest = Guest::named("hoarder")
        .in_world("export things;", &[])
        .importing(r#"(import "[export]test:guest/things" "[resource-new]thing" (func $new (param i32) (result i32)))"#)
        .with("(global $made (mut i32) (i32.const 0))")
        .executing(
            "(loop $again
                (drop (call $new (i32.const 1)))
                (global.set $made (i32.add (global.get $made) (i32.const 1)))
                (if (i32.gt_u (global.get $made) (i32.const 1000)) (then unreachable))
                (br $again))
             unreachable",
        );
    let message = breaks_the_contract(guest).await;
    assert!(message.contains("handle") || message.contains("resource"), "{message}");
}
