//! A named request with its values filled in.

use serde_json::{Map, Value, json};
use sluse_sdk::{
    Call, Failure,
    http::{self, Request, fits_segment, segment},
};

use super::{
    problem,
    template::{self, Misfit},
};
use crate::{
    exchange::without_query,
    settings::{
        Settings,
        request::{Effect, NamedRequest},
    },
};

/// The host takes no longer ones.
const MAX_INTENT_KEY_BYTES: usize = 256;

/// A request that is ready to be sent, also more than once.
pub(crate) struct Message<'call> {
    pub(crate) named: &'call NamedRequest,
    /// Method and path as the settings have them, for support: values are personal data.
    pub(crate) what: String,
    pub(crate) intent_key: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

/// The values of one call: the input's, and the delivery.
pub(crate) fn values(call: &Call<Settings>, input: Map<String, Value>) -> Value {
    let mut values = input;
    values.insert("$delivery".to_owned(), json!(call.delivery));
    Value::Object(values)
}

/// Fills in the request `name`, or says which value it lacks.
pub(crate) fn fill<'call>(
    call: &'call Call<Settings>,
    name: &'call str,
    named: &'call NamedRequest,
    values: &Value,
) -> Result<Message<'call>, Failure> {
    let unfit = |misfit: Misfit| problem::value_unfit(name, &misfit);
    let mut headers = filled(&named.headers, values, header_value).map_err(unfit)?;
    headers.extend(named.idempotency_header.iter().map(|header| (header.clone(), call.delivery.clone())));
    let mut path = template::text(&named.path, values, path_segment).map_err(unfit)?.unwrap_or_default();
    for (parameter, value) in filled(&named.query, values, plain).map_err(unfit)? {
        path = Request::get(path).query(&parameter, value).path().to_owned();
    }
    let intent = template::text(named.intent.as_deref().unwrap_or(name), values, plain).map_err(unfit)?;
    let intent_key = intent.unwrap_or_default();
    if intent_key.len() > MAX_INTENT_KEY_BYTES {
        return Err(problem::intent_too_long(name));
    }
    let body = named.body.as_ref().map(|body| template::json(body, values)).transpose().map_err(unfit)?;
    let what = format!("{} {}", named.method.name(), without_query(&named.path));
    Ok(Message { named, what, intent_key, path, headers, body: body.flatten() })
}

impl Message<'_> {
    /// The request as it is sent.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        self.request_to(&self.path)
    }

    /// The same to another path.
    pub(crate) fn request_to(&self, path: &str) -> Result<Request, Failure> {
        let mut request = Request::new(self.named.method.on_the_wire(), path);
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
            request = request.header("Accept", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.json(body)?;
        }
        Ok(match self.named.effect() {
            Effect::Read => request.effect(http::Effect::Read),
            Effect::Repeatable => request.effect(http::Effect::Repeatable),
            Effect::Once => request.effect(http::Effect::Once).intent_key(self.intent_key.as_str()),
        })
    }

    /// Path and query with their values.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

fn filled<'t>(
    templates: impl IntoIterator<Item = (&'t String, &'t String)>,
    values: &Value,
    write: impl Fn(&str) -> Option<String> + Copy,
) -> Result<Vec<(String, String)>, Misfit> {
    let fill = |(name, template): (&String, &String)| {
        template::text(template, values, write).transpose().map(|value| value.map(|value| (name.clone(), value)))
    };
    templates.into_iter().filter_map(fill).collect()
}

/// What would lead to another place, the host refuses in every encoding.
fn path_segment(value: &str) -> Option<String> {
    fits_segment(value).then(|| segment(value))
}

/// Headers carry visible ASCII and spaces.
fn header_value(value: &str) -> Option<String> {
    value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()).then(|| value.to_owned())
}

fn plain(value: &str) -> Option<String> {
    Some(value.to_owned())
}
