//! A fake host for unit tests of a connector's logic, on the machine that builds it.
//!
//! What a connector does as a whole is better tested as a component; this is for the corners.
//!
//! ```
//! use sluse_sdk::prelude::*;
//! use sluse_sdk::testing::{self, FakeHost};
//!
//! let host = FakeHost::install(|request| testing::answer(201, &format!("{{\"path\":\"{}\"}}", request.path)));
//! let answer = Request::post("/cases").json(&1)?.send()?;
//! assert_eq!(answer.status(), 201);
//! assert_eq!(host.requests()[0].path, "/cases");
//! # Ok::<(), Failure>(())
//! ```

use crate::bindings::connector::exports::sluse::connector::connector::Guest as _;
use crate::bindings::connector::sluse::connector::{attachments, http, log, types};
use crate::bindings::feeds::exports::sluse::connector::feeds::{self, Guest as _};
use crate::bindings::operations::exports::sluse::connector::operations::Guest as _;
use crate::component::Component;
use crate::{Connector, Failure, Finding, ItemReport};
use serde_json::Value;
use std::cell::RefCell;
use std::fmt;

pub use crate::bindings::connector::exports::sluse::connector::connector::Description;
pub use attachments::{Attachment, AttachmentError};
pub use feeds::{Item, Page};
pub use http::{Body, Request, Response, SendError};
pub use types::Outcome;

type Target = Box<dyn FnMut(&Request) -> Result<Response, SendError>>;

thread_local! {
    static HOST: RefCell<Option<State>> = const { RefCell::new(None) };
}

struct State {
    target: Target,
    requests: Vec<Request>,
    attachments: Vec<(Attachment, Vec<u8>)>,
    attachments_fail: Option<AttachmentError>,
    published: Vec<(String, String, Vec<u8>)>,
    concluded: Vec<(String, http::Conclusion)>,
    lines: Vec<(log::Level, String)>,
    next_number: u64,
    /// Purpose and count of what was reserved, and the first number.
    reserved: Vec<((Option<String>, u32), u64)>,
    addresses: u32,
}

/// The host of the calls that this thread makes, until it is dropped.
pub struct FakeHost {
    _of_this_thread: std::marker::PhantomData<*const ()>,
}

impl FakeHost {
    /// Installs a host whose target answers as `target` says.
    ///
    /// # Panics
    /// When this thread has one already.
    #[must_use = "the host is gone when this is dropped"]
    pub fn install(target: impl FnMut(&Request) -> Result<Response, SendError> + 'static) -> Self {
        let state = State {
            target: Box::new(target),
            requests: Vec::new(),
            attachments: Vec::new(),
            attachments_fail: None,
            published: Vec::new(),
            concluded: Vec::new(),
            lines: Vec::new(),
            next_number: 1,
            reserved: Vec::new(),
            addresses: 0,
        };
        let before = HOST.with_borrow_mut(|host| host.replace(state));
        assert!(before.is_none(), "this thread has a fake host already; drop it first");
        Self { _of_this_thread: std::marker::PhantomData }
    }

    /// Adds an attachment to the run and gives its id. Its digest is the caller's business.
    #[must_use]
    pub fn attach(&self, attachment: Attachment, bytes: &[u8]) -> String {
        let id = attachment.id.clone();
        with(|state| state.attachments.push((attachment, bytes.to_vec())));
        id
    }

    /// From now on the host cannot tell which files there are, and says why.
    pub fn fail_attachments(&self, error: AttachmentError) {
        with(|state| state.attachments_fail = Some(error));
    }

    /// What was sent, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        with(|state| state.requests.clone())
    }

    /// What was published: folder, name, bytes.
    #[must_use]
    pub fn published(&self) -> Vec<(String, String, Vec<u8>)> {
        with(|state| state.published.clone())
    }

    /// Lays a file into a folder, as another program would.
    pub fn lay(&self, folder: &str, name: &str, bytes: &[u8]) {
        with(|state| state.published.push((folder.to_owned(), name.to_owned(), bytes.to_vec())));
    }

    /// What answers were said to mean: the intent key, and what.
    #[must_use]
    pub fn concluded(&self) -> Vec<(String, http::Conclusion)> {
        with(|state| state.concluded.clone())
    }

    /// What was logged.
    #[must_use]
    pub fn lines(&self) -> Vec<(log::Level, String)> {
        with(|state| state.lines.clone())
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        HOST.with_borrow_mut(Option::take);
    }
}

