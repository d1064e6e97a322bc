//! A connector that is compiled and linked: its functions are found once, every call runs in a fresh instance.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use sluse_connector::{Arrival, Call, CallLimits, Connector, Ended, FeedPage, Finding, Host, LoadError};
use sluse_model::{Description, Digest, ItemReport, Outcome};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Linker, Lower, types::ComponentItem,
};

use crate::{
    abi::v0_1 as abi,
    grantless::Grantless,
    invoke::{Find, Target},
    lanes::Lanes,
    limits::MAX_MEMORY_BYTES,
    state::CallState,
    text,
    verify::{self, Outline},
    wasi::Wasi,
};

/// What `describe` may use. It reads no input, so an interpreter that starts is the largest that comes.
const DESCRIBE_LIMITS: CallLimits =
    CallLimits { memory_bytes: MAX_MEMORY_BYTES, cpu: Duration::from_secs(5), wall: Duration::from_secs(15) };

/// A linked component.
pub(crate) struct Revision {
    digest: Digest,
    description: Description,
    /// By lane.
    links: Vec<Link>,
    imports_wasi: bool,
    lanes: Arc<Lanes>,
}

/// A component, linked in one lane.
pub(crate) struct Link {
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) functions: Functions,
}

/// A linked component that was not asked yet who it is.
pub(crate) struct Linked {
    digest: Digest,
    outline: Outline,
    links: Vec<Link>,
    lanes: Arc<Lanes>,
}

/// Where the functions of the contract are.
pub(crate) struct Functions {
    describe: ComponentExportIndex,
    check: ComponentExportIndex,
    operations: Option<Operations>,
    feeds: Option<Feeds>,
}

struct Operations {
    execute: ComponentExportIndex,
    resume: ComponentExportIndex,
}

struct Feeds {
    poll: ComponentExportIndex,
    settle: ComponentExportIndex,
}

impl Revision {
    /// Links the component with what it imports and finds its functions.
    pub(crate) fn link(
        digest: Digest,
        outline: Outline,
        components: &[Component],
        linkers: &[Linker<CallState>],
        lanes: Arc<Lanes>,
    ) -> Result<Linked, LoadError> {
        let links = components.iter().zip(linkers).map(|(component, linker)| Link::of(component, linker, outline));
        Ok(Linked { digest, outline, links: links.collect::<Result<_, _>>()?, lanes })
    }

    fn target(&self, interface: &'static str, function: Find) -> Target<'_> {
        Target { lanes: &self.lanes, links: &self.links, interface, function }
    }

    fn wasi(&self, call: &Call) -> Option<Box<Wasi>> {
        self.imports_wasi.then(|| Box::new(Wasi::for_call(call)))
    }
}

impl Link {
    fn of(component: &Component, linker: &Linker<CallState>, outline: Outline) -> Result<Self, LoadError> {
        let functions = Functions::find(component, outline)?;
        let pre = linker.instantiate_pre(component).map_err(|error| LoadError::UnknownImport {
            import: "sluse:connector@0.1.0".into(),
            advice: format!("build it against `wit/v0.1` as it is here; {error:#}"),
        })?;
        Ok(Self { pre, functions })
    }
}

impl Linked {
    /// Asks the component who it is, without any grant.
    pub(crate) async fn described(self) -> Result<Revision, LoadError> {
        let function: Find = |functions| Some(&functions.describe);
        let target = Target { lanes: &self.lanes, links: &self.links, interface: abi::CONNECTOR, function };
        let wasi = self.outline.imports_wasi.then(|| Box::new(Wasi::for_describe()));
        let (described,): abi::DescribeResult = target
            .call((), DESCRIBE_LIMITS, Box::new(Grantless), wasi)
            .await
            .map_err(|breakage| LoadError::BadDescription(breakage.message))?;
        let description = Description::from(described);
        verify::check_description(&description, self.outline)?;
        Ok(Revision {
            digest: self.digest,
            description,
            links: self.links,
            imports_wasi: self.outline.imports_wasi,
            lanes: self.lanes,
        })
    }
}

impl Functions {
    fn find(component: &Component, outline: Outline) -> Result<Self, LoadError> {
        let operations = || -> Result<Operations, LoadError> {
            Ok(Operations {
                execute: find::<abi::ExecuteParams<'_>, abi::ExecuteResult>(component, abi::OPERATIONS, "execute")?,
                resume: find::<abi::ResumeParams<'_>, abi::ExecuteResult>(component, abi::OPERATIONS, "resume")?,
            })
        };
        let feeds = || -> Result<Feeds, LoadError> {
            Ok(Feeds {
                poll: find::<abi::PollParams<'_>, abi::PollResult>(component, abi::FEEDS, "poll")?,
                settle: find::<abi::SettleParams<'_>, abi::SettleResult>(component, abi::FEEDS, "settle")?,
            })
        };
        Ok(Self {
            describe: find::<(), abi::DescribeResult>(component, abi::CONNECTOR, "describe")?,
            check: find::<abi::CheckParams<'_>, abi::CheckResult>(component, abi::CONNECTOR, "check")?,
            operations: outline.has_operations.then(operations).transpose()?,
            feeds: outline.has_feeds.then(feeds).transpose()?,
        })
    }
}

/// Where the function is, when it has the contract's types.
pub(crate) fn find<Params, Return>(
    component: &Component,
    interface: &str,
    function: &str,
) -> Result<ComponentExportIndex, LoadError>
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    let missing = |problem: String| LoadError::MissingExport {
        export: interface.into(),
        detail: format!("the function `{function}` {problem}; build it against `wit/v0.1`"),
    };
    let found = component
        .get_export(None, interface)
        .and_then(|(_, interface)| component.get_export(Some(&interface), function));
    let Some((ComponentItem::ComponentFunc(types), index)) = found else {
        return Err(missing("is missing".into()));
    };
    types
        .typecheck::<Params, Return>(&component.component_type().instance_type())
        .map_err(|error| missing(format!("has other types ({})", error.root_cause())))?;
    Ok(index)
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({} {} {:?})", self.description.name, self.description.version, self.digest)
    }
}

