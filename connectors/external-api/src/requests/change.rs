//! A named request that must happen once, and the one that finds out whether it did.

use serde_json::Value;
use sluse_sdk::{
    Call, Failure,
    http::{self, Conclusion, Response, SendErrorReason},
    log,
};

use super::{
    answer::{self, Output},
    message::{self, Message},
    problem,
};
use crate::{
    once::{Intent, Sent},
    place,
    settings::{
        ServerErrors, Settings,
        request::{Meaning, NamedRequest},
    },
};

/// What is to happen once.
pub(crate) struct Change<'call> {
    settings: &'call Settings,
    message: Message<'call>,
    lookup: Option<Message<'call>>,
}

impl<'call> Change<'call> {
    /// The change `name`. What its look-up lacks is told before anything is sent.
    pub(crate) fn new(
        call: &'call Call<Settings>,
        name: &'call str,
        named: &'call NamedRequest,
        values: &Value,
    ) -> Result<Self, Failure> {
        let settings = &call.settings;
        // The settings were verified: there is such a request.
        let lookup = named.lookup.as_ref().and_then(|name| settings.requests.get_key_value(name));
        let lookup = lookup.map(|(name, named)| message::fill(call, name, named, values)).transpose()?;
        Ok(Self { settings, message: message::fill(call, name, named, values)?, lookup })
    }

    fn judge(&self, response: &Response) -> Sent<Output> {
        let named = self.message.named;
        let status = response.status();
        if named.is_success(status) {
            if !(200..300).contains(&status) {
                self.conclude(Conclusion::Happened);
            }
            return match answer::output(response, &self.message) {
                Ok(output) => Sent::Happened(output),
                Err(failure) => Sent::Failed(failure),
            };
        }
        let meaning = named.meaning(status);
        let in_doubt = matches!(status, 408 | 500..=502 | 504..=599) && meaning.is_none();
        if meaning == Some(Meaning::Unknown) {
            self.conclude(Conclusion::Open);
        }
        if meaning == Some(Meaning::Unknown) || in_doubt && self.settings.server_errors == ServerErrors::InDoubt {
            return Sent::InDoubt(format!("{} answered {status}", self.message.what));
        }
        if meaning.is_some() || in_doubt {
            self.conclude(Conclusion::DidNotHappen);
        }
        Sent::Failed(answer::failure(response, &self.message, self.settings))
    }

    /// Says what the answer means where the settings say it: the host only knows what the status usually means.
    fn conclude(&self, conclusion: Conclusion) {
        if let Err(reason) = http::conclude(&self.message.intent_key, conclusion) {
            log::debug(format!("the host takes no conclusion for {}: {reason}", self.message.what));
        }
    }

    /// What the look-up's answer comes to.
    fn found(&self, lookup: &Message<'_>, response: &Response) -> Result<Option<Output>, Failure> {
        if let Some(at) = &self.message.named.found {
            let answer = answer::json(response).map_err(|misfit| problem::not_understood(&lookup.what, &misfit))?;
            if !place::find(&answer, at).is_some_and(place::says_something) {
                return Ok(None);
            }
        }
        answer::output(response, lookup).map(Some)
    }
}

impl Intent for Change<'_> {
    type Answer = Output;

    fn what(&self) -> &str {
        &self.message.what
    }

    fn can_look(&self) -> bool {
        self.lookup.is_some()
    }

    fn look(&self) -> Result<Option<Output>, Failure> {
        let Some(lookup) = &self.lookup else { return Ok(None) };
        let response = lookup.request()?.send().map_err(|error| problem::unanswered(&error, &lookup.what))?;
        match response.status() {
            status if lookup.named.is_success(status) => self.found(lookup, &response),
            404 | 410 => Ok(None),
            _ => Err(answer::failure(&response, lookup, self.settings)),
        }
    }

    fn post(&self, looked: bool) -> Sent<Output> {
        let request = match self.message.request() {
            Ok(request) if looked => request.reconciled(),
            Ok(request) => request,
            Err(failure) => return Sent::Failed(failure),
        };
        match request.send() {
            Ok(response) => self.judge(&response),
            Err(error) => match error.reason {
                // Of an answer that is too large the status is not known.
                SendErrorReason::Interrupted(_) | SendErrorReason::TooLarge(_) => {
                    Sent::InDoubt(format!("{}: {error}", self.message.what))
                }
                _ => Sent::Failed(problem::unanswered(&error, &self.message.what)),
            },
        }
    }

    fn left_open(&self, cause: &str, looked: bool) -> Failure {
        if looked { problem::interrupted(cause) } else { crate::problem::cannot_look(cause) }
    }
}
