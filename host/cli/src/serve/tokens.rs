//! The first token: made when there is none that allows everything, so that somebody can make others. Readable by its owner only.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use sluse_api::create_token;
use sluse_engine::Engine;
use sluse_model::{Digest, Scope, Token};

use crate::client::FIRST_TOKEN_FILE;

/// The file of the first token, written now if no token can make others. `None` when what is in it opens nothing.
pub(super) async fn first(engine: &Engine, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let file = folder.join(FIRST_TOKEN_FILE);
    let tokens = engine.store().tokens().await?;
    if !tokens.iter().any(|(token, _)| token.allows(Scope::Admin)) {
        let created = create_token(engine, "first".into(), vec![Scope::Admin]).await?;
        write(&file, &created.text).with_context(|| format!("to write the first token to `{}`", file.display()))?;
        return Ok(Some(file));
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    Ok(opens(&tokens, &written).then_some(file))
}

/// Whether this text is that of a token which is not revoked.
fn opens(tokens: &[(Token, Digest)], text: &str) -> bool {
    let sent = Digest::of(text.trim());
    tokens.iter().any(|(token, hash)| *hash == sent && token.revoked_at.is_none())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(opened, "{text}")?;
    opened.sync_all()
}

#[cfg(test)]
mod tests {
    use sluse_model::{Timestamp, TokenId};

    use super::*;

    #[test]
    fn a_revoked_token_is_not_offered() {
        let now = Timestamp::from_millis(0);
        let id = TokenId::from_bytes([7; 16]);
        let live = Token { id, name: "first".into(), scopes: vec![Scope::Admin], created_at: now, revoked_at: None };
        let revoked = Token { revoked_at: Some(now), ..live.clone() };
        let hash = Digest::of("sluse_first");
        assert!(opens(&[(live.clone(), hash)], "sluse_first\n"));
        assert!(!opens(&[(live, hash)], ""));
        assert!(!opens(&[(revoked, hash)], "sluse_first\n"));
    }
}
