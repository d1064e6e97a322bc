//! Guests that take what they can get: processor, memory, stack, time. Each is stopped, and a connector that
//! behaves is served afterwards.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{
    AttachmentError, BreakageKind, CallLimits, CallbackError, FolderError, Host, LoadError, NumberError, Request,
    Response, SendError, fakes::FakeHost,
};
use sluse_model::{Attachment, Standing, TimelineLevel};
use support::{Bench, Guest, broken, call, done, execute, limits};

const FOREVER: &str = "(loop $again (br $again)) unreachable";

/// Executes `guest`, expects it to break as `kind`, and shows that others are served.
async fn breaks(guest: Guest, kind: BreakageKind) -> String {
    let bench = Bench::start();
    let connector = bench.load(&guest).await;
    let breakage = broken(execute(&connector, &FakeHost::default()).await);
    assert_eq!(breakage.kind, kind, "{}", breakage.message);
    bench.serves_others().await;
    breakage.message
}

/// Expects that `guest` is not loaded, because its `describe` failed or no slot has room for it, and shows that others are served.
async fn is_not_loaded(guest: Guest) -> String {
    let bench = Bench::start();
    let refused = bench.try_load(&guest).await;
    bench.serves_others().await;
    match refused {
        Err(LoadError::BadDescription(reason) | LoadError::NotCompiled(reason)) => reason,
        other => panic!("expected a bad description, got {other:?}"),
    }
}

#[tokio::test]
async fn an_endless_loop_is_stopped_at_its_processor_time() {
    let began = Instant::now();
    let message = breaks(Guest::named("spinner").executing(FOREVER), BreakageKind::CpuExceeded).await;
    assert!(message.contains("limits.cpu_ms"), "{message}");
    assert!(began.elapsed() < limits().wall);
}

#[tokio::test]
async fn an_endless_loop_leaves_the_thread_to_others() {
    // One thread serves both: the loop gives way at every tick.
    let bench = Bench::start();
    let spinner = bench.load(&Guest::named("spinner").executing(FOREVER)).await;
    let quiet = bench.load(&Guest::named("quiet")).await;
    let (host, other_host) = (FakeHost::default(), FakeHost::default());
    let spinning = execute(&spinner, &host);
    let mut spinning = std::pin::pin!(spinning);
    let answered = tokio::select! {
        biased;
        _ = &mut spinning => panic!("the loop ended before anybody else had a turn"),
        answered = execute(&quiet, &other_host) => answered,
    };
    assert_eq!(done(answered), "{}");
    assert_eq!(broken(spinning.await).kind, BreakageKind::CpuExceeded);
}

#[tokio::test]
async fn an_endless_describe_is_not_loaded() {
    let mut guest = Guest::named("spinner");
    guest.describe = FOREVER.into();
    assert!(is_not_loaded(guest).await.contains("processor"));
}

#[tokio::test]
async fn an_endless_start_function_is_not_loaded() {
    let guest = Guest::named("spinner").with("(func $start (loop $again (br $again))) (start $start)");
    assert!(is_not_loaded(guest).await.contains("processor"));
}

#[tokio::test]
async fn an_endless_start_function_of_another_module_is_not_loaded() {
    let mut guest = Guest::named("spinner");
    guest.more_modules.push("(module (func $start (loop $again (br $again))) (start $start))".into());
    assert!(is_not_loaded(guest).await.contains("processor"));
}

#[tokio::test]
async fn an_allocator_that_never_returns_is_stopped() {
    // The host calls it to hand over the input.
    let mut guest = Guest::named("spinner");
    guest.realloc = FOREVER.into();
    breaks(guest, BreakageKind::CpuExceeded).await;
}

