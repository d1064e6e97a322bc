//! The lines of a call, bounded: the first ones, which say how it began, and the last ones, which precede
//! whatever went wrong.

use std::collections::VecDeque;

/// Lines that are kept from the beginning.
pub const MAX_FIRST_LINES: usize = 200;

/// Lines that are kept up to the end.
pub const MAX_LAST_LINES: usize = 800;

const MAX_FIRST_BYTES: usize = 64 << 10;
const MAX_LAST_BYTES: usize = 192 << 10;

/// The first and the last lines of a call.
#[derive(Debug)]
pub struct Lines<L> {
    first: Vec<L>,
    first_bytes: usize,
    last: VecDeque<(L, usize)>,
    last_bytes: usize,
    left_out: u64,
}

impl<L> Default for Lines<L> {
    fn default() -> Self {
        Self { first: Vec::new(), first_bytes: 0, last: VecDeque::new(), last_bytes: 0, left_out: 0 }
    }
}

impl<L> Lines<L> {
    /// Adds a line, and forgets one from the middle when there are too many.
    pub fn push(&mut self, line: L, size_bytes: usize) {
        if self.is_beginning() && self.first_bytes + size_bytes <= MAX_FIRST_BYTES {
            self.first_bytes += size_bytes;
            self.first.push(line);
            return;
        }
        self.last_bytes += size_bytes;
        self.last.push_back((line, size_bytes));
        while self.is_overfull() {
            let Some((_, size_bytes)) = self.last.pop_front() else { break };
            self.last_bytes -= size_bytes;
            self.left_out += 1;
        }
    }

    /// The lines in order. Where some were left out, `mark` says so: given how many, and the line that follows.
    pub fn finish(self, mark: impl FnOnce(u64, &L) -> L) -> Vec<L> {
        let mut lines = self.first;
        if let (1.., Some((next, _))) = (self.left_out, self.last.front()) {
            lines.push(mark(self.left_out, next));
        }
        lines.extend(self.last.into_iter().map(|(line, _)| line));
        lines
    }

    fn is_beginning(&self) -> bool {
        self.last.is_empty() && self.first.len() < MAX_FIRST_LINES
    }

    /// The very last line stays, however long it is.
    fn is_overfull(&self) -> bool {
        self.last.len() > 1 && (self.last.len() > MAX_LAST_LINES || self.last_bytes > MAX_LAST_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(count: u64, size_bytes: usize) -> Vec<String> {
        let mut lines = Lines::default();
        for number in 0..count {
            lines.push(number.to_string(), size_bytes);
        }
        lines.finish(|left_out, next| format!("{left_out} before {next}"))
    }

    #[test]
    fn a_thousand_lines_are_all_kept() {
        let all: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        assert_eq!(kept(1_000, 10), all);
    }

    #[test]
    fn the_beginning_and_the_end_are_kept_of_more() {
        let lines = kept(100_000, 10);
        assert_eq!(lines.len(), MAX_FIRST_LINES + 1 + MAX_LAST_LINES);
        assert_eq!((lines[0].as_str(), lines[199].as_str()), ("0", "199"));
        assert_eq!(lines[200], "99000 before 99200");
        assert_eq!(lines.last().map(String::as_str), Some("99999"));
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let lines = kept(1_000, 4 << 10);
        assert_eq!(lines.len(), (64 + 192) / 4 + 1);
        assert_eq!(lines[16], "936 before 952");
    }

    #[test]
    fn the_last_line_is_kept_however_long() {
        assert_eq!(kept(2, 1 << 20), ["1 before 1", "1"]);
    }
}
