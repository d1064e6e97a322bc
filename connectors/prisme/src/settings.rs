//! How one Prisme differs from another: whose numbers it writes, which dialect its files have, which days are closed,
//! what its receipts look like. What is published nowhere is a setting, and README.md marks it as an assumption.

mod calendar; // days on which nothing is paid
mod dialect; // how files are written
mod places; // fields whose number is published nowhere
mod receipt; // what Prisme lays back

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::Failure;

pub(crate) use calendar::Calendar;
pub(crate) use dialect::{Dialect, InvoiceNumber, Numbering, Order, Reference};
pub(crate) use places::{Place, Record};
pub(crate) use receipt::ReceiptFormat;

use dialect::{Custom, Profile};

/// The settings of a connection to Prisme.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The dialect of the files.
    pub profile: Profile,
    /// What is otherwise than in the profile.
    pub custom: Custom,
    /// Registreringssted, up to 3 digits.
    pub reg_place: String,
    /// Organisationsenhed, up to 4 digits.
    pub org_unit: String,
    /// Maskinnr, up to 5 digits, for postings that name none.
    pub maskinnr: String,
    /// The user in the first line of a file with an envelope, up to 4 characters. Empty means the organisationsenhed.
    pub user: String,
    /// What file names begin with: letters, digits, `-` and `_`.
    pub file_prefix: String,
    /// What file names end with.
    pub file_suffix: String,
    /// Where fields of a Kreditorpost go whose number is published nowhere, by their names: `NavnBeloebsModtager`.
    pub further_fields: BTreeMap<String, Place>,
    /// Days on which nothing is paid.
    pub calendar: Calendar,
    /// What receipts look like.
    pub receipt: ReceiptFormat,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::Tenq,
            custom: Custom::default(),
            reg_place: "000".into(),
            org_unit: "0000".into(),
            maskinnr: "00000".into(),
            user: String::new(),
            file_prefix: "prisme-".into(),
            file_suffix: ".txt".into(),
            further_fields: BTreeMap::new(),
            calendar: Calendar::default(),
            receipt: ReceiptFormat::default(),
        }
    }
}

impl Settings {
    /// What the schema cannot say, and the dialect that comes out.
    pub(crate) fn dialect(&self) -> Result<Dialect, Failure> {
        let digits =
            [("reg_place", &self.reg_place, 3), ("org_unit", &self.org_unit, 4), ("maskinnr", &self.maskinnr, 5)];
        for (setting, value, width) in digits {
            if value.is_empty() || value.len() > width || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(unfit(setting, &format!("1 to {width} digits")));
            }
        }
        for (setting, part) in [("file_prefix", &self.file_prefix), ("file_suffix", &self.file_suffix)] {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if part.len() > 40 || !part.bytes().all(plain) || (setting == "file_prefix" && part.starts_with('.')) {
                return Err(unfit(setting, "letters, digits, `-`, `_` and `.`, 40 at most, and no leading `.`"));
            }
        }
        let dialect = Dialect::of(self.profile, &self.custom);
        if self.user.len() > 4 || !self.user.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(unfit("user", "up to 4 letters or digits, or empty"));
        }
        if let Some((name, wanted)) = places::misplaced(&self.further_fields) {
            return Err(unfit(&format!("further_fields.{name}"), wanted));
        }
        self.calendar.verify().map_err(|wanted| unfit("calendar.closed", wanted))?;
        self.receipt.verify().map_err(|(setting, wanted)| unfit(&format!("receipt.{setting}"), wanted))?;
        Ok(dialect)
    }
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(settings: serde_json::Value, place: &str) {
        let settings: Settings = serde_json::from_value(settings).expect("of the right shape");
        let failure = settings.dialect().expect_err("refused");
        assert!(failure.problem().message.contains(place), "{failure:?}");
    }

    #[test]
    fn the_defaults_can_be_used() {
        let settings: Settings = serde_json::from_str("{}").expect("all have defaults");
        assert!(settings.dialect().is_ok());
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        refused(json!({ "maskinnr": "123456" }), "`maskinnr`");
        refused(json!({ "org_unit": "" }), "`org_unit`");
        refused(json!({ "reg_place": "1a" }), "`reg_place`");
        refused(json!({ "file_prefix": "../" }), "`file_prefix`");
        refused(json!({ "file_prefix": ".a" }), "`file_prefix`");
        refused(json!({ "user": "ABCDE" }), "`user`");
        refused(json!({ "calendar": { "closed": ["24. december"] } }), "`calendar.closed`");
        refused(json!({ "receipt": { "file_name": "x.txt" } }), "`receipt.file_name`");
        let place = json!({ "record": "g68", "field": 11, "width": 10 });
        refused(json!({ "further_fields": { "PIRegnr": place } }), "`further_fields.PIRegnr`");
        let place = json!({ "record": "g68", "field": 20, "width": 10 });
        refused(json!({ "further_fields": { "Beloeb": place } }), "`further_fields.Beloeb`");
    }
}
