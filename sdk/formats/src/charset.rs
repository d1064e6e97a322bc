//! Which bytes a character is in the encodings that files are written in. What an encoding does not have is refused,
//! with the character and its position: a `?` in a name is found by nobody until the letter has been sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unfit;

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Charset {
    /// Every character; Danish letters take two bytes.
    #[serde(rename = "utf-8")]
    #[default]
    Utf8,
    /// Western Europe, without the euro sign, dashes and curved quotes.
    #[serde(rename = "iso-8859-1")]
    Iso88591,
    /// Western Europe as Windows has it.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// Western Europe as old payroll systems have it.
    #[serde(rename = "ibm-850")]
    Ibm850,
}

/// 0x80 to 0x9F of Windows-1252; NUL where there is no character.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
    '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// 0x80 to 0xFF of IBM-850.
const IBM_850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', //
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ', //
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»', //
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐', //
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤', //
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀', //
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´', //
    '\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

impl Charset {
    /// The name that people know it by.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Iso88591 => "ISO-8859-1",
            Self::Windows1252 => "Windows-1252",
            Self::Ibm850 => "IBM-850",
        }
    }

    /// The bytes of `text`. `place` says where it stands.
    ///
    /// # Errors
    /// The first character that the encoding does not have, with its position.
    pub fn encode(self, text: &str, place: &str) -> Result<Vec<u8>, Unfit> {
        if self == Self::Utf8 {
            return Ok(text.as_bytes().to_vec());
        }
        let byte = |(index, character)| {
            self.byte(character).ok_or_else(|| {
                let what =
                    format!(": tegnet {} på plads {} findes ikke i {}.", shown(character), index + 1, self.title());
                let rule = format!("{} at position {} is not in {}", shown(character), index + 1, self.title());
                Unfit::new("character-not-in-encoding", place, &what, rule)
            })
        };
        text.chars().enumerate().map(byte).collect()
    }

    /// The text of `bytes`; `None` when they are none in this encoding.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            _ => bytes.iter().map(|&byte| self.character(byte)).collect(),
        }
    }

    fn byte(self, character: char) -> Option<u8> {
        if character.is_ascii() {
            return u8::try_from(character).ok();
        }
        let within = |table: &[char]| table.iter().position(|&other| other == character);
        let upper = |at: usize| u8::try_from(at + 0x80).ok();
        match self {
            Self::Utf8 => None,
            Self::Iso88591 => u8::try_from(character).ok(),
            Self::Windows1252 => {
                let latin = u8::try_from(character).ok().filter(|&byte| byte >= 0xa0);
                latin.or_else(|| within(&WINDOWS_1252).and_then(upper))
            }
            Self::Ibm850 => within(&IBM_850).and_then(upper),
        }
    }

    fn character(self, byte: u8) -> Option<char> {
        let upper =
            |table: &[char]| table.get(usize::from(byte) - 0x80).copied().filter(|&character| character != '\0');
        match (self, byte) {
            (_, 0..=0x7f) | (Self::Iso88591, _) | (Self::Windows1252, 0xa0..) => Some(char::from(byte)),
            (Self::Windows1252, _) => upper(&WINDOWS_1252),
            (Self::Ibm850, _) => upper(&IBM_850),
            (Self::Utf8, _) => None,
        }
    }
}

/// A character as a sentence can name it, also where it cannot be seen.
pub(crate) fn shown(character: char) -> String {
    let code = u32::from(character);
    let unseen = matches!(code, 0x300..=0x36f | 0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f | 0xfeff);
    if unseen || character.is_control() || character.is_whitespace() {
        return format!("U+{code:04X}");
    }
    format!("`{character}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(charset: Charset, text: &str, bytes: &[u8]) {
        assert_eq!(charset.encode(text, "x").expect("can be written"), bytes);
        assert_eq!(charset.decode(bytes).as_deref(), Some(text));
    }

    #[test]
    fn danish_letters_have_their_bytes() {
        check(Charset::Utf8, "Ærø", b"\xc3\x86r\xc3\xb8");
        check(Charset::Iso88591, "æøåÆØÅ", b"\xe6\xf8\xe5\xc6\xd8\xc5");
        check(Charset::Windows1252, "æøåÆØÅ", b"\xe6\xf8\xe5\xc6\xd8\xc5");
        check(Charset::Ibm850, "æøåÆØÅ", b"\x91\x9b\x86\x92\x9d\x8f");
    }

    #[test]
    fn windows_has_more_than_iso() {
        check(Charset::Windows1252, "€ – ”", b"\x80 \x96 \x94");
        assert!(Charset::Iso88591.encode("€", "x").is_err());
    }

    #[test]
    fn what_the_encoding_does_not_have_is_named_with_its_place() {
        let unfit = Charset::Windows1252.encode("Grażyna", "Linje 2, `navn`").expect_err("refused");
        assert_eq!(unfit.code, "character-not-in-encoding");
        assert_eq!(unfit.message, "Linje 2, `navn`: tegnet `ż` på plads 4 findes ikke i Windows-1252.");
        let decomposed = Charset::Iso88591.encode("A\u{30a}", "x").expect_err("refused");
        assert_eq!(decomposed.message, "x: tegnet U+030A på plads 2 findes ikke i ISO-8859-1.");
    }

    #[test]
    fn every_byte_goes_there_and_back() {
        for charset in [Charset::Iso88591, Charset::Windows1252, Charset::Ibm850] {
            let there: Vec<u8> = (0..=255).filter(|&byte| charset.character(byte).is_some()).collect();
            let text = charset.decode(&there).expect("text");
            assert_eq!(charset.encode(&text, "x").expect("can be written"), there, "{charset:?}");
            assert_eq!(there.len(), if charset == Charset::Windows1252 { 251 } else { 256 });
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(Charset::Utf8.decode(b"\xe6"), None);
        assert_eq!(Charset::Windows1252.decode(b"\x81"), None);
    }

    #[test]
    fn the_name_is_the_one_of_the_registry() {
        let named = |text: &str| serde_json::from_str::<Charset>(text).expect("a name");
        assert_eq!(named("\"iso-8859-1\""), Charset::Iso88591);
        assert_eq!(named("\"utf-8\""), Charset::Utf8);
    }
}
