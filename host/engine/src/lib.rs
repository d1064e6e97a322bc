//! Deciding and driving: takes submissions in, carries deliveries out, swaps connectors. What may become of a
//! delivery is decided in `sluse-model`, kept in `sluse-store`, carried out through `sluse-connector`.

mod acts; // what people do about deliveries
mod beginning; // whether a claimed delivery begins
mod bulk; // one act on many deliveries
mod call; // one operation, for somebody who waits
mod callbacks; // waiting for an answer
mod causes; // runs that a delivery causes
mod check; // trying a connection
mod compatibility; // whether it fits what is configured
mod configuration; // connections and flows as TOML
mod configure; // applying configuration
mod connections; // connections, ready to be used
mod count; // how many, as people say it
mod discovery; // addresses that are asked for
mod dispatcher; // who works on what
mod engine; // what it is made of, start and stop
mod failures; // what is started for a run that failed
mod figures; // what those see who watch
mod flows; // versions of flows, compiled
mod follow; // what goes on with the run
mod gates; // how much at once, how fast, and whether at all
mod host; // what a component may ask
mod install; // handing in a connector
mod intents; // what must happen once
mod items; // from what a feed found to runs
mod judgement; // what an attempt amounts to
mod lapsed; // attempts that were lost
mod mapping; // how a step's input comes about
mod names; // what somebody looks for
mod notices; // what owners are told
mod outlook; // what people are told of a delivery
mod pauses; // letting nothing begin
mod polls; // asking feeds
mod retention; // what is given up in time
mod revisions; // connectors, loaded
#[cfg(feature = "sabotage")]
mod sabotage; // how a proof is shown to fail
mod schedules; // ticks as they come
mod schema; // what a submission, a setting, an input must look like
mod secrets; // values that nobody sees again
mod settings; // how much at once
mod stop; // coming to an end
mod submit; // a submission is taken in
mod tidying; // what is left in folders
mod worker; // one delivery: call, judge, settle

pub use acts::{ActError, MAX_WHY_CHARS};
pub use bulk::{Bulk, BulkError, BulkPreview};
pub use call::{CallClass, CallError, CallFailure, CallRequest, Called, FailedDelivery};
pub use callbacks::{AnswerError, TargetAnswer};
pub use check::CheckReport;
pub use compatibility::Incompatibility;
pub use configuration::{Change, ConfigurationFile, Finding as ConfigurationFinding};
pub use configure::{Applied, ApplyError, ApplyOptions};
pub use connections::ConnectionError;
pub use count::counted;
pub use engine::{Engine, EngineParts};
pub use figures::{
    ConnectionCounts, Counts, DURATION_SECONDS, Figures, GateFigures, PollCounts, ScheduleFigures, SettledCounts,
};
pub use flows::FlowError;
pub use install::{InstallError, InstallOptions, Installed};
pub use mapping::{Mapping, MappingError, MappingFault, Reference, RunFacts, Scope, Segment};
pub use names::UnknownName;
pub use outlook::Outlook;
pub use pauses::PauseError;
pub use schedules::FireError;
pub use schema::{Schema, SchemaFault, Violation, referred};
pub use secrets::{ListedSecret, SecretError};
pub use settings::{EngineSettings, RetentionSettings};
pub use sluse_egress::ReceivedSignature;
pub use stop::CutOff;
pub use submit::{MAX_KEY_BYTES, Submission, SubmitError, Submitted, SubmittedFile};
