//! `sluse.toml`: text becomes meaning in one step, before anything listens. An unknown key stops the start with
//! its full path and the nearest known one.

mod raw; // as written
mod read; // where from

use std::{net::SocketAddr, path::PathBuf};

use sluse_api::ServeSettings;
use sluse_egress::Ceiling;
use sluse_engine::EngineSettings;

pub(crate) use read::{listen_address, load, load_from};

/// The settings in force.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The file that was read; absent when there was none.
    pub(crate) file: Option<PathBuf>,
    pub(crate) data: DataSettings,
    pub(crate) api: ApiSettings,
    /// Absent when the host takes no callbacks.
    pub(crate) callbacks: Option<CallbackSettings>,
    pub(crate) egress: Ceiling,
    pub(crate) engine: EngineSettings,
    pub(crate) log: LogSettings,
}

/// Where state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataSettings {
    pub(crate) folder: PathBuf,
    /// The master key of secrets; made when it is not there and its place was not given.
    pub(crate) key: KeyPlace,
}

/// Where the master key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    /// `master.key` in the data folder, made at the first start.
    DataFolder,
    /// A file that has to be there.
    File(PathBuf),
    /// `$SLUSE_MASTER_KEY`.
    Environment,
    /// systemd's credentials folder.
    Systemd(PathBuf),
}

/// Where the API listens, and whom it bears with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiSettings {
    pub(crate) listen: SocketAddr,
    pub(crate) serve: ServeSettings,
}

/// Where targets answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallbackSettings {
    pub(crate) listen: SocketAddr,
    /// What the addresses begin with that targets are given; where it listens when absent.
    pub(crate) url: Option<String>,
    pub(crate) max_body_bytes: u64,
}

/// How it is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogSettings {
    pub(crate) json: bool,
    /// As `RUST_LOG` has it.
    pub(crate) filter: String,
}
