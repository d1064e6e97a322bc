//! What a delivery causes by going where somebody has to know: runs of other flows, in the transaction of that fact.

use std::collections::BTreeMap;

use serde_json::Value;
use sluse_model::{Attachment, Delivery, DeliveryId, Digest, NoticeOccasion, RunId, StandsFor};
use sluse_store::{NewRun, StoreError};

use crate::{
    Engine,
    flows::{CompiledFlow, FlowError},
    follow::tell_of_new,
    mapping::{RunFacts, Scope},
    notices::Told,
};

/// What is known of the run whose delivery it is.
#[derive(Debug)]
pub(crate) struct Whose {
    /// JSON text.
    pub(crate) submission: String,
    pub(crate) attachments: Vec<Attachment>,
    /// Those that are there, by step.
    pub(crate) deliveries: Vec<Delivery>,
    /// A delivery has caused it.
    pub(crate) is_caused: bool,
    /// It was started for a run that failed.
    pub(crate) stands_for_another: bool,
    /// Another one was started because it failed.
    pub(crate) is_handled: bool,
}

impl Whose {
    /// A run that is about to be written.
    pub(crate) fn of_new(run: &NewRun) -> Self {
        Self {
            submission: run.submission.clone(),
            attachments: run.attachments.clone(),
            deliveries: Vec::new(),
            is_caused: run.caused_by.is_some(),
            stands_for_another: run.stands_for.is_some(),
            is_handled: false,
        }
    }
}

/// A run that a delivery causes.
#[derive(Debug)]
pub(crate) struct CausedRun<'a> {
    pub(crate) flow: &'a CompiledFlow,
    pub(crate) by: DeliveryId,
    /// Made of what causes it: the same is never caused twice.
    pub(crate) key: String,
    pub(crate) submission: &'a Value,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) stands_for: Option<StandsFor>,
}

impl Engine {
    /// What comes of it that a delivery goes there: what the owner of its flow is told, and what is started for its
    /// failure.
    pub(crate) async fn causes(&self, told: Told<'_>) -> Result<Vec<NewRun>, StoreError> {
        if NoticeOccasion::of(told.state).is_none() {
            return Ok(Vec::new());
        }
        let flow = match self.flows.version(told.flow, told.flow_digest).await {
            Ok(flow) => flow,
            Err(FlowError::Store(error)) => return Err(error),
            // What became of the run says so.
            Err(_) => return Ok(Vec::new()),
        };
        if flow.flow.owner_notice.is_none() && flow.flow.on_failure.is_none() {
            return Ok(Vec::new());
        }
        let Some(whose) = self.whose(&told).await? else { return Ok(Vec::new()) };
        let notice = self.notice(&told, &flow, &whose).await?;
        let failure = self.failure(&told, &flow, &whose).await?;
        Ok(notice.into_iter().chain(failure).collect())
    }

    async fn whose(&self, told: &Told<'_>) -> Result<Option<Whose>, StoreError> {
        if let Some(run) = told.first_of {
            return Ok(Some(Whose::of_new(run)));
        }
        let detail = self.store.run(told.run).await?;
        Ok(detail.map(|detail| Whose {
            submission: detail.submission,
            attachments: detail.attachments,
            deliveries: detail.deliveries,
            is_caused: detail.run.caused_by.is_some(),
            stands_for_another: detail.run.stands_for.is_some(),
            is_handled: detail.run.handled_by.is_some(),
        }))
    }

    /// A run that a delivery causes, with what it begins with.
    pub(crate) fn caused_run(&self, caused: CausedRun<'_>) -> NewRun {
        let CausedRun { flow, by, key, submission, attachments, stands_for } = caused;
        let now = self.clock.now();
        let id = RunId::new(now, &*self.dice);
        let run = RunFacts { id, flow: &flow.flow.name, accepted_at: now, idempotency_key: Some(&key) };
        let scope = Scope { submission, attachments: &attachments, steps: &BTreeMap::new(), skipped: &[], run };
        let (skipped, first) = self.begin_from(flow, 0, &scope, now);
        first.iter().for_each(tell_of_new);
        let submission = submission.to_string();
        NewRun {
            id,
            flow: flow.flow.name.clone(),
            flow_digest: flow.digest,
            attachments,
            idempotency_key: Some(key),
            body_digest: Digest::of(&submission),
            submission,
            caused_by: Some(by),
            stands_for,
            accepted_at: now,
            skipped,
            first,
            along: Vec::new(),
        }
    }
}
