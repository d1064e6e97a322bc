//! What may differ between two WorkZone installations, as the test wants it this time.
//! Leaves the meaning of each choice to the file that obeys it.

use serde::{Deserialize, Serialize};

/// One simulated installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// Entra tenant in the token URL.
    pub tenant: String,
    /// The one client that may fetch tokens.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// A secret that was good once.
    pub expired_secret: Option<String>,
    /// The scope it must ask for.
    pub scope: String,
    /// Life of a token in seconds, on the simulator's clock.
    pub token_life_s: u64,
    /// A token also ends after this many API requests; lets it expire in the middle of a sequence.
    pub token_uses: Option<u32>,
    /// Basic authentication beside OAuth 2.0, where a site has it.
    pub basic: Option<BasicAccount>,
    /// A user of the directory beside OAuth 2.0, whom NTLM lets in.
    pub ntlm: Option<DirectoryUser>,
    /// Whether requests without credentials are served; only for looking around by hand.
    pub anonymous: bool,
    /// Where the clock starts and whether it runs.
    pub clock: ClockMode,
    /// Rows on a page.
    pub page_rows: usize,
    /// Whether rows carry ETags; without them `If-Match` is a 400.
    pub etags: bool,
    /// Whether Unique fields are enforced; off, two cases may share a key.
    pub unique_enforced: bool,
    /// What becomes of `OnBehalfOf`.
    pub on_behalf_of: OnBehalfOf,
    /// Largest document, in bytes.
    pub max_document_bytes: u64,
    /// How a larger one is refused.
    pub too_large: TooLarge,
    /// Contact types that exist here.
    pub contact_types: Vec<String>,
    /// Values of `Files.State_Value` that close a case.
    pub closed_states: Vec<String>,
    /// The user behind the integration, for `inDomain('my_open_cases')`.
    pub user: String,
    /// Fields that this installation added.
    pub custom_fields: Vec<CustomField>,
    /// Tables that this installation added ("custom tabs").
    pub custom_tables: Vec<CustomTable>,
}

/// A user for Basic authentication.
#[derive(Debug, Clone)]
pub struct BasicAccount {
    /// Name, with domain where one is used.
    pub user: String,
    /// Password.
    pub password: String,
    /// After this many wrong passwords the account is locked, and the right one is refused too.
    pub lock_after: Option<u32>,
}

/// A user of the directory.
#[derive(Debug, Clone)]
pub struct DirectoryUser {
    /// As `KOMMUNE`; with another one nobody is let in.
    pub domain: String,
    /// Name within the domain.
    pub user: String,
    /// Password.
    pub password: String,
    /// After this many wrong proofs in a row the account is locked, and right ones are refused too.
    pub lock_after: Option<u32>,
}

/// Where the simulator's time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockMode {
    /// Stands still until a control request moves it. Milliseconds since 1970.
    Frozen(i64),
    /// Runs from this instant. Milliseconds since 1970.
    RunningFrom(i64),
}

/// What becomes of a request with `OnBehalfOf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBehalfOf {
    /// Served.
    Allowed,
    /// 403 everywhere.
    Denied,
    /// 403 for `$batch`, served elsewhere.
    DeniedInBatch,
}

/// How a document above the limit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// 413 with an OData error.
    Status413,
    /// IIS's own 404.13 as an HTML page.
    Iis40413,
}

/// What a custom field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Free text.
    Text,
    /// Text that no other row of the set may have.
    Unique,
    /// A day.
    Date,
    /// A decimal number.
    Decimal,
    /// A whole number.
    Integer,
}

/// A field that an installation added.
#[derive(Debug, Clone)]
pub struct CustomField {
    /// `Files`, `Records` or `FileContacts`.
    pub set: String,
    /// Upper case.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
}

impl CustomField {
    /// A field `name` of `set`.
    pub fn new(set: &str, name: &str, kind: FieldKind) -> CustomField {
        CustomField { set: set.to_owned(), name: name.to_owned(), kind }
    }
}

/// A table that an installation added; its rows join a case through `FileKey_Value`.
#[derive(Debug, Clone)]
pub struct CustomTable {
    /// Entity set, upper case.
    pub name: String,
    /// Its fields beside `FileKey_Value`.
    pub fields: Vec<(String, FieldKind)>,
}

/// Monday 2 March 2026, 08:00 UTC.
pub const DEFAULT_START_UNIX_MS: i64 = 1_772_438_400_000;

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            port: 0,
            tenant: "7d1f0a52-3c55-4f0e-9a52-6c1c1f7e2b10".to_owned(),
            client_id: "sluse-test-client".to_owned(),
            client_secret: "sluse-test-secret".to_owned(),
            expired_secret: None,
            scope: "api://workzone.example/.default".to_owned(),
            token_life_s: 3599,
            token_uses: None,
            basic: None,
            ntlm: None,
            anonymous: false,
            clock: ClockMode::Frozen(DEFAULT_START_UNIX_MS),
            page_rows: 50,
            etags: true,
            unique_enforced: true,
            on_behalf_of: OnBehalfOf::Allowed,
            max_document_bytes: 256 << 20,
            too_large: TooLarge::Status413,
            contact_types: ["A", "M", "K", "U", "C", "P", "E", "F", "H"].map(str::to_owned).to_vec(),
            closed_states: vec!["A".to_owned()],
            user: "SLUSE".to_owned(),
            custom_fields: default_fields(),
            custom_tables: vec![default_table()],
        }
    }
}

fn default_fields() -> Vec<CustomField> {
    // A case with more than thirty free-text fields is an ordinary case.
    let texts = (1..=40).map(|number| CustomField::new("Files", &format!("FELT{number:02}"), FieldKind::Text));
    let named = [
        CustomField::new("Files", "EXTREF", FieldKind::Unique),
        CustomField::new("Files", "MATRIKEL", FieldKind::Text),
        CustomField::new("Files", "BYGADRESSE", FieldKind::Text),
        CustomField::new("Files", "ANSDATO", FieldKind::Date),
        CustomField::new("Files", "AREAL", FieldKind::Decimal),
        CustomField::new("Records", "SHA256", FieldKind::Text),
    ];
    named.into_iter().chain(texts).collect()
}

fn default_table() -> CustomTable {
    let field = |name: &str, kind| (name.to_owned(), kind);
    CustomTable {
        name: "BYGGESAG".to_owned(),
        fields: vec![
            field("ROWKEY", FieldKind::Text),
            field("MATRIKEL", FieldKind::Text),
            field("BYGNINGSTYPE", FieldKind::Text),
            field("ANVENDELSE", FieldKind::Text),
            field("AREAL", FieldKind::Decimal),
            field("ETAGER", FieldKind::Integer),
            field("ANSDATO", FieldKind::Date),
            field("BEMAERKNING", FieldKind::Text),
        ],
    }
}
