//! How requests go out: with which headers, how pages are followed, how a row is changed while others change
//! it too, and how a row is created once. A creation that is in doubt is looked up before it is sent again.

mod amend; // changing a row that others may change
mod create; // creating what must be there once
mod read; // reading rows
mod together; // creating several rows, all or none

use sluse_sdk::{
    Call, Failure,
    http::{Effect, Method, Request, Response, SendError, SendErrorReason},
};

pub(crate) use create::{Creation, Look, Looking, Made};
pub(crate) use together::Together;

use crate::{
    fields::given,
    odata,
    problem::{self, bad_input},
    settings::{ODataVersion, Settings, USER_FORM, UpdateMethod, is_user},
};

/// One call's side of the conversation with WorkZone.
#[derive(Debug)]
pub(crate) struct WorkZone<'call> {
    pub(crate) settings: &'call Settings,
    pub(crate) delivery: &'call str,
    pub(crate) attempt: u32,
    /// What WorkZone's use log calls the window.
    window: &'static str,
    /// For whom all of it is done, where it is not for the integration's own user.
    on_behalf_of: Option<&'call str>,
}

impl<'call> WorkZone<'call> {
    /// The conversation of `call` for the user that the flow names, else for the connection's, once its settings are
    /// known to be usable.
    pub(crate) fn new(
        call: &'call Call<Settings>,
        window: &'static str,
        on_behalf_of: Option<&'call str>,
    ) -> Result<Self, Failure> {
        call.settings.verify()?;
        if on_behalf_of.is_some_and(|user| !is_user(user)) {
            let message = "Feltet `on_behalf_of` er ikke en bruger i WorkZone.";
            return Err(bad_input("user-not-valid", message, format!("`on_behalf_of` must be {USER_FORM}")));
        }
        let on_behalf_of = on_behalf_of.or(given(&call.settings.on_behalf_of));
        Ok(Self { settings: &call.settings, delivery: &call.delivery, attempt: call.attempt, window, on_behalf_of })
    }

    pub(crate) fn version(&self) -> ODataVersion {
        self.settings.odata_version
    }

    /// A request for JSON, with everything that all of them carry.
    pub(crate) fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let headers = odata::headers(self.settings).iter();
        headers.fold(self.plain_request(method, path), |request, (name, value)| request.header(name, value))
    }

    /// A request that says itself what it accepts.
    fn plain_request(&self, method: Method, path: impl Into<String>) -> Request {
        let request = Request::new(method, path)
            .header("UseLog-Application", &self.settings.uselog_application)
            .header("UseLog-Window", self.window);
        match self.on_behalf_of {
            Some(user) => request.header("OnBehalfOf", &format!("User={user}")),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Request {
        self.request(Method::Get, path)
    }

    /// Writes values to a row. Doing so again leaves the same row, so it may be repeated.
    fn update(&self, path: &str) -> Request {
        let method = match (self.settings.update_method, self.version()) {
            (UpdateMethod::Patch, _) | (UpdateMethod::Auto, ODataVersion::V4) => Method::Patch,
            (UpdateMethod::Merge, _) | (UpdateMethod::Auto, ODataVersion::V3) => Method::Merge,
            (UpdateMethod::PostMerge, _) => Method::Post,
        };
        let request = self.request(method, path).effect(Effect::Repeatable);
        if method == Method::Post { request.header("X-HTTP-Method", "MERGE") } else { request }
    }

    /// What an answer means that is no success.
    pub(crate) fn failure(&self, response: &Response, what: &str) -> Failure {
        problem::of_answer(response, what)
    }
}

/// Method and path without query, for support.
pub(crate) fn what(method: &str, request: &Request) -> String {
    let path = request.path();
    format!("{method} {}", path.split('?').next().unwrap_or(path))
}

/// No answer to a request that may be repeated.
pub(crate) fn unanswered(error: SendError, what: &str) -> Failure {
    let cause = format!("{what}: {error}");
    match error.reason {
        SendErrorReason::Forbidden(_) => {
            Failure::denied("request-forbidden", "Forbindelsen må ikke sende denne forespørgsel til WorkZone.")
                .detail(cause)
        }
        SendErrorReason::Unreachable(_) => {
            Failure::unavailable("workzone-unreachable", "Der er ikke forbindelse til WorkZone.").detail(cause)
        }
        SendErrorReason::Interrupted(_) => problem::not_yet(&cause),
        SendErrorReason::TooLarge(_) => {
            Failure::rejected("answer-too-large", "WorkZones svar er for stort.").detail(cause)
        }
    }
}
