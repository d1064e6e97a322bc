//! One OData request against the tables, alone or as a part of a batch.
//! Documents' bytes go through `documents`, payloads through `odata_v3` and `odata_v4`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use super::entities::{Earlier, Writer};
use super::errors::{Refusal, Shape};
use super::model::EntitySet;
use super::query::{self, Query};
use super::settings::Settings;
use super::state::{Row, State};
use super::target::{self, Target};
use super::{odata_v3, odata_v4};

/// Which protocol a root speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// WCF Data Services.
    V3,
    /// OData 4.0.
    V4,
}

/// A request below a service root.
#[derive(Debug, Clone)]
pub(super) struct ODataRequest {
    /// Protocol.
    pub(super) version: Version,
    /// URL of the root, with a slash at its end.
    pub(super) root: String,
    /// Verb as sent.
    pub(super) method: Method,
    /// Path below the root, percent-encoded.
    pub(super) path: String,
    /// Query string without its question mark.
    pub(super) query: String,
    /// Headers.
    pub(super) headers: HeaderMap,
    /// Body; empty for uploads, which are streamed elsewhere.
    pub(super) body: Bytes,
}

/// What goes back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// Status.
    pub(super) status: StatusCode,
    /// Headers.
    pub(super) headers: HeaderMap,
    /// Body.
    pub(super) body: Bytes,
    /// The row that was made, for `Content-ID`.
    pub(super) made: Option<(String, u64)>,
}

/// What a request may use beside the tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The installation.
    pub(super) settings: &'a Settings,
    /// The time, as OData v4 writes it.
    pub(super) now: &'a str,
    /// Rows of earlier parts of the batch.
    pub(super) earlier: &'a Earlier,
}

impl ODataRequest {
    /// The shape that the answer has by `Accept`.
    pub(super) fn shape(&self) -> Shape {
        shape_for(self.version, text_header(&self.headers, "accept"))
    }

    /// The verb after tunnelling: v3 sends MERGE through POST.
    pub(super) fn verb(&self) -> Method {
        let tunnelled = text_header(&self.headers, "x-http-method").and_then(|verb| verb.parse().ok());
        match tunnelled {
            Some(verb) if self.version == Version::V3 && self.method == Method::POST => verb,
            _ => self.method.clone(),
        }
    }

    /// The body as properties.
    pub(super) fn properties(&self) -> Result<Map<String, Value>, Refusal> {
        if !text_header(&self.headers, "content-type").is_some_and(|kind| kind.contains("json")) {
            let message = "Indholdet skal være JSON.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "20001.4;SOM_MEDIA_TYPE", message));
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(properties)) => Ok(properties),
            _ => Err(Refusal::bad_request("Indholdet er ikke et JSON-objekt.")),
        }
    }
}

/// The shape for a version and an `Accept`.
pub(super) fn shape_for(version: Version, accept: Option<&str>) -> Shape {
    let accept = accept.unwrap_or_default();
    match version {
        Version::V4 if accept.contains("xml") && !accept.contains("json") && !accept.contains("*/*") => Shape::Xml,
        Version::V4 => Shape::V4,
        Version::V3 if accept.contains("odata=verbose") => Shape::V3Verbose,
        Version::V3 if accept.contains("json") => Shape::V3Light,
        Version::V3 => Shape::Xml,
    }
}

/// A header as text.
pub(super) fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Does what the request asks, or refuses in its shape.
pub(super) fn perform(state: &mut State, around: Surroundings<'_>, request: &ODataRequest) -> Answer {
    let answer = answer(state, around, request).unwrap_or_else(|refusal| Answer::refusal(&refusal, request.shape()));
    answer.of_version(request.version)
}

fn answer(state: &mut State, around: Surroundings<'_>, request: &ODataRequest) -> Result<Answer, Refusal> {
    let model = state.model();
    let target = target::resolve(&model, state, &request.path)?;
    match target {
        Target::Root => Ok(odata_v4::service_document(&model, &request.root)),
        Target::Metadata => Ok(odata_v4::metadata(&model)),
        Target::Content { .. } => Err(Refusal::media_in_batch()),
        Target::Collection { set, scope } => {
            let set = model.set(&set).ok_or_else(|| Refusal::not_found(&set))?;
            collection(state, around, request, set, scope)
        }
        Target::Entity { set, key } => {
            let set = model.set(&set).ok_or_else(|| Refusal::not_found(&set))?;
            entity(state, around, request, set, &key)
        }
    }
}

