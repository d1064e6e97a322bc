//! Components of other toolchains import WASI 0.2, and get one that is inert.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::{sync::Arc, time::Duration};

use sluse_connector::{BreakageKind, CallLimits, Connector, fakes::FakeHost};
use sluse_model::TimelineLevel;
use support::{Bench, Guest, broken, call, done, execute, limits};

const CLI: &str = "package wasi:cli@0.2.3;
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        get-arguments: func() -> list<string>;
        initial-cwd: func() -> option<string>;
    }
    interface exit { exit: func(status: result); }
    interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.3.{output-stream}; get-stderr: func() -> output-stream; }
    interface stdin { use wasi:io/streams@0.2.3.{input-stream}; get-stdin: func() -> input-stream; }";
const IO: &str = "package wasi:io@0.2.3;
    interface error { resource error; }
    interface poll { resource pollable { block: func(); } }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream { read: func(len: u64) -> result<list<u8>, stream-error>; }
        resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
    }";
const CLOCKS: &str = "package wasi:clocks@0.2.3;
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
    interface monotonic-clock {
        use wasi:io/poll@0.2.3.{pollable};
        now: func() -> u64;
        resolution: func() -> u64;
        subscribe-duration: func(when: u64) -> pollable;
    }";
const RANDOM: &str = "package wasi:random@0.2.3;
    interface random { get-random-bytes: func(len: u64) -> list<u8>; get-random-u64: func() -> u64; }
    interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }";
const FILESYSTEM: &str = "package wasi:filesystem@0.2.3;
    interface types { resource descriptor; }
    interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }";
const SOCKETS: &str = "package wasi:sockets@0.2.3;
    interface network {
        resource network;
        enum error-code {
            unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
            not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
            remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
            name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
        }
        enum ip-address-family { ipv4, ipv6 }
    }
    interface instance-network { use network.{network}; instance-network: func() -> network; }
    interface tcp { resource tcp-socket; }
    interface tcp-create-socket {
        use network.{error-code, ip-address-family};
        use tcp.{tcp-socket};
        create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }
    interface udp { resource udp-socket; }
    interface udp-create-socket {
        use network.{error-code, ip-address-family};
        use udp.{udp-socket};
        create-udp-socket: func(address-family: ip-address-family) -> result<udp-socket, error-code>;
    }
    interface ip-name-lookup {
        use network.{network, error-code};
        resource resolve-address-stream;
        resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
    }";

const PACKAGES: &[(&str, &str)] = &[
    ("io.wit", IO),
    ("cli.wit", CLI),
    ("clocks.wit", CLOCKS),
    ("random.wit", RANDOM),
    ("filesystem.wit", FILESYSTEM),
    ("sockets.wit", SOCKETS),
];

/// A component that imports these interfaces of WASI.
fn wasi(interfaces: &[&str], imports: &str, body: &str) -> Guest {
    let world: String = interfaces.iter().map(|interface| format!("import {interface}@0.2.3; ")).collect();
    Guest::named("stranger").in_world(&world, PACKAGES).importing(imports).executing(body)
}

async fn loaded(guest: &Guest) -> (Bench, Arc<dyn Connector>) {
    let bench = Bench::start();
    let connector = bench.load(guest).await;
    (bench, connector)
}

/// The component does what it does and finds what it expects.
async fn succeeds(guest: Guest) {
    let (bench, connector) = loaded(&guest).await;
    assert_eq!(done(execute(&connector, &FakeHost::default()).await), "{}");
    bench.serves_others().await;
}

const ENVIRONMENT: &str = r#"
    (import "wasi:cli/environment@0.2.3" "get-environment" (func $environment (param i32)))
    (import "wasi:cli/environment@0.2.3" "get-arguments" (func $arguments (param i32)))
    (import "wasi:cli/environment@0.2.3" "initial-cwd" (func $cwd (param i32)))"#;

#[tokio::test]
async fn environment_and_arguments_are_empty() {
    let body = "(call $environment (i32.const 2048)) (call $arguments (i32.const 2056)) (call $cwd (i32.const 2064))
        (if (i32.load (i32.const 2052)) (then unreachable))
        (if (i32.load (i32.const 2060)) (then unreachable))
        (if (i32.load8_u (i32.const 2064)) (then unreachable))
        (i32.const 16)";
    succeeds(wasi(&["wasi:cli/environment"], ENVIRONMENT, body)).await;
}

#[tokio::test]
async fn there_are_no_folders() {
    let imports = r#"(import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $folders (param i32)))"#;
    let body = "(call $folders (i32.const 2048)) (if (i32.load (i32.const 2052)) (then unreachable)) (i32.const 16)";
    succeeds(wasi(&["wasi:filesystem/preopens"], imports, body)).await;
}

