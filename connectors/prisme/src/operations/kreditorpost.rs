//! A Kreditorpost, under the names that XFlow gives its fields: what `pay-creditor` takes, and which part of it goes
//! into which record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{Unfit, cut};

use crate::{
    g69::{Posting, PostingType},
    record::{Fields, Rules},
    settings::{Record, Settings},
};

/// XFlow's Prisme Kreditorpost. Not printed: CPR numbers stand in it.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Kreditorpost {
    /// XFlow's own name of the record. It is not written.
    #[serde(rename = "id")]
    pub(crate) id: Option<String>,
    /// XFlow's own name of the delivery. It is not written.
    #[serde(rename = "batch")]
    pub(crate) batch: Option<String>,
    /// Amount in kroner with at most two decimals: `1.234,50`.
    pub(crate) beloeb: String,
    /// `D`: the posting is debit, and the payment its counter-entry.
    pub(crate) debit_kredit_markering: String,
    /// Always 1.
    pub(crate) ekspeditionsloebenr: Option<String>,
    /// What `Udbetalingsberettiget` is: `01` creditor account, `02` CPR number, `03` SE number, `11` CVR number, `12`
    /// P number.
    pub(crate) ident_kode: String,
    /// Account of the posting.
    pub(crate) kontonr: String,
    /// Posting date.
    pub(crate) posteringsdato: String,
    /// `NOR`, `PRI` or `SUP`.
    pub(crate) posteringstype: PostingType,
    /// `01` when another destination is allowed, `10` when it is forced.
    pub(crate) transaktionstype: String,
    /// Who is paid.
    pub(crate) udbetalingsberettiget: String,
    /// When it is paid.
    pub(crate) udbetalingsdato: String,
    /// Address of the receiver. Needs a place in `further_fields`; cut where it is too long.
    pub(crate) adresse_beloebs_modtager: Option<String>,
    /// Who approved it.
    pub(crate) attesteret_af: Option<String>,
    /// What the receiver reads, at most 81 characters; cut where it is longer.
    pub(crate) betalingstekst: Option<String>,
    /// Town of the receiver, at most 12 characters; cut where it is longer. Needs a place in `further_fields`.
    pub(crate) by_navn_beloebs_modtager: Option<String>,
    /// C/O name of the receiver. Needs a place in `further_fields`; cut where it is too long.
    #[serde(rename = "CONavnBeloebsModtager")]
    pub(crate) co_navn_beloebs_modtager: Option<String>,
    /// Date of the invoice. Needs a place in `further_fields`.
    pub(crate) fakturadato: Option<String>,
    /// Number of the invoice (field 17), at most 20 characters. By itself the batch key.
    pub(crate) fakturanr: Option<String>,
    /// Who entered it.
    pub(crate) konteret_af: Option<String>,
    /// Line of a giro card. Needs a place in `further_fields`.
    pub(crate) laeselinje: Option<String>,
    /// Name of the receiver. Needs a place in `further_fields`; cut where it is too long.
    pub(crate) navn_beloebs_modtager: Option<String>,
    /// What `Ydelsesmodtager` is: `02`, which it is by itself, or `03`.
    pub(crate) nrkode_ydelsesmodtager: Option<String>,
    /// `H`, `U`, `F` or `R`.
    pub(crate) oplysningspligtkode: Option<String>,
    /// Account number of the receiver's bank account. Needs a place in `further_fields`.
    #[serde(rename = "PIKontonr")]
    pub(crate) pi_kontonr: Option<String>,
    /// Registration number of the receiver's bank. Needs a place in `further_fields`.
    #[serde(rename = "PIRegnr")]
    pub(crate) pi_regnr: Option<String>,
    /// Text of the posting, at most 35 characters; cut where it is longer.
    pub(crate) posteringstekst: Option<String>,
    /// Postal code of the receiver. Needs a place in `further_fields`.
    pub(crate) postnummer_beloebsmodtager: Option<String>,
    /// Fiscal year.
    pub(crate) regnskabsaar: Option<String>,
    /// The reference that ties payment and posting, at most 20 digits. By itself made of date, maskinnr and number.
    pub(crate) udbetalingshenvisningsnummer: Option<String>,
    /// Who benefits: a CPR number, where `NrkodeYdelsesmodtager` says nothing else.
    pub(crate) ydelsesmodtager: Option<String>,
}

/// The longest posting text.
const POSTING_TEXT_WIDTH: usize = 35;

