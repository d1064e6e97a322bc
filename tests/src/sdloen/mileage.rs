//! A claim, and what becomes of it. SD has no memory for what came before: the same claim again is paid again.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Response;

use super::soap::{self, SoapFault, enveloped, escaped, xml};
use super::state::{Shared, State};
use crate::simulated::fails_modulus_11;

/// Which of SD's two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Of2012,
    Of2017,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Of2012 => "KoerselOpret20120201",
            Self::Of2017 => "AnsaettelseKoerselOpret20170501",
        }
    }

    /// What has to be there, in the order of the envelope.
    fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Of2012 => &[
                "InstitutionIdentifikator",
                "PersonnummerIdentifikator",
                "AnsaettelseIdentifikator",
                "RegistreringTypeIdentifikator",
                "KoerselDato",
                "KilometerMaal",
                "Regel60DageIndikator",
            ],
            Self::Of2017 => &[
                "InstitutionIdentifikator",
                "BrugerIdentifikator",
                "AnsaettelseIdentifikator",
                "RegistreringTypeIdentifikator",
                "KoerselDato",
                "KilometerMaal",
                "GodkendtIndikator",
                "KontrolleretIndikator",
                "DokumentationEksternIndikator",
                "Regel60DageIndikator",
            ],
        }
    }
}

/// A claim as it arrived.
#[derive(Debug)]
pub(super) struct Claim {
    service: Service,
    /// In the order of the envelope.
    fields: Vec<(String, String)>,
    /// As the ledger names it.
    pub(super) key: String,
}

impl Claim {
    /// `None` when it is no envelope of the service.
    pub(super) fn read(service: Service, body: &str) -> Option<Self> {
        let fields = soap::leaves(body, "InddataStruktur").filter(|_| body.contains(service.name()))?;
        let mut claim = Self { service, fields, key: String::new() };
        let part = |name| claim.field(name).unwrap_or("?");
        claim.key = format!("{} {} {}", part("AnsaettelseIdentifikator"), part("KoerselDato"), part("KilometerMaal"));
        Some(claim)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Why SD refuses it.
    fn refusal(&self, shared: &Shared, state: &State) -> Option<&'static str> {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        let mut needed = self.service.needed().iter().peekable();
        for name in names {
            needed.next_if(|wanted| **wanted == name);
        }
        if needed.next().is_some() {
            return Some("Et felt mangler, eller felterne står i forkert rækkefølge");
        }
        if self.field("InstitutionIdentifikator") != Some(shared.settings.institution.as_str()) {
            return Some("Institutionen findes ikke");
        }
        let person = self.field("PersonnummerIdentifikator");
        if shared.settings.refuses_odd_cpr && person.is_some_and(fails_modulus_11) {
            return Some("Personnummeret er ugyldigt");
        }
        let wanted = self.field("AnsaettelseIdentifikator");
        let mut employments = state.employments.iter().filter(|employment| Some(employment.id.as_str()) == wanted);
        match employments.find(|employment| person.is_none_or(|person| person == employment.cpr)) {
            None => Some("Ansættelsen findes ikke"),
            Some(employment) if !employment.is_active() => Some("Ansættelsen er ophørt"),
            Some(_) => None,
        }
    }

    /// Registers it, or says why not.
    pub(super) fn register(&self, shared: &Shared) -> Response<Body> {
        let mut state = shared.state();
        let planted = state.soap_fault(&self.key);
        let refusal = self.refusal(shared, &state);
        let entry = state.ledger.claims.entry(self.key.clone()).or_default();
        entry.received += 1;
        entry.last = BTreeMap::from_iter(self.fields.clone());
        if let Some(reason) = refusal {
            return SoapFault::of_caller(reason).written();
        }
        if let Some(fault) = planted.as_ref().filter(|fault| !fault.commits) {
            return fault.written();
        }
        let id = state.registered(&self.key);
        match planted {
            Some(fault) => fault.written(),
            None => xml(enveloped(&self.answer(&id))),
        }
    }

    /// What came in, and what was made of it.
    fn answer(&self, id: &str) -> String {
        let echoed: String =
            self.fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
        let number = match self.service {
            Service::Of2012 => String::new(),
            Service::Of2017 => format!("<RegistreringIdentifikator>{id}</RegistreringIdentifikator>"),
        };
        let (name, now) = (self.service.name(), jiff::Timestamp::now());
        format!("<{name}>{echoed}<dannetDatoTid>{now}</dannetDatoTid>{number}</{name}>")
    }
}
