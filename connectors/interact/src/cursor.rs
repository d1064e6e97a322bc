//! What was handed over already and is still listed: nobody fetches a file twice because a flow takes its time. Not a
//! promise but a saving; the host knows the keys of all items for good.

use std::collections::BTreeSet;

/// More than a service lists in a day. What is forgotten is fetched once more, and found to be known.
const MAX_KNOWN: usize = 5_000;

/// Ids of submissions that were handed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct HandedOver(BTreeSet<String>);

impl HandedOver {
    /// Of a cursor that this connector wrote; anything else knows nothing.
    pub(crate) fn read(cursor: Option<&str>) -> Self {
        Self(cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_default())
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// Forgets what is not listed any more, and remembers what is handed over now.
    pub(crate) fn write(&self, listed: &BTreeSet<&str>, now: impl Iterator<Item = String>) -> String {
        let still = self.0.iter().filter(|id| listed.contains(id.as_str())).cloned();
        let known: BTreeSet<_> = now.chain(still).take(MAX_KNOWN).collect();
        serde_json::to_string(&known).expect("a list of texts has a JSON form")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_no_more_is_forgotten() {
        let before = HandedOver::read(Some(r#"["a","b"]"#));
        let cursor = before.write(&BTreeSet::from(["b", "c"]), ["c".to_owned()].into_iter());
        let after = HandedOver::read(Some(&cursor));
        assert!(!after.has("a") && after.has("b") && after.has("c"));
    }

    #[test]
    fn a_cursor_of_something_else_knows_nothing() {
        for cursor in [None, Some(""), Some("17"), Some("{}")] {
            assert_eq!(HandedOver::read(cursor), HandedOver::default());
        }
    }
}
