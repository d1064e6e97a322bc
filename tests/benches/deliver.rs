//! What a durable delivery costs, through the whole host, against a plain loop that accepts over HTTP, sends the
//! same requests and commits as often without any guest. Both in one process, in turn, so that what counts is
//! the ratio. Run with `cargo xtask bench deliver`. With `neighbours`: what one target that hangs costs the others;
//! with `call`: what the host adds for somebody who waits for an answer.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the product of a benchmark is what it prints")]
#![expect(clippy::disallowed_types, reason = "the limit that egress is measured against")]

#[path = "deliver/arms.rs"]
mod arms; // the two that are compared
#[path = "deliver/call.rs"]
mod call; // what somebody who waits notices
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

/// What the guest is asked for: a request that must happen once, with an intent in the journal, and one that may be
/// repeated, without.
const ONCE: &str = "post";
const REPEATABLE: &str = "put";

/// One after the other, so that no commit is shared.
const ALONE: usize = 200;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    for argument in std::env::args() {
        match argument.as_str() {
            "neighbours" => return neighbours::measure().await,
            "call" => return call::measure().await,
            _ => {}
        }
    }
    for delay_ms in [0, 50] {
        let target = load::Target::start(Duration::from_millis(delay_ms)).await?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let once = host(target.url(), ONCE).await?;
            let repeatable = host(target.url(), REPEATABLE).await?;
            let plain = plain::PlainArm::start(target.url()).await?;
            let limit = measure(&plain, SUBMISSIONS, SUBMITTERS).await?;
            rounds.push(Round { once, repeatable, limit });
        }
        report(delay_ms, rounds);
    }
    commits().await?;
    memory::measure().await
}

async fn host(target: &str, operation: &str) -> anyhow::Result<Figures> {
    let host = host::HostArm::start(target, operation).await?;
    let figures = measure(&host, SUBMISSIONS, SUBMITTERS).await?;
    host.stop().await;
    Ok(figures)
}

/// One round of each.
struct Round {
    once: Figures,
    repeatable: Figures,
    limit: Figures,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.once.per_second / self.limit.per_second
    }
}

fn report(delay_ms: u64, mut rounds: Vec<Round>) {
    rounds.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
    let median = &rounds[rounds.len() / 2];
    let Round { once, repeatable, limit } = median;
    println!("target {delay_ms} ms, {SUBMISSIONS} deliveries, {SUBMITTERS} submitters, median of {ROUNDS} rounds");
    println!("  sluse, once        {once}");
    println!("  sluse, repeatable  {repeatable}");
    println!("  plain loop         {limit}");
    println!(
        "  ratio              {:.2}, of processor time {:.2}; with the journal {:.2} of without",
        median.ratio(),
        limit.processor_us / once.processor_us,
        once.per_second / repeatable.per_second
    );
}

/// Commits for each delivery: one after the other, and when many share them.
async fn commits() -> anyhow::Result<()> {
    let target = load::Target::start(Duration::ZERO).await?;
    for (what, operation) in [("once", ONCE), ("repeatable", REPEATABLE)] {
        let mut told = Vec::new();
        for (count, submitters) in [(ALONE, 1), (SUBMISSIONS, SUBMITTERS)] {
            let host = host::HostArm::start(target.url(), operation).await?;
            let before = host.statistics();
            measure(&host, count, submitters).await?;
            told.push((host.statistics().commits - before.commits) as f64 / count as f64);
            host.stop().await;
        }
        println!("commits per delivery, {what}: {:.2} alone, {:.2} with {SUBMITTERS} submitters", told[0], told[1]);
    }
    Ok(())
}
