//! WASI 0.2 for components of other toolchains, and inert: no files, no sockets, no environment, clocks that
//! belong to the call, randomness that repeats with the delivery, output that goes to the log.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rand::{SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};
use sluse_connector::{Call, Lines};
use sluse_model::{TimelineLevel, Timestamp};
use tokio::io::AsyncWrite;
use wasmtime::component::Linker;
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, ResourceTable, WasiCtx, WasiCtxView, WasiView,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::{limits::MAX_RESOURCES, state::CallState, text::MAX_LINE_BYTES};

/// The WASI interfaces that are offered, without their version: every 0.2 will do.
pub(crate) const INTERFACES: [&str; 27] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// What a key or a hash table's seed needs, many times over.
const MAX_RANDOM_BYTES: u64 = 4 << 10;

/// A clock that is too coarse to measure what others do.
const CLOCK_RESOLUTION: Duration = Duration::from_millis(10);

pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)
}

/// WASI of one call.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    output: Output,
}

impl Wasi {
    /// For a call of `delivery`. Each attempt sees the same randomness and the same wall clock.
    pub(crate) fn for_call(call: &Call) -> Self {
        Self::new(&call.delivery, call.accepted_at)
    }

    /// For `describe`, which belongs to no delivery and knows no time.
    pub(crate) fn for_describe() -> Self {
        Self::new("describe", Timestamp::from_millis(0))
    }

    fn new(delivery: &str, now: Timestamp) -> Self {
        let output = Output::default();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let context = WasiCtx::builder()
            .stdout(output.stream(TimelineLevel::Info))
            .stderr(output.stream(TimelineLevel::Warn))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .wall_clock(WallClock(now))
            .monotonic_clock(MonotonicClock(Instant::now()))
            .max_random_size(MAX_RANDOM_BYTES)
            .secure_random(generator("secure", delivery))
            .insecure_random(generator("insecure", delivery))
            .insecure_random_seed(u128::from_le_bytes(first_half(seed("hash", delivery))))
            .build();
        Self { context, table, output }
    }

    /// What was printed since the last time; an unfinished line only when the call has `ended`.
    pub(crate) fn take_lines(&mut self, ended: bool) -> Vec<(TimelineLevel, String)> {
        self.output.take_lines(ended)
    }
}

impl fmt::Debug for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wasi")
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.as_mut().expect("a component that imports WASI is called with one");
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

fn seed(purpose: &str, delivery: &str) -> [u8; 32] {
    Sha256::new().chain_update("sluse wasi ").chain_update(purpose).chain_update(delivery).finalize().into()
}

fn first_half(seed: [u8; 32]) -> [u8; 16] {
    seed[..16].try_into().expect("sixteen bytes of thirty-two")
}

fn generator(purpose: &str, delivery: &str) -> StdRng {
    StdRng::from_seed(seed(purpose, delivery))
}

/// Stands still where the delivery was accepted.
struct WallClock(Timestamp);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.as_millis()).unwrap_or(0))
    }
}

/// Begins at zero with the call and moves in steps.
struct MonotonicClock(Instant);

impl HostMonotonicClock for MonotonicClock {
    fn resolution(&self) -> u64 {
        nanoseconds(CLOCK_RESOLUTION)
    }

    fn now(&self) -> u64 {
        let step = nanoseconds(CLOCK_RESOLUTION);
        nanoseconds(self.0.elapsed()) / step * step
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What a component printed and nobody has taken yet.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Printed>>);

#[derive(Default)]
struct Printed {
    lines: Lines<(TimelineLevel, String)>,
    unfinished: Vec<(TimelineLevel, Vec<u8>)>,
}

impl Output {
    fn stream(&self, level: TimelineLevel) -> Stream {
        Stream { level, output: self.clone() }
    }

    fn print(&self, level: TimelineLevel, bytes: &[u8]) {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            printed.add(level, piece);
        }
    }

    fn take_lines(&self, ended: bool) -> Vec<(TimelineLevel, String)> {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ended {
            let unfinished = std::mem::take(&mut printed.unfinished);
            for (level, line) in unfinished.into_iter().filter(|(_, line)| !line.is_empty()) {
                printed.lines.push((level, text(&line)), line.len());
            }
        }
        std::mem::take(&mut printed.lines).finish(|left_out, _| {
            (TimelineLevel::Warn, format!("… the call printed {left_out} lines here that are left out"))
        })
    }
}

impl Printed {
    fn add(&mut self, level: TimelineLevel, piece: &[u8]) {
        let position = match self.unfinished.iter().position(|(other, _)| *other == level) {
            Some(position) => position,
            None => {
                self.unfinished.push((level, Vec::new()));
                self.unfinished.len() - 1
            }
        };
        let line = &mut self.unfinished[position].1;
        line.extend_from_slice(piece.strip_suffix(b"\n").unwrap_or(piece));
        // What never ends is cut into lines.
        if piece.ends_with(b"\n") || line.len() >= MAX_LINE_BYTES {
            let line = std::mem::take(line);
            self.lines.push((level, text(&line)), line.len());
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// Standard output or standard error of a call.
struct Stream {
    level: TimelineLevel,
    output: Output,
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.output.stream(self.level))
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.output.stream(self.level))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.print(self.level, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_LINE_BYTES)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.output.print(self.level, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
