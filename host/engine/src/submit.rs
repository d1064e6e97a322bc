//! Taking a submission in: checked, mapped for its first step, and durable before anybody is told.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use sluse_model::{Attachment, AttachmentId, Digest, Digester, Flow, Name, RunId, Timestamp};
use sluse_store::{Accepted, Claim, Content, NewRun, StoreError};

use crate::{
    Engine, counted,
    dispatcher::Place,
    figures::Newcomers,
    flows::{CompiledFlow, Computed, FlowError, NotComputed, Onward},
    gates::Pass,
    mapping::{MappingError, RunFacts, Scope},
    schema::Violation,
};

/// What somebody hands in.
#[derive(Debug, Clone)]
pub struct Submission {
    pub flow: Name,
    /// Valid against the flow's schema.
    pub data: Value,
    /// In the order of submission; their contents are kept already.
    pub files: Vec<SubmittedFile>,
    /// The same key with the same body is the same submission.
    pub idempotency_key: Option<String>,
}

/// A file of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmittedFile {
    pub name: String,
    pub media_type: String,
    pub content: Content,
}

/// A submission was accepted, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    pub run: RunId,
    /// It came before, under the same key with the same body.
    pub before: bool,
}

/// Why a submission was not accepted. Nothing of it is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// It does not fit the flow's schema.
    #[error("the submission does not fit the schema of flow `{flow}`")]
    DoesNotFit { flow: Name, violations: Vec<Violation> },
    /// Something of the first step cannot be computed from it.
    #[error("the {what} of step `{step}` cannot be computed from the submission: {error}")]
    NotMapped { step: Name, what: &'static str, error: MappingError },
    #[error("file `{name}` has {}, and flow `{flow}` takes at most {}", bytes(.size_bytes), bytes(.limit_bytes))]
    FileTooLarge { flow: Name, name: String, size_bytes: u64, limit_bytes: u64 },
    #[error("flow `{flow}` needs at least {} with a submission, and got {came}", counted(u64::from(*needed), "file", "files"))]
    TooFewFiles { flow: Name, needed: u32, came: usize },
    /// Longer than a key may be, or empty.
    #[error("the idempotency key has to have 1 to {MAX_KEY_BYTES} bytes")]
    BadKey,
    #[error(
        "another submission came before under this idempotency key, and is run {0}: look at it, or hand this one in under another key"
    )]
    KeyTaken(RunId),
    /// The engine is stopping.
    #[error("the host is stopping; submit again in a moment")]
    Stopping,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn bytes(size: &u64) -> String {
    counted(*size, "byte", "bytes")
}

/// The longest idempotency key.
pub const MAX_KEY_BYTES: usize = 255;

impl Engine {
    /// Accepts a submission. Durable when it returns; its first step is then under way or waits in the queue.
    pub async fn submit(self: &Arc<Self>, submission: Submission) -> Result<Submitted, SubmitError> {
        if self.stopping() {
            return Err(SubmitError::Stopping);
        }
        let flow = self.flows.present(&submission.flow).await?;
        check(&flow, &submission)?;
        let now = self.clock.now();
        let run = self.new_run(&flow, submission, now)?;
        let engine = self.clone();
        self.to_the_end(async move { engine.accept(run, now).await }).await
    }

    /// Writes a run down and begins with it, if there is a place.
    async fn accept(self: &Arc<Self>, run: NewRun, now: Timestamp) -> Result<Submitted, SubmitError> {
        let place = self.dispatcher.free_place();
        let connection = run.first.as_ref().map(|first| &first.connection);
        let way = place.zip(connection).and_then(|(place, to)| Some((place, self.gates.admit_newcomer(to)?)));
        self.take_in(run, now, way).await
    }

    /// Writes a run down, and begins with it where there is a way for it.
    pub(crate) async fn take_in(
        self: &Arc<Self>,
        run: NewRun,
        now: Timestamp,
        way: Option<(Place, Pass)>,
    ) -> Result<Submitted, SubmitError> {
        let id = run.id;
        let claim = way.as_ref().map(|_| self.claim(now));
        let newcomers = Newcomers::of_run(&run);
        let accepted = self.store.accept(run, claim).await?;
        if matches!(accepted, Accepted::New(_)) {
            self.counts.came(&newcomers);
        }
        match accepted {
            Accepted::New(Some(claimed)) => {
                if let Some((place, pass)) = way {
                    self.begin(*claimed, place, pass);
                }
                Ok(Submitted { run: id, before: false })
            }
            Accepted::New(None) => Ok(Submitted { run: id, before: false }),
            Accepted::Before(run) => Ok(Submitted { run, before: true }),
            Accepted::Conflict(run) => Err(SubmitError::KeyTaken(run)),
        }
    }

