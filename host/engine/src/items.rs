//! From what a feed has found to runs. An item that does not fit holds up nobody, and is not lost: its run waits for a
//! person from the beginning.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde_json::Value;
use sluse_connector::{FeedItem, FeedPage};
use sluse_model::{
    Attachment, AttemptEnd, Attention, DeliveryState, Digest, Failure, Name, NewDelivery, Problem, Reason, RunId,
    Schedule, Task, Timestamp,
};
use sluse_store::{ClaimedPoll, NewItem, NewRun, StoreError};

use crate::{
    Engine,
    flows::{CompiledFlow, FlowError},
    follow::tell_of_new,
    mapping::{RunFacts, Scope},
    notices::Told,
    revisions::LoadedRevision,
    schema::{Schema, Violation},
    submit::check_files,
};

/// Items of one page: a source has pages for more.
const MAX_ITEMS: usize = 10_000;

/// The longest key of an item, or of a group.
const MAX_KEY_BYTES: usize = 512;

impl Engine {
    /// The items of a page that are not known yet, with the runs that they start, and how many are known.
    pub(crate) async fn new_items(
        &self,
        claimed: &ClaimedPoll,
        revision: &LoadedRevision,
        page: FeedPage,
        files: &[Attachment],
    ) -> Result<(Vec<NewItem>, u32), AttemptEnd> {
        let Some((connection, feed)) = claimed.schedule.feed() else { return Ok((Vec::new(), 0)) };
        check_keys(&page)?;
        let keys = page.items.iter().map(|item| item.key.clone()).collect();
        let known: HashSet<_> =
            self.store.known_items(connection, feed, keys).await.map_err(not_read)?.into_iter().collect();
        let own_flow = self.flows.present(&claimed.schedule.flow).await.map_err(no_flow)?;
        let schema = revision.feed(feed.as_str());
        let (mut items, mut known_count) = (Vec::new(), 0);
        let mut on_this_page = HashSet::new();
        for item in page.items {
            if known.contains(&item.key) || !on_this_page.insert(item.key.clone()) {
                known_count += 1;
                continue;
            }
            let (flow, problem) = self.flow_of(&item, &own_flow).await?;
            let run = self.run_of_item(&item, &flow, (problem, schema), files).await.map_err(not_read)?;
            items.push(NewItem { group: item.group.unwrap_or_else(|| item.key.clone()), key: item.key, run });
        }
        Ok((items, known_count))
    }

    /// The flow that an item starts. One that is not there is replaced by the schedule's own, with what is wrong.
    async fn flow_of(
        &self,
        item: &FeedItem,
        own_flow: &Arc<CompiledFlow>,
    ) -> Result<(Arc<CompiledFlow>, Option<Problem>), AttemptEnd> {
        let Some(named) = &item.flow else { return Ok((own_flow.clone(), None)) };
        let found = match named.parse::<Name>() {
            Ok(name) => self.flows.present(&name).await.map_err(Some),
            Err(_) => Err(None),
        };
        match found {
            Ok(flow) => Ok((flow, None)),
            Err(Some(FlowError::Store(error))) => Err(not_read(error)),
            Err(_) => {
                let shown: String = named.chars().take(80).collect();
                let detail = format!("it names flow `{shown}`: apply that flow, or close this and let the source know");
                Ok((own_flow.clone(), Some(misfit(detail))))
            }
        }
    }

    async fn run_of_item(
        &self,
        item: &FeedItem,
        flow: &CompiledFlow,
        (problem, schema): (Option<Problem>, Option<&Schema>),
        files: &[Attachment],
    ) -> Result<NewRun, StoreError> {
        let mut problem = problem;
        let data = serde_json::from_str(&item.input).unwrap_or_else(|error| {
            problem.get_or_insert_with(|| misfit(format!("its input is no JSON: {error}")));
            Value::String(item.input.clone())
        });
        for schema in schema.into_iter().chain([&flow.schema]) {
            if let Err(violations) = schema.check(&data) {
                problem.get_or_insert_with(|| misfit(told(&violations)));
            }
        }
        let mut attachments = Vec::new();
        for id in &item.attachments {
            match files.iter().find(|file| file.id.to_string() == *id) {
                Some(file) => attachments.push(file.clone()),
                None => {
                    problem.get_or_insert_with(|| misfit("it names a file that its poll did not keep".into()));
                }
            }
        }
        if let Err(error) = check_files(flow, attachments.iter().map(|file| (file.name.as_str(), file.size_bytes))) {
            problem.get_or_insert_with(|| misfit(error.to_string()));
        }
        self.run_of(flow, &data, attachments, problem, self.clock.now()).await
    }

