//! One thing, or a list of them: what a control route takes.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One thing, or a list of them.
#[derive(Debug)]
pub(crate) struct Plural<T>(Vec<T>);

impl<T> Plural<T> {
    /// Does something with each, and says how many there were.
    pub(crate) fn each(self, act: impl FnMut(T)) -> usize {
        let count = self.0.len();
        self.0.into_iter().for_each(act);
        count
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Plural<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = Value::deserialize(deserializer)?;
        let list = if given.is_array() { given } else { Value::Array(vec![given]) };
        serde_json::from_value(list).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_a_list_of_one() {
        let count = |text| serde_json::from_str::<Plural<u8>>(text).map(|given| given.each(drop)).ok();
        assert_eq!((count("7"), count("[7, 8]"), count("[]"), count("\"x\"")), (Some(1), Some(2), Some(0), None));
    }
}