#[tokio::test]
async fn waiting_for_the_host_takes_no_processor_time() {
    let bench = Bench::start();
    let guest = Guest::named("patient")
        .importing(r#"(import "sluse:connector/attachments@0.1.0" "all" (func $all (param i32)))"#)
        .with("(global $left (mut i32) (i32.const 40))")
        .executing(
            "(loop $again
                (call $all (i32.const 2048))
                (global.set $left (i32.sub (global.get $left) (i32.const 1)))
                (br_if $again (global.get $left)))
             (i32.const 16)",
        );
    let connector = bench.load(&guest).await;
    // Forty waits of 20 ms, with a tenth of that on the processor.
    let limits = CallLimits { cpu: Duration::from_millis(80), ..limits() };
    let host = Box::new(SlowHost(Duration::from_millis(20)));
    let began = Instant::now();
    let ended = connector.execute(call(), "run", "{}", limits, host).await;
    assert!(began.elapsed() > Duration::from_millis(800));
    assert_eq!(done(ended), "{}");
}

#[tokio::test]
async fn memory_that_grows_without_end_is_refused() {
    let guest = Guest::named("glutton")
        .executing("(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable");
    let message = breaks(guest, BreakageKind::MemoryExceeded).await;
    assert!(message.contains("64 MiB") && message.contains("limits.memory_bytes"), "{message}");
}

#[tokio::test]
async fn a_component_that_copes_with_less_memory_goes_on() {
    let bench = Bench::start();
    let guest = Guest::named("modest")
        .executing("(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (i32.const 16)");
    assert_eq!(done(execute(&bench.load(&guest).await, &FakeHost::default()).await), "{}");
}

#[tokio::test]
async fn no_grant_reaches_beyond_256_mebibytes() {
    let bench = Bench::start();
    let guest = Guest::named("glutton").executing(
        "(if (i32.eq (memory.grow (i32.const 3000)) (i32.const -1)) (then unreachable))
         (if (i32.ne (memory.grow (i32.const 1100)) (i32.const -1)) (then unreachable))
         (i32.const 16)",
    );
    let connector = bench.load(&guest).await;
    let limits = CallLimits { memory_bytes: u64::MAX, ..limits() };
    let ended = connector.execute(call(), "run", "{}", limits, Box::new(FakeHost::default())).await;
    assert_eq!(done(ended), "{}");
}

#[tokio::test]
async fn a_component_that_is_born_too_large_is_stopped_before_it_runs() {
    // 80 MiB: enough to describe itself, too much for the connection.
    let mut guest = Guest::named("glutton");
    guest.memory = "1280".into();
    breaks(guest, BreakageKind::MemoryExceeded).await;
}

#[tokio::test]
async fn many_memories_are_summed() {
    // 40 MiB each, 64 MiB allowed.
    let mut guest = Guest::named("glutton");
    guest.more_modules = vec!["(module (memory 640))".into(); 2];
    breaks(guest, BreakageKind::MemoryExceeded).await;
}

#[tokio::test]
async fn more_memories_than_a_component_may_have_are_not_loaded() {
    let mut guest = Guest::named("glutton");
    guest.more_modules = vec!["(module (memory 1))".into(); 4];
    let reason = is_not_loaded(guest).await;
    assert!(reason.contains("memories"), "{reason}");
}

#[tokio::test]
async fn more_instances_than_a_component_may_have_are_not_loaded() {
    let mut guest = Guest::named("glutton");
    guest.more_modules = vec!["(module)".into(); 64];
    let reason = is_not_loaded(guest).await;
    assert!(reason.contains("instances"), "{reason}");
}

#[tokio::test]
async fn more_tables_than_a_component_may_have_are_not_loaded() {
    let mut guest = Guest::named("glutton");
    guest.more_modules = vec!["(module (table 1 funcref))".into(); 9];
    let reason = is_not_loaded(guest).await;
    assert!(reason.contains("tables"), "{reason}");
}

#[tokio::test]
async fn tables_that_grow_without_end_are_refused() {
    // The table ends at the slot's size.
    let guest = Guest::named("glutton").with("(table $table 1 funcref)").executing(
        "(loop $again (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 1024)) (i32.const -1))))
         (if (i32.gt_u (table.size $table) (i32.const 65536)) (then unreachable))
         (i32.const 16)",
    );
    let bench = Bench::start();
    assert_eq!(done(execute(&bench.load(&guest).await, &FakeHost::default()).await), "{}");
    bench.serves_others().await;
}