#[tokio::test]
async fn there_are_no_sockets() {
    const ACCESS_DENIED: u32 = 1;
    for (interface, function) in
        [("tcp-create-socket", "create-tcp-socket"), ("udp-create-socket", "create-udp-socket")]
    {
        let imports =
            format!(r#"(import "wasi:sockets/{interface}@0.2.3" "{function}" (func $create (param i32 i32)))"#);
        let body = format!(
            "(call $create (i32.const 0) (i32.const 2048))
             (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
             (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const {ACCESS_DENIED})) (then unreachable))
             (i32.const 16)"
        );
        succeeds(wasi(&[&format!("wasi:sockets/{interface}")], &imports, &body)).await;
    }
}

#[tokio::test]
async fn names_are_not_looked_up() {
    const PERMANENT_RESOLVER_FAILURE: u32 = 20;
    let imports = r#"
        (import "wasi:sockets/instance-network@0.2.3" "instance-network" (func $network (result i32)))
        (import "wasi:sockets/ip-name-lookup@0.2.3" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))"#;
    let body = format!(
        "(call $resolve (call $network) (i32.const 1024) (i32.const 9) (i32.const 2048))
         (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const {PERMANENT_RESOLVER_FAILURE})) (then unreachable))
         (i32.const 16)"
    );
    let interfaces = ["wasi:sockets/instance-network", "wasi:sockets/ip-name-lookup"];
    succeeds(wasi(&interfaces, imports, &body).data(1024, "localhost")).await;
}

#[tokio::test]
async fn the_wall_clock_stands_where_the_delivery_was_accepted() {
    let imports = r#"(import "wasi:clocks/wall-clock@0.2.3" "now" (func $now (param i32)))"#;
    let seconds = call().accepted_at.as_millis() / 1000;
    let body = format!(
        "(call $now (i32.const 2048))
         (if (i64.ne (i64.load (i32.const 2048)) (i64.const {seconds})) (then unreachable))
         (i32.const 16)"
    );
    succeeds(wasi(&["wasi:clocks/wall-clock"], imports, &body)).await;
}

#[tokio::test]
async fn the_monotonic_clock_is_coarse() {
    let imports = r#"
        (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
        (import "wasi:clocks/monotonic-clock@0.2.3" "resolution" (func $resolution (result i64)))"#;
    // Ten milliseconds a step, and it begins with the call.
    let body = "(if (i64.ne (call $resolution) (i64.const 10000000)) (then unreachable))
        (if (i64.ne (i64.rem_u (call $now) (i64.const 10000000)) (i64.const 0)) (then unreachable))
        (if (i64.gt_u (call $now) (i64.const 20000000000)) (then unreachable))
        (i32.const 16)";
    succeeds(wasi(&["wasi:clocks/monotonic-clock"], imports, body)).await;
}

#[tokio::test]
async fn a_sleep_ends_with_the_wall_clock_of_the_call() {
    let imports = r#"
        (import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $in (param i64) (result i32)))
        (import "wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32)))"#;
    let body = "(call $block (call $in (i64.const 3600000000000))) (i32.const 16)";
    let (bench, connector) = loaded(&wasi(&["wasi:clocks/monotonic-clock", "wasi:io/poll"], imports, body)).await;
    let limits = CallLimits { wall: Duration::from_millis(200), ..limits() };
    let ended = connector.execute(call(), "run", "{}", limits, Box::new(FakeHost::default())).await;
    assert_eq!(broken(ended).kind, BreakageKind::TimedOut);
    bench.serves_others().await;
}

/// Answers with sixteen random letters.
const LETTERS: &str = "
    (local $at i32)
    (call $random (i64.const 16) (i32.const 2048))
    (loop $again
        (i32.store8 (i32.add (i32.const 1024) (local.get $at))
            (i32.add (i32.const 97) (i32.rem_u
                (i32.load8_u (i32.add (i32.load (i32.const 2048)) (local.get $at))) (i32.const 26))))
        (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 16))))
    (i32.store (i32.const 4108) (i32.const 1024)) (i32.store (i32.const 4112) (i32.const 16)) (i32.const 4096)";
const RANDOM_BYTES: &str = r#"(import "wasi:random/random@0.2.3" "get-random-bytes" (func $random (param i64 i32)))"#;

