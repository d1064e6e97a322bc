//! `$batch`: parts one after the other, change sets as one transaction each.
//! The two spellings are read and written by `batch_multipart` and `batch_json`.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::entities::Earlier;
use super::errors::{Refusal, Shape};
use super::odata::{self, Answer, ODataRequest, Surroundings, Version, text_header};
use super::server::{RequestNumber, Shared};
use super::state::State;
use super::{batch_json, batch_multipart, inject};
use crate::workzone::faults::FaultAction;

/// One request inside a batch.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// `Content-ID`, or `id` in JSON.
    pub(super) id: Option<String>,
    /// Verb.
    pub(super) method: Method,
    /// URL as written.
    pub(super) url: String,
    /// Headers of the part.
    pub(super) headers: Vec<(String, String)>,
    /// Body of the part.
    pub(super) body: Vec<u8>,
}

/// What stands between two boundaries of the batch.
#[derive(Debug, Clone)]
pub(super) enum Group {
    /// A request of its own.
    Single(Part),
    /// A change set: all or nothing.
    ChangeSet {
        /// Its name in JSON.
        name: Option<String>,
        /// Its requests.
        parts: Vec<Part>,
    },
}

/// What became of a group.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Of a single request.
    Single(Option<String>, Answer),
    /// Of a change set that was committed.
    Committed(Option<String>, Vec<(Option<String>, Answer)>),
    /// Of a change set that was undone: the one error.
    Undone(Option<String>, Option<String>, Answer),
}

/// Answers a batch in the spelling it came in.
pub(super) fn answer(shared: &Shared, request: &ODataRequest, number: Option<RequestNumber>) -> Answer {
    let content_type = text_header(&request.headers, "content-type").unwrap_or_default();
    let json = request.version == Version::V4 && content_type.starts_with("application/json");
    let groups =
        if json { batch_json::read(&request.body) } else { batch_multipart::read(content_type, &request.body) };
    let groups = match groups {
        Ok(groups) => groups,
        Err(refusal) => return Answer::refusal(&refusal, request.shape()),
    };
    let mut run = Run { shared, request, number, now: shared.clock.now_text(), earlier: Earlier::new() };
    let outcomes = run.groups(groups);
    if json { batch_json::write(&outcomes) } else { batch_multipart::write(request.version, &outcomes) }
}

struct Run<'a> {
    shared: &'a Shared,
    request: &'a ODataRequest,
    number: Option<RequestNumber>,
    now: String,
    earlier: Earlier,
}

impl Run<'_> {
    fn groups(&mut self, groups: Vec<Group>) -> Vec<Outcome> {
        let shared = self.shared;
        let mut state = shared.state();
        let mut outcomes = Vec::new();
        for group in groups {
            let outcome = match group {
                Group::Single(part) => Outcome::Single(part.id.clone(), self.part(&mut state, &part)),
                Group::ChangeSet { name, parts } => self.change_set(&mut state, name, &parts),
            };
            let stop = outcome.failed() && !self.continues();
            outcomes.push(outcome);
            if stop {
                break;
            }
        }
        outcomes
    }

    fn change_set(&mut self, state: &mut State, name: Option<String>, parts: &[Part]) -> Outcome {
        let before = self.earlier.clone();
        state.begin();
        let mut answers = Vec::new();
        for part in parts {
            let answer = self.part(state, part);
            if answer.status.as_u16() >= 400 {
                state.rollback();
                self.earlier = before;
                return Outcome::Undone(name, part.id.clone(), answer);
            }
            answers.push((part.id.clone(), answer));
        }
        state.commit();
        Outcome::Committed(name, answers)
    }

    fn part(&mut self, state: &mut State, part: &Part) -> Answer {
        let answer =
            self.try_part(state, part).unwrap_or_else(|refusal| Answer::refusal(&refusal, self.shape_of(part)));
        if let (Some(id), Some(made)) = (&part.id, &answer.made) {
            self.earlier.insert(id.clone(), made.clone());
        }
        if let Some(RequestNumber(number)) = self.number {
            let line = format!("{} {} -> {}", part.method, part.url, answer.status.as_u16());
            self.shared.log().part(number, line);
        }
        answer
    }

    fn try_part(&self, state: &mut State, part: &Part) -> Result<Answer, Refusal> {
        let (path, query) = self.below_root(part)?;
        let headers = headers_of(part)?;
        let root_path = if self.request.version == Version::V4 { "/OData4/" } else { "/odata/" };
        let fault = self.shared.faults().take(&part.method, &format!("{root_path}{path}"), true);
        if let Some(FaultAction::Status(scripted)) = fault.map(|fault| fault.action) {
            let status = StatusCode::from_u16(scripted.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(inject::refusal(&scripted, status));
        }
        let request = ODataRequest {
            version: self.request.version,
            root: self.request.root.clone(),
            method: part.method.clone(),
            path,
            query,
            headers,
            body: part.body.clone().into(),
        };
        let around = Surroundings { settings: &self.shared.settings, now: &self.now, earlier: &self.earlier };
        Ok(odata::perform(state, around, &request))
    }

    /// Path and query below the root; `$1` becomes the row that part 1 made.
    fn below_root(&self, part: &Part) -> Result<(String, String), Refusal> {
        let (path, query) = part.url.split_once('?').unwrap_or((&part.url, ""));
        let absolute = path.strip_prefix(&self.request.root);
        let root_path = self.request.root.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
        let path = absolute.or_else(|| path.strip_prefix(&root_path)).unwrap_or(path);
        let Some(reference) = path.strip_prefix('$').filter(|reference| !reference.starts_with("metadata")) else {
            return Ok((path.to_owned(), query.to_owned()));
        };
        let (id, rest) = reference.split_once('/').unwrap_or((reference, ""));
        let unknown = || Refusal::bad_request(format!("'${id}' peger ikke på en tidligere del."));
        let (set, row) = self.earlier.get(id).ok_or_else(unknown)?;
        Ok((format!("{set}('{row}')/{rest}"), query.to_owned()))
    }

    fn shape_of(&self, part: &Part) -> Shape {
        let accept = part.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("accept"));
        odata::shape_for(self.request.version, accept.map(|(_, value)| value.as_str()))
    }

    fn continues(&self) -> bool {
        let prefer = text_header(&self.request.headers, "prefer").unwrap_or_default();
        self.request.version == Version::V3 || prefer.contains("continue-on-error")
    }
}

impl Outcome {
    fn failed(&self) -> bool {
        match self {
            Outcome::Single(_, answer) | Outcome::Undone(_, _, answer) => answer.status.as_u16() >= 400,
            Outcome::Committed(..) => false,
        }
    }
}

fn headers_of(part: &Part) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in &part.headers {
        let bad = || Refusal::bad_request(format!("Headeren '{name}' i en del er ugyldig."));
        let parsed = (name.parse::<HeaderName>().map_err(|_| bad())?, HeaderValue::from_str(value).map_err(|_| bad())?);
        headers.insert(parsed.0, parsed.1);
    }
    Ok(headers)
}