fn collection(
    state: &mut State,
    around: Surroundings<'_>,
    request: &ODataRequest,
    set: &EntitySet,
    scope: Option<(String, String)>,
) -> Result<Answer, Refusal> {
    let query = Query::parse(request.version, set, &request.query)?;
    match request.verb() {
        Method::GET => Ok(page(state, around, request, set, &query, scope.as_ref())),
        Method::POST if set.name == "Documents" => Err(Refusal::media_in_batch()),
        Method::POST => {
            let mut properties = request.properties()?;
            if let Some((property, key)) = scope {
                properties.insert(property, Value::from(key));
            }
            let id = writer(state, around).create(set, properties)?;
            let row = state.row(&set.name, id).ok_or_else(|| Refusal::not_found(&set.name))?;
            Ok(made(state, around.settings, request, set, row, &query))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn page(
    state: &State,
    around: Surroundings<'_>,
    request: &ODataRequest,
    set: &EntitySet,
    query: &Query,
    scope: Option<&(String, String)>,
) -> Answer {
    let shape = request.shape();
    let page = query.page(state, around.settings, set, scope);
    let entries =
        page.rows.into_iter().map(|row| (query::written(state, set, row, query.select.as_deref(), shape), row));
    let entries = entries.collect::<Vec<_>>();
    let next = page.next.map(|next| format!("{}{}?{next}", request.root, request.path));
    match shape {
        Shape::V4 => odata_v4::collection(around.settings, &request.root, set, entries, next, page.count),
        _ => odata_v3::collection(around.settings, &request.root, shape, set, entries, next, page.count),
    }
}

fn entity(
    state: &mut State,
    around: Surroundings<'_>,
    request: &ODataRequest,
    set: &EntitySet,
    key: &str,
) -> Result<Answer, Refusal> {
    let query = Query::parse(request.version, set, &request.query)?;
    let if_match = text_header(&request.headers, "if-match");
    let verb = request.verb();
    match (verb.as_str(), request.version) {
        ("GET", _) => {
            let row = state.row_by_key(&set.name, key).ok_or_else(|| Refusal::not_found(&set.name))?;
            Ok(show(state, around.settings, request, set, row, query.select.as_deref(), StatusCode::OK))
        }
        ("PATCH", _) | ("MERGE", Version::V3) => {
            let id = writer(state, around).update(set, key, if_match, request.properties()?)?;
            let row = state.row(&set.name, id).ok_or_else(|| Refusal::not_found(&set.name))?;
            if text_header(&request.headers, "prefer").is_some_and(|prefer| prefer.contains("return=representation")) {
                return Ok(show(state, around.settings, request, set, row, query.select.as_deref(), StatusCode::OK));
            }
            Ok(Answer::empty(StatusCode::NO_CONTENT).with_etag(around.settings, row))
        }
        ("DELETE", _) => {
            writer(state, around).delete(set, key, if_match)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn writer<'a>(state: &'a mut State, around: Surroundings<'a>) -> Writer<'a> {
    Writer { state, settings: around.settings, now: around.now.to_owned(), earlier: around.earlier }
}

/// The answer to a create: only `ID`, unless the caller asked for more.
pub(super) fn made(
    state: &State,
    settings: &Settings,
    request: &ODataRequest,
    set: &EntitySet,
    row: &Row,
    query: &Query,
) -> Answer {
    let only_id = ["ID".to_owned()];
    let select = query.select.as_deref().unwrap_or(&only_id);
    let location = format!("{}{}('{}')", request.root, set.name, row.key());
    let mut answer =
        show(state, settings, request, set, row, Some(select), StatusCode::CREATED).with("location", &location);
    if request.version == Version::V4 {
        answer = answer.with("odata-entityid", &location);
    }
    Answer { made: Some((set.name.clone(), row.id)), ..answer }
}

fn show(
    state: &State,
    settings: &Settings,
    request: &ODataRequest,
    set: &EntitySet,
    row: &Row,
    select: Option<&[String]>,
    status: StatusCode,
) -> Answer {
    let shape = request.shape();
    let properties = query::written(state, set, row, select, shape);
    let answer = match shape {
        Shape::V4 => odata_v4::entity(settings, &request.root, set, properties, row),
        _ => odata_v3::entity(settings, &request.root, shape, set, properties, row),
    };
    Answer { status, ..answer.with_etag(settings, row) }
}

impl Answer {
    /// An answer without body.
    pub(super) fn empty(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::new(), made: None }
    }

    /// 200 with a body.
    pub(super) fn body(content_type: &str, body: impl Into<Bytes>) -> Answer {
        Answer { body: body.into(), ..Answer::empty(StatusCode::OK) }.with("content-type", content_type)
    }

    /// A refusal in a shape.
    pub(super) fn refusal(refusal: &Refusal, shape: Shape) -> Answer {
        let (content_type, body) = refusal.render(shape);
        Answer { status: refusal.status, ..Answer::body(content_type, body) }
    }

    /// One more header; empty values are left out.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Answer {
        if let Some(value) = HeaderValue::from_str(value).ok().filter(|value| !value.is_empty()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The row's ETag, where the installation has them.
    pub(super) fn with_etag(self, settings: &Settings, row: &Row) -> Answer {
        if settings.etags { self.with("etag", &row.etag()) } else { self }
    }

    /// The version header.
    pub(super) fn of_version(self, version: Version) -> Answer {
        match version {
            Version::V4 => self.with("odata-version", "4.0"),
            Version::V3 => self.with("dataserviceversion", "3.0;"),
        }
    }
}
