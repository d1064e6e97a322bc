//! What is said of a file: of the whole, and of each line.

/// What is said of a file.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Of the whole; nothing of it is imported when there is any.
    pub(super) complaints: Vec<String>,
    /// Of each line, header and envelope included.
    pub(super) lines: Vec<Line>,
}

/// What is said of a line.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Whether it is a record, and no header.
    pub(super) is_record: bool,
    /// The business key in it.
    pub(super) key: Option<String>,
    /// Why it is refused, in the words of a receipt.
    pub(super) refused: Option<String>,
}

impl Verdict {
    /// Of bytes that end where no file of theirs would.
    pub(super) fn half(complaint: &str) -> Self {
        Self { complaints: vec![complaint.to_owned()], lines: Vec::new() }
    }
}

/// The lines of a file that ends with its last newline.
pub(super) fn whole<'t>(text: &'t str, newline: &str) -> Result<Vec<&'t str>, Verdict> {
    let Some(text) = text.strip_suffix(newline) else {
        return Err(Verdict::half("half a file: its last line does not end"));
    };
    Ok(text.split(newline).collect())
}
