//! Files that people hand in as text: as every editor saves them, also on Windows.

use std::path::Path;

use anyhow::{Context, bail};
use serde::de::IgnoredAny;
use tokio::io::AsyncReadExt;

/// What Windows puts before a text.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// What stands in a file.
pub(crate) async fn text(file: &Path) -> anyhow::Result<String> {
    let name = format!("`{}`", file.display());
    decoded(tokio::fs::read(file).await.with_context(|| format!("{name} cannot be read"))?, &name)
}

/// JSON that stands in a file, or comes in where the file is `-`.
pub(crate) async fn json_text(file: &Path) -> anyhow::Result<String> {
    let (name, text) = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        tokio::io::stdin().read_to_end(&mut bytes).await.context("standard input cannot be read")?;
        ("standard input".to_owned(), decoded(bytes, "standard input")?)
    } else {
        (format!("`{}`", file.display()), text(file).await?)
    };
    serde_json::from_str::<IgnoredAny>(&text).with_context(|| format!("{name} is no JSON"))?;
    Ok(text)
}

fn decoded(bytes: Vec<u8>, name: &str) -> anyhow::Result<String> {
    let bytes = bytes.strip_prefix(MARK).map(<[u8]>::to_vec).unwrap_or(bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) => bail!("{name} is not UTF-8: save it as UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_taken_off_once_and_other_encodings_are_named() {
        let read = |bytes: &[u8]| decoded(bytes.to_vec(), "`a.json`").map_err(|error| error.to_string());
        assert_eq!(read("\u{feff}{\"å\": 1}".as_bytes()), Ok("{\"å\": 1}".to_owned()));
        assert_eq!(read("{\"å\": \"\u{feff}\"}".as_bytes()), Ok("{\"å\": \"\u{feff}\"}".to_owned()));
        for other in [&b"\xff\xfe{\x00"[..], b"\xe5"] {
            assert_eq!(read(other), Err("`a.json` is not UTF-8: save it as UTF-8".to_owned()));
        }
    }
}
