//! What a connector says about itself, and the trait that ties it together. The parts that do something
//! are in `operation` and `feed`; how it becomes a component is in `component`.

use crate::bindings::connector::exports::sluse::connector::connector as wire;
use crate::{Call, Failure, Feed, Operation};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use wire::{CredentialKind, Endpoint as EndpointNeed, Finding, Folder as FolderNeed};

/// A connector: who it is, what it needs, and what it can be asked.
///
/// Everything but `check` is a fact; `describe` is made from it. Implement it for a unit struct and hand
/// that to [`export_target!`](crate::export_target), [`export_source!`](crate::export_source) or
/// [`export_target_and_source!`](crate::export_target_and_source).
pub trait Connector: 'static {
    /// The settings of a connection, as the operator writes them. Their JSON Schema becomes
    /// `description.settings-schema`.
    type Settings: DeserializeOwned + JsonSchema + 'static;

    /// Kebab-case, the same in every version: `workzone`.
    const NAME: &'static str;
    /// SemVer; `env!("CARGO_PKG_VERSION")` is the usual value.
    const VERSION: &'static str;
    /// The name that people see.
    const TITLE: &'static str;
    /// What it connects to, in a sentence or two.
    const SUMMARY: &'static str;
    /// What it can be asked to do, one [`operation!`](crate::operation) each.
    const OPERATIONS: &'static [Operation<Self::Settings>] = &[];
    /// What it can be asked to look for, one [`feed!`](crate::feed) each.
    const FEEDS: &'static [Feed<Self::Settings>] = &[];
    /// The number sequences that it reserves from.
    const SEQUENCES: &'static [&'static str] = &[];

    /// The endpoints that a connection must or may name.
    #[must_use]
    fn endpoints() -> Vec<EndpointNeed> {
        Vec::new()
    }

    /// The folders that a connection must or may grant.
    #[must_use]
    fn folders() -> Vec<FolderNeed> {
        Vec::new()
    }

    /// Tries the connection without changing anything at the target.
    ///
    /// # Errors
    /// A [`Failure`] when the check itself could not be made; what was looked at and did not pass is a
    /// [`Finding`].
    fn check(call: &Call<Self::Settings>) -> Result<Vec<Finding>, Failure>;
}

impl EndpointNeed {
    /// An endpoint that every connection must name.
    #[must_use]
    pub fn required(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), required: true, credentials: Vec::new() }
    }

    /// An endpoint that a connection may name.
    #[must_use]
    pub fn optional(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { required: false, ..Self::required(name, title) }
    }

    /// Adds ways of signing in that make sense there.
    #[must_use]
    pub fn credentials(mut self, kinds: impl IntoIterator<Item = CredentialKind>) -> Self {
        self.credentials.extend(kinds);
        self
    }
}

impl FolderNeed {
    /// A folder that every connection must grant.
    #[must_use]
    pub fn required(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { name: name.into(), title: title.into(), required: true, reads_only: false }
    }

    /// A folder that a connection may grant.
    #[must_use]
    pub fn optional(name: impl Into<String>, title: impl Into<String>) -> Self {
        Self { required: false, ..Self::required(name, title) }
    }

    /// Where files are read that others lay there, and none is published.
    #[must_use]
    pub fn reads_only(self) -> Self {
        Self { reads_only: true, ..self }
    }
}

impl Finding {
    /// Something that was looked at and is as it should be.
    #[must_use]
    pub fn passed(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), passed: true, message: message.into() }
    }

    /// Something that is not as it should be; the message says what to do.
    #[must_use]
    pub fn failed(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), passed: false, message: message.into() }
    }

    /// Something that could not be looked at because of a failure, with what it knows of the cause: a certificate that
    /// has expired, a secret that is not there.
    #[must_use]
    pub fn refused(subject: impl Into<String>, failure: &Failure) -> Self {
        let problem = failure.problem();
        let detail = problem.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        Self::failed(subject, format!("{}{detail}", problem.message))
    }
}