    fn new_run(&self, flow: &CompiledFlow, submission: Submission, now: Timestamp) -> Result<NewRun, SubmitError> {
        let id = RunId::new(now, &*self.dice);
        let body_digest = body_digest(&submission);
        let Submission { data, files, idempotency_key, .. } = submission;
        let attachments: Vec<Attachment> = files
            .into_iter()
            .map(|file| Attachment {
                id: AttachmentId::new(now, &*self.dice),
                name: file.name,
                media_type: file.media_type,
                size_bytes: file.content.size_bytes,
                digest: file.content.digest,
            })
            .collect();
        let scope = Scope {
            submission: &data,
            attachments: &attachments,
            steps: &BTreeMap::new(),
            skipped: &[],
            run: RunFacts { id, flow: &flow.flow.name, accepted_at: now, idempotency_key: idempotency_key.as_deref() },
        };
        let Onward { skipped, step } = flow.onward(0, &scope, now);
        if let Some(Computed { index, input: Err(NotComputed { what, error }), .. }) = step {
            return Err(SubmitError::NotMapped { step: flow.flow.steps[index].name.clone(), what, error });
        }
        let first = step.map(|step| self.new_delivery(flow, step, now));
        Ok(NewRun {
            id,
            flow: flow.flow.name.clone(),
            flow_digest: flow.digest,
            submission: data.to_string(),
            attachments,
            idempotency_key,
            body_digest,
            caused_by: None,
            stands_for: None,
            accepted_at: now,
            skipped,
            first,
            along: Vec::new(),
        })
    }

    /// The largest file that a flow takes, in bytes.
    pub async fn max_attachment_bytes(&self, flow: &Name) -> Result<u64, FlowError> {
        Ok(self.flows.present(flow).await?.flow.max_attachment_bytes)
    }

    /// Whether data fits a flow's schema, for those who would take in files after it. Everything is checked again
    /// by [`Engine::submit`].
    pub async fn check_submission(&self, flow: &Name, data: &Value) -> Result<(), SubmitError> {
        fits(&*self.flows.present(flow).await?, data)
    }

    /// The terms of a claim made now.
    pub(crate) fn claim(&self, now: Timestamp) -> Claim {
        Claim { now, until: now.plus(self.settings.lease) }
    }
}

fn check(flow: &CompiledFlow, submission: &Submission) -> Result<(), SubmitError> {
    check_key(submission.idempotency_key.as_deref())?;
    check_files(flow, submission.files.iter().map(|file| (file.name.as_str(), file.content.size_bytes)))?;
    fits(flow, &submission.data)
}

/// Whether so many files, each with its name and size, are enough for a flow, and none too large.
pub(crate) fn check_files<'a>(
    flow: &CompiledFlow,
    files: impl ExactSizeIterator<Item = (&'a str, u64)>,
) -> Result<(), SubmitError> {
    let Flow { name: flow, min_attachments: needed, max_attachment_bytes: limit_bytes, .. } = &flow.flow;
    let (needed, limit_bytes, came) = (*needed, *limit_bytes, files.len());
    if came < needed as usize {
        return Err(SubmitError::TooFewFiles { flow: flow.clone(), needed, came });
    }
    let mut too_large = files.filter(|(_, size_bytes)| *size_bytes > limit_bytes);
    match too_large.next() {
        Some((name, size_bytes)) => {
            Err(SubmitError::FileTooLarge { flow: flow.clone(), name: name.to_owned(), size_bytes, limit_bytes })
        }
        None => Ok(()),
    }
}

/// Whether a key may be used as one.
pub(crate) fn check_key(key: Option<&str>) -> Result<(), SubmitError> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY_BYTES => Err(SubmitError::BadKey),
        _ => Ok(()),
    }
}

fn fits(flow: &CompiledFlow, data: &Value) -> Result<(), SubmitError> {
    let flow_name = || flow.flow.name.clone();
    flow.schema.check(data).map_err(|violations| SubmitError::DoesNotFit { flow: flow_name(), violations })
}

/// What a submission amounts to: its data with keys in order, and each file's name, type and content.
fn body_digest(submission: &Submission) -> Digest {
    let mut digester = Digester::default();
    digester.update(submission.data.to_string().as_bytes());
    for file in &submission.files {
        for text in [&file.name, &file.media_type] {
            digester.update(&(text.len() as u64).to_le_bytes());
            digester.update(text.as_bytes());
        }
        digester.update(file.content.digest.as_bytes());
    }
    digester.finish()
}
