//! Tables and lines for people, JSON for programs.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{Error, ErrorKind, Write, stderr, stdout},
};

use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

/// What a shell says of a program that ended because nobody read on.
const NOBODY_READS: u8 = 141;

/// A line on standard output, whatever a target wrote into it.
pub(crate) fn say(line: &str) {
    write(&visible(line));
}

/// Lines on standard error.
pub(crate) fn complain(lines: &str) {
    for line in lines.split('\n') {
        // Where nobody hears complaints, nothing can be said of it.
        let _ = writeln!(stderr(), "{}", visible(line));
    }
}

/// One JSON value on standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), serde_json::Error> {
    serde_json::to_string_pretty(value)?.lines().for_each(say);
    Ok(())
}

/// A table with a heading; a line instead when there is nothing in it.
pub(crate) fn table(heading: &[&str], rows: Vec<Vec<String>>, when_empty: &str) {
    if rows.is_empty() {
        return say(when_empty);
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(heading);
    for row in rows {
        table.add_row(row.iter().map(|cell| visible(cell)));
    }
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// One JSON value on one line of standard output, at once.
pub(crate) fn line(value: &impl Serialize) -> Result<(), serde_json::Error> {
    say(&serde_json::to_string(value)?);
    Ok(())
}

/// The text with what would steer a terminal, break the line or turn its direction written out, as JSON writes it.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            // Nothing that steers is beyond four digits.
            character if steers(character) => drop(write!(written, "\\u{:04x}", u32::from(character))),
            character => written.push(character),
        }
    }
    Cow::Owned(written)
}

fn steers(character: char) -> bool {
    let turns =
        matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}')
}

fn write(line: &str) {
    let mut out = stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        let (code, complaint) = ending(&error);
        if let Some(complaint) = complaint {
            complain(&complaint);
        }
        std::process::exit(code.into());
    }
}

/// The exit code, and what is said of it: nothing to somebody who has read enough.
fn ending(error: &Error) -> (u8, Option<String>) {
    match error.kind() {
        ErrorKind::BrokenPipe => (NOBODY_READS, None),
        _ => (1, Some(format!("failed: standard output cannot be written: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_writes_neither_steers_the_terminal_nor_begins_a_line() {
        for (text, seen) in [
            ("Sagen er åben: æøå → 1", "Sagen er åben: æøå → 1"),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone"),
            ("no\n12:00:00.000  run succeeded", "no\\n12:00:00.000  run succeeded"),
            ("a\r\tb\u{9b}1m\u{7f}", "a\\r\\tb\\u009b1m\\u007f"),
            ("\u{202e}fdp.exe", "\\u202efdp.exe"),
            ("\u{61c}a", "\\u061ca"),
        ] {
            assert_eq!(visible(text), seen);
        }
    }

    #[test]
    fn json_stays_json() {
        let text = serde_json::to_string(&"a\u{9b}\u{7f}\n").expect("JSON");
        assert_eq!(serde_json::from_str::<String>(&visible(&text)).expect("JSON"), "a\u{9b}\u{7f}\n");
    }

    #[test]
    fn whoever_has_read_enough_hears_nothing_of_it() {
        assert_eq!(ending(&Error::from(ErrorKind::BrokenPipe)), (NOBODY_READS, None));
        let (code, complaint) = ending(&Error::from(ErrorKind::StorageFull));
        assert_eq!((code, complaint.is_some()), (1, true));
    }
}
