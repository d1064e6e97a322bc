//! What a durable delivery costs, through the whole host, against a plain loop that accepts over HTTP, sends the
//! same requests and commits as often without any guest. Both in one process, in turn, so that what counts is
//! the ratio. Run with `cargo xtask bench deliver`. With `neighbours`: what one target that hangs costs the others.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the product of a benchmark is what it prints")]
#![expect(clippy::disallowed_types, reason = "the limit that egress is measured against")]

#[path = "deliver/arms.rs"]
mod arms; // the two that are compared
#[path = "deliver/host.rs"]
mod host; // the host as it is
#[path = "deliver/load.rs"]
mod load; // who submits, and the target
#[path = "deliver/memory.rs"]
mod memory; // what the host holds
#[path = "deliver/neighbours.rs"]
mod neighbours; // connections beside one that hangs
#[path = "deliver/plain.rs"]
mod plain; // the loop without a guest

use std::time::Duration;

use load::{Figures, measure};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Submissions per round.
const SUBMISSIONS: usize = 5_000;
const ROUNDS: usize = 3;
/// Submitters side by side.
const SUBMITTERS: usize = 64;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "neighbours") {
        return neighbours::measure().await;
    }
    for delay_ms in [0, 50] {
        let target = load::Target::start(Duration::from_millis(delay_ms)).await?;
        let mut pairs = Vec::new();
        for _ in 0..ROUNDS {
            let host = host::HostArm::start(target.url()).await?;
            let ours = measure(&host, SUBMISSIONS, SUBMITTERS).await?;
            host.stop().await;
            let plain = plain::PlainArm::start(target.url()).await?;
            let limit = measure(&plain, SUBMISSIONS, SUBMITTERS).await?;
            pairs.push((ours, limit));
        }
        report(delay_ms, pairs);
    }
    memory::measure().await
}

fn report(delay_ms: u64, mut pairs: Vec<(Figures, Figures)>) {
    pairs.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let (ours, limit) = &pairs[pairs.len() / 2];
    println!("target {delay_ms} ms, {SUBMISSIONS} deliveries, {SUBMITTERS} submitters, median of {ROUNDS} pairs");
    println!("  sluse       {ours}");
    println!("  plain loop  {limit}");
    println!(
        "  ratio       {:.2}, of processor time {:.2}",
        ratio(&pairs[pairs.len() / 2]),
        limit.processor_us / ours.processor_us
    );
}

fn ratio((ours, limit): &(Figures, Figures)) -> f64 {
    ours.per_second / limit.per_second
}
