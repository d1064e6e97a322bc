//! Which forms are fetched: a list as people paste it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Ids of forms as they were written: `800636`, or `"800636, 800637"`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FormIds(String);

/// A single id looks like a number, and is written like one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl FormIds {
    /// Each id once, in the order of the list.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        // People paste from web pages, and those have marks that nobody sees.
        let unseen = |character: char| character.is_whitespace() || ('\u{200b}'..='\u{200f}').contains(&character);
        for id in self.0.split([',', ';']).map(|id| id.trim_matches(unseen)) {
            if !id.is_empty() && !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// A list of nothing would fetch all forms, which nobody has asked for.
    pub(crate) fn is_none_but_something_was_written(&self) -> bool {
        self.ids().is_empty() && !self.0.trim().is_empty()
    }
}

impl<'de> Deserialize<'de> for FormIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        }))
    }
}

impl JsonSchema for FormIds {
    fn schema_name() -> Cow<'static, str> {
        "FormIds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "minimum": 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn check(written: Value, expected: &[&str]) {
        let forms: FormIds = serde_json::from_value(written).expect("form ids");
        assert_eq!(forms.ids(), expected);
    }

    #[test]
    fn a_list_is_read_as_people_paste_it() {
        check(json!("800636"), &["800636"]);
        check(json!(" 800636, 800637 ,800636;\n\u{200e}800638\u{200b},"), &["800636", "800637", "800638"]);
        check(json!(800_636), &["800636"]);
    }

    #[test]
    fn nothing_means_all_forms() {
        check(json!(""), &[]);
        assert!(!FormIds::default().is_none_but_something_was_written());
        assert!(FormIds(" ,".into()).is_none_but_something_was_written());
    }
}
