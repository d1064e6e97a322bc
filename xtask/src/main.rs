//! The project's automation: `cargo xtask NAME`.

mod bench; // what things cost
mod demo; // the examples, from nothing
mod foreign; // test guests in other languages
mod guests; // connectors and test guests, as components
mod openapi; // the API's documentation
mod programs; // what is started from here
mod test; // everything that has to hold
mod tidy; // what no compiler checks
mod torture; // a host that is killed over and over

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
    /// Shows the examples against simulated targets, with faults switched on: each business key has one effect.
    Demo {
        /// The example; all of them, one after the other, when there is none.
        #[arg(value_enum)]
        example: Option<demo::Story>,
        /// Ends when the example has been shown, instead of staying up until Ctrl-C. All of them end anyway.
        #[arg(long)]
        exit: bool,
        /// Draws what happened into this folder, as SVG.
        #[arg(long, value_name = "FOLDER")]
        draw: Option<std::path::PathBuf>,
        /// Prints one JSON object on standard output; what people read goes to standard error.
        #[arg(long)]
        json: bool,
    },
    /// Runs everything that has to hold before a push.
    Test {
        /// Suites that need more of the machine; each installs what it needs.
        #[arg(long, value_enum, value_delimiter = ',')]
        with: Vec<test::Suite>,
    },
    /// Kills a host over and over, and compares what was acknowledged with what arrived. Goes on where it ended.
    Torture {
        #[command(flatten)]
        goal: torture::Goal,
    },
    /// Measures what things cost, against what they would cost without the host.
    Bench {
        /// What is measured; everything when there is nothing.
        #[arg(value_enum)]
        benches: Vec<bench::Bench>,
    },
    /// Compares the workspace with ARCHITECTURE.md and the house's habits.
    Tidy,
    /// Writes `docs/openapi.json`: what the endpoints take and answer.
    Openapi,
    /// Builds connectors and test guests as components.
    Guests {
        /// The guests' folder names; all when there are none.
        names: Vec<String>,
        /// Which compiler builds them.
        #[arg(long, value_enum, default_value_t)]
        toolchain: sluse_guest_build::Choice,
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
        Task::Demo { example, exit, draw, json } => demo::run(example, demo::Manner { exit, json }, draw.as_deref()),
        Task::Test { with } => test::run(&with),
        Task::Torture { goal } => torture::run(goal),
        Task::Bench { benches } => bench::run(&benches),
        Task::Tidy => tidy::run(),
        Task::Openapi => openapi::run(),
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

/// A line of a product: what the caller asked for.
#[expect(clippy::print_stdout, reason = "the one place from which products go to standard output")]
fn print(line: &str) {
    println!("{line}");
}
