//! What can be written about many deliveries.

use clap::{Args, Subcommand};
use sluse_model::{BatchId, Name};

use super::DeliveryFilter;

#[derive(Debug, Subcommand)]
pub(crate) enum Bulk {
    /// Try deliveries again now, whatever their policies have left for them.
    ///
    /// Those that wait for a person, unless `--state` says otherwise. At least one filter is needed.
    #[command(mut_arg("state", |state| state.value_parser(["attention", "retrying"])))]
    Retry {
        #[command(flatten)]
        many: Box<Many>,
        /// You have looked at the target: nothing of what may have happened did. It may be sent again.
        #[arg(long)]
        did_not_happen: bool,
    },
    /// Close deliveries as failed, and their runs with them. Needs `--why`, but for a dry run.
    ///
    /// Those that wait for a person, unless `--state` says otherwise. At least one filter is needed.
    #[command(mut_arg("state", |state| state.value_parser(["attention", "retrying", "waiting", "queued"])))]
    Close {
        #[command(flatten)]
        many: Box<Many>,
    },
    /// Say whose work deliveries are: those that wait for a person. At least one filter is needed.
    #[command(mut_arg("state", |state| state.value_parser(["attention"])))]
    Assign {
        /// Whose work they are: the queue.
        #[arg(value_name = "QUEUE")]
        to: Name,
        #[command(flatten)]
        many: Box<Many>,
    },
    /// List what was done about many deliveries, the latest first.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Where the page before ended.
        #[arg(long)]
        after: Option<String>,
    },
    /// Show how far it has come.
    Show {
        /// bat-…
        batch: BatchId,
    },
    /// Stop it: nothing more is done, and what was done stays.
    Stop {
        /// bat-…
        batch: BatchId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Many {
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    /// Do nothing, and say how many it would be.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// At most so many in a second.
    #[arg(long, value_name = "NUMBER", default_value_t = sluse_model::USUAL_BATCH_RATE)]
    pub(crate) per_second: u32,
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
}
