//! Tables and lines for people, JSON for programs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to the terminal")]

use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

/// A line on standard output.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A line on standard error.
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}

/// One JSON value on standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(value)?);
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
        table.add_row(row);
    }
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// One JSON value on one line of standard output, at once.
pub(crate) fn line(value: &impl Serialize) -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string(value)?);
    let _ = std::io::Write::flush(&mut std::io::stdout());
    Ok(())
}