#[tokio::test]
async fn tables_count_as_memory() {
    let bench = Bench::start();
    let guest = Guest::named("glutton").with("(table $table 1 funcref)").executing(
        "(if (i32.eq (table.grow $table (ref.null func) (i32.const 60000)) (i32.const -1)) (then unreachable))
         (i32.const 16)",
    );
    let connector = bench.load(&guest).await;
    // Two pages of memory and not quite 60,000 pointers.
    let limits = CallLimits { memory_bytes: (2 << 16) + 60_000 * 8, ..limits() };
    let ended = connector.execute(call(), "run", "{}", limits, Box::new(FakeHost::default())).await;
    assert_eq!(broken(ended).kind, BreakageKind::MemoryExceeded);
}

#[tokio::test]
async fn deep_recursion_ends_at_the_stack() {
    let guest = Guest::named("digger")
        .with("(func $dig (param i32) (result i32) (i32.add (call $dig (local.get 0)) (i32.const 1)))")
        .executing("(call $dig (i32.const 0))");
    assert!(breaks(guest, BreakageKind::Trapped).await.contains("stack"));
}

#[tokio::test]
async fn a_trap_ends_the_call_only() {
    assert!(
        breaks(Guest::named("faulty").executing("unreachable"), BreakageKind::Trapped).await.contains("unreachable")
    );
}

#[tokio::test]
async fn a_read_outside_memory_ends_the_call_only() {
    let guest = Guest::named("faulty").executing("(i32.load (i32.const -8))");
    assert!(breaks(guest, BreakageKind::Trapped).await.contains("out of bounds"));
}

#[tokio::test]
async fn a_connector_that_trapped_serves_the_next_call() {
    // Traps when there is an input.
    let bench = Bench::start();
    let guest = Guest::named("moody")
        .executing("(if (i32.gt_u (local.get $input_length) (i32.const 2)) (then unreachable)) (i32.const 16)");
    let connector = bench.load(&guest).await;
    let host = || Box::new(FakeHost::default());
    let ended = connector.execute(call(), "run", "{\"a\":1}", limits(), host()).await;
    assert_eq!(broken(ended).kind, BreakageKind::Trapped);
    assert_eq!(done(connector.execute(call(), "run", "{}", limits(), host()).await), "{}");
}

