//! What can be written on the command line.

mod bulk; // about many deliveries
mod call; // about one operation
mod delivery; // about deliveries

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sluse_model::{Name, RunId, Scope, TokenId};

pub(crate) use bulk::{Bulk, Many};
pub(crate) use call::Call;
pub(crate) use delivery::{Delivery, DeliveryFilter};

/// A host for connectors: each runs as a sandboxed WebAssembly component, while networking, credentials, files,
/// retries and state stay with the host.
#[derive(Debug, Parser)]
#[command(name = "sluse", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What goes for every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The settings file; by default ./sluse.toml, else the one in the user's configuration folder.
    #[arg(long, global = true, env = "SLUSE_CONFIG", value_name = "FILE", help_heading = "For every command")]
    pub(crate) config: Option<PathBuf>,
    /// Where the running host is: http://127.0.0.1:7580. By default where the settings say that it listens.
    #[arg(long, global = true, env = "SLUSE_URL", value_name = "URL", help_heading = "For every command")]
    pub(crate) url: Option<String>,
    /// A file with the token to ask with; by default $SLUSE_TOKEN, else the first token in the data folder.
    #[arg(long, global = true, env = "SLUSE_TOKEN_FILE", value_name = "FILE", help_heading = "For every command")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true, help_heading = "For every command")]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the host until it is told to stop.
    Serve(Serve),
    /// Let go of what a host that was started with `serve --paused` holds.
    Resume,
    /// Apply connections, flows and schedules from TOML files: all of them, or none.
    Apply(Apply),
    /// Hand in a submission.
    Submit(Submit),
    /// Do one operation of a connection, and print its output.
    Call(Call),
    /// Look at runs.
    #[command(subcommand)]
    Run(Run),
    /// Look at deliveries, and act on those that wait for a person.
    #[command(subcommand)]
    Delivery(Delivery),
    /// Do something about many deliveries at once, not too fast, and stop it if need be.
    #[command(subcommand)]
    Bulk(Bulk),
    /// Look at schedules and what became of their ticks, fire one by hand.
    #[command(subcommand)]
    Schedule(Schedule),
    /// Build, test, install and swap connectors.
    #[command(subcommand)]
    Connector(Connector),
    /// Look at connections, try them, pause them.
    #[command(subcommand)]
    Connection(Connection),
    /// Write secrets, and say where they may go.
    #[command(subcommand)]
    Secret(Secret),
    /// Make and revoke API tokens.
    #[command(subcommand)]
    Token(Token),
    /// Show the settings in force.
    #[command(subcommand)]
    Config(Config),
    /// Say what was read from where, and whether the host is well and its schedules do what they are for.
    #[command(after_help = DOCTOR_CODES)]
    Doctor(Doctor),
}

