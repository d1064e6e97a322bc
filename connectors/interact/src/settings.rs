//! How one Interact differs from another. The first six settings have the names of WorkZone's own document; the
//! download service behind them is public nowhere, so that each part of it is a setting, and README.md marks it as an
//! assumption.

mod forms; // which forms
mod names; // members of the answers

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::{Failure, template};

pub(crate) use forms::FormIds;
pub(crate) use names::Names;

/// The settings of a connection to WorkZone Interact.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The interval in seconds between checking for new data from Interact. 60 to 300 is suitable in most cases.
    #[serde(rename = "WatchInterval", default = "usual_interval")]
    #[schemars(range(min = 1), extend("x-sluse-interval" = "submissions"))]
    pub watch_interval: u32,
    /// The URL of the Interact service: one for test, one for production.
    #[serde(rename = "Url")]
    #[schemars(extend("x-sluse-endpoint" = "default"))]
    pub url: String,
    /// The organization's Interact ID, which is defined by ACOS: `mycompany-workzone`.
    #[serde(rename = "ClientId")]
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// The thumbprint that identifies the Interact certificate: SHA-1, 40 hexadecimal digits, with or without spaces
    /// and colons. Without it the certificate of the endpoint is presented.
    #[serde(rename = "CertificateThumbprint")]
    #[schemars(extend("x-sluse-certificate" = "default"))]
    pub certificate_thumbprint: Option<String>,
    /// The ids of the Interact forms to fetch, separated by commas. Empty fetches all forms.
    #[serde(rename = "FormIds", default)]
    pub form_ids: FormIds,
    /// The user that is to create and update cases, documents and contacts in WorkZone. Handed to the flow.
    #[serde(rename = "ExecutingUser")]
    #[schemars(length(min = 1))]
    pub executing_user: String,
    /// Where submissions are listed. `{ClientId}`, `{FormId}`, `{status}`, `{page_size}` and `{page}` stand for the
    /// values; a parameter without one is left out.
    #[serde(default = "list_path")]
    pub list_path: String,
    /// Where one submission is described. `{ClientId}` and `{id}` stand for the values.
    #[serde(default = "submission_path")]
    pub submission_path: String,
    /// Where a file of a submission is. `{ClientId}`, `{id}` and `{file}` stand for the values.
    #[serde(default = "file_path")]
    pub file_path: String,
    /// Where the status of a submission is put. `{ClientId}` and `{id}` stand for the values.
    #[serde(default = "status_path")]
    pub status_path: String,
    /// The words for what became of a submission.
    #[serde(default)]
    pub statuses: Statuses,
    /// The members of the service's answers.
    #[serde(default)]
    pub names: Names,
    /// The characters by which the forms say what kind of contact somebody is.
    #[serde(default)]
    pub contact_types: ContactTypes,
    /// What becomes of a form with several `Files` groups, one for each case that it is for.
    #[serde(default)]
    pub several_cases: SeveralCases,
    /// How many submissions are asked for at once.
    #[serde(default = "page_size")]
    #[schemars(range(min = 1, max = 1000))]
    pub page_size: u32,
    /// How many submissions one poll fetches; the next one follows at once while there are more.
    #[serde(default = "max_submissions_per_poll")]
    #[schemars(range(min = 1, max = 100))]
    pub max_submissions_per_poll: u32,
    /// A larger file is not fetched; the submission comes without it, and says so.
    #[serde(default = "max_attachment_bytes")]
    #[schemars(range(min = 1))]
    pub max_attachment_bytes: u64,
}

/// The words of Interact's *Submitted dialogues*.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Statuses {
    /// The form has been submitted for handling in WorkZone.
    pub delivered: String,
    /// It could not be handled, and no error case could be created.
    pub temporary_blocked: String,
    /// It has been processed, or an error case has been created.
    pub imported: String,
}

impl Default for Statuses {
    fn default() -> Self {
        Self {
            delivered: "Delivered".into(),
            temporary_blocked: "Temporary blocked".into(),
            imported: "Imported".into(),
        }
    }
}

/// What becomes of a form that is for several cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SeveralCases {
    /// An error case, from which a person makes the others.
    #[default]
    ErrorCase,
    /// Whatever the flow makes of `Files` and `Files[2]`; the submission says among its `errors` that there are several.
    Flow,
}

