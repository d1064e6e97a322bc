//! The first token: made when there is none, so that somebody can make others. Readable by its owner only.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use sluse_api::create_token;
use sluse_engine::Engine;
use sluse_model::Scope;

use crate::client::FIRST_TOKEN_FILE;

/// The file of the first token, written now if no token was ever made.
pub(super) async fn first(engine: &Engine, folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join(FIRST_TOKEN_FILE);
    if engine.store().tokens().await?.is_empty() {
        let created = create_token(engine, "first".into(), vec![Scope::Admin]).await?;
        write(&file, &created.text).with_context(|| format!("to write the first token to `{}`", file.display()))?;
    }
    Ok(file)
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(opened, "{text}")?;
    opened.sync_all()
}
