//! Every kind of problem: its status, its stable short name and its title. What an endpoint may answer is described
//! with the same.

use http::StatusCode as S;

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) status: S,
    /// Stable, for programs.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
}

impl Kind {
    /// What a problem's `type` says.
    pub(crate) fn urn(&self) -> String {
        format!("urn:sluse:problem:{}", self.code)
    }
}

macro_rules! kinds {
    ($($name:ident = $status:expr, $code:literal, $title:literal;)*) => {
        $(pub(crate) const $name: Kind = Kind { status: $status, code: $code, title: $title };)*

        #[cfg(test)]
        pub(crate) const ALL: &[Kind] = &[$($name),*];
    };
}

kinds! {
    NO_TOKEN = S::UNAUTHORIZED, "no-token", "A token is needed";
    UNKNOWN_TOKEN = S::UNAUTHORIZED, "unknown-token", "Unknown token";
    NOT_ALLOWED = S::FORBIDDEN, "not-allowed", "Not allowed";
    BAD_REQUEST = S::BAD_REQUEST, "bad-request", "Bad request";
    BAD_BODY = S::BAD_REQUEST, "bad-body", "The body cannot be read";
    TOO_LARGE = S::PAYLOAD_TOO_LARGE, "too-large", "Too large";
    UNSUPPORTED_MEDIA_TYPE = S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type";
    WRONG_DIGEST = S::UNPROCESSABLE_ENTITY, "wrong-digest", "Damaged on the way";
    NOT_FOUND = S::NOT_FOUND, "not-found", "Not found";
    METHOD_NOT_ALLOWED = S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed";
    TOO_LATE = S::CONFLICT, "too-late", "Too late";
    ANSWERED_BEFORE = S::CONFLICT, "answered-before", "Answered before";
    NOT_SIGNED = S::UNAUTHORIZED, "not-signed", "Not signed as it has to be";
    UNKNOWN_FLOW = S::NOT_FOUND, "unknown-flow", "Unknown flow";
    FLOW_NOT_USABLE = S::CONFLICT, "flow-not-usable", "Flow not usable";
    DOES_NOT_FIT = S::UNPROCESSABLE_ENTITY, "submission-does-not-fit", "The submission does not fit";
    NOT_MAPPED = S::UNPROCESSABLE_ENTITY, "not-mapped", "The submission cannot be mapped";
    FILE_TOO_LARGE = S::PAYLOAD_TOO_LARGE, "file-too-large", "A file is too large";
    BAD_KEY = S::BAD_REQUEST, "bad-idempotency-key", "Bad idempotency key";
    KEY_TAKEN = S::CONFLICT, "idempotency-key-taken", "Idempotency key taken";
    STOPPING = S::SERVICE_UNAVAILABLE, "stopping", "The host is stopping";
    CONFIGURATION_REFUSED = S::UNPROCESSABLE_ENTITY, "configuration-refused", "Configuration refused";
    COMPONENT_REFUSED = S::UNPROCESSABLE_ENTITY, "component-refused", "Component refused";
    INCOMPATIBLE = S::CONFLICT, "incompatible", "What is configured would not work";
    UNKNOWN_REVISION = S::NOT_FOUND, "unknown-revision", "Unknown connector or revision";
    NOTHING_BEFORE = S::CONFLICT, "nothing-before", "No earlier revision";
    NOT_READY = S::SERVICE_UNAVAILABLE, "not-ready", "Not ready";
    UNKNOWN_SECRET = S::NOT_FOUND, "unknown-secret", "Unknown secret";
    SECRET_IN_USE = S::CONFLICT, "secret-in-use", "Connections use the secret";
    NOT_CONFIRMED = S::NOT_FOUND, "not-confirmed", "Not confirmed";
    SECRET_REFUSED = S::UNPROCESSABLE_ENTITY, "secret-refused", "Secret refused";
    NOT_POSSIBLE = S::CONFLICT, "not-possible", "Not possible where it stands";
    IN_DOUBT = S::CONFLICT, "in-doubt", "Something may have happened";
    TEXT_DOES_NOT_FIT = S::UNPROCESSABLE_ENTITY, "does-not-fit", "It does not fit the operation";
    GATE_CLOSED = S::SERVICE_UNAVAILABLE, "gate-closed", "A gate of the connection is closed";
    BUSY = S::SERVICE_UNAVAILABLE, "busy", "As many calls as may be are under way";
    DEADLINE_PASSED = S::GATEWAY_TIMEOUT, "deadline-passed", "No answer in time";
    CALL_INVALID = S::UNPROCESSABLE_ENTITY, "call-invalid", "The input cannot be right";
    CALL_REJECTED = S::CONFLICT, "call-rejected", "The target refused";
    CALL_DENIED = S::BAD_GATEWAY, "call-denied", "The target refused our sign-in or rights";
    CALL_UNAVAILABLE = S::SERVICE_UNAVAILABLE, "call-unavailable", "The target cannot answer now";
    CALL_UNKNOWN = S::BAD_GATEWAY, "call-outcome-unknown", "It may have happened";
    CALL_BROKEN = S::INTERNAL_SERVER_ERROR, "connector-broken", "The connector failed";
    CALL_MISCONFIGURED = S::INTERNAL_SERVER_ERROR, "misconfigured", "The host is not set up for it";
    DISK_FULL = S::INSUFFICIENT_STORAGE, "disk-full", "The disk is full";
    CHANGED_MEANWHILE = S::CONFLICT, "changed-meanwhile", "Changed meanwhile";
    BAD_PAGE = S::BAD_REQUEST, "bad-page", "No such page";
    STORE_UNAVAILABLE = S::SERVICE_UNAVAILABLE, "store-unavailable", "The store is not available";
}
