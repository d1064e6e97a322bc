//! Requests to the service, and its answers by the names that the settings give them.

use std::collections::BTreeSet;

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Effect, Request, Response, SendErrorReason},
    log, member, template,
};

use crate::{problem, settings::Settings};

/// Pages of one listing. A service that never ends its list would otherwise keep a poll for ever.
const MAX_PAGES: usize = 200;

/// The service of one connection.
pub(crate) struct Interact<'call> {
    pub(crate) settings: &'call Settings,
}

/// A submission as the list has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) received_at: Option<String>,
    pub(crate) id: String,
    pub(crate) form_id: Option<String>,
}

/// Everything that is listed.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) submissions: Vec<Listed>,
    /// A form that Interact does not have; the others were listed all the same.
    pub(crate) unknown_form: Option<Failure>,
}

/// What became of asking for a file.
pub(crate) enum Asked {
    /// The id of the attachment under which it was kept.
    Kept(String),
    /// There is none, with the status that said so.
    Refused(u16),
    /// Larger than what there is room for.
    TooLarge,
}

impl<'call> Interact<'call> {
    pub(crate) fn new(settings: &'call Settings) -> Result<Self, Failure> {
        settings.verify()?;
        Ok(Self { settings })
    }

    /// All submissions that wait, of all forms that are wanted, each once, the oldest first.
    pub(crate) fn list(&self) -> Result<Listing, Failure> {
        let forms = self.settings.form_ids.ids();
        let forms = if forms.is_empty() { vec![""] } else { forms };
        let mut listing = Listing::default();
        let mut seen = BTreeSet::new();
        for form in forms {
            match self.list_form(form)? {
                Ok(listed) => listing.submissions.extend(listed.into_iter().filter(|one| seen.insert(one.id.clone()))),
                Err(unknown) => listing.unknown_form = listing.unknown_form.or(Some(unknown)),
            }
        }
        listing.submissions.sort();
        Ok(listing)
    }

    /// The submissions of one form; the inner error says that Interact does not have it.
    fn list_form(&self, form: &str) -> Result<Result<Vec<Listed>, Failure>, Failure> {
        let mut listed = Vec::new();
        let mut page = String::new();
        let mut pages = BTreeSet::new();
        loop {
            let response = self.page(form, &page, self.settings.page_size)?;
            if !form.is_empty() && is_unknown_form(&response) {
                return Ok(Err(problem::unknown_form(form, response.status())));
            }
            let (submissions, next) = self.read_page(&response)?;
            listed.extend(submissions);
            // A list that leads back to itself has been read.
            let Some(next) = next.filter(|next| pages.insert(next.clone())) else { return Ok(Ok(listed)) };
            if pages.len() >= MAX_PAGES {
                log::warn(format!("Listen fra Interact er afbrudt efter {MAX_PAGES} sider; resten hentes senere."));
                return Ok(Ok(listed));
            }
            page = next;
        }
    }

    /// One page of one form, or of all forms when it is empty.
    pub(crate) fn page(&self, form: &str, page: &str, page_size: u32) -> Result<Response, Failure> {
        let page_size = page_size.to_string();
        let values = [
            ("ClientId", self.settings.client_id.as_str()),
            ("FormId", form),
            ("status", &self.settings.statuses.delivered),
            ("page_size", &page_size),
            ("page", page),
        ];
        let path = template::fill(&self.settings.list_path, &values);
        let what = format!("GET {}", without_query(&path));
        let request = Request::get(path).header("Accept", "application/json");
        request.send().map_err(|error| problem::unanswered(&error, &what))
    }

    fn read_page(&self, response: &Response) -> Result<(Vec<Listed>, Option<String>), Failure> {
        let what = "the list of submissions";
        if !response.is_success() {
            return Err(problem::of_answer(response, what));
        }
        let names = &self.settings.names;
        let value: Value = response.json().map_err(|_| problem::not_understood(what, "it is no JSON"))?;
        let entries = member::list(&value, &names.submissions)
            .ok_or_else(|| problem::not_understood(what, &format!("it has no list `{}`", names.submissions)))?;
        let mut submissions = Vec::with_capacity(entries.len());
        for entry in entries {
            let id = member::text(entry, &names.id)
                .ok_or_else(|| problem::not_understood(what, &format!("a submission has no `{}`", names.id)))?;
            let received_at = member::text(entry, &names.received_at);
            submissions.push(Listed { received_at, id, form_id: member::text(entry, &names.form_id) });
        }
        Ok((submissions, member::text(&value, &names.next)))
    }

    /// What the service says about one submission.
    pub(crate) fn describe(&self, id: &str) -> Result<Response, Failure> {
        let path = self.fill(&self.settings.submission_path, id, "");
        let request = Request::get(path).header("Accept", "application/json");
        request.send().map_err(|error| problem::unanswered(&error, "GET a submission"))
    }

    /// Asks for a file, and has it kept.
    pub(crate) fn file(&self, id: &str, file: &str, name: &str, media_type: Option<&str>) -> Result<Asked, Failure> {
        let what = "GET a file of a submission";
        let request = Request::get(self.fill(&self.settings.file_path, id, file));
        let request = match media_type {
            Some(media_type) => request.keep_as(name, media_type),
            None => request.keep(name),
        };
        let response = match request.send() {
            Ok(response) => response,
            Err(error) if matches!(error.reason, SendErrorReason::TooLarge(_)) => return Ok(Asked::TooLarge),
            Err(error) => return Err(problem::unanswered(&error, what)),
        };
        match response.attachment() {
            Some(attachment) => Ok(Asked::Kept(attachment.to_owned())),
            None if problem::is_refusal(response.status()) => Ok(Asked::Refused(response.status())),
            None => Err(problem::of_answer(&response, what)),
        }
    }

    /// Puts the status of a submission. The same once more is no other.
    pub(crate) fn put_status(&self, id: &str, body: &Value) -> Result<Response, Failure> {
        let request = Request::put(self.fill(&self.settings.status_path, id, "")).json(body)?;
        let response = request.effect(Effect::Repeatable).send();
        response.map_err(|error| problem::unanswered(&error, "PUT the status of a submission"))
    }

    fn fill(&self, path: &str, id: &str, file: &str) -> String {
        template::fill(path, &[("ClientId", &self.settings.client_id), ("id", id), ("file", file)])
    }
}

/// Interact refuses a form that it does not have, and answers with an empty list for one that nobody has submitted.
pub(crate) fn is_unknown_form(response: &Response) -> bool {
    problem::is_refusal(response.status())
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
