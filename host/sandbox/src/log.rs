//! What a component writes: bounded in length and number, control characters escaped, a mark where something
//! was left out.

use std::fmt::Write as _;

use sluse_connector::Host;
use sluse_model::TimelineLevel;

/// A line on a timeline; what is longer belongs into an attachment.
pub(crate) const MAX_LINE_BYTES: usize = 4 << 10;

/// Lines of one call.
pub(crate) const MAX_LINES: u32 = 1_000;

/// Bytes of one call.
pub(crate) const MAX_LOG_BYTES: usize = 256 << 10;

/// What one call may still write.
#[derive(Debug)]
pub(crate) struct GuestLog {
    lines_left: u32,
    bytes_left: usize,
}

impl GuestLog {
    pub(crate) fn new() -> Self {
        Self { lines_left: MAX_LINES, bytes_left: MAX_LOG_BYTES }
    }

    /// Hands a line to the host, or drops it. The first line that is dropped leaves a mark.
    pub(crate) fn write(&mut self, host: &mut dyn Host, level: TimelineLevel, message: String) {
        if self.lines_left == 0 {
            return;
        }
        let message = tidy(message);
        if self.lines_left == 1 || message.len() > self.bytes_left {
            self.lines_left = 0;
            host.log(TimelineLevel::Warn, "… the call wrote more than is kept; the rest is left out".into());
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= message.len();
        host.log(level, message);
    }
}

/// The line as it may be shown: escaped, and cut where it is too long. The usual line is not copied.
fn tidy(message: String) -> String {
    if message.len() <= MAX_LINE_BYTES && !message.chars().any(is_unfit) {
        return message;
    }
    let mut tidied = String::with_capacity(message.len().min(MAX_LINE_BYTES) + 64);
    for (position, character) in message.char_indices() {
        if tidied.len() >= MAX_LINE_BYTES {
            let _ = write!(tidied, "… ({} bytes left out)", message.len() - position);
            break;
        }
        if is_unfit(character) {
            tidied.extend(character.escape_default());
        } else {
            tidied.push(character);
        }
    }
    tidied
}

/// What could move a terminal's cursor, begin a line of its own, or turn the direction of the text around it.
fn is_unfit(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use sluse_connector::fakes::FakeHost;

    use super::*;

    fn written(messages: impl IntoIterator<Item = String>) -> Vec<String> {
        let host = FakeHost::default();
        let mut answering = host.clone();
        let mut log = GuestLog::new();
        for message in messages {
            log.write(&mut answering, TimelineLevel::Info, message);
        }
        host.record().lines.iter().map(|(_, line)| line.clone()).collect()
    }

    #[test]
    fn danish_text_passes_as_it_is() {
        assert_eq!(written(["Sagen blev åbnet".into()]), ["Sagen blev åbnet"]);
    }

    #[test]
    fn control_characters_are_escaped() {
        let lines = written(["a\nb\x1b[2J\u{202e}c\0".into()]);
        assert_eq!(lines, [r"a\nb\u{1b}[2J\u{202e}c\u{0}"]);
    }

    #[test]
    fn a_long_line_is_cut_with_a_mark() {
        let lines = written(["x".repeat(MAX_LINE_BYTES + 100)]);
        assert!(lines[0].ends_with("… (100 bytes left out)"), "{}", &lines[0][MAX_LINE_BYTES..]);
    }

    #[test]
    fn escapes_count_for_the_length() {
        assert!(written(["\u{1}".repeat(MAX_LINE_BYTES)])[0].len() < MAX_LINE_BYTES + 64);
    }

    #[test]
    fn too_many_lines_end_with_one_mark() {
        let lines = written((0..5_000).map(|number| number.to_string()));
        assert_eq!(lines.len(), MAX_LINES as usize);
        assert!(lines.last().is_some_and(|line| line.starts_with('…')));
    }

    #[test]
    fn too_many_bytes_end_with_one_mark() {
        let lines = written((0..500).map(|_| "y".repeat(MAX_LINE_BYTES)));
        assert_eq!(lines.len(), MAX_LOG_BYTES / MAX_LINE_BYTES + 1);
    }
}
