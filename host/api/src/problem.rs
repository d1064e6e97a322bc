//! What is said when something cannot be done: problem details (RFC 9457). The body helps the caller; the log
//! keeps the cause.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use sluse_engine::{ApplyError, FlowError, InstallError, SecretError, SubmitError};
use sluse_store::StoreError;

use crate::access::AccessError;

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
    #[error("this address takes {0} requests only")]
    MethodNotAllowed(String),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Secret(#[from] SecretError),
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

/// Status, short name and title of an error.
struct Kind(StatusCode, &'static str, &'static str);

impl ApiError {
    fn kind(&self) -> Kind {
        use StatusCode as S;
        match self {
            Self::Access(AccessError::NoToken) => Kind(S::UNAUTHORIZED, "no-token", "A token is needed"),
            Self::Access(AccessError::UnknownToken) => Kind(S::UNAUTHORIZED, "unknown-token", "Unknown token"),
            Self::Access(AccessError::NotAllowed(_)) => Kind(S::FORBIDDEN, "not-allowed", "Not allowed"),
            Self::BadRequest(_) => Kind(S::BAD_REQUEST, "bad-request", "Bad request"),
            Self::BadBody(_) => Kind(S::BAD_REQUEST, "bad-body", "The body cannot be read"),
            Self::TooLarge { .. } => Kind(S::PAYLOAD_TOO_LARGE, "too-large", "Too large"),
            Self::UnsupportedMediaType(_) => {
                Kind(S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type")
            }
            Self::WrongDigest { .. } => Kind(S::UNPROCESSABLE_ENTITY, "wrong-digest", "Damaged on the way"),
            Self::NotFound(_) => Kind(S::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed(_) => Kind(S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::Submit(error) => submit_kind(error),
            Self::Install(error) => install_kind(error),
            Self::Apply(ApplyError::Findings(_) | ApplyError::Vault(_)) => {
                Kind(S::UNPROCESSABLE_ENTITY, "configuration-refused", "Configuration refused")
            }
            Self::Secret(SecretError::Unknown(_)) => Kind(S::NOT_FOUND, "unknown-secret", "Unknown secret"),
            Self::Secret(SecretError::NotConfirmed(_)) => Kind(S::NOT_FOUND, "not-confirmed", "Not confirmed"),
            Self::Secret(SecretError::Refused(_)) => Kind(S::UNPROCESSABLE_ENTITY, "secret-refused", "Secret refused"),
            Self::Apply(ApplyError::Store(error))
            | Self::Secret(SecretError::Store(error))
            | Self::Access(AccessError::Store(error))
            | Self::Store(error) => store_kind(error),
        }
    }

    fn entries(&self) -> Vec<ProblemEntry> {
        match self {
            Self::Submit(SubmitError::DoesNotFit { violations, .. }) => violations
                .iter()
                .map(|violation| ProblemEntry {
                    message: violation.expected.clone(),
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
}

fn submit_kind(error: &SubmitError) -> Kind {
    use StatusCode as S;
    match error {
        SubmitError::Flow(FlowError::Unknown(_)) => Kind(S::NOT_FOUND, "unknown-flow", "Unknown flow"),
        SubmitError::Flow(FlowError::Broken { .. }) => Kind(S::CONFLICT, "flow-not-usable", "Flow not usable"),
        SubmitError::Flow(FlowError::Store(error)) | SubmitError::Store(error) => store_kind(error),
        SubmitError::DoesNotFit { .. } => {
            Kind(S::UNPROCESSABLE_ENTITY, "submission-does-not-fit", "The submission does not fit")
        }
        SubmitError::NotMapped { .. } => Kind(S::UNPROCESSABLE_ENTITY, "not-mapped", "The submission cannot be mapped"),
        SubmitError::FileTooLarge { .. } => Kind(S::PAYLOAD_TOO_LARGE, "file-too-large", "A file is too large"),
        SubmitError::BadKey => Kind(S::BAD_REQUEST, "bad-idempotency-key", "Bad idempotency key"),
        SubmitError::KeyTaken(_) => Kind(S::CONFLICT, "idempotency-key-taken", "Idempotency key taken"),
        SubmitError::Stopping => Kind(S::SERVICE_UNAVAILABLE, "stopping", "The host is stopping"),
    }
}

fn install_kind(error: &InstallError) -> Kind {
    use StatusCode as S;
    match error {
        InstallError::Refused(_) | InstallError::OtherConnector { .. } | InstallError::BadName(_) => {
            Kind(S::UNPROCESSABLE_ENTITY, "component-refused", "Component refused")
        }
        InstallError::Incompatible { .. } => Kind(S::CONFLICT, "incompatible", "What is configured would not work"),
        InstallError::UnknownConnector(_) | InstallError::UnknownRevision { .. } => {
            Kind(S::NOT_FOUND, "unknown-revision", "Unknown connector or revision")
        }
        InstallError::NothingBefore(_) => Kind(S::CONFLICT, "nothing-before", "No earlier revision"),
        InstallError::NotReady(_) => Kind(S::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
        InstallError::Store(error) => store_kind(error),
    }
}

fn store_kind(error: &StoreError) -> Kind {
    use StatusCode as S;
    match error {
        StoreError::Full => Kind(S::INSUFFICIENT_STORAGE, "disk-full", "The disk is full"),
        StoreError::Stale(_) => Kind(S::CONFLICT, "changed-meanwhile", "Changed meanwhile"),
        StoreError::NoSuchPage(_) => Kind(S::BAD_REQUEST, "bad-page", "No such page"),
        StoreError::NotFound(_) => Kind(S::NOT_FOUND, "not-found", "Not found"),
        _ => Kind(S::SERVICE_UNAVAILABLE, "store-unavailable", "The store is not available"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Kind(status, code, title) = self.kind();
        if status.is_server_error() {
            tracing::error!(error = %self, code, "a request failed: {self}");
        }
        let body = ProblemBody {
            kind: format!("urn:sluse:problem:{code}"),
            title: title.into(),
            status: status.as_u16(),
            detail: self.to_string(),
            errors: self.entries(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sluse\""));
        }
        response
    }
}

/// Nothing is there.
pub(crate) async fn no_such_route() -> ApiError {
    ApiError::NotFound("such address; the documentation lists them all".into())
}

/// Something is there, for another method.
pub(crate) async fn no_such_method() -> ApiError {
    ApiError::MethodNotAllowed("other".into())
}