#[tokio::test]
async fn a_host_call_that_never_returns_ends_with_the_wall_clock() {
    let bench = Bench::start();
    let guest = Guest::named("patient")
        .importing(r#"(import "sluse:connector/attachments@0.1.0" "all" (func $all (param i32)))"#)
        .executing("(call $all (i32.const 2048)) (i32.const 16)");
    let connector = bench.load(&guest).await;
    let limits = CallLimits { wall: Duration::from_millis(200), ..limits() };
    let host = Box::new(SlowHost(Duration::from_secs(3600)));
    let began = Instant::now();
    let breakage = broken(connector.execute(call(), "run", "{}", limits, host).await);
    assert_eq!(breakage.kind, BreakageKind::TimedOut);
    assert!(breakage.message.contains("limits.timeout_ms"), "{}", breakage.message);
    assert!(began.elapsed() < Duration::from_secs(10));
    bench.serves_others().await;
}

#[tokio::test]
async fn a_call_that_waits_for_a_slot_ends_with_its_wall_clock() {
    let bench = Bench::with_instances(1);
    let patient = Guest::named("patient")
        .importing(r#"(import "sluse:connector/attachments@0.1.0" "all" (func $all (param i32)))"#)
        .executing("(call $all (i32.const 2048)) (i32.const 16)");
    let connector = bench.load(&patient).await;
    let quick = CallLimits { wall: Duration::from_millis(200), ..limits() };
    let first = connector.execute(call(), "run", "{}", limits(), Box::new(SlowHost(Duration::from_millis(700))));
    let second = connector.execute(call(), "run", "{}", quick, Box::new(FakeHost::default()));
    let (first, second) = tokio::join!(first, second);
    assert_eq!(done(first), "{}");
    assert_eq!(broken(second).kind, BreakageKind::TimedOut);
    bench.serves_others().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_gives_its_slot_back() {
    let bench = Bench::with_instances(1);
    let connector = bench.load(&Guest::named("spinner").executing(FOREVER)).await;
    let host = FakeHost::default();
    let dropped = tokio::time::timeout(Duration::from_millis(50), execute(&connector, &host)).await;
    assert!(dropped.is_err(), "it was still running");
    bench.serves_others().await;
}

#[tokio::test]
async fn the_next_guest_sees_zeros() {
    // One slot: the second guest gets what the first one left.
    let bench = Bench::with_instances(1);
    let fill = Guest::named("vandal").executing(
        "(local $pages i32)
         (local.set $pages (memory.grow (i32.const 62)))
         (memory.fill (i32.const 65536) (i32.const 0xab) (i32.const 0x3f0000))
         (i32.const 16)",
    );
    let look = Guest::named("curious").executing(
        "(local $at i32)
         (drop (memory.grow (i32.const 62)))
         (local.set $at (i32.const 65536))
         (loop $again
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $again (i32.lt_u (local.get $at) (i32.const 0x400000))))
         (i32.const 16)",
    );
    let (vandal, curious) = (bench.load(&fill).await, bench.load(&look).await);
    for _ in 0..20 {
        assert_eq!(done(execute(&vandal, &FakeHost::default()).await), "{}");
        assert_eq!(done(execute(&curious, &FakeHost::default()).await), "{}");
    }
}

#[tokio::test]
async fn nothing_is_left_from_one_call_to_the_next() {
    let bench = Bench::with_instances(1);
    let guest = Guest::named("forgetful")
        .with("(global $seen (mut i32) (i32.const 0)) (table $table 8 funcref) (elem declare func $some) (func $some)")
        .executing(
            "(if (global.get $seen) (then unreachable))
             (if (i32.load (i32.const 4096)) (then unreachable))
             (if (i32.eqz (ref.is_null (table.get $table (i32.const 3)))) (then unreachable))
             (global.set $seen (i32.const 1))
             (i32.store (i32.const 4096) (i32.const 1))
             (table.set $table (i32.const 3) (ref.func $some))
             (i32.const 16)",
        );
    let connector = bench.load(&guest).await;
    for _ in 0..10 {
        assert_eq!(done(execute(&connector, &FakeHost::default()).await), "{}");
    }
}

/// A host that takes its time over the list of attachments.
struct SlowHost(Duration);

#[async_trait]
impl Host for SlowHost {
    async fn send(&mut self, _: Request) -> Result<Response, SendError> {
        unreachable!("nobody asks")
    }

    async fn send_all(&mut self, _: Vec<Request>) -> Vec<Result<Response, SendError>> {
        unreachable!("nobody asks")
    }

    fn conclude(&mut self, _: &str, _: Standing) -> Result<(), String> {
        Ok(())
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        tokio::time::sleep(self.0).await;
        Ok(Vec::new())
    }

    async fn read_attachment(&mut self, _: &str, _: u64, _: u32) -> Result<Bytes, AttachmentError> {
        unreachable!("nobody asks")
    }

    async fn create_attachment(&mut self, _: String, _: String, _: Bytes) -> Result<Attachment, AttachmentError> {
        unreachable!("nobody asks")
    }

    async fn put_file(&mut self, _: String, _: String, _: Bytes) -> Result<(), FolderError> {
        unreachable!("nobody asks")
    }

    async fn get_file(&mut self, _: String, _: String) -> Result<Option<Bytes>, FolderError> {
        Ok(None)
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        unreachable!("nobody asks")
    }

    async fn open_callback(&mut self, _: Duration) -> Result<String, CallbackError> {
        unreachable!("nobody asks")
    }

    fn log(&mut self, _: TimelineLevel, _: String) {}
}
