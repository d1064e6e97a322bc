//! How files are written: the dialects that are known, and what a site does otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{Charset, layout::Newline};

/// A known dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// As tenQ writes: payment before posting, field 07, CRLF.
    Tenq,
    /// As tenQ, with invoice numbers of batch and line, with control files, and with payments to odd CPR numbers in a folder of their own.
    Suila,
    /// As OS2bos writes: posting before payment, organisation in the header, an envelope, LF.
    Os2bos,
}

/// Which record comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The payment (G68), then its posting (G69).
    PaymentFirst,
    /// The posting (G69), then its payment (G68).
    PostingFirst,
}

/// What the payment reference (G68 field 16, G69 field 117) ends in, after date and maskinnr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reference {
    /// The line number of the payment: 18 digits in all.
    Line,
    /// The ekspeditionsløbenr: 20 digits in all.
    Dispatch,
}

/// What names a payment that has no Fakturanr (G68 field 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InvoiceNumber {
    /// The batch key, in at most 20 characters.
    Batch,
    /// The batch key in at most 15 characters, and the line number of the payment in five digits.
    BatchAndLine,
}

/// Where numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Numbering {
    /// From 1 in each file.
    PerFile,
    /// From a sequence that goes on over all files. A payment and its posting share one.
    Reserved,
}

/// What a site does otherwise than its profile. What is not named is as in the profile.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Custom {
    /// Which record comes first.
    pub order: Option<Order>,
    /// Whether the header of a payment has the organisationsenhed behind its line number.
    pub g68_org_unit: Option<bool>,
    /// Whether payments have field 07, of 18 zeros.
    pub field_07: Option<bool>,
    /// The digits of field 11.
    #[schemars(range(min = 10, max = 14))]
    pub payee_width: Option<u8>,
    /// What the payment reference ends in.
    pub reference: Option<Reference>,
    /// Whether field 111 is filled with zeros to 15 digits.
    pub account_padded: Option<bool>,
    /// Whether field 114 is written also where no Regnskabsaar is given: the year of the posting date.
    pub fiscal_year: Option<bool>,
    /// Whether a positive amount in field 112 ends in `+` instead of a space.
    pub plus_sign: Option<bool>,
    /// What ends a line.
    pub newline: Option<Newline>,
    /// Whether files begin with Z300 and end with SLUTD.
    pub envelope: Option<bool>,
    /// The encoding of files.
    pub encoding: Option<Charset>,
    /// Where line numbers come from.
    pub line_numbers: Option<Numbering>,
    /// Where ekspeditionsløbenumre (field 104) come from.
    pub dispatch_numbers: Option<Numbering>,
    /// What stands in field 17 where no Fakturanr is given.
    pub invoice_number: Option<InvoiceNumber>,
    /// Whether payments to CPR numbers that fail modulus 11 go to the folder `odd-cpr`.
    pub odd_cpr_apart: Option<bool>,
    /// Whether each payment has a control file in the folder `control`: `filnavn;cpr;beløb`.
    pub control_file: Option<bool>,
}

/// A dialect in full.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub(crate) order: Order,
    pub(crate) g68_org_unit: bool,
    pub(crate) field_07: bool,
    pub(crate) payee_width: u8,
    pub(crate) reference: Reference,
    pub(crate) account_padded: bool,
    pub(crate) fiscal_year: bool,
    pub(crate) plus_sign: bool,
    pub(crate) newline: Newline,
    pub(crate) envelope: bool,
    pub(crate) encoding: Charset,
    pub(crate) line_numbers: Numbering,
    pub(crate) dispatch_numbers: Numbering,
    pub(crate) invoice_number: InvoiceNumber,
    pub(crate) odd_cpr_apart: bool,
    pub(crate) control_file: bool,
}

impl Dialect {
    pub(crate) fn of(profile: Profile, custom: &Custom) -> Self {
        let base = Self::known(profile);
        Self {
            order: custom.order.unwrap_or(base.order),
            g68_org_unit: custom.g68_org_unit.unwrap_or(base.g68_org_unit),
            field_07: custom.field_07.unwrap_or(base.field_07),
            payee_width: custom.payee_width.unwrap_or(base.payee_width).clamp(10, 14),
            reference: custom.reference.unwrap_or(base.reference),
            account_padded: custom.account_padded.unwrap_or(base.account_padded),
            fiscal_year: custom.fiscal_year.unwrap_or(base.fiscal_year),
            plus_sign: custom.plus_sign.unwrap_or(base.plus_sign),
            newline: custom.newline.unwrap_or(base.newline),
            envelope: custom.envelope.unwrap_or(base.envelope),
            encoding: custom.encoding.unwrap_or(base.encoding),
            line_numbers: custom.line_numbers.unwrap_or(base.line_numbers),
            dispatch_numbers: custom.dispatch_numbers.unwrap_or(base.dispatch_numbers),
            invoice_number: custom.invoice_number.unwrap_or(base.invoice_number),
            odd_cpr_apart: custom.odd_cpr_apart.unwrap_or(base.odd_cpr_apart),
            control_file: custom.control_file.unwrap_or(base.control_file),
        }
    }

    fn known(profile: Profile) -> Self {
        let tenq = Self {
            order: Order::PaymentFirst,
            g68_org_unit: false,
            field_07: true,
            payee_width: 14,
            reference: Reference::Line,
            account_padded: true,
            fiscal_year: false,
            plus_sign: false,
            newline: Newline::Crlf,
            envelope: false,
            encoding: Charset::Utf8,
            // The payment reference ends in the line number, and must not come twice on a day.
            line_numbers: Numbering::Reserved,
            dispatch_numbers: Numbering::PerFile,
            invoice_number: InvoiceNumber::Batch,
            odd_cpr_apart: false,
            control_file: false,
        };
        match profile {
            Profile::Tenq => tenq,
            Profile::Suila => {
                Self { invoice_number: InvoiceNumber::BatchAndLine, odd_cpr_apart: true, control_file: true, ..tenq }
            }
            Profile::Os2bos => Self {
                order: Order::PostingFirst,
                g68_org_unit: true,
                field_07: false,
                payee_width: 10,
                reference: Reference::Dispatch,
                account_padded: false,
                fiscal_year: true,
                newline: Newline::Lf,
                envelope: true,
                line_numbers: Numbering::PerFile,
                dispatch_numbers: Numbering::Reserved,
                ..tenq
            },
        }
    }

    /// Whether no two files have the same payment reference.
    pub(crate) fn references_are_unique(&self) -> bool {
        let ends_in = match self.reference {
            Reference::Line => self.line_numbers,
            Reference::Dispatch => self.dispatch_numbers,
        };
        ends_in == Numbering::Reserved
    }
}
