//! How one WorkZone differs from another. Defaults are those of WorkZone's documentation where it says
//! something; what it leaves open is a setting, and README.md marks it as an assumption.

mod names; // what the documentation leaves open

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::Failure;

pub(crate) use names::Names;

/// The settings of a connection to WorkZone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The version of OData that the endpoint speaks: `v4` below `/OData4`, `v3` below `/odata`.
    pub odata_version: ODataVersion,
    /// How v3 writes JSON. Every v3 service knows `verbose`.
    pub v3_format: V3Format,
    /// How a row is changed: `auto` is PATCH in v4 and MERGE in v3; `post-merge` is POST with `X-HTTP-Method: MERGE`.
    pub update_method: UpdateMethod,
    /// Ask for the columns that are needed when a row is created. Off, the answer is the ID only and the rest is read.
    pub select_on_create: bool,
    /// Create what belongs together in one `$batch`, all or nothing. The bytes of documents always go outside.
    pub use_batch: bool,
    /// Which contact type is which, one character each. They differ from site to site.
    pub contact_types: ContactTypes,
    /// How a CPR number is written when a contact is created. Both forms are found.
    pub cpr_format: CprFormat,
    /// The Unique field of cases that keeps the external reference. Without one nobody can look whether a
    /// case whose creation was interrupted is there, and a person is asked.
    pub external_ref_field: Option<String>,
    /// The property that XFlow's Sagsgruppe is written to.
    pub case_group_property: String,
    /// The property that XFlow's Sagskategori is written to.
    pub case_category_property: String,
    /// Whether opening a case needs a Sagskategori, as it does in XFlow. Off where cases may have none.
    pub case_category_required: bool,
    /// The property of a case for each field name of the form. A field that is not named here must be a property itself.
    pub custom_field_map: BTreeMap<String, String>,
    /// The custom tabs that have a name or properties of their own. A tab that is not named here is an entity set.
    pub custom_tabs: BTreeMap<String, CustomTab>,
    /// What a document is unless the flow says otherwise.
    pub default_record: DefaultRecord,
    /// The field of documents that keeps the SHA-256 of their bytes. With it a file is on a case at most once.
    pub record_hash_field: Option<String>,
    /// How a document is found whose creation was interrupted, where there is no `record_hash_field`.
    pub record_lookup: RecordLookup,
    /// The role of a party unless the flow says otherwise.
    pub party_role: String,
    /// Names of properties and entity sets that WorkZone's documentation leaves open.
    pub names: Names,
    /// What WorkZone's use log calls the application (header `UseLog-Application`). ASCII.
    pub uselog_application: String,
    /// Act for this user (header `OnBehalfOf`) where the flow names none; the integration account must allow
    /// impersonation. ASCII.
    pub on_behalf_of: Option<String>,
    /// Larger documents are refused before they are sent.
    pub max_document_bytes: u64,
    /// How many pages of 50 rows one look-up follows.
    pub page_limit: u32,
    /// How often a row that others change meanwhile is read again before the delivery is put off.
    pub conflict_limit: u32,
}

/// A version of OData.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ODataVersion {
    V3,
    V4,
}

/// A JSON format of OData v3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum V3Format {
    Verbose,
    Light,
}

/// How a row is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateMethod {
    Auto,
    Patch,
    Merge,
    PostMerge,
}

/// Which contact type is which.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactTypes {
    /// The type of persons, identified by CPR number.
    pub cpr: Option<String>,
    /// The type of companies, identified by CVR number.
    pub cvr: Option<String>,
    /// The alternative type of contacts that are identified by e-mail address.
    pub email: Option<String>,
}

/// How a CPR number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CprFormat {
    /// `ddmmyyxxxx`
    Plain,
    /// `ddmmyy-xxxx`
    Dashed,
}

/// A custom tab: a table whose rows belong to a case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomTab {
    /// Its entity set.
    pub set: String,
    /// The property of a row that names the case.
    #[serde(default = "case_key")]
    pub case_property: String,
    /// The property that tells several rows of one case apart.
    #[serde(default)]
    pub row_key_property: Option<String>,
    /// The property for each field name of the form.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// What a document is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultRecord {
    /// `RecordType_Value`.
    pub record_type: String,
    /// `State_Value`.
    pub state: String,
    /// `RecordGrp_Value`, written only when given.
    pub group: Option<String>,
}

/// How a document is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLookup {
    /// By the uploaded bytes that it refers to: exact.
    Link,
    /// By its title on the case, for sites that cannot filter by the link. Another document with the same title passes for it.
    Title,
}

pub(crate) fn case_key() -> String {
    "FileKey_Value".into()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            odata_version: ODataVersion::V4,
            v3_format: V3Format::Verbose,
            update_method: UpdateMethod::Auto,
            select_on_create: true,
            use_batch: false,
            contact_types: ContactTypes::default(),
            cpr_format: CprFormat::Plain,
            external_ref_field: None,
            case_group_property: "FileClass_Value".into(),
            case_category_property: "FileType_Value".into(),
            case_category_required: true,
            custom_field_map: BTreeMap::new(),
            custom_tabs: BTreeMap::new(),
            default_record: DefaultRecord::default(),
            record_hash_field: None,
            record_lookup: RecordLookup::Link,
            party_role: "Sagspart".into(),
            names: Names::default(),
            uselog_application: "Sluse".into(),
            on_behalf_of: None,
            max_document_bytes: 250 << 20,
            page_limit: 20,
            conflict_limit: 3,
        }
    }
}

