//! Where fields of a Kreditorpost go whose field number is published nowhere.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a field goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// In which record.
    pub record: Record,
    /// Under which number.
    #[schemars(range(min = 1, max = 999))]
    pub field: u16,
    /// How many characters it may have.
    #[schemars(range(min = 1, max = 1024))]
    pub width: u16,
}

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The payment.
    G68,
    /// The posting.
    G69,
}

/// The fields of a Kreditorpost whose number is a setting.
const NAMES: [&str; 9] = [
    "AdresseBeloebsModtager",
    "ByNavnBeloebsModtager",
    "CONavnBeloebsModtager",
    "Fakturadato",
    "Laeselinje",
    "NavnBeloebsModtager",
    "PIKontonr",
    "PIRegnr",
    "PostnummerBeloebsmodtager",
];

/// Numbers of G68 that the connector fills itself.
const G68_TAKEN: [u16; 11] = [2, 3, 7, 8, 9, 10, 11, 12, 16, 17, 40];

/// The first field that has no such place.
pub(super) fn misplaced(places: &BTreeMap<String, Place>) -> Option<(&str, &'static str)> {
    places.iter().enumerate().find_map(|(index, (name, place))| {
        let twice = |other: &Place| other.record == place.record && other.field == place.field;
        if !NAMES.contains(&name.as_str()) {
            return Some((name.as_str(), "gone: only fields without a published number have a place here"));
        }
        let taken = match place.record {
            Record::G68 => !(1..=99).contains(&place.field) || G68_TAKEN.contains(&place.field),
            Record::G69 => !(101..=999).contains(&place.field) || crate::g69::is_field(place.field),
        };
        let wrong = taken || place.width == 0 || places.values().skip(index + 1).any(twice);
        wrong.then_some((name.as_str(), "a field number that nothing else has, with a width"))
    })
}
