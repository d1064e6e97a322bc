//! Everything that has to hold before a push, in stages that say what they do and how long it took. All of them
//! run, also after one has failed; the last line counts what passed and what failed.

mod count; // what ran, and how it ended
mod stages; // what is run
mod suites; // what needs more of the machine

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

use count::Count;
use stages::{Bench, Stage};
pub(crate) use suites::Suite;

/// How one stage went.
struct Outcome {
    name: String,
    count: Count,
    took: Duration,
}

/// Runs the usual stages, and those of the suites that were named.
///
/// # Errors
/// When anything failed.
pub(crate) fn run(named: &[Suite]) -> Result<()> {
    let suites = suites::chosen(named);
    let stages = stages::plan(&suites);
    tell_plan(&stages, &suites);
    let mut bench = Bench::new(suites)?;
    let began = Instant::now();
    let mut outcomes = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        crate::say(&format!("\n== {} of {}: {}", index + 1, stages.len(), stage.title()));
        outcomes.push(play(*stage, &mut bench));
    }
    close(&outcomes, began.elapsed())
}

fn tell_plan(stages: &[Stage], suites: &[Suite]) {
    crate::say(&format!("{} stages (a first run builds everything, which takes a while):", stages.len()));
    for (index, stage) in stages.iter().enumerate() {
        crate::say(&format!("  {:2}  {}", index + 1, stage.title()));
    }
    for suite in Suite::ALL.into_iter().filter(|suite| !suites.contains(suite)) {
        crate::say(&format!("  not run: `--with {}`, {}", suite.name(), suite.about()));
    }
}

fn play(stage: Stage, bench: &mut Bench) -> Outcome {
    let began = Instant::now();
    let count = match stage.run(bench) {
        Ok(count) => count,
        Err(error) => {
            crate::say(&format!("error: {error:#}"));
            Count { passed: 0, failed: 1, ignored: 0 }
        }
    };
    let took = began.elapsed();
    crate::say(&format!("== {}: {count}, in {}", stage.title(), told(took)));
    Outcome { name: stage.title(), count, took }
}

fn close(outcomes: &[Outcome], took: Duration) -> Result<()> {
    crate::say("");
    for Outcome { name, count, took } in outcomes {
        crate::say(&format!("  {:>8}  {:<28}  {name}", told(*took), count.to_string()));
    }
    let total: Count = outcomes.iter().map(|outcome| outcome.count).sum();
    crate::say(&format!("  {:>8}  altogether", told(took)));
    crate::print(&total.to_string());
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| outcome.count.failed > 0).map(|outcome| outcome.name.as_str()).collect();
    if failed.is_empty() { Ok(()) } else { bail!("these stages failed: {}", failed.join("; ")) }
}

/// Minutes and seconds.
fn told(took: Duration) -> String {
    format!("{}:{:02}", took.as_secs() / 60, took.as_secs() % 60)
}