    /// The run that a tick of a schedule starts.
    pub(crate) async fn scheduled_run(&self, schedule: &Schedule, now: Timestamp) -> Result<NewRun, FlowError> {
        let flow = self.flows.present(&schedule.flow).await?;
        let Task::Submit { submission } = &schedule.task else { return Err(FlowError::Unknown(schedule.flow.clone())) };
        let problem = flow.schema.check(submission).err().map(|violations| misfit(told(&violations)));
        let files = check_files(&flow, std::iter::empty()).err().map(|error| misfit(error.to_string()));
        let problem = problem.or(files);
        self.run_of(&flow, submission, Vec::new(), problem, now).await.map_err(FlowError::Store)
    }

    /// A run that nobody handed in. With a problem, or when its first input cannot be computed, it waits for a person,
    /// and the owner of its flow is told as of any other.
    async fn run_of(
        &self,
        flow: &CompiledFlow,
        data: &Value,
        attachments: Vec<Attachment>,
        problem: Option<Problem>,
        now: Timestamp,
    ) -> Result<NewRun, StoreError> {
        let id = RunId::new(now, &*self.dice);
        let facts = RunFacts { id, flow: &flow.flow.name, accepted_at: now, idempotency_key: None };
        let scope =
            Scope { submission: data, attachments: &attachments, steps: &BTreeMap::new(), skipped: &[], run: facts };
        let (skipped, first) = match problem {
            Some(problem) => (Vec::new(), Some(self.misfit(flow, problem, &scope, now))),
            None => self.begin_from(flow, 0, &scope, now),
        };
        let mut run = NewRun {
            id,
            flow: flow.flow.name.clone(),
            flow_digest: flow.digest,
            submission: data.to_string(),
            attachments,
            idempotency_key: None,
            body_digest: Digest::of(""),
            caused_by: None,
            stands_for: None,
            accepted_at: now,
            skipped,
            first,
            along: Vec::new(),
        };
        run.first.iter().for_each(tell_of_new);
        if let Some(first) = Told::of_first(&run) {
            run.along = self.causes(first).await?;
        }
        Ok(run)
    }

    /// The first step, whatever its condition, as a person's work.
    fn misfit(&self, flow: &CompiledFlow, problem: Problem, scope: &Scope<'_>, now: Timestamp) -> NewDelivery {
        let first = self.new_delivery(flow, flow.computed(0, scope), now);
        let attention = Attention::new(Reason::MappingFailed, problem, now);
        let assigned = flow.flow.assigned(attention, &first.connection, &first.step);
        NewDelivery { state: DeliveryState::Attention(assigned), input: "null".to_owned(), ..first }
    }
}

/// Without a key nobody could say whether an item has started a run.
fn check_keys(page: &FeedPage) -> Result<(), AttemptEnd> {
    let is_key = |key: &String| (1..=MAX_KEY_BYTES).contains(&key.len());
    let fit = page.items.iter().all(|item| is_key(&item.key) && item.group.as_ref().is_none_or(is_key));
    let detail = if page.items.len() > MAX_ITEMS {
        format!("a page has at most {MAX_ITEMS} items")
    } else if !fit {
        format!("an item's key, and its group where it has one, have 1 to {MAX_KEY_BYTES} bytes")
    } else {
        return Ok(());
    };
    let message = "The connector found items that nobody can tell apart, or too many at once.";
    Err(AttemptEnd::Broken(Problem::new("page-does-not-fit", message).with_detail(detail)))
}

fn misfit(detail: String) -> Problem {
    Problem::new("item-does-not-fit", "What was found does not fit the flow that it is to start.").with_detail(detail)
}

fn told(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn not_read(error: StoreError) -> AttemptEnd {
    let problem = Problem::new("store-unavailable", error.to_string());
    AttemptEnd::Failed(Failure::Unavailable { problem, retry_after_ms: None })
}

fn no_flow(error: FlowError) -> AttemptEnd {
    match error {
        FlowError::Store(error) => not_read(error),
        error => AttemptEnd::Misconfigured(Problem::new("flow-not-usable", error.to_string())),
    }
}
