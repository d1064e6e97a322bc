//! `wit/v0.1` as types: what is generated from it, what is handed to a component without a copy, and what comes
//! back turned into the types of the seam.

use bytes::Bytes;
use sluse_connector::{Arrival, Call, FeedItem, FeedPage, Finding};
use sluse_model::{
    CredentialKind, Description, EndpointNeed, Failure, FeedDescription, FolderNeed, ItemReport, ItemStanding,
    OperationDescription, Outcome, Problem,
};
use wasmtime::component::{ComponentType, Lower};

use crate::text;

#[allow(missing_docs, unreachable_pub, dead_code, clippy::all, reason = "generated; the contract is documented in WIT")]
mod generated {
    wasmtime::component::bindgen!({
        world: "target-and-source",
        path: "../../wit/v0.1",
        imports: {
            "sluse:connector/log.write": trappable,
            default: async | trappable,
        },
        exports: { default: async },
    });
}

pub(crate) use generated::{
    exports::sluse::connector::{connector, feeds},
    sluse::connector::{attachments, callbacks, folders, http, log, numbers, types},
};

/// The exported interfaces, as a component names them.
pub(crate) const CONNECTOR: &str = "sluse:connector/connector@0.1.0";
pub(crate) const OPERATIONS: &str = "sluse:connector/operations@0.1.0";
pub(crate) const FEEDS: &str = "sluse:connector/feeds@0.1.0";

/// What a function of the contract answers.
pub(crate) type Answer<T> = (Result<T, types::Failure>,);

pub(crate) type DescribeResult = (connector::Description,);
pub(crate) type CheckParams<'a> = (CallParam<'a>,);
pub(crate) type CheckResult = Answer<Vec<connector::Finding>>;
pub(crate) type ExecuteParams<'a> = (CallParam<'a>, &'a str, &'a str);
pub(crate) type ExecuteResult = Answer<types::Outcome>;
pub(crate) type ResumeParams<'a> = (CallParam<'a>, &'a str, &'a str, &'a str, ArrivalParam<'a>);
pub(crate) type PollParams<'a> = (CallParam<'a>, &'a str, Option<&'a str>);
pub(crate) type PollResult = Answer<feeds::Page>;
pub(crate) type SettleParams<'a> = (CallParam<'a>, &'a str, &'a str, &'a [ItemReportParam<'a>]);
pub(crate) type SettleResult = Answer<()>;

/// `types.call`, borrowed.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct CallParam<'a> {
    delivery: &'a str,
    attempt: u32,
    #[component(name = "accepted-at")]
    accepted_at: u64,
    #[component(name = "attempt-at")]
    attempt_at: u64,
    config: &'a str,
}

impl<'a> From<&'a Call> for CallParam<'a> {
    fn from(call: &'a Call) -> Self {
        Self {
            delivery: &call.delivery,
            attempt: call.attempt,
            accepted_at: u64::try_from(call.accepted_at.as_millis()).unwrap_or(0),
            attempt_at: u64::try_from(call.attempt_at.as_millis()).unwrap_or(0),
            config: &call.settings,
        }
    }
}

/// `types.callback-answer`, borrowed.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct CallbackAnswerParam<'a> {
    #[component(name = "media-type")]
    media_type: &'a str,
    body: &'a [u8],
}

/// `types.arrival`, borrowed.
#[derive(ComponentType, Lower)]
#[component(variant)]
pub(crate) enum ArrivalParam<'a> {
    #[component(name = "answered")]
    Answered(CallbackAnswerParam<'a>),
    #[component(name = "timed-out")]
    TimedOut,
}

impl<'a> From<&'a Arrival> for ArrivalParam<'a> {
    fn from(arrival: &'a Arrival) -> Self {
        match arrival {
            Arrival::Answered { media_type, body } => Self::Answered(CallbackAnswerParam { media_type, body }),
            Arrival::TimedOut => Self::TimedOut,
        }
    }
}

/// `feeds.standing`.
#[derive(ComponentType, Lower, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum StandingParam {
    #[component(name = "succeeded")]
    Succeeded,
    #[component(name = "held")]
    Held,
    #[component(name = "failed")]
    Failed,
}

/// `feeds.item-report`, borrowed.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct ItemReportParam<'a> {
    key: &'a str,
    standing: StandingParam,
    message: Option<&'a str>,
}

