//! What differs between tenants. What the API's answers mean is written down nowhere; the table `branches` says it, and
//! README.md marks each part that is assumed.

mod milliseconds; // as number or as text
mod names; // members of inputs that nobody documents
mod row; // one line of the table

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluse_sdk::Failure;

use crate::branch::Branch;
pub(crate) use milliseconds::Milliseconds;
pub(crate) use names::{Names, Versions};
pub(crate) use row::Row;

/// The settings of a connection to one tenant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where the API's services begin, below the endpoint's address. Begins with one `/`, percent-encoded.
    pub(crate) services_path: String,
    /// The versions of the services.
    pub(crate) versions: Versions,
    /// How long an execution may take, in milliseconds, unless it says so itself.
    pub(crate) timeout_millisec: Milliseconds,
    /// What an answer means: the first row that fits. What none fits is `Default`.
    pub(crate) branches: Vec<Row>,
    /// What becomes of an execution that is no `Success`.
    pub(crate) on_error: OnErrors,
    /// The actions that change nothing beside `names.search_action`, compared without case. All others must happen once.
    pub(crate) read_actions: Vec<String>,
    /// The action of an execution that names no ActionType. Without it none is sent.
    pub(crate) default_action: Option<String>,
    /// Members of inputs.
    pub(crate) names: Names,
    /// How long after a creation that was interrupted its record may still appear, in milliseconds. Before that nothing
    /// is sent again.
    pub(crate) late_success_ms: u64,
    /// Read lists in pages of this size, by `top` and `skip`. Without it one request reads the whole list.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) page_size: Option<u32>,
}

/// What becomes of an execution that is no `Success`, by operation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OnErrors {
    pub(crate) execute_workflow: OnError,
    pub(crate) search: OnError,
    pub(crate) create_record: OnError,
}

/// What becomes of an execution that is no `Success`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnError {
    /// It is done, and its output names the branch: for whoever has somebody on the line.
    Branch,
    /// It failed: the host tries again what may pass, and shows the rest to a person.
    Fail,
}

impl Default for OnErrors {
    fn default() -> Self {
        Self { execute_workflow: OnError::Branch, search: OnError::Branch, create_record: OnError::Fail }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            services_path: "/InContactAPI/services".into(),
            versions: Versions::default(),
            timeout_millisec: Milliseconds::Number(6000.0),
            branches: row::usual(),
            on_error: OnErrors::default(),
            read_actions: Vec::new(),
            default_action: None,
            names: Names::default(),
            late_success_ms: 60_000,
            page_size: None,
        }
    }
}

impl Settings {
    /// What the schema cannot say.
    pub(crate) fn verify(&self) -> Result<(), Failure> {
        let Versions { execute, configurations, cache } = &self.versions;
        if !is_path(&self.services_path) {
            return Err(unfit("services_path", "a path that begins with one `/` and does not end with one"));
        }
        for (place, version) in [("execute", execute), ("configurations", configurations), ("cache", cache)] {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
            if version.is_empty() || !version.bytes().all(fits) {
                return Err(unfit(&format!("versions.{place}"), "a version such as `v27.0`"));
            }
        }
        if self.timeout_millisec.get().is_none() {
            return Err(unfit("timeout_millisec", Milliseconds::WANTED));
        }
        if self.branches.iter().any(|row| row.status.range().is_none()) {
            return Err(unfit("branches", "rows whose `status` is a number or a range: `404` or `500-599`"));
        }
        match self.names.all().into_iter().find(|(_, name)| name.trim().is_empty()) {
            Some((place, _)) => Err(unfit(&format!("names.{place}"), "a name")),
            None => Ok(()),
        }
    }

    /// Whether an action only reads.
    pub(crate) fn only_reads(&self, action: &str) -> bool {
        let known = self.read_actions.iter().chain([&self.names.search_action]);
        known.into_iter().any(|known| known.eq_ignore_ascii_case(action))
    }

    /// The branch of an answer with this status and body.
    pub(crate) fn branch(&self, status: u16, body: &str) -> Branch {
        self.branches.iter().find(|row| row.fits(status, body)).map_or(Branch::Default, |row| row.branch)
    }
}

fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#?\"<>^`|{}".contains(&byte);
    path.starts_with('/') && !path.starts_with("//") && !path.ends_with('/') && path.bytes().all(plain)
}

fn unfit(place: &str, wanted: &str) -> Failure {
    Failure::invalid("settings-not-usable", format!("Forbindelsens indstilling `{place}` kan ikke bruges."))
        .detail(format!("the setting `{place}` must be {wanted}"))
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

    #[track_caller]
    fn check(status: u16, body: &str, expected: Branch) {
        assert_eq!(Settings::default().branch(status, body), expected, "{status} {body}");
    }

    #[test]
    fn the_defaults_can_be_used() {
        let settings: Settings = serde_json::from_str("{}").expect("all have defaults");
        assert!(settings.verify().is_ok());
    }

    #[test]
    fn what_would_change_the_address_is_refused() {
        for path in ["services", "//evil.example", "/a b", "/a/", "/a?b", ""] {
            refused(serde_json::json!({ "services_path": path }), "services_path");
        }
        refused(serde_json::json!({ "versions": { "cache": "v30/.." } }), "versions.cache");
    }

    #[test]
    fn times_and_ranges_that_are_none_are_refused() {
        refused(serde_json::json!({ "timeout_millisec": "6 s" }), "timeout_millisec");
        let row = serde_json::json!({ "status": "5xx", "branch": "Default" });
        refused(serde_json::json!({ "branches": [row] }), "branches");
        refused(serde_json::json!({ "names": { "external_ref": "" } }), "names.external_ref");
    }

    #[test]
    fn the_usual_table_has_every_branch() {
        check(200, "", Branch::Success);
        check(206, "", Branch::InternalError);
        check(302, "", Branch::Default);
        check(400, "", Branch::ValidationError);
        check(401, "", Branch::InternalError);
        check(403, "", Branch::NotConfigured);
        check(404, "Configuration X was not found", Branch::ValidationError);
        check(404, "WORKFLOW Y was not found", Branch::InvalidWorkflow);
        check(408, "", Branch::Timeout);
        check(429, "", Branch::InternalError);
        check(503, "", Branch::InternalError);
        check(504, "", Branch::Timeout);
        check(418, "", Branch::Default);
    }

    #[test]
    fn an_action_is_known_without_case() {
        let settings = Settings::default();
        assert!(settings.only_reads("search") && !settings.only_reads("Create") && !settings.only_reads(""));
    }
}
