//! A payment: one line that begins with `G68`, and that is tied to a posting by its reference. Line number and
//! reference come later.

use sluse_formats::{Cpr, Cvr, Date, Unfit, cut, file};

use crate::{
    file::{KEY, REFERENCE_WIDTH},
    g69::{choice, digits},
    operations::kreditorpost::{Kreditorpost, given},
    record::{Fields, Rules, padded},
    settings::{Dialect, InvoiceNumber, Record, Settings},
};

/// A payment that fits, without its numbers.
pub(crate) struct Payment {
    /// When the CPR number of the entitled fails modulus 11.
    pub(crate) odd_cpr: bool,
    /// Of the entitled, for the control file.
    pub(crate) entitled: String,
    /// What its line number is added to in field 17.
    invoice_stem: Option<String>,
    fields: Fields,
    header: String,
    /// Of the header, behind the line number.
    tail: String,
}

/// Of values in G68.
const FORBIDDEN: &str = "&!\\";

/// Of a line number.
const LINE_DIGITS: usize = 5;

/// The longest payment text.
const TEXT_WIDTH: usize = 81;

/// Who is paid, by the code that stands in field 10.
const IDENT_CODES: [&str; 5] = ["01", "02", "03", "11", "12"];

impl Payment {
    /// Reads the payment of a Kreditorpost. `place` says which, `ore` is its amount, `day` when it is paid.
    pub(crate) fn read(
        post: &Kreditorpost,
        (key, place): (&str, &str),
        (ore, day): (i64, Date),
        settings: &Settings,
        dialect: &Dialect,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Unfit> {
        let rules = Rules { forbidden: FORBIDDEN, encoding: dialect.encoding };
        let at = |name: &str| format!("{place}`{name}`");
        let code = choice(&padded(post.ident_kode.trim(), 2), &IDENT_CODES, &at("IdentKode"))?;
        let transaction = choice(&padded(post.transaktionstype.trim(), 2), &["01", "10"], &at("Transaktionstype"))?;
        let place_of_entitled = at("Udbetalingsberettiget");
        let Entitled { number: entitled, odd_cpr, warning } =
            Entitled::read(&code, post.udbetalingsberettiget.trim(), dialect, &place_of_entitled)?;
        warnings.extend(warning);
        let org_unit = padded(&settings.org_unit, 4);
        let amount = ore.unsigned_abs().to_string();
        cut::or_refuse(&amount, 11, &at("Beloeb"))?;

        let mut fields = Fields::default();
        fields.set(2, org_unit.clone());
        fields.set(3, "00".into());
        if dialect.field_07 {
            fields.set(7, padded("", 18));
        }
        fields.set(8, padded(&amount, 11));
        fields.set(9, if ore < 0 { "-" } else { "+" }.into());
        fields.set(10, code);
        fields.set(11, padded(&entitled, usize::from(dialect.payee_width)));
        fields.set(12, day.compact());
        let invoice_stem = invoice_number(post, (key, place), dialect, &mut fields)?;
        if let Some(text) = given(&post.betalingstekst) {
            let text = cut::to_width(text, TEXT_WIDTH);
            warnings.extend(text.warning(&at("Betalingstekst")));
            fields.add(40, text.kept.to_owned(), rules, &at("Betalingstekst"))?;
        }
        post.place_further(Record::G68, settings, (rules, place), &mut fields, warnings)?;
        let in_header = if dialect.g68_org_unit { org_unit } else { String::new() };
        Ok(Self {
            odd_cpr,
            entitled,
            invoice_stem,
            fields,
            header: format!("{}G68", padded(&settings.reg_place, 3)),
            tail: format!("{in_header}{transaction}1"),
        })
    }

    /// The line under this number, tied by this reference.
    pub(crate) fn line(&self, line_no: u32, reference: &str) -> String {
        let mut fields = self.fields.clone();
        fields.set(16, reference.to_owned());
        if let Some(stem) = &self.invoice_stem {
            fields.set(17, format!("{stem}{line_no:05}"));
        }
        fields.line(&format!("{}{line_no:05}{}", self.header, self.tail), 2)
    }
}

/// Writes what names the payment (field 17); gives what its line number is still to be added to.
fn invoice_number(
    post: &Kreditorpost,
    (key, place): (&str, &str),
    dialect: &Dialect,
    fields: &mut Fields,
) -> Result<Option<String>, Unfit> {
    let rules = Rules { forbidden: FORBIDDEN, encoding: dialect.encoding };
    match (given(&post.fakturanr), dialect.invoice_number) {
        (Some(own), _) => {
            let place = format!("{place}`Fakturanr`");
            let own = cut::or_refuse(own, REFERENCE_WIDTH, &place)?;
            fields.add(17, own.to_owned(), rules, &place)?;
            Ok(None)
        }
        (None, InvoiceNumber::Batch) => {
            fields.add(17, file::shortened(key, REFERENCE_WIDTH), rules, KEY)?;
            Ok(None)
        }
        (None, InvoiceNumber::BatchAndLine) => {
            let stem = file::shortened(key, REFERENCE_WIDTH - LINE_DIGITS);
            fields.add(17, stem.clone(), rules, KEY)?;
            Ok(Some(stem))
        }
    }
}

/// Who is paid. Not printed: it names a person.
struct Entitled {
    number: String,
    /// It is a CPR number that fails modulus 11.
    odd_cpr: bool,
    /// What a person should know of it.
    warning: Option<String>,
}

impl Entitled {
    fn read(code: &str, number: &str, dialect: &Dialect, place: &str) -> Result<Self, Unfit> {
        if number.is_empty() {
            return Err(Unfit::missing(place));
        }
        let plain = |width| {
            let number = digits(number, width, place)?.to_owned();
            Ok(Self { number, odd_cpr: false, warning: None })
        };
        match code {
            "02" => {
                let cpr = Cpr::read(number, place)?;
                let (odd_cpr, warning) = (!cpr.fits_modulus_11(), cpr.warning(place));
                Ok(Self { number: cpr.digits().to_owned(), odd_cpr, warning })
            }
            "11" => {
                let cvr = Cvr::read(number, place)?;
                Ok(Self { number: cvr.digits().to_owned(), odd_cpr: false, warning: cvr.warning(place) })
            }
            "03" => plain(8),
            "12" => plain(10),
            _ => plain(usize::from(dialect.payee_width)),
        }
    }
}
