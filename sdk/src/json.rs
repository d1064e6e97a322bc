//! Reading JSON so that an error names the place and never the value.

use crate::Failure;
use serde::de::DeserializeOwned;

/// Reads `text`; what does not fit becomes `invalid` with the path. The message is "`subject` not fit at `path`".
pub(crate) fn parse<T: DeserializeOwned>(text: &str, code: &str, subject: &str) -> Result<T, Failure> {
    locate(text.as_bytes()).map_err(|misfit| {
        Failure::invalid(code, format!("{subject} not fit at `{}`.", misfit.path)).detail(misfit.reason)
    })
}

/// Where a text does not fit its type, and why.
pub(crate) struct Misfit {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// Reads `bytes`, and only when they do not fit a second time to find out where: tracking the path has a
/// price that the usual case need not pay.
pub(crate) fn locate<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Misfit> {
    serde_json::from_slice(bytes).map_err(|error| {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(error) => {
                let path = error.path().to_string();
                Misfit { path, reason: reason(error.inner()) }
            }
            Ok(_) => Misfit { path: ".".to_owned(), reason: reason(&error) },
        }
    })
}

/// What was wrong, without the value that was wrong: it may be a personal number.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let place = format!(" (line {}, column {})", error.line(), error.column());
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    if let Some((_, expected)) = text.rsplit_once(", expected ") {
        return format!("expected {expected}{place}");
    }
    let about_names = ["missing field", "duplicate field", "EOF while", "trailing", "expected", "key must be"];
    if about_names.iter().any(|start| text.starts_with(start)) {
        return format!("{text}{place}");
    }
    format!("the value is not one of those allowed{place}")
}