#[tokio::test]
async fn randomness_repeats_with_the_delivery_and_differs_between_them() {
    let (_bench, connector) = loaded(&wasi(&["wasi:random/random"], RANDOM_BYTES, LETTERS)).await;
    let first = done(execute(&connector, &FakeHost::default()).await);
    let mut later = call();
    later.attempt = 2;
    let again = done(connector.execute(later.clone(), "run", "{}", limits(), Box::new(FakeHost::default())).await);
    later.delivery = "del-2".into();
    let other = done(connector.execute(later, "run", "{}", limits(), Box::new(FakeHost::default())).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn a_flood_of_randomness_ends_the_call() {
    let body = "(call $random (i64.const 4097) (i32.const 2048)) unreachable";
    let (bench, connector) = loaded(&wasi(&["wasi:random/random"], RANDOM_BYTES, body)).await;
    let breakage = broken(execute(&connector, &FakeHost::default()).await);
    assert!(breakage.message.contains("exceeds limit 4096"), "{}", breakage.message);
    bench.serves_others().await;
}

#[tokio::test]
async fn exit_ends_only_this_call() {
    let imports = r#"(import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))"#;
    for (status, code) in [(0, "code 0"), (1, "code 1")] {
        let body = format!("(call $exit (i32.const {status})) unreachable");
        let (bench, connector) = loaded(&wasi(&["wasi:cli/exit"], imports, &body)).await;
        let breakage = broken(execute(&connector, &FakeHost::default()).await);
        assert_eq!(breakage.kind, BreakageKind::Trapped);
        assert!(breakage.message.contains(code), "{}", breakage.message);
        bench.serves_others().await;
    }
}

const PRINT: &str = r#"
    (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
    (import "wasi:cli/stderr@0.2.3" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))"#;
const PRINTING: [&str; 3] = ["wasi:cli/stdout", "wasi:cli/stderr", "wasi:io/streams"];

#[tokio::test]
async fn what_is_printed_reaches_the_log_in_lines() {
    let body = "(call $write (call $stdout) (i32.const 1024) (i32.const 11) (i32.const 2048))
        (call $write (call $stderr) (i32.const 1036) (i32.const 5) (i32.const 2048))
        (i32.const 16)";
    let guest = wasi(&PRINTING, PRINT, body).data(1024, "one\ntwo\x1b\nth").data(1036, "oops\n");
    let (_bench, connector) = loaded(&guest).await;
    let host = FakeHost::default();
    done(execute(&connector, &host).await);
    let expected = [
        (TimelineLevel::Info, "one".to_owned()),
        (TimelineLevel::Info, r"two\u{1b}".to_owned()),
        (TimelineLevel::Warn, "oops".to_owned()),
        (TimelineLevel::Info, "th".to_owned()),
    ];
    assert_eq!(host.record().lines, expected);
}

#[tokio::test]
async fn what_is_printed_before_a_trap_is_not_lost() {
    let body = "(call $write (call $stderr) (i32.const 1024) (i32.const 5) (i32.const 2048)) unreachable";
    let (_bench, connector) = loaded(&wasi(&PRINTING, PRINT, body).data(1024, "panic")).await;
    let host = FakeHost::default();
    assert_eq!(broken(execute(&connector, &host).await).kind, BreakageKind::Trapped);
    assert_eq!(host.record().lines, [(TimelineLevel::Warn, "panic".to_owned())]);
}

#[tokio::test]
async fn printing_without_end_is_bounded() {
    // Streams are asked for once: a handle is kept.
    let body = "(local $out i32) (local $left i32)
        (local.set $out (call $stdout)) (local.set $left (i32.const 1000))
        (loop $again
            (call $write (local.get $out) (i32.const 8192) (i32.const 4096) (i32.const 2048))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 16)";
    let guest = wasi(&PRINTING, PRINT, body).data(8192, "x".repeat(4096));
    let (bench, connector) = loaded(&guest).await;
    let host = FakeHost::default();
    let limits = CallLimits { cpu: Duration::from_secs(20), ..limits() };
    done(connector.execute(call(), "run", "{}", limits, Box::new(host.clone())).await);
    let lines = host.record().lines.clone();
    let bytes: usize = lines.iter().map(|(_, line)| line.len()).sum();
    assert!(bytes < 300 << 10, "{bytes} bytes");
    assert!(lines.iter().any(|(_, line)| line.starts_with('…')), "a mark says so");
    bench.serves_others().await;
}

#[tokio::test]
async fn streams_without_end_end_the_call() {
    let body = "(local $made i32)
        (loop $again
            (drop (call $stdout))
            (local.set $made (i32.add (local.get $made) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $made) (i32.const 257))))
        (i32.const 16)";
    let (bench, connector) = loaded(&wasi(&PRINTING, PRINT, body)).await;
    assert_eq!(broken(execute(&connector, &FakeHost::default()).await).kind, BreakageKind::ContractBroken);
    bench.serves_others().await;
}

#[tokio::test]
async fn standard_input_is_at_its_end() {
    let imports = r#"
        (import "wasi:cli/stdin@0.2.3" "get-stdin" (func $stdin (result i32)))
        (import "wasi:io/streams@0.2.3" "[method]input-stream.read" (func $read (param i32 i64 i32)))"#;
    const CLOSED: u32 = 1;
    // Reading ahead may need a turn before the end is seen.
    let body = format!(
        "(local $stdin i32)
         (local.set $stdin (call $stdin))
         (loop $again
            (call $read (local.get $stdin) (i64.const 10) (i32.const 2048))
            (if (i32.eqz (i32.load8_u (i32.const 2048)))
                (then (if (i32.load (i32.const 2056)) (then unreachable)) (br $again))))
         (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const {CLOSED})) (then unreachable))
         (i32.const 16)"
    );
    succeeds(wasi(&["wasi:cli/stdin", "wasi:io/streams"], imports, &body)).await;
}
