//! A mileage claim: what the flow says, and the envelope that SD wants.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::{
    Cpr, Date, DateFormat, Unfit, cut,
    decimal::{self, Surplus},
    xml::Element,
};
use sluse_sdk::Failure;

use crate::settings::{Mileage, MileageService, Settings};

/// A mileage claim. Not printed: a person number stands in it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// SD's identifier of the institution; that of the settings when absent.
    #[serde(default)]
    institution: Option<String>,
    /// The employee's CPR number.
    cpr: String,
    /// SD's identifier of the employment.
    #[schemars(length(min = 1))]
    employment: String,
    /// SD's type of registration (`RegistreringTypeIdentifikator`).
    #[serde(rename = "type")]
    #[schemars(length(min = 1))]
    kind: String,
    /// The day of the drive.
    date: String,
    /// The distance, with at most two decimals: `12,5`.
    km: String,
    /// Where it began.
    #[serde(default)]
    from: String,
    /// Where it ended.
    #[serde(default)]
    to: String,
    /// What it was for.
    #[serde(default)]
    reason: String,
    /// Whether SD's rule of 60 days applies.
    #[serde(default)]
    sixty_day_rule: bool,
    /// The CPR number of who approved it; `AnsaettelseKoerselOpret20170501` wants one.
    #[serde(default)]
    approver_cpr: Option<String>,
    /// The account, ten digits; `AnsaettelseKoerselOpret20170501` alone takes one.
    #[serde(default)]
    account: Option<String>,
}

impl Claim {
    /// The distance in hundredths of a kilometre.
    pub(crate) fn hundredths(&self) -> Result<i64, Failure> {
        let hundredths = decimal::hundredths(&self.km, Surplus::Refused, "Afstanden")?;
        if hundredths < 0 {
            return Err(Failure::invalid("distance-negative", "Afstanden er negativ."));
        }
        Ok(hundredths)
    }

    /// The envelope as bytes. `warnings` gets what a person should know of it.
    pub(crate) fn envelope(&self, settings: &Settings, warnings: &mut Vec<String>) -> Result<Vec<u8>, Failure> {
        let mileage = &settings.mileage;
        let input = match mileage.service {
            MileageService::Of2012 => self.of_2012(settings, warnings)?,
            MileageService::Of2017 => self.of_2017(settings, warnings)?,
        };
        let operation = Element::new(mileage.element()).attribute("xmlns", mileage.namespace()).child(input);
        let envelope = Element::new("soap:Envelope")
            .attribute("xmlns:soap", "http://schemas.xmlsoap.org/soap/envelope/")
            .child(Element::new("soap:Body").child(operation));
        Ok(envelope.to_xml()?.into_bytes())
    }

    fn of_2012(&self, settings: &Settings, warnings: &mut Vec<String>) -> Result<Element, Failure> {
        let mileage = &settings.mileage;
        let cpr = number(&self.cpr, "Medarbejderen", warnings)?;
        let input = Element::new("InddataStruktur")
            .child(Element::leaf("InstitutionIdentifikator", settings.institution(self.institution.as_deref())?))
            .child(Element::leaf("PersonnummerIdentifikator", cpr.digits()))
            .children(self.drive()?)
            .child(Element::leaf("Regel60DageIndikator", self.sixty_day_rule.to_string()))
            .child(Element::leaf("KoertFraTekst", text(&self.from, mileage, "Fra")?))
            .child(Element::leaf("KoertTilTekst", text(&self.to, mileage, "Til")?))
            .child(Element::leaf("AarsagTekst", text(&self.reason, mileage, "Formålet")?));
        Ok(input)
    }

    fn of_2017(&self, settings: &Settings, warnings: &mut Vec<String>) -> Result<Element, Failure> {
        let approver = self.approver_cpr.as_deref().ok_or_else(|| Unfit::missing("Godkenderens CPR-nummer"))?;
        let approver = number(approver, "Godkenderen", warnings)?;
        let indicators = settings.mileage.indicators;
        let mut input = Element::new("InddataStruktur")
            .child(Element::leaf("InstitutionIdentifikator", settings.institution(self.institution.as_deref())?))
            .child(Element::leaf("BrugerIdentifikator", approver.digits()))
            .children(self.drive()?);
        if let Some(account) = &self.account {
            let is_account = account.len() == 10 && account.bytes().all(|byte| byte.is_ascii_digit());
            if !is_account {
                return Err(Failure::invalid("account-not-valid", "Kontonummeret skal være 10 cifre."));
            }
            input = input.child(Element::leaf("KontoNummerIdentifikator", account));
        }
        for (name, flag) in [
            ("GodkendtIndikator", indicators.approved),
            ("KontrolleretIndikator", indicators.checked),
            ("DokumentationEksternIndikator", indicators.documented_elsewhere),
            ("Regel60DageIndikator", self.sixty_day_rule),
        ] {
            input = input.child(Element::leaf(name, flag.to_string()));
        }
        for (name, value, place) in
            [("AarsagTekst", &self.reason, "Formålet"), ("KoertFra", &self.from, "Fra"), ("KoertTil", &self.to, "Til")]
        {
            if !value.trim().is_empty() {
                input = input.child(Element::leaf(name, text(value, &settings.mileage, place)?));
            }
        }
        Ok(input)
    }

    /// What both services have in common.
    fn drive(&self) -> Result<[Element; 4], Failure> {
        let iso: DateFormat = "yyyy-MM-dd".to_owned().try_into().expect("it is a format");
        let date = Date::read(&self.date, "Datoen")?;
        let hundredths = self.hundredths()?;
        Ok([
            Element::leaf("AnsaettelseIdentifikator", self.employment.trim()),
            Element::leaf("RegistreringTypeIdentifikator", self.kind.trim()),
            Element::leaf("KoerselDato", iso.write(date)),
            Element::leaf("KilometerMaal", format!("{}.{:02}", hundredths / 100, hundredths % 100)),
        ])
    }
}

fn number(text: &str, place: &str, warnings: &mut Vec<String>) -> Result<Cpr, Unfit> {
    let cpr = Cpr::read(text, place)?;
    warnings.extend(cpr.warning(place));
    Ok(cpr)
}

fn text<'t>(value: &'t str, mileage: &Mileage, place: &str) -> Result<&'t str, Unfit> {
    cut::or_refuse(value.trim(), mileage.max_text_chars.into(), place)
}
