//! Items of feeds, and what their source is told of them.

use serde::{Deserialize, Serialize};

use crate::{Digest, Digester, Flow, Name, RunState};

/// The flow of the host's own whose runs tell a source what became of its items. No flow that is applied is called so.
pub const SETTLE_FLOW: &str = "settle";

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemReport {
    pub key: String,
    pub standing: ItemStanding,
    /// For the people at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of an item's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemStanding {
    /// It has closed with success.
    Succeeded,
    /// A person has to look.
    Held,
    /// It has closed without success.
    Failed,
}

impl ItemStanding {
    /// The name as people see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }

    /// What a source has a word for; nothing while the run is under way.
    pub fn of_run(state: RunState) -> Option<Self> {
        match state {
            RunState::Running => None,
            RunState::Attention => Some(Self::Held),
            RunState::Succeeded => Some(Self::Succeeded),
            RunState::Failed => Some(Self::Failed),
        }
    }
}

/// What a source is told: the input of the delivery that does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReport {
    pub group: String,
    /// Those of the group of which there is something to tell, in the order in which they were found.
    pub items: Vec<ItemReport>,
}

/// The flow whose runs tell a feed's source what became of its items.
pub fn settle_flow(connection: &Name, feed: &Name) -> Flow {
    Flow::own(SETTLE_FLOW, connection, feed)
}

/// What names an item for good, whatever is forgotten of its run. The connection and the feed are its scope.
pub fn item_digest(connection: &Name, feed: &Name, key: &str) -> Digest {
    named("item", [connection.as_str(), feed.as_str(), key])
}

/// The ordering key of what is told of a group: reports never overtake each other.
pub fn settle_key(connection: &Name, feed: &Name, group: &str) -> Digest {
    named("settle", [connection.as_str(), feed.as_str(), group])
}

/// Each with its length, so that no two lists read as one.
fn named(what: &str, parts: [&str; 3]) -> Digest {
    let mut digester = Digester::default();
    for part in std::iter::once(what).chain(parts) {
        digester.update(&(part.len() as u64).to_be_bytes());
        digester.update(part.as_bytes());
    }
    digester.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_an_item_of_its_scope_alone() {
        let name = |text: &str| text.parse::<Name>().expect("a name");
        let digests = [("a", "b", "c"), ("a", "bc", "d"), ("ab", "c", "d"), ("a", "b", "cd")]
            .map(|(connection, feed, key)| item_digest(&name(connection), &name(feed), key));
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[index + 1..].contains(digest));
            assert_ne!(settle_key(&name("a"), &name("b"), "c"), *digest);
        }
    }
}
