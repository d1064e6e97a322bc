//! Changing a row that others may change at the same time: read, decide, write what was decided only if the
//! row is still the one that was read. If it is not, all over again, a bounded number of times.

use serde_json::{Map, Value};
use sluse_sdk::{Failure, http::Request, log};

use super::{WorkZone, unanswered, what};
use crate::odata::{page, url};

/// What became of the row.
pub(crate) struct Amended {
    /// The ETag now, where the service says it.
    pub(crate) etag: Option<String>,
}

/// Says what to write to a row, once it was read.
pub(crate) type Decide<'decide> = &'decide mut dyn FnMut(&Value) -> Result<Map<String, Value>, Failure>;

impl WorkZone<'_> {
    /// Writes to the row what `decide` says. `if_match` is the ETag that the caller insists on; `None` when
    /// there is no such row.
    pub(crate) fn amend(
        &self,
        set: &str,
        id: &str,
        select: Option<&str>,
        if_match: Option<&str>,
        decide: Decide<'_>,
    ) -> Result<Option<Amended>, Failure> {
        let path = url::row(set, id);
        for _ in 0..=self.settings.conflict_limit {
            let Some(row) = self.row(selecting(self.get(&path), select).path().to_owned())? else { return Ok(None) };
            let etag = page::etag(&row).map(str::to_owned);
            if if_match.is_some() && etag.is_some() && if_match != etag.as_deref() {
                return Err(changed_by_others());
            }
            let changes = decide(&row)?;
            if changes.is_empty() {
                return Ok(Some(Amended { etag }));
            }
            if let Some(etag) = self.write(&path, if_match.or(etag.as_deref()), &changes)? {
                return Ok(Some(Amended { etag: etag.filter(|etag| !etag.is_empty()) }));
            }
            if if_match.is_some() {
                return Err(changed_by_others());
            }
            log::info("Andre har ændret oplysningerne imens; de læses igen");
        }
        Err(Failure::unavailable("row-busy", "Andre ændrer de samme oplysninger i WorkZone lige nu.")
            .detail(format!("{path}: still changed by others after {} readings", self.settings.conflict_limit + 1)))
    }

    /// `None` when the row is no longer the one that was read; else its new ETag, if the service says it.
    fn write(
        &self,
        path: &str,
        etag: Option<&str>,
        changes: &Map<String, Value>,
    ) -> Result<Option<Option<String>>, Failure> {
        let mut request = self.update(path);
        if let Some(etag) = etag {
            request = request.header("If-Match", etag);
        }
        let what = what("update of", &request);
        let response = request.json(changes)?.send().map_err(|error| unanswered(error, &what))?;
        match response.status() {
            200..=299 => Ok(Some(response.header("etag").map(str::to_owned))),
            409 | 412 => Ok(None),
            _ => Err(self.failure(&response, &what)),
        }
    }
}

fn selecting(request: Request, select: Option<&str>) -> Request {
    match select {
        Some(select) => request.query("$select", select),
        None => request,
    }
}

fn changed_by_others() -> Failure {
    Failure::rejected("case-changed", "Sagen er ændret af andre, siden den blev læst.")
        .detail("the ETag given as `if_match` is no longer the row's")
}
