//! What a backlog costs: how fast deliveries are claimed and settled with nothing else waiting and with a million, and
//! how soon the program serves and goes on with them after it was killed. Run with `cargo xtask bench backlog`; some
//! minutes go by while a million is accepted.

#![expect(clippy::print_stdout, reason = "the product of a benchmark is what it prints")]

#[path = "backlog/claims.rs"]
mod claims; // claimed and settled, as fast as it goes
#[path = "backlog/fill.rs"]
mod fill; // what waits
#[path = "backlog/recovery.rs"]
mod recovery; // the program, after a kill

/// How much waits.
const BACKLOGS: [u64; 2] = [100_000, 1_000_000];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let named: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let backlogs = if named.is_empty() { BACKLOGS.to_vec() } else { named };
    claims::measure(*backlogs.iter().max().expect("at least one")).await?;
    for backlog in backlogs {
        recovery::measure(backlog).await?;
    }
    Ok(())
}
