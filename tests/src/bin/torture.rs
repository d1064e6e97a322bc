//! Tortures a host and says what was counted: one JSON line on standard output, and exit code 1 when something was
//! found. `cargo xtask torture` starts it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Parser;
use serde::{Deserialize, Serialize};
use sluse_tests::torture::{Borders, Report, Round, torture};

/// Kills in one round: bounds what a round writes to disk, and what is lost when it is ended in the middle.
const ROUND_KILLS: u64 = 400;

#[derive(Parser)]
#[command(about = "Kills a host over and over, and compares what was acknowledged with what arrived")]
struct Arguments {
    /// The program that is tortured.
    #[arg(long)]
    sluse: PathBuf,
    /// The courier's component.
    #[arg(long)]
    courier: PathBuf,
    /// Where data folders and sums are kept.
    #[arg(long)]
    folder: PathBuf,
    /// Kills, over all runs that added to the sums.
    #[arg(long)]
    kills: u64,
    /// Acknowledged submissions, over all runs that added to the sums.
    #[arg(long, default_value_t = 0)]
    submissions: u64,
    /// Begins no kill after so many minutes.
    #[arg(long)]
    minutes: Option<u64>,
    /// Where chance begins; told with what was counted.
    #[arg(long)]
    seed: u64,
    /// What a sabotaged program does wrong; the ordinary one does not know it.
    #[arg(long)]
    sabotage: Option<String>,
    /// Adds to what earlier runs counted, and keeps the sums.
    #[arg(long)]
    resume: bool,
}

/// What is kept between runs.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Sums {
    report: Report,
    borders: Borders,
}

#[tokio::main]
async fn main() -> anyhow::Result<std::process::ExitCode> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let until = began + Duration::from_secs(60 * arguments.minutes.unwrap_or(60 * 24 * 365));
    let path = arguments.folder.join("sums.json");
    let alone = || Sums { borders: Borders::spread(), ..Sums::default() };
    let mut sums = if arguments.resume { read(&path)? } else { alone() };
    let enough = |sums: &Sums| {
        sums.report.kills >= arguments.kills && sums.report.acknowledged >= arguments.submissions
            || !sums.report.is_clean()
    };
    for number in 0.. {
        if enough(&sums) || Instant::now() >= until {
            break;
        }
        let seed = arguments.seed.wrapping_add(number);
        let left = arguments.kills.saturating_sub(sums.report.kills);
        let kills = if left == 0 { ROUND_KILLS } else { left.min(ROUND_KILLS) };
        let folder = arguments.folder.join(format!("seed-{seed}"));
        let round = Round {
            sluse: arguments.sluse.clone(),
            courier: arguments.courier.clone(),
            folder: folder.clone(),
            seed,
            sabotage: arguments.sabotage.clone(),
            kills,
            until,
        };
        let report =
            torture(&round, &mut sums.borders).await.with_context(|| format!("in the round with seed {seed}"))?;
        if !report.is_clean() {
            say(&format!("the round with seed {seed} has findings; its data is in `{}`", folder.display()))?;
        }
        sums.report.add(report);
        say(&format!("{} kills, {} acknowledged", sums.report.kills, sums.report.acknowledged))?;
        if arguments.resume {
            std::fs::write(&path, serde_json::to_vec(&sums)?)?;
        }
    }
    writeln!(std::io::stdout(), "{}", sums.report.told())?;
    Ok(if sums.report.is_clean() { 0 } else { 1 }.into())
}

fn read(path: &Path) -> anyhow::Result<Sums> {
    if !path.exists() {
        return Ok(Sums::default());
    }
    let sums = std::fs::read(path)?;
    serde_json::from_slice(&sums)
        .with_context(|| format!("`{}` holds no sums: remove it to begin anew", path.display()))
}

/// Tells the person at the terminal what happens now.
fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr(), "{line}")
}
