//! What a flow gets: the part of one delivery that is for one system.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// What waits for one system.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Part {
    /// Names the delivery in XFlow, for good: the key of its batch.
    pub(crate) delivery: String,
    /// `sd` or `prisme`.
    pub(crate) system: &'static str,
    /// The records, as XFlow gives them, each once.
    pub(crate) records: Vec<Value>,
    /// How often a record was given again within the same answer, and left out.
    pub(crate) repeated: u32,
    /// Ids of records that were given again with another content. Nobody can say which one is right, so a part that has
    /// any waits for a person: there may be none.
    #[schemars(length(max = 0))]
    pub(crate) contradictions: Vec<String>,
    /// Where the record of an id is.
    #[serde(skip)]
    places: BTreeMap<String, usize>,
}

impl Part {
    pub(crate) fn new(delivery: &str, system: &'static str) -> Self {
        Self {
            delivery: delivery.to_owned(),
            system,
            records: Vec::new(),
            repeated: 0,
            contradictions: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// Adds a record, unless it was given already. Records without an id are never taken for the same.
    pub(crate) fn add(&mut self, id: Option<String>, record: &Value) {
        match id.as_ref().and_then(|id| self.places.get(id)) {
            Some(place) if self.records[*place] == *record => {
                self.repeated += 1;
                return;
            }
            Some(_) => self.contradictions.extend(id),
            None => {
                let place = self.records.len();
                self.places.extend(id.map(|id| (id, place)));
            }
        }
        self.records.push(record.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_there_once() {
        let mut part = Part::new("8842", "sd");
        for record in [json!({ "id": "1" }), json!({ "id": "1" }), json!({ "id": "2" })] {
            part.add(record["id"].as_str().map(str::to_owned), &record);
        }
        assert_eq!((part.records.len(), part.repeated, part.contradictions.len()), (2, 1, 0));
    }

    #[test]
    fn another_content_under_the_same_id_is_told_and_nothing_is_left_out() {
        let mut part = Part::new("8842", "sd");
        for km in [12, 13] {
            part.add(Some("1".to_owned()), &json!({ "id": "1", "km": km }));
        }
        assert_eq!((part.records.len(), part.contradictions), (2, vec!["1".to_owned()]));
    }

    #[test]
    fn records_without_an_id_are_never_the_same() {
        let mut part = Part::new("8842", "sd");
        (0..2).for_each(|_| part.add(None, &json!({ "km": 12 })));
        assert_eq!((part.records.len(), part.repeated), (2, 0));
    }
}
