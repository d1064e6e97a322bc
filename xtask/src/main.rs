//! The project's automation: `cargo xtask NAME`.

mod foreign; // test guests in other languages
mod guests; // connectors and test guests, as components
mod toolchain; // the compiler that builds them

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What the project does for itself.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds connectors and test guests as components.
    Guests {
        /// The guests' folder names; all when there are none.
        names: Vec<String>,
        /// Which compiler builds them.
        #[arg(long, value_enum, default_value_t)]
        toolchain: toolchain::Choice,
        /// Builds the test guests in these languages too.
        #[arg(long, value_enum, value_delimiter = ',')]
        with: Vec<foreign::Language>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Guests { names, toolchain, with } => {
            guests::build(&names, toolchain)?;
            foreign::build(&with).map(drop)
        }
    }
}

/// Tells the person at the terminal what happens now. Products go to standard output, this does not.
#[expect(clippy::print_stderr, reason = "the one place from which xtask speaks")]
fn say(line: &str) {
    eprintln!("{line}");
}
