//! What is said when something cannot be done: problem details (RFC 9457). The body helps the caller; the log
//! keeps the cause.

mod call; // what came of a call
pub(crate) mod kind; // every kind of problem

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Uri, header};
use serde::{Deserialize, Serialize};
use sluse_engine::{
    ActError, ApplyError, BulkError, CallError, FireError, FlowError, InstallError, PauseError, SecretError,
    SubmitError, UnknownName,
};
use sluse_store::StoreError;

use crate::{
    access::AccessError,
    openapi::schema::{Schema, list, number, object, pattern, text},
};
use call::{CallDetails, call_kind, is_foreseen, retry_after_seconds};
use kind::Kind;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error(transparent)]
    Access(#[from] AccessError),
    /// What was sent cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// The body ended too early, or is not what its type says.
    #[error("{0}")]
    BadBody(String),
    /// More bytes than this endpoint takes.
    #[error("the body has more than {limit_bytes} bytes{advice}")]
    TooLarge { limit_bytes: u64, advice: String },
    /// The body is of a type that this endpoint does not take.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// A part does not have the digest that came with it.
    #[error(
        "file `{name}` does not have the SHA-256 that `Content-Digest` says; it was damaged on the way, send it again"
    )]
    WrongDigest { name: String },
    #[error("there is no {0}")]
    NotFound(String),
    /// Nobody could make another.
    #[error(
        "this is the last token with scope `admin`: create another first (`sluse token create NAME --scope admin`), \
         then revoke this one with it"
    )]
    LastAdminToken,
    #[error("this address takes {0} requests only")]
    MethodNotAllowed(String),
    /// Nothing waits for this answer any more.
    #[error("it came too late: nothing waits for this answer any more, do not send it again")]
    TooLate,
    #[error("another answer has come to this address: the first one counts")]
    AnsweredBefore,
    /// It has to be signed, and is not, or not so.
    #[error("the answer is not signed as it has to be: {0}")]
    NotSigned(String),
    #[error(transparent)]
    Act(#[from] ActError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Bulk(#[from] BulkError),
    #[error(transparent)]
    Pause(#[from] PauseError),
    #[error(transparent)]
    Fire(#[from] FireError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Name(#[from] UnknownName),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A problem as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemBody {
    /// Stable, for programs: `urn:sluse:problem:unknown-flow`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// One entry for each thing that is wrong, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemEntry>,
    #[serde(flatten)]
    pub(crate) call: CallDetails,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProblemEntry {
    pub message: String,
    /// JSON pointer into what was sent, or the path of a configuration key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl ApiError {
    fn kind(&self) -> Kind {
        match self {
            Self::Access(AccessError::NoToken) => kind::NO_TOKEN,
            Self::Access(AccessError::UnknownToken) => kind::UNKNOWN_TOKEN,
            Self::Access(AccessError::NotAllowed(_)) => kind::NOT_ALLOWED,
            Self::BadRequest(_) => kind::BAD_REQUEST,
            Self::BadBody(_) => kind::BAD_BODY,
            Self::TooLarge { .. } => kind::TOO_LARGE,
            Self::UnsupportedMediaType(_) => kind::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongDigest { .. } => kind::WRONG_DIGEST,
            Self::NotFound(_) => kind::NOT_FOUND,
            Self::MethodNotAllowed(_) => kind::METHOD_NOT_ALLOWED,
            Self::LastAdminToken => kind::NOT_POSSIBLE,
            Self::TooLate => kind::TOO_LATE,
            Self::AnsweredBefore => kind::ANSWERED_BEFORE,
            Self::NotSigned(_) => kind::NOT_SIGNED,
            Self::Act(error) => act_kind(error),
            Self::Call(error) => call_kind(error),
            Self::Bulk(error) => bulk_kind(error),
            Self::Pause(PauseError::Unknown(_)) => kind::NOT_FOUND,
            Self::Pause(PauseError::NoReason | PauseError::LongReason(_)) => kind::BAD_REQUEST,
            Self::Fire(FireError::Unknown(_)) => kind::NOT_FOUND,
            Self::Fire(FireError::AtWork { .. }) => kind::NOT_POSSIBLE,
            Self::Fire(FireError::Flow(_)) => kind::FLOW_NOT_USABLE,
            Self::Submit(error) => submit_kind(error),
            Self::Install(error) => install_kind(error),
            Self::Apply(ApplyError::Findings(_) | ApplyError::Vault(_)) => kind::CONFIGURATION_REFUSED,
            Self::Secret(SecretError::Unknown(_)) => kind::UNKNOWN_SECRET,
            Self::Secret(SecretError::InUse { .. }) => kind::SECRET_IN_USE,
            Self::Secret(SecretError::NotConfirmed(_)) => kind::NOT_CONFIRMED,
            Self::Secret(SecretError::Refused(_)) => kind::SECRET_REFUSED,
            Self::Name(UnknownName::Nothing { .. }) => kind::NOT_FOUND,
            Self::Apply(ApplyError::Store(error))
            | Self::Name(UnknownName::Store(error))
            | Self::Secret(SecretError::Store(error))
            | Self::Access(AccessError::Store(error))
            | Self::Pause(PauseError::Store(error))
            | Self::Fire(FireError::Store(error))
            | Self::Store(error) => store_kind(error),
        }
    }

    fn entries(&self) -> Vec<ProblemEntry> {
        match self {
            Self::Submit(SubmitError::DoesNotFit { violations, .. })
            | Self::Call(CallError::DoesNotFit { violations, .. })
            | Self::Act(ActError::DoesNotFit { violations, .. }) => violations
                .iter()
                .map(|violation| ProblemEntry {
                    message: violation.told(),
                    path: Some(violation.path.clone()),
                    ..ProblemEntry::default()
                })
                .collect(),
            Self::Apply(ApplyError::Findings(findings)) => findings
                .iter()
                .map(|finding| ProblemEntry {
                    message: finding.message.clone(),
                    path: Some(finding.path.clone()),
                    file: Some(finding.file.clone()),
                    line: Some(finding.line),
                })
                .collect(),
            Self::Install(InstallError::Incompatible { found, .. }) => found
                .iter()
                .map(|found| ProblemEntry { message: found.to_string(), ..ProblemEntry::default() })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What is said of a call, when it is about one.
    fn call(&self) -> Option<&CallError> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}

fn act_kind(error: &ActError) -> Kind {
    match error {
        ActError::Unknown(_) => kind::NOT_FOUND,
        ActError::NoReason | ActError::LongReason(_) => kind::BAD_REQUEST,
        ActError::Changed(_) => kind::CHANGED_MEANWHILE,
        ActError::NotPossible { .. } => kind::NOT_POSSIBLE,
        ActError::InDoubt => kind::IN_DOUBT,
        ActError::DoesNotFit { .. } => kind::TEXT_DOES_NOT_FIT,
        ActError::NotReady(_) => kind::NOT_READY,
        ActError::Store(error) => store_kind(error),
    }
}

fn bulk_kind(error: &BulkError) -> Kind {
    match error {
        BulkError::NoFilter
        | BulkError::WrongState { .. }
        | BulkError::NoReason
        | BulkError::LongReason(_)
        | BulkError::WrongRate => kind::BAD_REQUEST,
        BulkError::Unknown(_) => kind::NOT_FOUND,
        BulkError::Ended(_) => kind::NOT_POSSIBLE,
        BulkError::Store(error) => store_kind(error),
    }
}

fn submit_kind(error: &SubmitError) -> Kind {
    match error {
        SubmitError::Flow(FlowError::Unknown(_)) => kind::UNKNOWN_FLOW,
        SubmitError::Flow(FlowError::Broken { .. }) => kind::FLOW_NOT_USABLE,
        SubmitError::Flow(FlowError::Store(error)) | SubmitError::Store(error) => store_kind(error),
        SubmitError::DoesNotFit { .. } => kind::DOES_NOT_FIT,
        SubmitError::NotMapped { .. } => kind::NOT_MAPPED,
        SubmitError::FileTooLarge { .. } => kind::FILE_TOO_LARGE,
        SubmitError::TooFewFiles { .. } => kind::DOES_NOT_FIT,
        SubmitError::BadKey => kind::BAD_KEY,
        SubmitError::KeyTaken(_) => kind::KEY_TAKEN,
        SubmitError::Stopping => kind::STOPPING,
    }
}

fn install_kind(error: &InstallError) -> Kind {
    match error {
        InstallError::Refused(_) | InstallError::OtherConnector { .. } | InstallError::BadName(_) => {
            kind::COMPONENT_REFUSED
        }
        InstallError::Incompatible { .. } => kind::INCOMPATIBLE,
        InstallError::UnknownConnector(_) | InstallError::UnknownRevision { .. } => kind::UNKNOWN_REVISION,
        InstallError::NothingBefore(_) => kind::NOTHING_BEFORE,
        InstallError::NotReady(_) => kind::NOT_READY,
        InstallError::Store(error) => store_kind(error),
    }
}

fn store_kind(error: &StoreError) -> Kind {
    match error {
        StoreError::Full => kind::DISK_FULL,
        StoreError::Stale(_) => kind::CHANGED_MEANWHILE,
        StoreError::NoSuchPage(_) => kind::BAD_PAGE,
        StoreError::NotFound(_) => kind::NOT_FOUND,
        _ => kind::STORE_UNAVAILABLE,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let kind = self.kind();
        let Kind { status, code, title } = kind;
        let call = self.call();
        if status.is_server_error() && !call.is_some_and(is_foreseen) {
            tracing::error!(error = %self, code, "a request failed: {self}");
        }
        let body = ProblemBody {
            kind: kind.urn(),
            title: title.into(),
            status: status.as_u16(),
            detail: self.to_string(),
            errors: self.entries(),
            call: call.map(CallDetails::of).unwrap_or_default(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = call.and_then(retry_after_seconds) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if kind == kind::NO_TOKEN || kind == kind::UNKNOWN_TOKEN {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sluse\""));
        }
        response
    }
}

/// A problem as the documentation has it.
pub(crate) fn describe() -> Schema {
    let entry = object()
        .with("message", text())
        .may_have("path", text().about("JSON pointer into what was sent, or the path of a configuration key."))
        .may_have("file", text())
        .may_have("line", number().about("From 1."))
        .about("One thing that is wrong.")
        .named("ProblemEntry");
    let urn =
        pattern("^urn:sluse:problem:[a-z0-9-]+$").about("Stable, for programs.").example(kind::UNKNOWN_FLOW.urn());
    object()
        .with("type", urn)
        .with("title", text())
        .with("status", number())
        .with("detail", text().about("What went wrong, and what to do about it."))
        .may_have("errors", list(entry).about("One entry for each thing that is wrong, where there are several."))
        .and(call::properties())
        .about("Why something could not be done (RFC 9457).")
        .named("ProblemDetails")
}

/// Nothing is there.
pub(crate) async fn no_such_route() -> ApiError {
    ApiError::NotFound("such address; docs/openapi.json lists them all".into())
}

/// Something is there, for another method.
pub(crate) async fn no_such_method(uri: Uri) -> ApiError {
    let routes = crate::routes().into_iter().filter(|route| fits(route.path, uri.path()));
    ApiError::MethodNotAllowed(routes.map(|route| route.method.to_string()).collect::<Vec<_>>().join(" and "))
}

/// Whether a path is one of a route's, whatever stands in its places.
fn fits(route: &str, path: &str) -> bool {
    let (places, parts) = (route.split('/'), path.split('/'));
    places.clone().count() == parts.clone().count()
        && places.zip(parts).all(|(place, part)| place == part || place.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::Method;
    use serde_json::Value;

    use super::*;
    use crate::openapi::described;

    #[tokio::test]
    async fn who_uses_another_method_is_told_which_there_are() {
        for (path, methods) in [
            ("/v1/runs", "takes GET requests"),
            ("/v1/tokens", "takes POST and GET requests"),
            ("/v1/tokens/tok-1", "takes DELETE requests"),
        ] {
            let told = no_such_method(Uri::from_static(path)).await.to_string();
            assert!(told.contains(methods), "{told}");
        }
    }

    #[test]
    fn a_problem_is_as_described() {
        let entry = ProblemEntry {
            message: "expected a text".into(),
            path: Some("/reference".into()),
            file: Some("flow.toml".into()),
            line: Some(3),
        };
        let kind = kind::DOES_NOT_FIT;
        let problem = |errors| ProblemBody {
            kind: kind.urn(),
            title: kind.title.into(),
            status: kind.status.as_u16(),
            detail: "it does not fit".into(),
            errors,
            call: CallDetails::default(),
        };
        for errors in [Vec::new(), vec![entry, ProblemEntry { message: "no".into(), ..ProblemEntry::default() }]] {
            described::problem(Method::POST, "/v1/flows/{flow}/runs", kind.status, &problem(errors));
        }
    }

    /// But for what is said where there is no endpoint of the API.
    #[test]
    fn every_kind_of_problem_is_described_of_an_endpoint() {
        let document = crate::openapi();
        let mut described = BTreeSet::new();
        collect(&document["paths"], &mut described);
        let mut all: BTreeSet<String> = kind::ALL.iter().map(kind::Kind::urn).collect();
        all.remove(&kind::METHOD_NOT_ALLOWED.urn());
        all.remove(&kind::TOO_LATE.urn());
        all.remove(&kind::ANSWERED_BEFORE.urn());
        all.remove(&kind::NOT_SIGNED.urn());
        assert_eq!(described, all);
    }

    fn collect(value: &Value, urns: &mut BTreeSet<String>) {
        match value {
            Value::String(text) if text.starts_with("urn:") => drop(urns.insert(text.clone())),
            Value::Array(items) => items.iter().for_each(|item| collect(item, urns)),
            Value::Object(entries) => entries.values().for_each(|entry| collect(entry, urns)),
            _ => {}
        }
    }
}