impl fmt::Debug for FakeHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FakeHost")
    }
}

/// An answer with a JSON body.
///
/// # Errors
/// Never; it has the type of what a target says.
pub fn answer(status: u16, json: &str) -> Result<Response, SendError> {
    let content_type = http::Header { name: "content-type".to_owned(), value: "application/json".to_owned() };
    Ok(Response { status, headers: vec![content_type], body: http::Answer::Bytes(json.as_bytes().to_vec()) })
}

/// What `describe` says.
#[must_use]
pub fn describe<C: Connector>() -> Description {
    Component::<C>::describe()
}

/// Does one operation as the first attempt of the delivery `delivery-1`.
///
/// # Errors
/// The operation's failure.
pub fn execute<C: Connector>(operation: &str, settings: &Value, input: &Value) -> Result<Outcome, Failure> {
    Component::<C>::execute(first_attempt(settings), operation.to_owned(), input.to_string())
}

/// Polls a feed behind `cursor`. Nothing is known of what was found before.
///
/// # Errors
/// The feed's failure.
pub fn poll<C: Connector>(feed: &str, settings: &Value, cursor: Option<&str>) -> Result<Page, Failure> {
    Component::<C>::poll(first_attempt(settings), feed.to_owned(), cursor.map(str::to_owned))
}

/// Tells the source what became of a group.
///
/// # Errors
/// The feed's failure.
pub fn settle<C: Connector>(feed: &str, settings: &Value, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
    Component::<C>::settle(first_attempt(settings), feed.to_owned(), group.to_owned(), report)
}

/// Tries the connection.
///
/// # Errors
/// The check's failure.
pub fn check<C: Connector>(settings: &Value) -> Result<Vec<Finding>, Failure> {
    Component::<C>::check(first_attempt(settings))
}

fn first_attempt(settings: &Value) -> types::Call {
    types::Call {
        delivery: "delivery-1".to_owned(),
        attempt: 1,
        accepted_at: 1_767_225_600_000,
        attempt_at: 1_767_225_600_000,
        config: settings.to_string(),
    }
}

fn with<T>(act: impl FnOnce(&mut State) -> T) -> T {
    HOST.with_borrow_mut(|host| {
        act(host.as_mut().expect("a connector's imports need `sluse_sdk::testing::FakeHost::install` in a native test"))
    })
}

/// The imports as the fake answers them.
pub(crate) mod imports {
    pub(crate) mod http {
        use super::super::http::{Answer, Conclusion, Keep};
        use super::super::{Request, Response, SendError, with};

        pub(crate) fn send(request: &Request) -> Result<Response, SendError> {
            let response = with(|state| {
                state.requests.push(request.clone());
                (state.target)(request)
            })?;
            Ok(match &request.keep {
                Some(keep) if response.status < 300 => kept(keep, response),
                _ => response,
            })
        }

        /// What a host does with an answer that it is to keep.
        fn kept(keep: &Keep, response: Response) -> Response {
            let Answer::Bytes(bytes) = &response.body else { return response };
            let media_type = keep.media_type.as_deref().unwrap_or("application/octet-stream");
            let file = super::attachments::create(&keep.name, media_type, bytes).expect("the fake keeps every file");
            Response { body: Answer::Attachment(file.id), ..response }
        }

        pub(crate) fn send_all(requests: &[Request]) -> Vec<Result<Response, SendError>> {
            requests.iter().map(send).collect()
        }

        pub(crate) fn conclude(intent_key: &str, conclusion: Conclusion) -> Result<(), String> {
            with(|state| {
                let is_sent = |request: &Request| request.intent_key.as_deref() == Some(intent_key);
                if !state.requests.iter().any(is_sent) {
                    return Err("no request of this `intent-key` was sent that must happen once".to_owned());
                }
                state.concluded.push((intent_key.to_owned(), conclusion));
                Ok(())
            })
        }
    }