impl Default for DefaultRecord {
    fn default() -> Self {
        Self { record_type: "I".into(), state: "UÅ".into(), group: None }
    }
}

impl Settings {
    /// What the schema cannot say: names that go into URLs are plain, and what goes into headers is ASCII.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        for (place, name) in self.written_names() {
            if !is_name(name) {
                return Err(unfit(&place, "a property or entity set: letters a-z, digits and `_`, a letter first"));
            }
        }
        let types = &self.contact_types;
        for (place, letter) in [("cpr", &types.cpr), ("cvr", &types.cvr), ("email", &types.email)] {
            if letter.as_ref().is_some_and(|letter| !is_contact_type(letter)) {
                return Err(unfit(&format!("contact_types.{place}"), "one character"));
            }
        }
        if !is_visible_ascii(&self.uselog_application) {
            return Err(unfit("uselog_application", "visible ASCII, because it is sent in a header"));
        }
        if self.on_behalf_of.as_ref().is_some_and(|user| !is_user(user)) {
            return Err(unfit("on_behalf_of", USER_FORM));
        }
        Ok(())
    }

    fn written_names(&self) -> Vec<(String, &str)> {
        let mut written = vec![
            ("case_group_property".to_owned(), self.case_group_property.as_str()),
            ("case_category_property".to_owned(), self.case_category_property.as_str()),
        ];
        written.extend(self.external_ref_field.iter().map(|name| ("external_ref_field".to_owned(), name.as_str())));
        written.extend(self.record_hash_field.iter().map(|name| ("record_hash_field".to_owned(), name.as_str())));
        written.extend(self.names.all().map(|name| ("names".to_owned(), name)));
        written.extend(mapped("custom_field_map", &self.custom_field_map));
        for (tab, custom) in &self.custom_tabs {
            let place = format!("custom_tabs.{tab}");
            written.push((place.clone(), &custom.set));
            written.push((place.clone(), &custom.case_property));
            written.extend(custom.row_key_property.iter().map(|name| (place.clone(), name.as_str())));
            written.extend(mapped(&place, &custom.fields));
        }
        written
    }
}

fn mapped<'a>(place: &str, map: &'a BTreeMap<String, String>) -> impl Iterator<Item = (String, &'a str)> {
    map.iter().map(move |(field, property)| (format!("{place}.{field}"), property.as_str()))
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
}

/// Whether `name` can be a property or an entity set: nothing in it ends a name in a URL.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() <= 128 && name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(plain)
}

/// Whether `letter` can be a contact type.
pub(crate) fn is_contact_type(letter: &str) -> bool {
    letter.chars().count() == 1
}

/// What the name of a user must be.
pub(crate) const USER_FORM: &str =
    "a user of WorkZone: visible ASCII without `,`, `;`, `=` and `\"`, because it is sent in the header `OnBehalfOf`";

/// Whether `user` can be the user in a header `OnBehalfOf: User=…`: nothing in it begins another header or another
/// member of this one. None of the refused characters may be in the name of a user of a directory.
pub(crate) fn is_user(user: &str) -> bool {
    is_visible_ascii(user) && !user.contains([',', ';', '=', '"'])
}

fn is_visible_ascii(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(settings: serde_json::Value, place: &str) {
        let settings: Settings = serde_json::from_value(settings).expect("of the right shape");
        let failure = settings.verify().expect_err("refused");
        assert!(failure.problem().message.contains(place), "{failure:?}");
    }

    #[test]
    fn the_defaults_can_be_used() {
        let settings: Settings = serde_json::from_str("{}").expect("all have defaults");
        assert!(settings.verify().is_ok());
        assert_eq!(settings.case_group_property, "FileClass_Value");
        assert_eq!(settings.case_category_property, "FileType_Value");
    }

    #[test]
    fn a_name_that_would_change_a_url_is_refused() {
        refused(serde_json::json!({ "external_ref_field": "A eq 'b' or C" }), "external_ref_field");
        refused(serde_json::json!({ "custom_field_map": { "Matrikel": "MATRIKEL?x" } }), "custom_field_map.Matrikel");
        refused(serde_json::json!({ "custom_tabs": { "Byggesag": { "set": "../Files" } } }), "custom_tabs.Byggesag");
    }

    #[test]
    fn contact_types_are_one_character() {
        refused(serde_json::json!({ "contact_types": { "email": "EM" } }), "contact_types.email");
    }

    #[test]
    fn headers_are_ascii() {
        refused(serde_json::json!({ "on_behalf_of": "søren" }), "on_behalf_of");
        refused(serde_json::json!({ "uselog_application": "Blåbær" }), "uselog_application");
    }

    #[test]
    fn a_user_begins_nothing_else_in_its_header() {
        for user in ["ANSO", r"KOMMUNE\SAGSBEH", "anso@kommune.dk", "Jens O'Hara"] {
            assert!(is_user(user), "{user}");
        }
        for user in ["ANSO\r\nX-Other: 1", "ANSO, User=SYSADM", "ANSO;User=SYSADM", "User=ANSO", "ÅSE", "\"ANSO\""] {
            assert!(!is_user(user), "{user}");
        }
    }
}
