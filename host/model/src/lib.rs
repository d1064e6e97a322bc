//! What exists in Sluse and what may become of it. Pure: no I/O, no clock, no randomness; what happens
//! next is a function of (state, outcome, now, jitter). How it is kept is `sluse-store`'s business, how
//! it is carried out `sluse-engine`'s.

mod account; // who signs in, and how often a password may be tried
mod attachment; // files of a run
mod auth; // how a connection signs in
mod batch; // one act on many deliveries
mod call; // one operation, asked for and waited for
mod connection; // a configured use of a connector
mod delivery; // one durable call, and what may become of it
mod description; // what a connector says of itself
mod dice; // where chance comes from
mod digest; // what bytes are called
mod failure; // what is started for a run that failed
mod feed; // items, and what their source is told
mod flow; // what happens to a submission
mod gate; // how much at once, how fast, and whether at all
mod histogram; // how often something was how large
mod id; // what programs call things
mod name; // what people call things
mod notice; // telling the owner of a flow
mod problem; // what went wrong, for two readers
mod retry; // when to try again
mod revision; // a connector's installed components
mod run; // one execution of a flow
mod schedule; // what happens again and again
mod thumbprint; // which certificate is meant
mod tick; // one coming of a schedule
mod time; // points in time, and where they come from
mod token; // who may ask the host for what

pub use account::{AccountName, PauseCause, SignInFailure, SignInPause};
pub use attachment::Attachment;
pub use auth::{Auth, ClientPlace, SecretName, TextOrSecret};
pub use batch::{BatchAct, BatchEnd, BatchRefusal, MAX_BATCH_RATE, USUAL_BATCH_RATE, batch_gap};
pub use call::{CALL_FLOW, call_flow, call_key};
pub use connection::{
    CallbackSettings, Connection, Discovery, Endpoint, FolderGrant, Grant, Limits, OperationSettings, Sequence,
};
pub use delivery::{
    Act, ActKind, Actor, Attempt, AttemptEnd, AttemptResult, Attention, Callback, CallbackStanding, Delivery,
    DeliveryState, DoneAct, Event, Intent, Lease, MAX_ADDRESSES, NewDelivery, Position, Reason, Refused, Resolution,
    Standing, TimelineLevel, TimelineLine, address_number, after_attempt, after_lost_attempt, lost_attempt,
    ordering_key, phase_of, when_exhausted,
};
pub use description::{CredentialKind, Description, EndpointNeed, FeedDescription, FolderNeed, OperationDescription};
pub use dice::{Dice, unit_interval};
pub use digest::{Digest, Digester, InvalidDigest};
pub use failure::{OnFailure, StandsFor};
pub use feed::{GroupReport, ItemReport, ItemStanding, SETTLE_FLOW, item_digest, settle_flow, settle_key};
pub use flow::{AttentionRule, Flow, SkippedStep, Step};
pub use gate::{
    BreakerSettings, Entry, Exchanged, Gate, GateHold, GateKind, GateSettings, MAX_COOL_DOWN_MS, Pause, Rate,
};
pub use histogram::Histogram;
pub use id::{AttachmentId, BatchId, DeliveryId, InvalidId, PublicationId, RunId, TickId, TokenId};
pub use name::{InvalidName, Name};
pub use notice::{NoticeOccasion, OwnerNotice};
pub use problem::{Failure, Outcome, Problem};
pub use retry::{AttemptLimits, Handling, LimitsSince, MAX_RETRY_AFTER_MS, RetryPolicy, Tried, Waits, displayed_limit};
pub use revision::{Revision, RevisionStanding};
pub use run::{Run, RunState};
pub use schedule::{
    Cadence, CadenceFault, Calendar, Fire, InARow, IntervalOf, LastFailure, Look, MAX_COUNTED, Overlap, PUNCTUAL, Past,
    Planned, Schedule, Skipped, Task, Turn, Wellbeing, zone_names,
};
pub use thumbprint::{InvalidThumbprint, Thumbprint};
pub use tick::{Found, ItemOrigin, Origin, SkipReason, Tick, TickState};
pub use time::{Clock, Timestamp};
pub use token::{InvalidScope, Scope, Token};

#[cfg(feature = "fakes")]
pub mod fakes;
