//! The members of a JSON Schema as people read them: where each stands, what it is, what it is for.

use serde_json::Value;
use sluse_engine::referred;

/// Deeper than this, and a schema that holds itself, is left to `--json`.
const MAX_DEPTH: usize = 6;

/// What a member is called where it stands in a list, or under a name that the author of the value chooses.
const EACH_ITEM: &str = "[]";
const ANY_NAME: &str = "*";

/// A member, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// `parties[].name`.
    pub(super) place: String,
    /// `text`, `whole number or null`, `"sync" or "callback"`.
    pub(super) kind: String,
    pub(super) required: bool,
    /// In its author's words.
    pub(super) about: String,
}

/// Every member that the schema names, in the order of the schema, each before what is in it.
pub(super) fn members(schema: &Value) -> Vec<Member> {
    let mut found = Vec::new();
    Reader { root: schema, found: &mut found }.below(schema, "", 0);
    found
}

struct Reader<'a> {
    root: &'a Value,
    found: &'a mut Vec<Member>,
}

impl<'a> Reader<'a> {
    /// The members below a place.
    fn below(&mut self, schema: &'a Value, place: &str, depth: usize) {
        if depth == MAX_DEPTH {
            return;
        }
        for shape in self.shapes(schema, 0) {
            let required =
                |name: &str| shape["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            for (name, member) in shape["properties"].as_object().into_iter().flatten() {
                let within = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                self.member(member, within, required(name), depth);
            }
            if shape["items"].is_object() {
                self.below(&shape["items"], &format!("{place}{EACH_ITEM}"), depth + 1);
            }
            if shape["additionalProperties"].as_object().is_some_and(|each| !each.is_empty()) {
                let within = if place.is_empty() { ANY_NAME.to_owned() } else { format!("{place}.{ANY_NAME}") };
                self.member(&shape["additionalProperties"], within, false, depth);
            }
        }
    }

    fn member(&mut self, schema: &'a Value, place: String, required: bool, depth: usize) {
        let mut kinds: Vec<String> = Vec::new();
        for shape in self.shapes(schema, 0) {
            let new: Vec<String> = kinds_of(shape).into_iter().filter(|kind| !kinds.contains(kind)).collect();
            kinds.extend(new);
        }
        // What it may also be left without is said last.
        kinds.sort_by_key(|kind| kind == "null");
        let about = schema["description"]
            .as_str()
            .or_else(|| referred(self.root, schema)["description"].as_str())
            .unwrap_or("");
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        let about = match &schema["default"] {
            // What it is made of has a row each.
            Value::Null | Value::Object(_) => about,
            default if about.is_empty() => format!("By itself {default}."),
            default => format!("{about} By itself {default}."),
        };
        self.found.push(Member { place: place.clone(), kind: kinds.join(" or "), required, about });
        self.below(schema, &place, depth + 1);
    }

    /// What a value may look like: the schema itself, or those that it chooses among.
    fn shapes(&self, schema: &'a Value, depth: usize) -> Vec<&'a Value> {
        let schema = referred(self.root, schema);
        let among = ["oneOf", "anyOf", "allOf"].iter().find_map(|keyword| schema[keyword].as_array());
        match among {
            Some(among) if depth < MAX_DEPTH => {
                // What stands beside a choice holds for all of it.
                let itself = (schema["properties"].is_object() || schema["type"].is_string()).then_some(schema);
                itself.into_iter().chain(among.iter().flat_map(|one| self.shapes(one, depth + 1))).collect()
            }
            _ => vec![schema],
        }
    }
}

fn kinds_of(shape: &Value) -> Vec<String> {
    if let Some(constant) = shape.get("const") {
        return vec![constant.to_string()];
    }
    if let Some(values) = shape["enum"].as_array() {
        return values.iter().map(Value::to_string).collect();
    }
    match &shape["type"] {
        Value::String(kind) => vec![word(kind).to_owned()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).map(|kind| word(kind).to_owned()).collect(),
        _ => vec!["anything".to_owned()],
    }
}

fn word(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "whole number",
        "boolean" => "true or false",
        "array" => "list",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn reads(schema: &Value, expected: &[(&str, &str, bool, &str)]) {
        let found = members(schema);
        let found: Vec<_> = found
            .iter()
            .map(|member| (member.place.as_str(), member.kind.as_str(), member.required, member.about.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn members_are_told_with_what_they_are() {
        let schema = json!({"required": ["title"], "properties": {
            "title": {"type": "string", "description": "Sagstitel.\nWhat the case is about."},
            "count": {"type": ["null", "integer"], "default": 1},
            "mode": {"enum": ["sync", "callback"], "description": "How."},
            "any": {"default": {"a": 1}},
        }});
        reads(
            &schema,
            &[
                ("any", "anything", false, ""),
                ("count", "whole number or null", false, "By itself 1."),
                ("mode", "\"sync\" or \"callback\"", false, "How."),
                ("title", "text", true, "Sagstitel. What the case is about."),
            ],
        );
    }

    #[test]
    fn what_is_in_lists_and_behind_references_is_told_in_its_place() {
        let schema = json!({
            "$defs": {"Party": {"type": "object", "description": "Somebody.", "required": ["name"], "properties": {
                "name": {"type": "string"}, "of": {"$ref": "#/$defs/Mode"},
            }}, "Mode": {"oneOf": [{"const": "a", "description": "The first."}, {"const": "b"}]}},
            "properties": {
                "parties": {"type": "array", "items": {"$ref": "#/$defs/Party"}},
                "one": {"anyOf": [{"$ref": "#/$defs/Party"}, {"type": "null"}], "description": "The first of them."},
                "more": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
        });
        reads(
            &schema,
            &[
                ("more", "object", false, ""),
                ("more.*", "true or false", false, ""),
                ("one", "object or null", false, "The first of them."),
                ("one.name", "text", true, ""),
                ("one.of", "\"a\" or \"b\"", false, ""),
                ("parties", "list", false, ""),
                ("parties[].name", "text", true, ""),
                ("parties[].of", "\"a\" or \"b\"", false, ""),
            ],
        );
    }

    #[test]
    fn what_stands_beside_a_choice_is_told() {
        let one_of_two = json!({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]});
        let schema =
            json!({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "anyOf": one_of_two["anyOf"]});
        reads(&schema, &[("a", "text", false, ""), ("b", "text", false, "")]);
    }

    #[test]
    fn a_schema_that_holds_itself_comes_to_an_end() {
        let within = json!({"$defs": {"A": {"properties": {"a": {"$ref": "#/$defs/A"}}}}, "$ref": "#/$defs/A"});
        assert_eq!(members(&within).len(), MAX_DEPTH);
        let among =
            json!({"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}, "properties": {"a": {"$ref": "#/$defs/A"}}});
        assert_eq!(members(&among).len(), 1);
        assert!(members(&json!(true)).is_empty());
    }
}
