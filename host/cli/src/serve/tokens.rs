//! The first token: made when there is none that allows everything, so that somebody can make others. Readable by its owner only.

use std::{
    io::Write,
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

/// A new file in place of the one that may be there: who could read that may not read this.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut written = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    writeln!(written, "{text}")?;
    written.as_file().sync_all()?;
    written.persist(file).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sluse_model::{Timestamp, TokenId};

    use super::*;

    #[test]
    fn nobody_else_reads_it_also_where_a_file_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FIRST_TOKEN_FILE);
        std::fs::write(&file, "old").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("set");
        write(&file, "new").expect("written");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "new\n");
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }

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