/// Contact types (`NameType`) of an installation. Its forms name them; the installation decides them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContactTypes {
    /// Of those with a CPR number.
    pub cpr: Option<String>,
    /// Of those with a CVR number.
    pub cvr: Option<String>,
    /// Of those with an e-mail address.
    pub email: Option<String>,
}

fn usual_interval() -> u32 {
    60
}

fn list_path() -> String {
    "/submissions?clientId={ClientId}&formId={FormId}&status={status}&pageSize={page_size}&page={page}".into()
}

fn submission_path() -> String {
    "/submissions/{id}?clientId={ClientId}".into()
}

fn file_path() -> String {
    "/submissions/{id}/files/{file}?clientId={ClientId}".into()
}

fn status_path() -> String {
    "/submissions/{id}/status?clientId={ClientId}".into()
}

fn page_size() -> u32 {
    100
}

fn max_submissions_per_poll() -> u32 {
    20
}

fn max_attachment_bytes() -> u64 {
    100 << 20
}

impl Settings {
    /// What the schema cannot say.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        let templates: [(&str, &str, &[&str]); 4] = [
            ("list_path", &self.list_path, &["ClientId", "FormId", "status", "page_size", "page"]),
            ("submission_path", &self.submission_path, &["ClientId", "id"]),
            ("file_path", &self.file_path, &["ClientId", "id", "file"]),
            ("status_path", &self.status_path, &["ClientId", "id"]),
        ];
        for (place, template, known) in templates {
            template::verify(template, known).map_err(|wanted| unfit(place, &wanted))?;
        }
        let Statuses { delivered, temporary_blocked, imported } = &self.statuses;
        let words = [("delivered", delivered), ("temporary_blocked", temporary_blocked), ("imported", imported)];
        if let Some((place, _)) = words.iter().find(|(_, word)| word.trim().is_empty()) {
            return Err(unfit(&format!("statuses.{place}"), "a status of Interact"));
        }
        if self.form_ids.is_none_but_something_was_written() {
            return Err(unfit("FormIds", "form ids separated by commas, or empty for all forms"));
        }
        match self.names.blank() {
            Some(place) => Err(unfit(&format!("names.{place}"), "the name of a member")),
            None => Ok(()),
        }
    }

    /// The thumbprint as its 40 digits, however it was pasted; nothing where it was left out.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn thumbprint(&self) -> Result<Option<String>, &'static str> {
        let Some(text) = &self.certificate_thumbprint else { return Ok(None) };
        let digits: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        match digits.len() {
            40 if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(Some(digits.to_ascii_uppercase())),
            _ => Err("det har ikke 40 hexadecimale cifre"),
        }
    }
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn settings(more: Value) -> Settings {
        let mut all =
            json!({ "Url": "https://interact.example.dk", "ClientId": "mycompany-workzone", "ExecutingUser": "ANSO" });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        serde_json::from_value(all).expect("of the right shape")
    }

    #[track_caller]
    fn refused(more: Value, place: &str) {
        let failure = settings(more).verify().expect_err("refused");
        assert!(failure.problem().message.contains(place), "{failure:?}");
    }

    #[test]
    fn three_settings_are_enough() {
        assert!(settings(json!({})).verify().is_ok());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        refused(json!({ "list_path": "submissions" }), "list_path");
        refused(json!({ "file_path": "/files/{nummer}" }), "file_path");
        refused(json!({ "statuses": { "imported": " " } }), "statuses.imported");
        refused(json!({ "names": { "files": "" } }), "names.files");
        refused(json!({ "FormIds": " , " }), "FormIds");
    }

    #[test]
    fn a_thumbprint_is_read_however_it_was_pasted() {
        let digits = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3";
        for pasted in [
            digits.to_owned(),
            digits.to_lowercase(),
            "\u{200e}a9 4a 8f e5 cc b1 9b a6 1c 4c 08 73 d3 91 e9 87 98 2f bb d3".to_owned(),
            "A9:4A:8F:E5:CC:B1:9B:A6:1C:4C:08:73:D3:91:E9:87:98:2F:BB:D3".to_owned(),
        ] {
            let found = settings(json!({ "CertificateThumbprint": pasted })).thumbprint();
            assert_eq!(found, Ok(Some(digits.to_owned())));
        }
        for wrong in ["a94a8fe5", ""] {
            assert!(settings(json!({ "CertificateThumbprint": wrong })).thumbprint().is_err(), "`{wrong}`");
        }
        assert_eq!(settings(json!({})).thumbprint(), Ok(None));
    }
}
