//! The host that answers by script and writes down what differs.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use sluse_connector::{
    Answer, AttachmentError, CallbackError, FolderError, Host, Keep, Lines, NumberError, Request, Response, SendError,
};
use sluse_model::{Attachment, Standing, TimelineLevel};

use crate::{
    CallbackAddress, Case, CaseAttachment, Conclude, Difference, Exchange, Granted, Put, Read, Reserve, contract,
    exchange, granted,
};

/// A host that answers by the script of a case. The clones share one script.
#[derive(Debug, Clone)]
pub struct ScriptedHost(Arc<Mutex<Script>>);

/// The script, how far it is, and what was said meanwhile.
#[derive(Debug)]
pub(crate) struct Script {
    exchanges: Vec<Exchange>,
    /// How many exchanges have been played.
    pub(crate) played: usize,
    /// The addresses that have not been given yet, the next one last.
    callbacks: Vec<CallbackAddress>,
    attachments: Vec<CaseAttachment>,
    /// What has not been asked for yet.
    granted: Granted,
    /// The first request that differed; nothing is compared after it.
    pub(crate) difference: Option<Difference>,
    /// `level: text`, in order.
    lines: Lines<String>,
    /// What the requests said to the host's own records.
    pub(crate) intent_keys: Vec<String>,
}

impl ScriptedHost {
    /// A host that plays the script of `case` from its beginning.
    pub fn new(case: &Case) -> Self {
        Self(Arc::new(Mutex::new(Script {
            exchanges: case.exchanges.clone(),
            played: 0,
            callbacks: case.callbacks.iter().rev().cloned().collect(),
            attachments: case.attachments.clone(),
            granted: case.granted.clone(),
            difference: None,
            lines: Lines::default(),
            intent_keys: Vec::new(),
        })))
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    pub(crate) fn left_over(&self) -> &[Exchange] {
        &self.exchanges[self.played..]
    }

    /// The addresses that nobody asked for.
    pub(crate) fn unopened(&self) -> Vec<String> {
        self.callbacks.iter().rev().map(|address| address.url.clone()).collect()
    }

    /// What was granted and nobody asked for.
    pub(crate) fn not_asked(&self) -> Vec<String> {
        self.granted.left_over()
    }

    /// What was logged, in order.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        mem::take(&mut self.lines).finish(|left_out, _| format!("… {left_out} lines are left out"))
    }

    fn play(&mut self, request: Request) -> Result<Response, SendError> {
        if self.difference.is_some() {
            return Err(off_script());
        }
        self.intent_keys.extend(request.intent_key.clone());
        if let Some(reason) = contract::refusal(&request) {
            return Err(self.stop(Difference::Refused { number: self.played + 1, reason }));
        }
        let Some(exchange) = self.exchanges.get(self.played) else {
            let request = format!("{} {}", request.method.as_str(), request.path);
            return Err(self.stop(Difference::Unexpected { number: self.played + 1, request }));
        };
        let (wanted, seen) = exchange::views(&exchange.expect, &request, &self.attachments);
        if wanted != seen {
            return Err(self.stop(Difference::request(self.played + 1, &wanted, &seen)));
        }
        let answer = exchange.answer.play();
        self.played += 1;
        match request.keep {
            // What is no success is handed over, as the engine does.
            Some(keep) => {
                answer.map(|response| if response.status < 300 { self.keep(keep, response) } else { response })
            }
            None => answer,
        }
    }