#[async_trait]
impl Connector for Revision {
    fn digest(&self) -> Digest {
        self.digest
    }

    fn description(&self) -> &Description {
        &self.description
    }

    async fn execute(
        &self,
        call: Call,
        operation: &str,
        input: &str,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome> {
        let target = self.target(abi::OPERATIONS, |functions| Some(&functions.operations.as_ref()?.execute));
        let params: abi::ExecuteParams<'_> = ((&call).into(), operation, input);
        let (answer,): abi::ExecuteResult = target.call(params, limits, host, self.wasi(&call)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn resume(
        &self,
        call: Call,
        operation: &str,
        input: &str,
        state: &str,
        arrival: Arrival,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<Outcome> {
        let target = self.target(abi::OPERATIONS, |functions| Some(&functions.operations.as_ref()?.resume));
        let params: abi::ResumeParams<'_> = ((&call).into(), operation, input, state, (&arrival).into());
        let (answer,): abi::ExecuteResult = target.call(params, limits, host, self.wasi(&call)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn check(&self, call: Call, limits: CallLimits, host: Box<dyn Host>) -> Ended<Vec<Finding>> {
        let target = self.target(abi::CONNECTOR, |functions| Some(&functions.check));
        let params: abi::CheckParams<'_> = ((&call).into(),);
        let (answer,): abi::CheckResult = target.call(params, limits, host, self.wasi(&call)).await?;
        let answer = answer.map(|findings| text::findings(findings.into_iter().map(Into::into).collect()));
        Ok(answer.map_err(Into::into))
    }

    async fn poll(
        &self,
        call: Call,
        feed: &str,
        cursor: Option<&str>,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<FeedPage> {
        let target = self.target(abi::FEEDS, |functions| Some(&functions.feeds.as_ref()?.poll));
        let params: abi::PollParams<'_> = ((&call).into(), feed, cursor);
        let (answer,): abi::PollResult = target.call(params, limits, host, self.wasi(&call)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn settle(
        &self,
        call: Call,
        feed: &str,
        group: &str,
        report: Vec<ItemReport>,
        limits: CallLimits,
        host: Box<dyn Host>,
    ) -> Ended<()> {
        let target = self.target(abi::FEEDS, |functions| Some(&functions.feeds.as_ref()?.settle));
        let report: Vec<abi::ItemReportParam<'_>> = report.iter().map(Into::into).collect();
        let params: abi::SettleParams<'_> = ((&call).into(), feed, group, &report);
        let (answer,): abi::SettleResult = target.call(params, limits, host, self.wasi(&call)).await?;
        Ok(answer.map_err(Into::into))
    }
}
