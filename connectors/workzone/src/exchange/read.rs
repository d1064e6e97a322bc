//! Reading rows: one, a page, or all pages up to the limit.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Request, Response, SendError, next_page, send_all},
};

use super::{WorkZone, unanswered, what};
use crate::{odata::page, problem};

/// More at once than a target likes.
const SIDE_BY_SIDE: usize = 8;

/// Rows that were found.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Value>,
    /// There are more behind the page limit.
    pub(crate) truncated: bool,
}

impl WorkZone<'_> {
    /// One row; `None` when there is no such row. Carries its ETag under `@odata.etag`, also where the
    /// service had it in a header only.
    pub(crate) fn row(&self, path: String) -> Result<Option<Value>, Failure> {
        let request = self.get(path);
        let what = what("GET", &request);
        let response = request.send().map_err(|error| unanswered(error, &what))?;
        // A page says something else by 404 than a service does.
        if response.status() == 404 && is_json(&response) {
            return Ok(None);
        }
        let header = response.header("etag").map(str::to_owned);
        let mut row = page::read_row(self.json(&response, &what)?).ok_or_else(|| problem::not_understood(&what))?;
        if let (None, Some(etag)) = (page::etag(&row), header) {
            row[crate::odata::v4::ETAG] = Value::from(etag);
        }
        Ok(Some(row))
    }

    /// The rows on the first page of each path, side by side.
    pub(crate) fn pages(&self, paths: Vec<Request>) -> Result<Vec<Vec<Value>>, Failure> {
        let mut found = Vec::with_capacity(paths.len());
        for paths in paths.chunks(SIDE_BY_SIDE) {
            let asked: Vec<String> = paths.iter().map(|request| what("GET", request)).collect();
            for (answer, what) in send_all(paths.to_vec()).into_iter().zip(asked) {
                found.push(self.page(answer, &what)?.rows);
            }
        }
        Ok(found)
    }

    /// The only row that fits, when there is one.
    pub(crate) fn only(&self, request: Request, of: &str) -> Result<Option<Value>, Failure> {
        let what = what("GET", &request);
        let mut rows = self.page(request.send(), &what)?.rows;
        if rows.len() > 1 {
            return Err(problem::ambiguous(of));
        }
        Ok(rows.pop())
    }

    /// All rows, as far as the page limit goes.
    pub(crate) fn all(&self, first: Request) -> Result<Rows, Failure> {
        let what = what("GET", &first);
        let mut path = first.path().to_owned();
        let mut rows = Vec::new();
        for _ in 0..self.settings.page_limit.max(1) {
            let page = self.page(self.get(path.clone()).send(), &what)?;
            rows.extend(page.rows);
            let Some(link) = page.next else { return Ok(Rows { rows, truncated: false }) };
            path = next_page(&path, &link).ok_or_else(|| problem::not_understood("a next link to another resource"))?;
        }
        Ok(Rows { rows, truncated: true })
    }

    fn page(&self, answer: Result<Response, SendError>, what: &str) -> Result<page::Page, Failure> {
        let response = answer.map_err(|error| unanswered(error, what))?;
        page::read(self.json(&response, what)?).ok_or_else(|| problem::not_understood(what))
    }

    fn json(&self, response: &Response, what: &str) -> Result<Value, Failure> {
        if !response.is_success() {
            return Err(self.failure(response, what));
        }
        serde_json::from_slice(response.bytes()).map_err(|_| {
            if is_json(response) {
                problem::broken_answer(what)
            } else {
                problem::not_understood(&format!("{what}: the answer is no JSON"))
            }
        })
    }
}

fn is_json(response: &Response) -> bool {
    response.header("content-type").is_some_and(|media_type| media_type.to_ascii_lowercase().contains("json"))
}
