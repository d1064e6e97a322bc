//! How one installation differs from another. The file layout is public nowhere, so all of it is a setting; of the web
//! services, what SD's public pages leave open is one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_formats::Layout;
use sluse_sdk::Failure;

/// The settings of a connection to SD Løn.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// SD's identifier of the institution, unless the input names another.
    pub institution: Option<String>,
    /// How import files are laid out. Without it `append-lines` is refused.
    pub layout: Option<Layout>,
    /// What the name of an import file begins with.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$"))]
    pub file_prefix: String,
    /// What it ends with.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{0,20}[A-Za-z0-9]$"))]
    pub file_suffix: String,
    /// Mileage claims.
    pub mileage: Mileage,
    /// The path of SD's look-up of employments.
    #[schemars(regex(pattern = "^/"))]
    pub employment_path: String,
    /// The path that `check` reads to see whether SD lets the user in.
    #[schemars(regex(pattern = "^/"))]
    pub institution_path: String,
}

/// How mileage is claimed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mileage {
    /// Which of SD's two services is used.
    pub service: MileageService,
    /// The path of the service; that of `service` when absent.
    #[schemars(regex(pattern = "^/"))]
    pub path: Option<String>,
    /// The XML namespace; that of `service` when absent.
    pub namespace: Option<String>,
    /// The element of the request; the name of `service` when absent.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_.-]*$"))]
    pub element: Option<String>,
    /// The longest `AarsagTekst`, `KoertFraTekst` and `KoertTilTekst`. Longer ones are refused, because SD does not say that
    /// they may be cut.
    #[schemars(range(min = 1, max = 4000))]
    pub max_text_chars: u16,
    /// What `AnsaettelseKoerselOpret20170501` is told of each claim.
    pub indicators: Indicators,
    /// The header `SOAPAction`. Empty, as most SOAP 1.1 services take it, unless set.
    pub soap_action: String,
    /// How long an answer may take, in milliseconds. SD may need two minutes; the endpoint's own `timeout_ms` and the
    /// operator's `egress.max_timeout_seconds` have to be as long, or they end it earlier.
    #[schemars(range(min = 1000, max = 290_000))]
    #[schemars(extend("x-sluse-timeout" = "default"))]
    pub timeout_ms: u32,
    /// What a fault means that SD says is its own (`Server`, `Receiver`).
    pub server_faults: ServerFaults,
    /// What becomes of a claim of no distance.
    pub zero_distance: ZeroDistance,
}

/// What is said of each claim.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Indicators {
    /// `GodkendtIndikator`: it has been approved, by `approver_cpr`.
    pub approved: bool,
    /// `KontrolleretIndikator`: it has been checked.
    pub checked: bool,
    /// `DokumentationEksternIndikator`: its documentation is kept elsewhere.
    pub documented_elsewhere: bool,
}

impl Default for Indicators {
    fn default() -> Self {
        Self { approved: true, checked: true, documented_elsewhere: false }
    }
}

/// SD's services for mileage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum MileageService {
    /// `KoerselOpret20120201`.
    #[default]
    #[serde(rename = "KoerselOpret20120201")]
    Of2012,
    /// `AnsaettelseKoerselOpret20170501`, which wants an approver.
    #[serde(rename = "AnsaettelseKoerselOpret20170501")]
    Of2017,
}

/// What a fault means that is SD's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerFaults {
    /// The claim may have been taken: a person looks in SD Løn.
    #[default]
    InDoubt,
    /// Nothing was taken: it is tried again.
    DidNothing,
}

/// What becomes of a claim of no distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ZeroDistance {
    /// It is not sent, and that is a success.
    #[default]
    Skip,
    /// It is refused as invalid.
    Refuse,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            institution: None,
            layout: None,
            file_prefix: "sd-".into(),
            file_suffix: ".txt".into(),
            mileage: Mileage::default(),
            employment_path: "/sdws/GetEmployment20111201".into(),
            institution_path: "/sdws/GetInstitution20111201".into(),
        }
    }
}

impl Default for Mileage {
    fn default() -> Self {
        Self {
            service: MileageService::default(),
            path: None,
            namespace: None,
            element: None,
            max_text_chars: 255,
            indicators: Indicators::default(),
            soap_action: String::new(),
            timeout_ms: 150_000,
            server_faults: ServerFaults::default(),
            zero_distance: ZeroDistance::default(),
        }
    }
}

impl MileageService {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Of2012 => "KoerselOpret20120201",
            Self::Of2017 => "AnsaettelseKoerselOpret20170501",
        }
    }
}

impl Mileage {
    pub(crate) fn path(&self) -> String {
        self.path.clone().unwrap_or_else(|| match self.service {
            MileageService::Of2012 => format!("/sdws/services/{}", self.service.name()),
            MileageService::Of2017 => format!("/sdws-indberetning/services/{}", self.service.name()),
        })
    }

    pub(crate) fn element(&self) -> &str {
        self.element.as_deref().unwrap_or(self.service.name())
    }

    pub(crate) fn namespace(&self) -> String {
        self.namespace.clone().unwrap_or_else(|| match self.service {
            MileageService::Of2012 => "urn:oio:sd:snitflader:2012.02.01".into(),
            MileageService::Of2017 => "urn:oio:sd:snitflader:2017.05.01".into(),
        })
    }
}

impl Settings {
    /// The layout of import files, when it can work.
    pub(crate) fn layout(&self) -> Result<&Layout, Failure> {
        let layout = self.layout.as_ref().ok_or_else(|| {
            Failure::invalid(
                "layout-missing",
                "Filens layout er ikke sat op. Angiv `layout` i forbindelsens indstillinger.",
            )
        })?;
        layout.verify().map_err(|wanted| {
            Failure::invalid(
                "layout-not-valid",
                "Filens layout er ikke gyldigt. Ret `layout` i forbindelsens indstillinger.",
            )
            .detail(wanted)
        })?;
        Ok(layout)
    }

    /// The institution that the input names, else that of the settings.
    pub(crate) fn institution<'s>(&'s self, of_input: Option<&'s str>) -> Result<&'s str, Failure> {
        of_input.or(self.institution.as_deref()).map(str::trim).filter(|text| !text.is_empty()).ok_or_else(|| {
            Failure::invalid(
                "institution-missing",
                "Institutionen mangler. Angiv den i oplysningerne eller i forbindelsens indstillinger.",
            )
        })
    }
}