/// The longest town.
const TOWN_WIDTH: usize = 12;

impl Kreditorpost {
    /// XFlow's Ekspeditionsløbenr is always 1: the number that is written is the connector's.
    pub(crate) fn verify_dispatch(&self, place: &str) -> Result<(), Unfit> {
        match given(&self.ekspeditionsloebenr) {
            None => Ok(()),
            Some(number) if number.trim_start_matches('0') == "1" => Ok(()),
            Some(_) => Err(Unfit {
                code: "code-not-known",
                message: format!("{place}`Ekspeditionsloebenr` skal være 1."),
                detail: "the dispatch number is always 1 here; what is written is reserved".into(),
            }),
        }
    }

    /// The posting that the payment is tied to.
    pub(crate) fn posting(&self, place: &str, warnings: &mut Vec<String>) -> Posting {
        let text = given(&self.posteringstekst).map(|text| cut::to_width(text, POSTING_TEXT_WIDTH));
        warnings.extend(text.and_then(|text| text.warning(&format!("{place}`Posteringstekst`"))));
        let benefits = given(&self.ydelsesmodtager);
        let code = given(&self.nrkode_ydelsesmodtager).or(benefits.map(|_| "02"));
        let owned = |value: Option<&str>| value.map(str::to_owned);
        Posting {
            posteringsdato: Some(self.posteringsdato.clone()),
            kontonr: self.kontonr.clone(),
            beloeb: self.beloeb.clone(),
            debit_kredit_markering: self.debit_kredit_markering.clone(),
            regnskabsaar: self.regnskabsaar.clone(),
            nrkode_ydelsesmodtager: owned(code),
            ydelsesmodtager: owned(benefits),
            oplysningspligtkode: self.oplysningspligtkode.clone(),
            posteringstekst: text.map(|text| text.kept.to_owned()),
            konteret_af: self.konteret_af.clone(),
            attesteret_af: self.attesteret_af.clone(),
            ..Posting::default()
        }
    }

    /// Adds the fields that the connection has given a place in this record.
    pub(crate) fn place_further(
        &self,
        record: Record,
        settings: &Settings,
        (rules, place): (Rules, &str),
        fields: &mut Fields,
        warnings: &mut Vec<String>,
    ) -> Result<(), Unfit> {
        for (name, value, may_be_cut) in self.further() {
            let place = format!("{place}`{name}`");
            let Some(settled) = settings.further_fields.get(name) else { return Err(unplaced(&place)) };
            if settled.record != record {
                continue;
            }
            let width = usize::from(settled.width);
            let width = if name == "ByNavnBeloebsModtager" { width.min(TOWN_WIDTH) } else { width };
            let kept = if may_be_cut {
                let text = cut::to_width(value, width);
                warnings.extend(text.warning(&place));
                text.kept
            } else {
                cut::or_refuse(value, width, &place)?
            };
            fields.add(settled.field, kept.to_owned(), rules, &place)?;
        }
        Ok(())
    }

    /// The given ones of the fields without a published number, and whether they may be cut.
    fn further(&self) -> Vec<(&'static str, &str, bool)> {
        let fields = [
            ("AdresseBeloebsModtager", &self.adresse_beloebs_modtager, true),
            ("ByNavnBeloebsModtager", &self.by_navn_beloebs_modtager, true),
            ("CONavnBeloebsModtager", &self.co_navn_beloebs_modtager, true),
            ("Fakturadato", &self.fakturadato, false),
            ("Laeselinje", &self.laeselinje, false),
            ("NavnBeloebsModtager", &self.navn_beloebs_modtager, true),
            ("PIKontonr", &self.pi_kontonr, false),
            ("PIRegnr", &self.pi_regnr, false),
            ("PostnummerBeloebsmodtager", &self.postnummer_beloebsmodtager, false),
        ];
        fields.into_iter().filter_map(|(name, field, may_be_cut)| Some((name, given(field)?, may_be_cut))).collect()
    }
}

/// The value of a field that has one.
pub(crate) fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

/// What is left out of a payment silently may be the account that it goes to.
fn unplaced(place: &str) -> Unfit {
    Unfit {
        code: "field-without-place",
        message: format!(
            "{place} har ingen plads i filen. Angiv den i forbindelsens `further_fields`, eller udelad feltet."
        ),
        detail: "no published field number; name one in `further_fields`".into(),
    }
}
