//! What can be wrong with a mapping. Messages name paths and expressions, never a value of a submission.

/// An input that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct MappingFault {
    /// Where in the input, dotted: `parties[0].id`.
    pub path: String,
    /// The line within that text, from 1.
    pub line: u32,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// An input that cannot be rendered for this submission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct MappingError {
    /// Where in the input, dotted: `parties[0].id`.
    pub path: String,
    /// The expression and what is undefined or does not fit. Holds no value of the submission.
    pub message: String,
}

/// The reason of a filter of ours: safe to show, unlike MiniJinja's own messages, which quote values.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SafeReason(pub(crate) String);

/// An error of a filter that may be shown.
pub(crate) fn refuse(reason: impl Into<String>) -> minijinja::Error {
    minijinja::Error::from(minijinja::ErrorKind::InvalidOperation).with_source(SafeReason(reason.into()))
}

/// What may be shown of an error of MiniJinja.
pub(crate) fn safe_message(error: &minijinja::Error) -> String {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(reason) = cause.downcast_ref::<SafeReason>() {
            return reason.0.clone();
        }
        source = cause.source();
    }
    match error.kind() {
        minijinja::ErrorKind::UndefinedError => "something in it is undefined",
        minijinja::ErrorKind::OutOfFuel => "it takes too many steps",
        minijinja::ErrorKind::TooManyArguments => "a filter got an argument that it does not know",
        minijinja::ErrorKind::MissingArgument => "a filter misses an argument",
        _ => "a value in it has another type than the operation needs",
    }
    .to_owned()
}

/// The beginning of a text that a person wrote, for a message.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 120;
    let mut line: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        line.push('…');
    }
    line
}

/// The known word nearest to a mistyped one.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing is quadratic in the lengths.
    let word: String = word.chars().take(64).collect();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean …?)`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |candidate| format!(" (did you mean `{candidate}`?)"))
}
