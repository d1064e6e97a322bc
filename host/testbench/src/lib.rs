//! Runs a connector against scripted exchanges, without network. A case is a folder: what the connector is
//! asked, what host and target are expected to see, what they answer, and how the call must end. [`ScriptedHost`]
//! is a `Host` like the engine's; where the connector comes from is the caller's business.

mod attachments; // the files of a case, and their names in its texts
mod callback; // waiting and going on
mod case; // a folder becomes a case
mod contract; // what every host refuses
mod error; // what can be wrong with a folder
mod exchange; // one request and its answer
mod granted; // files, numbers, and what answers mean
mod host; // the host that answers by script
mod outcome; // how a call must end
mod run; // one case against one connector
mod schema; // what the connector's own schemas say
mod verdict; // what differed, for people

pub use attachments::CaseAttachment;
pub use callback::{CallbackAddress, Resumption};
pub use case::{Asked, Case, find_cases};
pub use error::CaseError;
pub use exchange::{EffectName, Exchange, Expectation, ExpectedPart, ScriptedAnswer, SendErrorKind};
pub use granted::{Conclude, FolderErrorKind, Granted, NumberErrorKind, Put, Read, Reserve};
pub use host::ScriptedHost;
pub use outcome::{ExpectedEnd, ExpectedFailure, ExpectedItem, ExpectedPage, FailureKind, Finding, Outcome};
pub use run::run;
pub use verdict::{Difference, Verdict};