impl<'a> From<&'a ItemReport> for ItemReportParam<'a> {
    fn from(report: &'a ItemReport) -> Self {
        let standing = match report.standing {
            ItemStanding::Succeeded => StandingParam::Succeeded,
            ItemStanding::Held => StandingParam::Held,
            ItemStanding::Failed => StandingParam::Failed,
        };
        Self { key: &report.key, standing, message: report.message.as_deref() }
    }
}

impl From<types::Outcome> for Outcome {
    fn from(outcome: types::Outcome) -> Self {
        match outcome {
            types::Outcome::Done(output) => Self::Done { output },
            types::Outcome::Waiting(state) => Self::Waiting { state },
        }
    }
}

impl From<types::Problem> for Problem {
    fn from(problem: types::Problem) -> Self {
        text::problem(Self { code: problem.code, message: problem.message, detail: problem.detail })
    }
}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Invalid(problem) => Self::Invalid { problem: problem.into() },
            types::Failure::Rejected(problem) => Self::Rejected { problem: problem.into() },
            types::Failure::Denied(problem) => Self::Denied { problem: problem.into() },
            types::Failure::Unavailable(unavailable) => {
                Self::Unavailable { problem: unavailable.problem.into(), retry_after_ms: unavailable.retry_after_ms }
            }
            types::Failure::Unknown(problem) => Self::Unknown { problem: problem.into() },
        }
    }
}

impl From<connector::Finding> for Finding {
    fn from(finding: connector::Finding) -> Self {
        Self { subject: finding.subject, passed: finding.passed, message: finding.message }
    }
}

impl From<feeds::Page> for FeedPage {
    fn from(page: feeds::Page) -> Self {
        Self { items: page.items.into_iter().map(Into::into).collect(), cursor: page.cursor, more: page.more }
    }
}

impl From<feeds::Item> for FeedItem {
    fn from(item: feeds::Item) -> Self {
        Self { key: item.key, group: item.group, flow: item.flow, input: item.input, attachments: item.attachments }
    }
}

impl From<connector::Description> for Description {
    fn from(description: connector::Description) -> Self {
        Self {
            name: description.name,
            version: description.version,
            title: description.title,
            summary: description.summary,
            settings_schema: description.settings_schema,
            operations: description.operations.into_iter().map(Into::into).collect(),
            feeds: description.feeds.into_iter().map(Into::into).collect(),
            endpoints: description.endpoints.into_iter().map(Into::into).collect(),
            folders: description.folders.into_iter().map(Into::into).collect(),
            sequences: description.sequences,
        }
    }
}

impl From<connector::Operation> for OperationDescription {
    fn from(operation: connector::Operation) -> Self {
        Self {
            name: operation.name,
            title: operation.title,
            summary: operation.summary,
            input_schema: operation.input_schema,
            output_schema: operation.output_schema,
            reads_only: operation.reads_only,
        }
    }
}

impl From<connector::Feed> for FeedDescription {
    fn from(feed: connector::Feed) -> Self {
        Self {
            name: feed.name,
            title: feed.title,
            summary: feed.summary,
            item_schema: feed.item_schema,
            usual_interval_seconds: feed.usual_interval_seconds,
        }
    }
}

impl From<connector::Endpoint> for EndpointNeed {
    fn from(endpoint: connector::Endpoint) -> Self {
        Self {
            name: endpoint.name,
            title: endpoint.title,
            required: endpoint.required,
            credentials: endpoint.credentials.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<connector::Folder> for FolderNeed {
    fn from(folder: connector::Folder) -> Self {
        let connector::Folder { name, title, required, reads_only } = folder;
        Self { name, title, required, reads_only }
    }
}

impl From<connector::CredentialKind> for CredentialKind {
    fn from(kind: connector::CredentialKind) -> Self {
        match kind {
            connector::CredentialKind::Nothing => Self::Nothing,
            connector::CredentialKind::Basic => Self::Basic,
            connector::CredentialKind::Bearer => Self::Bearer,
            connector::CredentialKind::ApiKey => Self::ApiKey,
            connector::CredentialKind::Oauth2ClientCredentials => Self::OAuth2ClientCredentials,
            connector::CredentialKind::Oauth2Password => Self::OAuth2Password,
            connector::CredentialKind::Ntlm => Self::Ntlm,
            connector::CredentialKind::ClientCertificate => Self::ClientCertificate,
            connector::CredentialKind::Signature => Self::Signature,
        }
    }
}

impl From<http::Content> for sluse_connector::Content {
    fn from(content: http::Content) -> Self {
        match content {
            http::Content::Bytes(bytes) => Self::Bytes(Bytes::from(bytes)),
            http::Content::Attachment(id) => Self::Attachment(id),
        }
    }
}
