//! Creating what must be there once. A request that was interrupted, or whose answer leaves it open whether
//! it happened, is looked up: what is there is taken, what is not is sent again and marked `reconciled`. So is
//! the first request, where this attempt has looked before it: then the next attempt may begin anew.

use serde_json::Value;
use sluse_sdk::{
    Failure,
    http::{Request, Response, SendErrorReason},
    log,
};

use super::{WorkZone, unanswered, what};
use crate::{
    odata::{literal, page},
    problem, row,
};

/// Something to create, once.
pub(crate) struct Creation<'look> {
    pub(crate) request: Request,
    /// Names it within the delivery.
    pub(crate) intent_key: String,
    /// What people call it: `sagen`.
    pub(crate) title: &'static str,
    pub(crate) look: Look<'look>,
}

/// Reads whether it is there.
pub(crate) type Looking<'look> = &'look dyn Fn() -> Result<Option<Value>, Failure>;

/// How one finds out whether it is there.
pub(crate) enum Look<'look> {
    /// This attempt has looked and did not find it; another attempt would.
    Before(Looking<'look>),
    /// Only when it is in doubt, because another attempt would look for something else.
    After(Looking<'look>),
    /// There is no way.
    Impossible,
    /// It is nobody's until something refers to it, so a second one does no harm.
    Needless,
}

impl Look<'_> {
    /// Nothing that an earlier attempt sent could be done twice by sending this one.
    fn leaves_no_doubt(&self) -> bool {
        matches!(self, Self::Before(_) | Self::Needless)
    }
}

/// A row that is there now.
#[derive(Clone)]
pub(crate) struct Made {
    /// At least its `ID`.
    pub(crate) row: Value,
    /// This delivery created it, as far as this attempt can tell.
    pub(crate) created: bool,
}

/// What became of one request.
enum Sent {
    Happened(Response),
    /// The service understood and refused.
    Refused(Failure),
    /// An answer that leaves it open.
    Open(Failure),
    /// No answer.
    Interrupted(String),
    /// It happened, and the answer does not say what.
    Unread(String),
    /// Nothing happened.
    Failed(Failure),
}

impl WorkZone<'_> {
    /// Creates it, or finds that it is there.
    pub(crate) fn create(&self, creation: &Creation<'_>) -> Result<Made, Failure> {
        match self.post(creation, creation.look.leaves_no_doubt()) {
            Sent::Happened(response) => self.made(creation, &response),
            Sent::Refused(failure) => match creation.look()? {
                Some(row) => {
                    log::info(format!("WorkZone afviste at oprette {}, som allerede findes", creation.title));
                    Ok(Made { row, created: false })
                }
                None => Err(failure),
            },
            Sent::Open(failure) => {
                let cause = failure.problem().detail.clone().unwrap_or_default();
                match &creation.look {
                    Look::Impossible => Err(problem::cannot_look(creation.title, &cause)),
                    _ => creation.look()?.map(|row| Made { row, created: true }).ok_or(failure),
                }
            }
            Sent::Interrupted(cause) => self.again(creation, &cause),
            Sent::Unread(cause) => self.there(creation, &cause),
            Sent::Failed(failure) => Err(failure),
        }
    }

    /// Looks, and sends it once more if it is not there.
    fn again(&self, creation: &Creation<'_>, cause: &str) -> Result<Made, Failure> {
        if matches!(creation.look, Look::Impossible) {
            return Err(problem::cannot_look(creation.title, cause));
        }
        if let Some(row) = creation.look()? {
            log::info(format!("Forbindelsen blev afbrudt, men {} findes i WorkZone", creation.title));
            return Ok(Made { row, created: true });
        }
        match self.post(creation, true) {
            Sent::Happened(response) => self.made(creation, &response),
            Sent::Refused(failure) => match creation.look()? {
                Some(row) => Ok(Made { row, created: true }),
                None => Err(failure),
            },
            Sent::Open(failure) => creation.look()?.map(|row| Made { row, created: true }).ok_or(failure),
            Sent::Interrupted(cause) => {
                creation.look()?.map(|row| Made { row, created: true }).ok_or_else(|| problem::not_yet(&cause))
            }
            Sent::Unread(cause) => self.there(creation, &cause),
            Sent::Failed(failure) => Err(failure),
        }
    }

    fn post(&self, creation: &Creation<'_>, reconciled: bool) -> Sent {
        let request = creation.request.clone().intent_key(&creation.intent_key);
        let what = what("POST", &request);
        let sent = if reconciled { request.reconciled().send() } else { request.send() };
        match sent {
            Ok(response) => match response.status() {
                200..=299 => Sent::Happened(response),
                400 | 409 | 412 | 422 => Sent::Refused(self.failure(&response, &what)),
                408 | 500 | 502 | 504 => Sent::Open(self.failure(&response, &what)),
                _ => Sent::Failed(self.failure(&response, &what)),
            },
            Err(error) => match &error.reason {
                SendErrorReason::Interrupted(_) => Sent::Interrupted(format!("{what}: {error}")),
                SendErrorReason::TooLarge(_) => Sent::Unread(format!("{what}: {error}")),
                SendErrorReason::Forbidden(_) | SendErrorReason::Unreachable(_) => {
                    Sent::Failed(unanswered(error, &what))
                }
            },
        }
    }

    /// The row that an answer tells of, at least its ID.
    fn made(&self, creation: &Creation<'_>, response: &Response) -> Result<Made, Failure> {
        match row_of(response.bytes(), response.header("location"), response.header("etag")) {
            Some(row) => Ok(Made { row, created: true }),
            None => self.there(creation, "the answer to a creation names no ID"),
        }
    }

    /// It happened: where is it?
    fn there(&self, creation: &Creation<'_>, cause: &str) -> Result<Made, Failure> {
        match creation.look()? {
            Some(row) => Ok(Made { row, created: true }),
            None => Err(problem::cannot_look(creation.title, cause)),
        }
    }
}

impl Creation<'_> {
    fn look(&self) -> Result<Option<Value>, Failure> {
        match self.look {
            Look::Before(look) | Look::After(look) => look(),
            Look::Impossible | Look::Needless => Ok(None),
        }
    }
}

/// The row in the answer to a creation: its body, or the key in `Location`.
pub(crate) fn row_of(body: &[u8], location: Option<&str>, etag: Option<&str>) -> Option<Value> {
    let read = serde_json::from_slice(body).ok().and_then(page::read_row);
    let mut found = match read.filter(|read| row::text(read, "ID").is_some()) {
        Some(read) => read,
        None => serde_json::json!({ "ID": literal::key_in(location?)? }),
    };
    if let (None, Some(etag)) = (page::etag(&found), etag) {
        found[crate::odata::v4::ETAG] = Value::from(etag);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_body_names_its_row_by_location() {
        let row = row_of(b"", Some("https://h/OData4/Files('67453')"), Some("W/\"1\"")).expect("a row");
        assert_eq!(row["ID"], "67453");
        assert_eq!(page::etag(&row), Some("W/\"1\""));
    }

    #[test]
    fn a_cut_off_answer_without_location_names_nothing() {
        assert_eq!(row_of(b"{\"ID\":\"674", None, None), None);
    }
}
