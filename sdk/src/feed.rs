//! What a connector can be asked to look for on a schedule.

use crate::bindings::feeds::exports::sluse::connector::feeds as wire;
use crate::{Call, Failure, schema};
use schemars::JsonSchema;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::fmt;

pub use wire::{ItemReport, Standing};

type Poll<S> = fn(&Call<S>, Option<String>) -> Result<wire::Page, Failure>;
type Settle<S> = fn(&Call<S>, &str, Vec<ItemReport>) -> Result<(), Failure>;

/// One feed of a connector. Made by [`feed!`](crate::feed).
pub struct Feed<S: 'static> {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) usual_interval_seconds: u32,
    pub(crate) item_schema: fn() -> String,
    pub(crate) poll: Poll<S>,
    pub(crate) settle: Option<Settle<S>>,
}

impl<S> Feed<S> {
    /// Called by [`feed!`](crate::feed).
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        title: &'static str,
        summary: &'static str,
        usual_interval_seconds: u32,
        item_schema: fn() -> String,
        poll: Poll<S>,
    ) -> Self {
        Self { name, title, summary, usual_interval_seconds, item_schema, poll, settle: None }
    }

    /// Names the function that tells the source what became of a group of items. Without it the source is
    /// told nothing.
    #[must_use]
    pub const fn settled_by(mut self, settle: Settle<S>) -> Self {
        self.settle = Some(settle);
        self
    }
}

impl<S> fmt::Debug for Feed<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// One thing that was found, and that starts one run ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<T> {
    /// Names the item at its source. The same item has the same key whenever it is found.
    pub key: String,
    /// Items that the source wants to hear about together; the key when absent.
    pub group: Option<String>,
    /// The flow that it starts; the schedule's own when absent.
    pub flow: Option<String>,
    /// The submission.
    pub input: T,
    /// Ids of attachments that this poll created or kept.
    pub attachments: Vec<String>,
}

impl<T> Item<T> {
    /// An item without group, flow and attachments.
    #[must_use]
    pub fn new(key: impl Into<String>, input: T) -> Self {
        Self { key: key.into(), group: None, flow: None, input, attachments: Vec::new() }
    }
}

/// What one poll found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order in which their runs are to start.
    pub items: Vec<Item<T>>,
    /// Handed to the next poll; committed together with the items.
    pub cursor: Option<String>,
    /// There is more: poll again at once.
    pub more: bool,
}

/// `succeeded`, `held` or `failed`, as the host says it everywhere.
impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Succeeded => "succeeded",
            Self::Held => "held",
            Self::Failed => "failed",
        })
    }
}

/// `{"key": …, "standing": …, "message": …}`, for a source that has no words of its own.
impl Serialize for ItemReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ItemReport", 3)?;
        fields.serialize_field("key", &self.key)?;
        fields.serialize_field("standing", &self.standing)?;
        match &self.message {
            Some(message) => fields.serialize_field("message", message)?,
            None => fields.skip_field("message")?,
        }
        fields.end()
    }
}

/// A feed: its name, title, summary, the usual interval in seconds and the function that polls.
///
/// The function takes `&Call<Settings>` and the cursor of the last poll, and returns
/// `Result<Page<Input>, Failure>`.
///
/// ```
/// # use sluse_sdk::prelude::*;
/// # #[derive(Deserialize, JsonSchema)] struct Settings {}
/// #[derive(Serialize, JsonSchema)]
/// struct NewCase { title: String }
///
/// fn new_cases(call: &Call<Settings>, cursor: Option<String>) -> Result<Page<NewCase>, Failure> {
///     let found = Item::new("case-17", NewCase { title: "Carport".to_owned() });
///     Ok(Page { items: vec![found], cursor: Some("17".to_owned()), more: false })
/// }
///
/// fn settle(call: &Call<Settings>, group: &str, report: Vec<ItemReport>) -> Result<(), Failure> {
///     Ok(())
/// }
///
/// const FEED: Feed<Settings> =
///     feed!("new-cases", "New cases", "Cases that were opened.", 300, new_cases).settled_by(settle);
/// ```
#[macro_export]
macro_rules! feed {
    ($name:expr, $title:expr, $summary:expr, $interval_seconds:expr, $poll:path $(,)?) => {
        $crate::Feed::new(
            $name,
            $title,
            $summary,
            $interval_seconds,
            || $crate::__private::item_schema(&$poll),
            |call, cursor| $crate::__private::poll(call, cursor, $poll),
        )
    };
}

/// The schema of what a feed's items hand to their flow.
pub fn item_schema<S, I, H>(_: &H) -> String
where
    I: JsonSchema,
    H: Fn(&Call<S>, Option<String>) -> Result<Page<I>, Failure>,
{
    schema::of_output::<I>()
}

/// Polls and writes the page as the host reads it.
///
/// # Errors
/// The function's failure, or `invalid` when an item has no JSON form.
pub fn poll<S, I, H>(call: &Call<S>, cursor: Option<String>, poll: H) -> Result<wire::Page, Failure>
where
    I: Serialize,
    H: Fn(&Call<S>, Option<String>) -> Result<Page<I>, Failure>,
{
    let page = poll(call, cursor)?;
    let items = page.items.into_iter().map(write_item).collect::<Result<_, _>>()?;
    Ok(wire::Page { items, cursor: page.cursor, more: page.more })
}

fn write_item<I: Serialize>(item: Item<I>) -> Result<wire::Item, Failure> {
    Ok(wire::Item {
        key: item.key,
        group: item.group,
        flow: item.flow,
        input: serde_json::to_string(&item.input)?,
        attachments: item.attachments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_an_item_is_written_in_the_hosts_words() {
        let report = |standing, message: Option<&str>| ItemReport {
            key: "a".to_owned(),
            standing,
            message: message.map(str::to_owned),
        };
        let reports = [
            report(Standing::Succeeded, None),
            report(Standing::Held, Some("Somebody looks.")),
            report(Standing::Failed, None),
        ];
        let written = serde_json::to_string(&reports).expect("JSON");
        assert_eq!(
            written,
            r#"[{"key":"a","standing":"succeeded"},{"key":"a","standing":"held","message":"Somebody looks."},{"key":"a","standing":"failed"}]"#
        );
    }
}
