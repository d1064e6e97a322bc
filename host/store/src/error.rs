//! What can go wrong with a store, and who can act on it.

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the database.
    #[error(
        "the database `{path}` is in use by another process: stop that `sluse serve` first, or give this one its own `data.folder`"
    )]
    Locked { path: String },
    /// Another program writes to the database: a tool, a backup.
    #[error(
        "the database `{path}` is held by another program, perhaps one that looks into it or copies it: let that one finish"
    )]
    Busy { path: String },
    /// The database or its folder cannot be written.
    #[error("the database `{path}` cannot be written: {detail}")]
    NotWritable { path: String, detail: String },
    /// A later release has written the database.
    #[error(
        "the database `{path}` has schema {found}, and this release knows {known}: start the release that wrote it, or a later one"
    )]
    Newer { path: String, found: u32, known: u32 },
    /// The file is no database, or a damaged one.
    #[error("the database `{path}` is damaged: {detail}; restore the latest backup")]
    Damaged { path: String, detail: String },
    /// What was to be changed has changed meanwhile: another holder, another state.
    #[error("{0} has changed meanwhile")]
    Stale(String),
    /// There is nothing of this name.
    #[error("there is no {0}")]
    NotFound(String),
    /// A page token that no page ended with.
    #[error("there is no page `{0}`: begin again without it")]
    NoSuchPage(String),
    /// No room left on the disk.
    #[error("the disk is full")]
    Full,
    /// It cannot be done now.
    #[error("the store is not available: {0}")]
    Unavailable(String),
}