/// What `doctor` ends with, for those who watch.
const DOCTOR_CODES: &str = "\
Exit codes:
  0  everything is well
  1  something here is not: the settings, the data folder, the token's file
  3  the host refused to say: the token does not allow it, or the host is not ready
  4  no host answers
  5  a feed or another schedule has not run, or fails; told whatever else is the matter";

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Only look at feeds and other schedules; a token with the scope `monitor` will do.
    #[arg(long)]
    pub(crate) feeds: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Listen here instead of where the settings say; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Keep data here instead of where the settings say.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Begin no delivery before `sluse resume`, to look before everything runs again. Submissions are accepted.
    #[arg(long)]
    pub(crate) paused: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Files of [[connection]], [[flow]] and [[schedule]] tables.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only say what would change.
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Submit {
    /// The flow to run.
    pub(crate) flow: Name,
    /// The submission, a JSON file; `-` reads standard input.
    pub(crate) submission: PathBuf,
    /// A file to go with it; may be given again.
    #[arg(long = "attach", value_name = "FILE")]
    pub(crate) attachments: Vec<PathBuf>,
    /// The same key with the same body is the same submission: hand in again without fear.
    #[arg(long, value_name = "KEY", value_parser = call::key)]
    pub(crate) key: Option<String>,
    /// Wait until the run is closed or needs a person, and print its timeline as it grows.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait no longer than this.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Run {
    /// List runs, the latest first.
    List {
        /// Only those of this flow.
        #[arg(long)]
        flow: Option<Name>,
        /// Only those in this state.
        #[arg(long, value_enum)]
        state: Option<RunStateArgument>,
        /// At most this many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Where the page before ended.
        #[arg(long)]
        after: Option<String>,
    },
    /// Show a run with its timeline and link parameters.
    Show {
        /// run-…
        run: RunId,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RunStateArgument {
    Running,
    Attention,
    Succeeded,
    Failed,
}

impl RunStateArgument {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Attention => "attention",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connector {
    /// Build the connector in a folder into a component.
    Build {
        /// The folder of the connector's package.
        folder: PathBuf,
        /// Which compiler builds it.
        #[arg(long, value_enum, default_value_t)]
        toolchain: sluse_guest_build::Choice,
    },
    /// Verify a component as the host would, and say what it is.
    Inspect {
        /// A component (.wasm).
        component: PathBuf,
        /// An operation, a feed, or `settings`: what its members are.
        #[arg(value_name = "OPERATION")]
        of: Option<String>,
    },
    /// Say what a connector of the running host can do, and what an operation wants and gives.
    Show {
        /// As `connector list` shows it.
        connector: Name,
        /// An operation, a feed, or `settings`: what its members are.
        #[arg(value_name = "OPERATION")]
        of: Option<String>,
    },
    /// Run a connector's cases against scripted targets, without network.
    Test {
        /// The connector's folder, with `cases/` in it.
        folder: PathBuf,
        /// The component; by default the one that `connector build` made.
        #[arg(long, value_name = "FILE")]
        component: Option<PathBuf>,
        /// Only cases whose name contains this.
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
    },
    /// Hand a component to the running host; it becomes active at once.
    Install {
        /// A component (.wasm).
        component: PathBuf,
        /// Install it without activating it.
        #[arg(long)]
        no_activate: bool,
        /// Activate it although something configured would not work with it.
        #[arg(long)]
        force: bool,
    },
    /// List installed revisions.
    List,
    /// Make an installed revision the active one.
    Activate {
        /// As `connector list` shows it.
        connector: Name,
        /// As `connector list` shows it: the beginning of its digest is enough, where no other begins so.
        #[arg(value_parser = digits)]
        revision: String,
        /// Activate it although something configured would not work with it.
        #[arg(long)]
        force: bool,
    },
    /// Go back to the revision that was active before.
    Rollback {
        /// As `connector list` shows it.
        connector: Name,
    },
}

/// The beginning of a digest.
fn digits(text: &str) -> Result<String, String> {
    let are_some = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if are_some { Ok(text.to_ascii_lowercase()) } else { Err("a revision is up to 64 hex digits".to_owned()) }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    /// List connections.
    List,
    /// Try a connection's sign-in and rights, without changing anything at its target.
    Check {
        /// As `connection list` shows it.
        connection: Name,
    },
    /// Let nothing begin at a connection until it is resumed. What is handed in is accepted, and waits.
    Pause {
        /// As `connection list` shows it.
        connection: Name,
        /// Why, for whoever finds it paused.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// End the pause of a connection.
    Resume {
        /// As `connection list` shows it.
        connection: Name,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schedule {
    /// List schedules, with their next and their latest tick.
    List,
    /// Show a schedule and its ticks, the latest first: fired, late, skipped, and what came of each.
    Show {
        /// As `schedule list` shows it.
        schedule: Name,
        /// At most this many ticks.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Where the page before ended.
        #[arg(long)]
        after: Option<String>,
    },
    /// Fire a tick now, whatever is planned, also of a schedule that is switched off.
    Fire {
        /// As `schedule list` shows it.
        schedule: Name,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Write a secret; its value is read from standard input, without a newline at its end.
    Set {
        /// As the connection names it: `{ secret = "NAME" }`.
        name: Name,
    },
    /// List secrets, and where each may go.
    List,
    /// Remove a secret.
    Remove {
        /// As `secret list` shows it.
        name: Name,
        /// Remove it although connections use it: what goes through them waits for a person then.
        #[arg(long)]
        force: bool,
    },
    /// Let a secret go to an address that it has not gone to before, or that was withdrawn.
    Confirm {
        /// As `secret list` shows it.
        name: Name,
        /// Scheme, host and port: https://workzone.example.dk
        origin: String,
    },
    /// Send a secret no more to an address. Only `confirm` lifts that, no configuration does.
    Withdraw {
        /// As `secret list` shows it.
        name: Name,
        /// Scheme, host and port, as `secret list` prints them.
        origin: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token. It is printed once, and never again.
    Create {
        /// Who holds it.
        name: String,
        /// What it allows: submit, operate, deploy, secrets, monitor, admin; may be given again.
        #[arg(long = "scope", required = true)]
        scopes: Vec<Scope>,
    },
    /// List tokens.
    List,
    /// Revoke a token for good.
    Revoke {
        /// tok-…
        token: TokenId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print the settings that a host would start with here, by the names that they have in sluse.toml. One that runs has
    /// those that it found when it started.
    Show,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use sluse_model::BatchAct;

    use super::*;

    #[test]
    fn a_filter_that_cannot_be_meant_is_refused_with_what_can() {
        for (words, told) in [
            (["delivery", "list", "--since", "yesterday"], "2026-03-01T06:00:00Z"),
            (["delivery", "list", "--until", "2026-03-01"], "2026-03-01T06:00:00Z"),
            (["delivery", "list", "--reason", "bad"], "rejected"),
            (["delivery", "list", "--state", "open"], "queued"),
            (["bulk", "retry", "--state", "closed"], "attention, retrying]"),
            (["bulk", "close", "--state", "closed"], "attention, retrying, waiting, queued]"),
        ] {
            let refused = Arguments::try_parse_from(["sluse"].into_iter().chain(words)).expect_err("no filter");
            assert_eq!(refused.exit_code(), 2, "{words:?}");
            assert!(refused.to_string().contains(told), "{refused}");
        }
        let words = ["sluse", "delivery", "list", "--since", "2026-03-01T07:00:00+01:00", "--state", "closed"];
        assert!(Arguments::try_parse_from(words).is_ok());
    }

    /// What the command line takes is what can be done.
    #[test]
    fn bulk_work_takes_the_states_in_which_it_is_possible() {
        for (act, name) in [
            (BatchAct::Retry { did_not_happen: false }, "retry"),
            (BatchAct::Close, "close"),
            (BatchAct::Assign { queue: None }, "assign"),
        ] {
            let mut command = Arguments::command();
            let bulk = command.find_subcommand_mut("bulk").and_then(|bulk| bulk.find_subcommand_mut(name));
            let bulk = bulk.expect("a command");
            let state = bulk.get_arguments().find(|argument| argument.get_id() == "state").expect("an argument");
            let values = state.get_possible_values();
            assert_eq!(values.iter().map(|value| value.get_name()).collect::<Vec<_>>(), act.states(), "{name}");
        }
    }

    /// Whatever else stood in a path would ask for something else.
    #[test]
    fn what_is_no_id_is_refused_where_it_is_written() {
        let id = "0123456789abcdef0123456789abcdef";
        let place = |prefix: &str, rest: &str| format!("{prefix}-{id}{rest}");
        for (words, prefix) in [
            (["delivery", "skip"], "del"),
            (["delivery", "show"], "del"),
            (["run", "show"], "run"),
            (["bulk", "stop"], "bat"),
            (["token", "revoke"], "tok"),
        ] {
            let parse = |id: String| Arguments::try_parse_from(["sluse", words[0], words[1], &id]);
            assert!(parse(place(prefix, "")).is_ok(), "{words:?}");
            for rest in ["/close?", "/../x", "?", "%2Fclose"] {
                let refused = parse(place(prefix, rest)).expect_err("no id");
                assert_eq!(refused.exit_code(), 2, "{words:?}");
                assert!(refused.to_string().contains(&format!("it begins with `{prefix}-`")), "{refused}");
            }
        }
    }
}
