//! The fields of G69: number, name, width, type, and whether each posting must have it. Fields 104 and 250 are the
//! connector's own: the dispatch number and the batch key.

/// A field.
pub(super) struct Field {
    pub(super) number: u16,
    /// As the input names it.
    pub(super) name: &'static str,
    pub(super) width: u16,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

/// What a value is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// Digits, filled with zeros to the width or not.
    Digits {
        filled: bool,
    },
    Date,
    /// Øre, filled with zeros, and a sign behind.
    Amount,
    OneOf(&'static [&'static str]),
    /// A CPR, CVR or SE number.
    Recipient,
}

const FILLED: Kind = Kind::Digits { filled: true };

const fn field(number: u16, name: &'static str, width: u16, kind: Kind) -> Field {
    Field { number, name, width, kind, required: false }
}

const fn required(number: u16, name: &'static str, width: u16, kind: Kind) -> Field {
    Field { number, name, width, kind, required: true }
}

/// In the order of their numbers.
pub(super) const FIELDS: [Field; 42] = [
    field(101, "Kaldenavn", 10, Kind::Text),
    field(102, "Afstemningsenhed", 5, Kind::Text),
    required(103, "Maskinnr", 5, FILLED),
    required(110, "Posteringsdato", 8, Kind::Date),
    required(111, "Kontonr", 15, FILLED),
    required(112, "Beloeb", 13, Kind::Amount),
    required(113, "DebitKreditMarkering", 1, Kind::OneOf(&["D", "K"])),
    field(114, "Regnskabsaar", 4, FILLED),
    field(116, "Dokumentarkivnr", 255, Kind::Text),
    field(117, "Udbetalingshenvisningsnummer", 20, Kind::Digits { filled: false }),
    field(118, "Valoerdato", 8, Kind::Date),
    field(130, "NrkodeBetalingsmodtager", 2, FILLED),
    field(131, "Betalingsmodtager", 10, FILLED),
    field(132, "NrkodeYdelsesmodtager", 2, FILLED),
    field(133, "Ydelsesmodtager", 10, Kind::Recipient),
    field(134, "NrkodeOplysningspligtig", 2, FILLED),
    field(135, "Oplysningspligtig", 10, FILLED),
    field(136, "Oplysningspligtkode", 1, Kind::OneOf(&["H", "U", "F", "R"])),
    field(150, "Udtraekstekst1", 5, Kind::Text),
    field(151, "Udtraekstekst2", 5, Kind::Text),
    field(152, "Udtraekskode", 5, Kind::Text),
    field(153, "Posteringstekst", 35, Kind::Text),
    field(170, "Rekvisitionsnr", 10, FILLED),
    field(171, "Delleverance", 1, Kind::Text),
    field(180, "Baerer", 10, Kind::Text),
    field(181, "Afdeling", 10, Kind::Text),
    field(182, "Formaal", 10, Kind::Text),
    field(185, "OmvendtBetalingspligt", 2, FILLED),
    field(200, "KonteringFakturapulje", 1, Kind::OneOf(&["J", "N"])),
    field(201, "KonteretAf", 5, Kind::Text),
    field(202, "Notat", 200, Kind::Text),
    field(203, "AttesteretAf", 5, Kind::Text),
    field(210, "Emne", 60, Kind::Text),
    field(211, "LangtNotat", 1024, Kind::Text),
    field(251, "IrisNr", 20, Kind::Text),
    field(300, "Projektnr", 20, Kind::Text),
    field(301, "Projektart", 10, Kind::Text),
    field(302, "Projektmedarbejder", 10, Kind::Text),
    field(303, "Salgspris", 13, Kind::Amount),
    field(304, "Antal", 10, Kind::Amount),
    field(305, "Linjeegenskab", 10, Kind::Text),
    field(306, "Aktivitetsnr", 10, Kind::Text),
];

/// Whether the number has a meaning of its own.
pub(crate) fn is_field(number: u16) -> bool {
    [104, 250].contains(&number) || FIELDS.iter().any(|field| field.number == number)
}

/// A field as people are told of it.
pub(super) fn title(number: u16) -> String {
    let field = FIELDS.iter().find(|field| field.number == number);
    field.map_or_else(|| number.to_string(), |field| format!("`{}` ({number})", field.name))
}
