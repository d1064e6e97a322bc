//! What can be written about deliveries.

use std::path::PathBuf;

use clap::{Args, Subcommand, builder::PossibleValuesParser};
use sluse_model::{DeliveryId, Name, Reason, Timestamp};

#[derive(Debug, Subcommand)]
pub(crate) enum Delivery {
    /// List deliveries, the latest first.
    List {
        #[command(flatten)]
        filter: Box<DeliveryFilter>,
        /// At most this many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Where the page before ended.
        #[arg(long)]
        after: Option<String>,
    },
    /// Show a delivery with its attempts, its input and output, and what people did about it.
    Show {
        /// del-…
        delivery: DeliveryId,
    },
    /// Try a delivery again now, whatever its policy has left for it.
    Retry {
        /// del-…
        delivery: DeliveryId,
        #[command(flatten)]
        doubt: Doubt,
        #[command(flatten)]
        seen: Seen,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Try a delivery again now, with another input.
    Edit {
        /// del-…
        delivery: DeliveryId,
        /// The input, a JSON file; `-` reads standard input.
        input: PathBuf,
        #[command(flatten)]
        doubt: Doubt,
        #[command(flatten)]
        seen: Seen,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Close a delivery as succeeded, with what came of it; its run goes on.
    Resolve {
        /// del-…
        delivery: DeliveryId,
        /// What came of it, a JSON file; `-` reads standard input.
        output: PathBuf,
        #[command(flatten)]
        seen: Seen,
        /// How you know, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Close a delivery as failed, and its run with it.
    Close {
        /// del-…
        delivery: DeliveryId,
        #[command(flatten)]
        seen: Seen,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Let those that share its ordering key go on without it.
    Skip {
        /// del-…
        delivery: DeliveryId,
        #[command(flatten)]
        seen: Seen,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Say whose work a delivery is.
    Assign {
        /// del-…
        delivery: DeliveryId,
        /// The queue; without one it is nobody's in particular.
        queue: Option<Name>,
        /// Why, for whoever asks later.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DeliveryFilter {
    /// Only those in this state.
    #[arg(long, value_parser = ["queued", "running", "retrying", "waiting", "attention", "closed"])]
    pub(crate) state: Option<String>,
    /// Only those of this connection.
    #[arg(long)]
    pub(crate) connection: Option<Name>,
    /// Only those of this flow.
    #[arg(long)]
    pub(crate) flow: Option<Name>,
    /// Only those that were accepted then or later: 2026-03-01T06:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,
    /// Only those that were accepted before.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,
    /// Only those that wait for a person for this reason.
    #[arg(long, value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::as_str)))]
    pub(crate) reason: Option<String>,
    /// Only those that wait for whoever works on this queue.
    #[arg(long)]
    pub(crate) queue: Option<Name>,
    /// Only those with this text in the problem that they met.
    #[arg(long)]
    pub(crate) text: Option<String>,
}

/// A point in time, as the API takes it.
fn time(text: &str) -> Result<Timestamp, String> {
    let advice = "write date, time and zone: 2026-03-01T06:00:00Z or 2026-03-01T07:00:00+01:00";
    serde_json::from_value(text.into()).map_err(|_| advice.into())
}

#[derive(Debug, Args)]
pub(crate) struct Doubt {
    /// You have looked at the target: nothing of what may have happened did. It may be sent again.
    #[arg(long, requires = "attempts_seen")]
    pub(crate) did_not_happen: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Seen {
    /// How many attempts had begun when you looked, as `sluse delivery show` says: with more by now nothing is done.
    #[arg(long, value_name = "N")]
    pub(crate) attempts_seen: Option<u32>,
}