    fn open_callback(&mut self, timeout: Duration) -> Result<String, CallbackError> {
        let Some(address) = self.callbacks.pop() else {
            return Err(CallbackError::Forbidden("this host takes no callbacks".into()));
        };
        if timeout != Duration::from_millis(address.timeout_ms) {
            let asked_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            self.stop(Difference::Timeout { url: address.url.clone(), wanted_ms: address.timeout_ms, asked_ms });
        }
        Ok(address.url)
    }

    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let seen = granted::file_view(folder, name, bytes);
        let put = self.next(|granted| &mut granted.puts, Put::view, &seen);
        put.ok_or_else(|| FolderError::Forbidden(OFF_SCRIPT.into()))?.answer()
    }

    fn read_file(&mut self, folder: &str, name: &str) -> Result<Option<Bytes>, FolderError> {
        let view = |folder: &str, name: &str| json!({ "read": { "folder": folder, "name": name } });
        let wanted = |read: &Read| view(&read.folder, &read.name);
        let read = self.next(|granted| &mut granted.reads, wanted, &view(folder, name));
        read.ok_or_else(|| FolderError::Forbidden(OFF_SCRIPT.into()))?.answer()
    }

    fn reserve(&mut self, sequence: &str, count: u32, purpose: Option<&str>) -> Result<u64, NumberError> {
        let view = |sequence: &str, count: u32, purpose: Option<&str>| json!({ "reserve": { "sequence": sequence, "count": count, "purpose": purpose } });
        let wanted = |reserve: &Reserve| view(&reserve.sequence, reserve.count, reserve.purpose.as_deref());
        let reserve = self.next(|granted| &mut granted.reserves, wanted, &view(sequence, count, purpose));
        reserve.ok_or_else(|| NumberError::Forbidden(OFF_SCRIPT.into()))?.answer()
    }

    fn conclude(&mut self, intent_key: &str, standing: Standing) -> Result<(), String> {
        let seen = json!({ "conclude": { "intent_key": intent_key, "standing": standing } });
        let wanted = |conclude: &Conclude| json!({ "conclude": conclude });
        self.next(|granted| &mut granted.conclusions, wanted, &seen).map(|_| ()).ok_or_else(|| OFF_SCRIPT.to_owned())
    }

    /// Takes what comes next of one kind; `None` when something else is asked for, or something has differed before.
    fn next<T>(
        &mut self,
        kind: impl FnOnce(&mut Granted) -> &mut Vec<T>,
        view: impl FnOnce(&T) -> Value,
        seen: &Value,
    ) -> Option<T> {
        if self.difference.is_some() {
            return None;
        }
        let left = kind(&mut self.granted);
        if left.is_empty() {
            self.stop(Difference::NotGranted { asked: seen.to_string() });
            return None;
        }
        let next = left.remove(0);
        let wanted = view(&next);
        if wanted != *seen {
            self.stop(Difference::granted(&wanted, seen));
            return None;
        }
        Some(next)
    }

    fn stop(&mut self, difference: Difference) -> SendError {
        self.difference = Some(difference);
        off_script()
    }

    fn keep(&mut self, keep: Keep, response: Response) -> Response {
        let Answer::Bytes(bytes) = response.body else { return response };
        let kept =
            CaseAttachment::new(&keep.name, keep.media_type.as_deref().unwrap_or("application/octet-stream"), bytes);
        let body = Answer::Attachment(kept.attachment.id.to_string());
        self.attachments.push(kept);
        Response { body, ..response }
    }

    fn read(&self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError> {
        let found = self.attachments.iter().find(|attachment| attachment.attachment.id.to_string() == id);
        let content = &found.ok_or(AttachmentError::NotFound)?.content;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(length as usize).min(content.len());
        Ok(content.slice(start..end))
    }
}

const OFF_SCRIPT: &str = "this is not what the script says";

fn off_script() -> SendError {
    SendError::Forbidden(OFF_SCRIPT.into())
}

#[async_trait]
impl Host for ScriptedHost {
    async fn send(&mut self, request: Request) -> Result<Response, SendError> {
        self.script().play(request)
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        let mut script = self.script();
        requests.into_iter().map(|request| script.play(request)).collect()
    }

    fn conclude(&mut self, intent_key: &str, standing: Standing) -> Result<(), String> {
        self.script().conclude(intent_key, standing)
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        Ok(self.script().attachments.iter().map(|attachment| attachment.attachment.clone()).collect())
    }

    async fn read_attachment(&mut self, id: &str, offset: u64, length: u32) -> Result<Bytes, AttachmentError> {
        self.script().read(id, offset, length)
    }

    async fn create_attachment(
        &mut self,
        name: String,
        media_type: String,
        bytes: Bytes,
    ) -> Result<Attachment, AttachmentError> {
        let created = CaseAttachment::new(&name, &media_type, bytes);
        self.script().attachments.push(created.clone());
        Ok(created.attachment)
    }

    async fn put_file(&mut self, folder: String, name: String, bytes: Bytes) -> Result<(), FolderError> {
        self.script().put(&folder, &name, &bytes)
    }

    async fn get_file(&mut self, folder: String, name: String) -> Result<Option<Bytes>, FolderError> {
        self.script().read_file(&folder, &name)
    }

    async fn reserve_numbers(
        &mut self,
        sequence: String,
        count: u32,
        purpose: Option<String>,
    ) -> Result<u64, NumberError> {
        self.script().reserve(&sequence, count, purpose.as_deref())
    }

    async fn open_callback(&mut self, timeout: Duration) -> Result<String, CallbackError> {
        self.script().open_callback(timeout)
    }

    fn log(&mut self, level: TimelineLevel, message: String) {
        let line = format!("{}: {message}", level.as_str());
        let size_bytes = line.len();
        self.script().lines.push(line, size_bytes);
    }
}
