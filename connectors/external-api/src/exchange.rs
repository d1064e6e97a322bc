//! How the trigger goes out, once. One that was interrupted, or whose answer leaves it open whether it happened, is
//! sent again where the API knows it by its key; looked up where there is a place to look; and else left to a person.

use sluse_sdk::{
    Call, Failure,
    http::{Effect, Method, Request, Response, SendErrorReason, fits_segment, segment},
};

use crate::{
    once::{self, Intent, Sent},
    packet::Action,
    problem,
    settings::{Refusals, ServerErrors, Settings, TriggerMethod},
    verdict,
};

/// Names the trigger within its delivery.
const INTENT_KEY: &str = "trigger";

/// The trigger of one call.
pub(crate) struct Trigger<'call> {
    call: &'call Call<Settings>,
    action: &'call Action,
    request: Request,
    /// Method and path, for support.
    what: String,
}

impl<'call> Trigger<'call> {
    pub(crate) fn new(
        call: &'call Call<Settings>,
        action: &'call Action,
        body: &serde_json::Value,
    ) -> Result<Self, Failure> {
        let settings = &call.settings;
        can_be_looked_for(settings, action)?;
        let (method, name) = match settings.trigger_method {
            TriggerMethod::Post => (Method::Post, "POST"),
            TriggerMethod::Put => (Method::Put, "PUT"),
        };
        let effect = if settings.repeatable { Effect::Repeatable } else { Effect::Once };
        let request = Request::new(method, settings.trigger_path.as_str()).header("Accept", "application/json");
        let request = match &settings.idempotency_header {
            Some(header) => request.header(header, &call.delivery),
            None => request,
        };
        let request = request.json(body)?.effect(effect).intent_key(INTENT_KEY);
        Ok(Self { call, action, request, what: format!("{name} {}", without_query(&settings.trigger_path)) })
    }

    /// Hands the action over, or finds that this was done. The answer is a 2xx.
    pub(crate) fn send(&self) -> Result<Response, Failure> {
        once::carry_out(self, self.call.attempt)
    }

    fn judge(&self, response: Response) -> Sent<Response> {
        let settings = &self.call.settings;
        match response.status() {
            200..=299 => Sent::Happened(response),
            408 | 500..=502 | 504..=599 if settings.server_errors == ServerErrors::InDoubt => {
                Sent::InDoubt(format!("{} answered {}", self.what, response.status()))
            }
            400 | 402 | 404..=406 | 409..=428 | 430..=499 if settings.refusals == Refusals::Unavailable => {
                Sent::Failed(problem::not_reached(&response, &self.what))
            }
            _ => {
                let reason = verdict::refusal_reason(response.bytes(), settings);
                Sent::Failed(problem::of_answer(&response, &self.what, reason))
            }
        }
    }
}

/// Refuses what nobody could look for after an interruption, before it is sent.
fn can_be_looked_for(settings: &Settings, action: &Action) -> Result<(), Failure> {
    let Some(template) = settings.status_path.as_deref().filter(|_| !settings.repeatable) else { return Ok(()) };
    let path = without_query(template);
    for (name, value) in [("reference", &action.reference), ("guid", &action.guid)] {
        if path.contains(&format!("{{{name}}}")) && !fits_segment(value) {
            return Err(problem::not_for_a_path(name));
        }
    }
    Ok(())
}

impl Intent for Trigger<'_> {
    type Answer = Response;

    fn what(&self) -> &str {
        &self.what
    }

    fn can_look(&self) -> bool {
        self.call.settings.status_path.is_some() && !self.call.settings.repeatable
    }

    fn look(&self) -> Result<Option<Response>, Failure> {
        let Some(template) = &self.call.settings.status_path else { return Ok(None) };
        let path = template
            .replace("{reference}", &segment(&self.action.reference))
            .replace("{guid}", &segment(&self.action.guid))
            .replace("{key}", &segment(&self.call.delivery));
        let what = format!("GET {}", without_query(template));
        match Request::get(path).header("Accept", "application/json").send() {
            Ok(response) if response.is_success() => Ok(Some(response)),
            Ok(response) if matches!(response.status(), 404 | 410) => Ok(None),
            Ok(response) => Err(problem::of_answer(&response, &what, None)),
            Err(error) => Err(problem::unanswered(&error, &what)),
        }
    }

    fn post(&self, looked: bool) -> Sent<Response> {
        let request = if looked { self.request.clone().reconciled() } else { self.request.clone() };
        let response = match request.send() {
            Ok(response) => response,
            Err(error) => {
                return match error.reason {
                    // Of an answer that is too large the status is not known.
                    SendErrorReason::Interrupted(_) | SendErrorReason::TooLarge(_) => {
                        Sent::InDoubt(format!("{}: {error}", self.what))
                    }
                    _ => Sent::Failed(problem::unanswered(&error, &self.what)),
                };
            }
        };
        self.judge(response)
    }

    fn left_open(&self, cause: &str, looked: bool) -> Failure {
        if looked || self.call.settings.repeatable { problem::not_yet(cause) } else { problem::cannot_look(cause) }
    }
}

/// A path as support may see it.
pub(crate) fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
