//! What SD Løn says of a file: a header, and driving records of 55 characters. It is written after the description of
//! the record, and shares nothing with the connector.

use super::verdict::{Line, Verdict, whole};

/// Of a record.
const WIDTH: usize = 55;

/// Judges a file. Its business key is its batch: what stands in its name between the first `-` and the last `.`.
pub(super) fn judge(name: &str, bytes: &[u8]) -> Verdict {
    if is_utf8_of_danish(bytes) {
        return Verdict::half("its letters are UTF-8, where ISO 8859-1 is read");
    }
    let text: String = bytes.iter().copied().map(char::from).collect();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = match whole(&text, newline) {
        Ok(lines) => lines,
        Err(half) => return half,
    };
    let batch = name.rsplit_once('.').map_or(name, |(stem, _)| stem).split_once('-').map(|(_, batch)| batch.to_owned());
    let record = |line: &&str| Line { is_record: true, key: batch.clone(), refused: refusal(line) };
    let header = Line::default();
    let said: Vec<Line> = std::iter::once(header).chain(lines.iter().skip(1).map(record)).collect();
    let mut complaints = Vec::new();
    if said.len() < 2 {
        complaints.push("it has no records".to_owned());
    }
    // A writer that is not done leaves half of a record, whatever ends it.
    if lines.iter().skip(1).any(|line| line.chars().count() != WIDTH) {
        complaints.push(format!("half a record: not every line has {WIDTH} characters"));
    }
    Verdict { complaints, lines: said }
}

/// Two bytes that are one letter in UTF-8, and two that nobody writes in ISO 8859-1.
fn is_utf8_of_danish(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair[0] == 0xC3 && (0x80..0xC0).contains(&pair[1]))
}

/// Why a record is refused.
fn refusal(line: &str) -> Option<String> {
    let chars: Vec<char> = line.chars().collect();
    if chars.len() != WIDTH {
        return Some(format!("Posten er på {} tegn", chars.len()));
    }
    let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    let digits = |text: &str| text.chars().all(|one| one.is_ascii_digit());
    let account = part(36, 49);
    let checks = [
        (part(0, 3) == "DA6", "Posttypen er ikke DA6"),
        (digits(&part(3, 8)), "Kommune eller ansættelsesform er ikke cifre"),
        (digits(&part(8, 19)), "CPR-nummeret er ikke cifre"),
        (digits(&part(24, 30)), "Antal km er ikke cifre"),
        (part(30, 36) == "000000", "De seks nuller mangler"),
        (
            account.trim().is_empty() || (account.starts_with("   ") && digits(account.trim_start())),
            "Kontoen er ikke 10 cifre",
        ),
        (digits(&part(49, 55)), "Datoen er ikke ddMMåå"),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, reason)| reason.to_owned())
}
