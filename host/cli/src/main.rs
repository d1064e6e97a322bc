//! `sluse`: the composition root and the only binary. `serve` wires ports to adapters; every other command is
//! a client of the running host's API, or works on files alone.

mod arguments; // what can be written
mod client; // asking a running host
mod commands; // one file per command
mod failure; // what went wrong, and the exit code
mod files; // what people hand in
mod form; // a submission with files
mod output; // tables for people, JSON for programs
mod serve; // the host
mod settings; // sluse.toml
mod sources; // the clock and the dice

use std::{process::ExitCode, time::Duration};

use clap::Parser;

use arguments::{Arguments, Command};
use failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Everything is written when the work has ended; what still runs then is a share that does not answer, and nobody
/// waits for that.
const HANGS_FOR: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    // The child that compiles takes no part in anything else.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == serve::COMPILE_COMPONENT) {
        return sluse_sandbox::compile_child(words);
    }
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run(arguments));
            runtime.shutdown_timeout(HANGS_FOR);
            result
        }
        Err(error) => Err(Failure::Failed(anyhow::anyhow!("failed to start the runtime: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Serve(command) => serve::serve(&global, command).await,
        Command::Resume => commands::connection::resume(&global).await,
        Command::Apply(command) => commands::apply::run(&global, command).await,
        Command::Submit(command) => commands::submit::run(&global, command).await,
        Command::Call(command) => commands::call::run(&global, command).await,
        Command::Run(command) => commands::run::run(&global, command).await,
        Command::Delivery(command) => commands::delivery::run(&global, command).await,
        Command::Bulk(command) => commands::bulk::run(&global, command).await,
        Command::Schedule(command) => commands::schedule::run(&global, command).await,
        Command::Connector(command) => commands::connector::run(&global, command).await,
        Command::Connection(command) => commands::connection::run(&global, command).await,
        Command::Secret(command) => commands::secret::run(&global, command).await,
        Command::Token(command) => commands::token::run(&global, command).await,
        Command::Config(command) => commands::config::run(&global, command),
        Command::Doctor(command) => commands::doctor::run(&global, command).await,
    }
}
