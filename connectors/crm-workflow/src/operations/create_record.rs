//! Creates a record, once. With an external reference it is looked for first, and again where a creation is in doubt; a
//! record that is not there then may still appear, because CXone goes on after its caller has given up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sluse_sdk::{Call, Failure, log};

use super::search;
use crate::{
    answer::{self, Record},
    branch::Branch,
    ended::{Ended, ErrorArgs},
    execution::{Around, Execution},
    given::Id,
    problem,
    settings::{Milliseconds, Settings},
};

/// Names it within its delivery.
const INTENT_KEY: &str = "create-record";

/// The answer of a system that has such a record already.
const CONFLICT: u16 = 409;

/// The record to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The id of the configuration.
    #[serde(rename = "Configuration Id")]
    configuration_id: String,
    /// The id of a workflow that creates.
    #[serde(rename = "Workflow Id")]
    workflow_id: String,
    /// What kind of record: `contact`, `case`, `incident`, …
    entity: String,
    /// Its fields, as the workflow takes them.
    data: Map<String, Value>,
    /// Names the record outside the CRM system. Together with `search_workflow_id` it lets a creation that was
    /// interrupted be settled without a person.
    external_ref: Option<String>,
    /// The id of a workflow that finds a record by its external reference.
    search_workflow_id: Option<String>,
    /// The interaction that it belongs to.
    #[serde(rename = "interactionID")]
    interaction_id: Option<Id>,
    /// The contact that it belongs to.
    #[serde(rename = "contactID")]
    contact_id: Option<Id>,
    /// How long it may take, in milliseconds; else the connection's.
    #[serde(rename = "timeoutMilliSec")]
    timeout: Option<Milliseconds>,
}

/// The record.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Output {
    /// The path to take.
    branch: Branch,
    /// What went wrong; null on `Success`.
    #[serde(rename = "errorArgs")]
    error_args: Option<ErrorArgs>,
    /// The record's id; null when CXone does not say it.
    record_id: Option<String>,
    /// Where people find it; null when CXone does not say it.
    url: Option<String>,
    /// It was created by this delivery, as far as this attempt can tell.
    created: bool,
}

/// One creation.
struct Creation<'call> {
    call: &'call Call<Settings>,
    execution: Execution<'call>,
    look: Option<Look<'call>>,
}

/// How one finds out whether the record is there.
struct Look<'call> {
    settings: &'call Settings,
    ids: (&'call str, &'call str),
    external_ref: &'call str,
    timeout: Option<&'call Milliseconds>,
}

pub(crate) fn run(call: &Call<Settings>, input: Input) -> Result<Output, Failure> {
    call.settings.verify()?;
    match Creation::new(call, &input) {
        Ok(creation) => creation.create(),
        Err(failure) => given_up(call, Ended::not_sent(failure)),
    }
}

impl<'call> Creation<'call> {
    fn new(call: &'call Call<Settings>, input: &'call Input) -> Result<Self, Failure> {
        let settings = &call.settings;
        let around = Around {
            interaction_id: input.interaction_id.as_ref(),
            contact_id: input.contact_id.as_ref(),
            mapping_id: None,
            timeout: input.timeout.as_ref(),
        };
        let mut payload = input.data.clone();
        payload.insert(settings.names.entity.clone(), input.entity.as_str().into());
        let external_ref = given(&input.external_ref);
        if let Some(external_ref) = external_ref {
            payload.insert(settings.names.external_ref.clone(), external_ref.into());
        }
        let ids = (input.configuration_id.as_str(), input.workflow_id.as_str());
        let action = settings.names.create_action.as_str();
        let execution = Execution::new(settings, ids, Some(action), &Value::Object(payload), &around)?;
        let look = external_ref.zip(given(&input.search_workflow_id)).map(|(external_ref, workflow_id)| Look {
            settings,
            ids: (input.configuration_id.as_str(), workflow_id),
            external_ref,
            timeout: input.timeout.as_ref(),
        });
        Ok(Self { call, execution, look })
    }

    fn create(&self) -> Result<Output, Failure> {
        if let Some(found) = self.look()? {
            log::info("Posten findes allerede i CRM-systemet");
            return Ok(output(&found, false));
        }
        let ended = self.execution.run(INTENT_KEY, self.is_settled());
        match &ended.failure {
            None => self.created(&ended),
            Some(Failure::Unknown(doubt)) => self.settle(doubt.detail.as_deref().unwrap_or_default()),
            Some(_) if ended.status == Some(CONFLICT) => match self.look()? {
                Some(found) => Ok(output(&found, false)),
                None => given_up(self.call, ended),
            },
            Some(_) => given_up(self.call, ended),
        }
    }

    /// Whatever an earlier attempt has sent is there by now, or never will be: what was looked for and not found did not
    /// happen.
    fn is_settled(&self) -> bool {
        let passed_ms = self.call.attempt_at_ms.saturating_sub(self.call.accepted_at_ms);
        self.look.is_some() && self.call.attempt > 1 && passed_ms >= self.call.settings.late_success_ms
    }

    fn created(&self, ended: &Ended) -> Result<Output, Failure> {
        if let Some(record) = ended.records().first() {
            return Ok(output(record, true));
        }
        // It is done; only its id is missing.
        Ok(self.look()?.map_or_else(|| output(&Record::new(), true), |found| output(&found, true)))
    }

    /// It may have happened.
    fn settle(&self, cause: &str) -> Result<Output, Failure> {
        if self.look.is_none() {
            return Err(problem::cannot_look(cause));
        }
        match self.look()? {
            Some(found) => {
                log::info("Oprettelsen blev afbrudt, men posten findes i CRM-systemet");
                Ok(output(&found, true))
            }
            None => Err(problem::not_yet(cause, self.call.settings.late_success_ms)),
        }
    }

    fn look(&self) -> Result<Option<Record>, Failure> {
        self.look.as_ref().map_or(Ok(None), Look::find)
    }
}

impl Look<'_> {
    /// The only record with the external reference.
    fn find(&self) -> Result<Option<Record>, Failure> {
        let field = self.settings.names.external_ref.as_str();
        let around = Around { timeout: self.timeout, ..Around::default() };
        let ended = search::by(self.settings, self.ids, &json!({ "search": { field: self.external_ref } }), &around)?;
        if let Some(failure) = ended.failure {
            return Err(failure);
        }
        let records = ended.records();
        let shown = |record: &&Record| record["values"].get(field).is_some();
        if !records.is_empty() && !records.iter().any(|record| shown(&record)) {
            return Err(problem::reference_not_shown(field));
        }
        let is_it = |record: &&Record| answer::text(record["values"].get(field)).as_deref() == Some(self.external_ref);
        let matching: Vec<&Record> = records.iter().filter(is_it).collect();
        match matching.as_slice() {
            [] => Ok(None),
            [record] => Ok(Some((*record).clone())),
            several => Err(problem::several_records(several.len())),
        }
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn output(record: &Record, created: bool) -> Output {
    Output {
        branch: Branch::Success,
        error_args: None,
        record_id: answer::text(record.get("id")),
        url: answer::text(record.get("url")),
        created,
    }
}

/// It did not happen, or not as it should.
fn given_up(call: &Call<Settings>, ended: Ended) -> Result<Output, Failure> {
    let ended = ended.shown(call.settings.on_error.create_record)?;
    let record = ended.records().into_iter().next();
    let created = record.is_some();
    let of_record = output(&record.unwrap_or_default(), created);
    Ok(Output { branch: ended.branch, error_args: ended.error_args(), ..of_record })
}