    pub(crate) mod attachments {
        use super::super::{Attachment, with};
        use crate::attachments::AttachmentError;

        pub(crate) fn all() -> Result<Vec<Attachment>, AttachmentError> {
            with(|state| match &state.attachments_fail {
                Some(error) => Err(error.clone()),
                None => Ok(state.attachments.iter().map(|(attachment, _)| attachment.clone()).collect()),
            })
        }

        pub(crate) fn get(id: &str) -> Result<Attachment, AttachmentError> {
            all()?.into_iter().find(|attachment| attachment.id == id).ok_or(AttachmentError::NotFound)
        }

        pub(crate) fn read(id: &str, offset: u64, length: u32) -> Result<Vec<u8>, AttachmentError> {
            with(|state| {
                let found = state.attachments.iter().find(|(attachment, _)| attachment.id == id);
                let (_, bytes) = found.ok_or(AttachmentError::NotFound)?;
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                Ok(bytes.iter().skip(offset).take(length as usize).copied().collect())
            })
        }

        pub(crate) fn create(name: &str, media_type: &str, bytes: &[u8]) -> Result<Attachment, AttachmentError> {
            with(|state| {
                let attachment = Attachment {
                    id: format!("attachment-{}", state.attachments.len() + 1),
                    name: name.to_owned(),
                    media_type: media_type.to_owned(),
                    size_bytes: bytes.len() as u64,
                    sha256: sha256(bytes),
                };
                state.attachments.push((attachment.clone(), bytes.to_vec()));
                Ok(attachment)
            })
        }

        fn sha256(bytes: &[u8]) -> String {
            use sha2::Digest;
            sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }

    pub(crate) mod folders {
        use super::super::with;
        use crate::folders::FolderError;

        pub(crate) fn put(folder: &str, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
            with(|state| {
                let there = state.published.iter().find(|(other, file, _)| other == folder && file == name);
                match there {
                    Some((_, _, content)) if content != bytes => Err(FolderError::Conflict(name.to_owned())),
                    Some(_) => Ok(()),
                    None => {
                        state.published.push((folder.to_owned(), name.to_owned(), bytes.to_vec()));
                        Ok(())
                    }
                }
            })
        }

        pub(crate) fn read(folder: &str, name: &str) -> Result<Option<Vec<u8>>, FolderError> {
            with(|state| {
                let there = state.published.iter().find(|(other, file, _)| other == folder && file == name);
                Ok(there.map(|(_, _, content)| content.clone()))
            })
        }
    }

    pub(crate) mod numbers {
        use super::super::with;
        use crate::numbers::NumberError;

        pub(crate) fn reserve(_sequence: &str, count: u32, purpose: Option<&str>) -> Result<u64, NumberError> {
            if !(1..=100_000).contains(&count) {
                return Err(NumberError::Forbidden("`count` is 0 or above 100,000".to_owned()));
            }
            with(|state| {
                let asked = (purpose.map(str::to_owned), count);
                if let Some((_, first)) =
                    state.reserved.iter().find(|(before, _)| asked.0.is_some() && *before == asked)
                {
                    return Ok(*first);
                }
                let first = state.next_number;
                state.next_number += u64::from(count);
                state.reserved.push((asked, first));
                Ok(first)
            })
        }
    }

    pub(crate) mod callbacks {
        use super::super::with;
        use crate::callbacks::CallbackError;

        pub(crate) fn open(_timeout_ms: u64) -> Result<String, CallbackError> {
            with(|state| {
                state.addresses += 1;
                Ok(format!("https://callbacks.invalid/{}", state.addresses))
            })
        }
    }

    pub(crate) mod log {
        use super::super::with;
        use crate::log::Level;

        pub(crate) fn write(level: Level, message: &str) {
            with(|state| state.lines.push((level, message.to_owned())));
        }
    }
}
