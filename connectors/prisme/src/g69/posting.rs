//! A posting as people write it: the names of the fields, and no more.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Common;

/// A finance posting. Not printed: CPR numbers may stand in it.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Posting {
    /// Kaldenavn (field 101).
    pub(crate) kaldenavn: Option<String>,
    /// Afstemningsenhed (102).
    pub(crate) afstemningsenhed: Option<String>,
    /// Maskinnr (103). By itself the one of the connection.
    pub(crate) maskinnr: Option<String>,
    /// Posting date (110). By itself the one of the call.
    pub(crate) posteringsdato: Option<String>,
    /// Account (111).
    pub(crate) kontonr: String,
    /// Amount in kroner with at most two decimals (112): `1.234,50`.
    pub(crate) beloeb: String,
    /// `D` for debit, `K` for credit (113).
    pub(crate) debit_kredit_markering: String,
    /// Fiscal year (114).
    pub(crate) regnskabsaar: Option<String>,
    /// Number in the document archive (116).
    pub(crate) dokumentarkivnr: Option<String>,
    /// Payment reference (117).
    pub(crate) udbetalingshenvisningsnummer: Option<String>,
    /// Value date (118).
    pub(crate) valoerdato: Option<String>,
    /// Number code of the payee (130).
    pub(crate) nrkode_betalingsmodtager: Option<String>,
    /// Payee (131).
    pub(crate) betalingsmodtager: Option<String>,
    /// `02` for a CPR number, `03` for a CVR or SE number (132), together with `Ydelsesmodtager`.
    pub(crate) nrkode_ydelsesmodtager: Option<String>,
    /// Who benefits (133).
    pub(crate) ydelsesmodtager: Option<String>,
    /// Number code of who is disclosed (134).
    pub(crate) nrkode_oplysningspligtig: Option<String>,
    /// Who is disclosed (135).
    pub(crate) oplysningspligtig: Option<String>,
    /// `H`, `U`, `F` or `R` (136).
    pub(crate) oplysningspligtkode: Option<String>,
    /// First text for extracts (150).
    pub(crate) udtraekstekst1: Option<String>,
    /// Second text for extracts (151).
    pub(crate) udtraekstekst2: Option<String>,
    /// Code for extracts (152).
    pub(crate) udtraekskode: Option<String>,
    /// Posting text (153), at most 35 characters.
    pub(crate) posteringstekst: Option<String>,
    /// Requisition (170), together with `Delleverance`.
    pub(crate) rekvisitionsnr: Option<String>,
    /// Part delivery (171).
    pub(crate) delleverance: Option<String>,
    /// Bærer (180).
    pub(crate) baerer: Option<String>,
    /// Afdeling (181).
    pub(crate) afdeling: Option<String>,
    /// Formål (182).
    pub(crate) formaal: Option<String>,
    /// Reverse charge (185).
    pub(crate) omvendt_betalingspligt: Option<String>,
    /// `J` or `N` (200), not together with `Emne`.
    pub(crate) kontering_fakturapulje: Option<String>,
    /// Who entered it (201).
    pub(crate) konteret_af: Option<String>,
    /// Note (202), at most 200 characters.
    pub(crate) notat: Option<String>,
    /// Who approved it (203).
    pub(crate) attesteret_af: Option<String>,
    /// Subject (210), together with `LangtNotat`.
    pub(crate) emne: Option<String>,
    /// Note (211), at most 1024 characters.
    pub(crate) langt_notat: Option<String>,
    /// IRIS number (251).
    pub(crate) iris_nr: Option<String>,
    /// Project (300), together with `Projektart` and `Antal`.
    pub(crate) projektnr: Option<String>,
    /// Kind of project (301).
    pub(crate) projektart: Option<String>,
    /// Employee in the project (302).
    pub(crate) projektmedarbejder: Option<String>,
    /// Sales price (303).
    pub(crate) salgspris: Option<String>,
    /// Quantity with at most two decimals (304).
    pub(crate) antal: Option<String>,
    /// Line property (305).
    pub(crate) linjeegenskab: Option<String>,
    /// Activity (306).
    pub(crate) aktivitetsnr: Option<String>,
}

/// The kind of a posting.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) enum PostingType {
    /// Ordinary.
    #[default]
    #[serde(rename = "NOR")]
    Normal,
    /// Primo.
    #[serde(rename = "PRI")]
    Primo,
    /// Supplementary.
    #[serde(rename = "SUP")]
    Supplementary,
}

impl PostingType {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NOR",
            Self::Primo => "PRI",
            Self::Supplementary => "SUP",
        }
    }
}

impl Posting {
    /// What has a value, by name, with what the call and the connection say where the posting says nothing.
    pub(super) fn values(&self, common: &Common<'_>) -> BTreeMap<String, String> {
        let Ok(Value::Object(members)) = serde_json::to_value(self) else { return BTreeMap::new() };
        let given = members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.trim().to_owned())));
        let mut values: BTreeMap<String, String> = given.filter(|(_, value)| !value.is_empty()).collect();
        values.entry("Maskinnr".into()).or_insert_with(|| common.settings.maskinnr.clone());
        if let Some(date) = common.date.map(str::trim).filter(|date| !date.is_empty()) {
            values.entry("Posteringsdato".into()).or_insert_with(|| date.to_owned());
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::FIELDS;
    use super::*;

    #[test]
    fn every_field_has_its_member_and_the_other_way_round() {
        let Ok(Value::Object(members)) = serde_json::to_value(Posting::default()) else { panic!("an object") };
        let mut names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        names.sort_unstable();
        let mut members: Vec<&str> = members.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(names, members);
    }

    #[test]
    fn fields_are_in_ascending_order() {
        assert!(FIELDS.is_sorted_by_key(|field| field.number));
    }
}
