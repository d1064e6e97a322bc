//! From a `Connector` to the exports of a component.

use crate::bindings::connector::exports::sluse::connector::connector as identity;
use crate::bindings::connector::sluse::connector::types as wire;
use crate::bindings::feeds::exports::sluse::connector::feeds;
use crate::bindings::operations::exports::sluse::connector::operations;
use crate::{Call, Connector, Failure, Feed, Operation, schema};
use std::marker::PhantomData;

/// The exports of a connector.
#[derive(Debug)]
pub struct Component<C>(PhantomData<C>);

impl<C: Connector> identity::Guest for Component<C> {
    fn describe() -> identity::Description {
        identity::Description {
            name: C::NAME.to_owned(),
            version: C::VERSION.to_owned(),
            title: C::TITLE.to_owned(),
            summary: C::SUMMARY.to_owned(),
            settings_schema: schema::of_input::<C::Settings>(),
            operations: C::OPERATIONS.iter().map(describe_operation).collect(),
            feeds: C::FEEDS.iter().map(describe_feed).collect(),
            endpoints: C::endpoints(),
            folders: C::folders(),
            sequences: C::SEQUENCES.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn check(call: wire::Call) -> Result<Vec<identity::Finding>, Failure> {
        C::check(&Call::read(call)?)
    }
}

impl<C: Connector> operations::Guest for Component<C> {
    fn execute(call: wire::Call, name: String, input: String) -> Result<wire::Outcome, Failure> {
        (operation::<C>(&name)?.execute)(&Call::read(call)?, &input)
    }

    fn resume(
        call: wire::Call,
        name: String,
        input: String,
        state: String,
        arrival: wire::Arrival,
    ) -> Result<wire::Outcome, Failure> {
        let Some(resume) = operation::<C>(&name)?.resume else {
            return Err(Failure::invalid("never-waits", format!("The operation `{name}` waits for no answer.")));
        };
        resume(&Call::read(call)?, &input, &state, arrival)
    }
}

impl<C: Connector> feeds::Guest for Component<C> {
    fn poll(call: wire::Call, name: String, cursor: Option<String>) -> Result<feeds::Page, Failure> {
        (feed::<C>(&name)?.poll)(&Call::read(call)?, cursor)
    }

    fn settle(call: wire::Call, name: String, group: String, report: Vec<feeds::ItemReport>) -> Result<(), Failure> {
        match feed::<C>(&name)?.settle {
            Some(settle) => settle(&Call::read(call)?, &group, report),
            None => Ok(()),
        }
    }
}

fn operation<C: Connector>(name: &str) -> Result<&'static Operation<C::Settings>, Failure> {
    C::OPERATIONS.iter().find(|operation| operation.name == name).ok_or_else(|| {
        Failure::invalid("unknown-operation", format!("The connector `{}` has no operation `{name}`.", C::NAME))
    })
}

fn feed<C: Connector>(name: &str) -> Result<&'static Feed<C::Settings>, Failure> {
    C::FEEDS
        .iter()
        .find(|feed| feed.name == name)
        .ok_or_else(|| Failure::invalid("unknown-feed", format!("The connector `{}` has no feed `{name}`.", C::NAME)))
}

fn describe_operation<S>(operation: &Operation<S>) -> identity::Operation {
    identity::Operation {
        name: operation.name.to_owned(),
        title: operation.title.to_owned(),
        summary: operation.summary.to_owned(),
        input_schema: (operation.input_schema)(),
        output_schema: (operation.output_schema)(),
        reads_only: operation.reads_only,
    }
}

fn describe_feed<S>(feed: &Feed<S>) -> identity::Feed {
    identity::Feed {
        name: feed.name.to_owned(),
        title: feed.title.to_owned(),
        summary: feed.summary.to_owned(),
        item_schema: (feed.item_schema)(),
        usual_interval_seconds: feed.usual_interval_seconds,
    }
}

/// Makes this crate a component with operations (world `target`).
#[macro_export]
macro_rules! export_target {
    ($connector:ty) => {
        $crate::__export!(
            $connector,
            operations,
            assert!(
                !<$connector as $crate::Connector>::OPERATIONS.is_empty()
                    && <$connector as $crate::Connector>::FEEDS.is_empty(),
                "`export_target!` takes a connector with operations and without feeds"
            )
        );
    };
}

/// Makes this crate a component with feeds (world `source`).
#[macro_export]
macro_rules! export_source {
    ($connector:ty) => {
        $crate::__export!(
            $connector,
            feeds,
            assert!(
                <$connector as $crate::Connector>::OPERATIONS.is_empty()
                    && !<$connector as $crate::Connector>::FEEDS.is_empty(),
                "`export_source!` takes a connector with feeds and without operations"
            )
        );
    };
}

/// Makes this crate a component with operations and feeds (world `target-and-source`).
#[macro_export]
macro_rules! export_target_and_source {
    ($connector:ty) => {
        $crate::__export!(
            $connector,
            both,
            assert!(
                !<$connector as $crate::Connector>::OPERATIONS.is_empty()
                    && !<$connector as $crate::Connector>::FEEDS.is_empty(),
                "`export_target_and_source!` takes a connector with operations and feeds"
            )
        );
    };
}

/// On other targets than WebAssembly a connector is a plain library, so that several of them can be linked
/// into one test.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($connector:ty, $parts:ident, $check:expr) => {
        const _: () = {
            const _: () = $check;
            #[cfg(target_arch = "wasm32")]
            type Exported = $crate::__private::Component<$connector>;
            #[cfg(target_arch = "wasm32")]
    $crate::bindings::connector::export_connector_part!(Exported with_types_in $crate::bindings::connector);
            $crate::__export_parts!($parts);
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_parts {
    (operations) => {
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::operations::export_operations_part!(Exported with_types_in $crate::bindings::operations);
    };
    (feeds) => {
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::feeds::export_feeds_part!(Exported with_types_in $crate::bindings::feeds);
    };
    (both) => {
        $crate::__export_parts!(operations);
        $crate::__export_parts!(feeds);
    };
}
