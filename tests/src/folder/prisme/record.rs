//! One line: its header, its fields, and what is wrong with it.

use crate::simulated::fails_modulus_11;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    G68,
    G69,
}

/// A line that begins as a record does.
#[derive(Debug)]
pub(super) struct Record<'t> {
    pub(super) kind: Kind,
    header: &'t str,
    /// In the order of the line; one without a number has none.
    fields: Vec<(Option<u16>, &'t str)>,
}

/// The longest value of each field of G69, and whether it has to be just as long.
const WIDTHS: [(u16, usize, bool); 44] = [
    (101, 10, false),
    (102, 5, false),
    (103, 5, true),
    (104, 7, true),
    (110, 8, true),
    (111, 15, false),
    (112, 13, true),
    (113, 1, true),
    (114, 4, true),
    (116, 255, false),
    (117, 20, false),
    (118, 8, true),
    (130, 2, true),
    (131, 10, false),
    (132, 2, true),
    (133, 10, false),
    (134, 2, true),
    (135, 10, false),
    (136, 1, true),
    (150, 5, false),
    (151, 5, false),
    (152, 5, false),
    (153, 35, false),
    (170, 10, false),
    (171, 1, true),
    (180, 10, false),
    (181, 10, false),
    (182, 10, false),
    (185, 2, false),
    (200, 1, true),
    (201, 5, false),
    (202, 200, false),
    (203, 5, false),
    (210, 60, false),
    (211, 1024, false),
    (250, 20, false),
    (251, 20, false),
    (300, 20, false),
    (301, 10, false),
    (302, 10, false),
    (303, 13, true),
    (304, 10, false),
    (305, 10, false),
    (306, 10, false),
];

/// What each posting and each payment has.
const NEEDED_G69: [u16; 6] = [103, 104, 110, 111, 112, 113];
const NEEDED_G68: [u16; 8] = [2, 3, 8, 9, 10, 11, 12, 16];

impl<'t> Record<'t> {
    /// `None` when it is neither of the two.
    pub(super) fn read(line: &'t str) -> Option<Self> {
        let kind = match line.get(3..6)? {
            "G68" => Kind::G68,
            "G69" => Kind::G69,
            _ => return None,
        };
        let digits = if kind == Kind::G68 { 2 } else { 3 };
        let mut parts = line.split('&');
        let header = parts.next()?;
        let field = |part: &'t str| match part.split_at_checked(digits) {
            Some((number, value)) => (number.parse().ok(), value),
            None => (None, part),
        };
        Some(Self { kind, header, fields: parts.map(field).collect() })
    }

    pub(super) fn field(&self, number: u16) -> Option<&'t str> {
        self.fields.iter().find(|(found, _)| *found == Some(number)).map(|(_, value)| *value)
    }

    /// The amount, signed.
    pub(super) fn ore(&self) -> Option<i64> {
        let (digits, sign) = match self.kind {
            Kind::G68 => (self.field(8)?, self.field(9)?),
            Kind::G69 => self.field(112)?.split_at_checked(12)?,
        };
        let ore: i64 = digits.parse().ok()?;
        Some(if sign == "-" { -ore } else { ore })
    }

    /// Why a program from before 2007 refuses it: a person is paid whose number fails modulus 11.
    pub(super) fn refusal_of_odd_cpr(&self) -> Option<String> {
        let entitled = self.field(11).filter(|_| self.kind == Kind::G68 && self.field(10) == Some("02"))?;
        fails_modulus_11(entitled).then(|| format!("CPR-nummeret {entitled} er ugyldigt"))
    }

    /// Why Prisme refuses it, in the words of its receipt.
    pub(super) fn refusal(&self) -> Option<String> {
        let needed: &[u16] = if self.kind == Kind::G68 { &NEEDED_G68 } else { &NEEDED_G69 };
        let numbers: Vec<u16> = self.fields.iter().filter_map(|(number, _)| *number).collect();
        if numbers.len() < self.fields.len() {
            return Some("Tegnet & er ikke tilladt i en værdi".to_owned());
        }
        if !numbers.windows(2).all(|pair| pair[0] < pair[1]) {
            return Some("Felterne står ikke i stigende rækkefølge".to_owned());
        }
        if let Some(missing) = needed.iter().find(|number| self.field(**number).is_none_or(str::is_empty)) {
            return Some(format!("Felt {missing} mangler"));
        }
        if !self.has_header() {
            return Some("Postens begyndelse er forkert".to_owned());
        }
        match self.kind {
            Kind::G68 => self.refusal_of_payment(),
            Kind::G69 => self.refusal_of_posting(),
        }
    }

    fn has_header(&self) -> bool {
        let digits = |from: usize, to: usize| self.header.get(from..to).is_some_and(is_digits);
        match self.kind {
            Kind::G68 => digits(0, 3) && is_digits(&self.header[6..]) && [14, 18].contains(&self.header.len()),
            Kind::G69 => {
                let kind = self.header.get(17..20);
                digits(0, 3)
                    && digits(6, 17)
                    && self.header.get(20..) == Some("FLYD")
                    && kind.is_some_and(|kind| ["NOR", "PRI", "SUP"].contains(&kind))
            }
        }
    }

    fn refusal_of_posting(&self) -> Option<String> {
        for (number, width, is_exact) in WIDTHS {
            let length = self.field(number).map(|value| value.chars().count());
            if length.is_some_and(|length| length > width || (is_exact && length < width)) {
                return Some(format!("Felt {number} har en forkert længde"));
            }
        }
        let amount = self.field(112).and_then(|value| value.split_at_checked(12));
        if !amount.is_some_and(|(digits, sign)| is_digits(digits) && [" ", "+", "-"].contains(&sign)) {
            return Some("Felt 112 er ikke 12 cifre og et fortegn".to_owned());
        }
        let side = self.field(113).is_some_and(|side| ["D", "K"].contains(&side));
        (!side).then(|| "Felt 113 er hverken D eller K".to_owned())
    }

    fn refusal_of_payment(&self) -> Option<String> {
        let fits = |number, widths: &[usize]| {
            self.field(number).is_some_and(|value| is_digits(value) && widths.contains(&value.len()))
        };
        for (number, widths) in [(8, &[11][..]), (10, &[2]), (11, &[10, 14]), (12, &[8]), (16, &[18, 20])] {
            if !fits(number, widths) {
                return Some(format!("Felt {number:02} har en forkert længde"));
            }
        }
        if self.fields.iter().any(|(_, value)| value.contains(['!', '\\'])) {
            return Some("Tegnene ! og \\ er ikke tilladt".to_owned());
        }
        let is_long = |(number, value): &(Option<u16>, &str)| {
            let most = if *number >= Some(40) { 81 } else { 35 };
            value.chars().count() > most
        };
        let long = self.fields.iter().find(|field| is_long(field))?;
        Some(format!("Felt {:02} er for langt", long.0.unwrap_or_default()))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
