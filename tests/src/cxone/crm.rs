//! The records behind the workflows. Those that are there from the beginning have what real ones surprise with: two
//! that share a phone number, values that are no texts, an empty list of fields, a field without a value.

use serde_json::{Map, Value, json};

/// A CRM system that does not insist on unique references: two creations are two records.
#[derive(Debug)]
pub(super) struct Crm {
    records: Vec<Value>,
    created: usize,
}

impl Default for Crm {
    fn default() -> Self {
        Self { records: seeds(), created: 0 }
    }
}

fn seeds() -> Vec<Value> {
    let field = |name: &str, value: Value| json!({ "name": name, "label": name, "value": value });
    vec![
        record(
            "003A1",
            "contact",
            "Søren Ærø",
            &[
                field("phoneNumber", json!("+4530112233")),
                field("email", json!("soeren@aeroe.example")),
                field("Kundenummer", json!(4711)),
                field("Aktiv", json!(true)),
                field("Saldo", json!(-12.5)),
                field("Adresse", json!({ "by": "Ærøskøbing", "postnummer": 5970 })),
                field("Bemærkning", Value::Null),
            ],
        ),
        record(
            "003A2",
            "contact",
            "Åse Ærø",
            &[field("phoneNumber", json!("+4530112233")), field("email", json!("aase@aeroe.example"))],
        ),
        record("003A3", "contact", "Bjørn Brændgaard", &[field("phoneNumber", json!("+4540506070"))]),
    ]
}

fn record(id: &str, entity: &str, name: &str, fields: &[Value]) -> Value {
    json!({
        "type": entity,
        "label": entity,
        "id": id,
        "url": format!("https://crm.example/{entity}/{id}"),
        "display": name,
        "title": name,
        "updated": "2026-01-15T08:00:00Z",
        "linkable": true,
        "screenPop": true,
        "related": [],
        "fields": fields,
    })
}

impl Crm {
    /// Those that a search finds: by phone number, e-mail, or every member of `search`.
    pub(super) fn find(&self, input: &Value) -> Vec<Value> {
        let search = input.get("search").and_then(Value::as_object).or(input.as_object());
        let Some(wanted) = search.filter(|wanted| !wanted.is_empty()) else { return Vec::new() };
        let has = |record: &Value, name: &String, value: &Value| {
            record["fields"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|field| field["name"] == **name && field["value"] == *value)
        };
        let criteria = || wanted.iter().filter(|(name, _)| *name != "timeoutMilliSec");
        let fits = |record: &&Value| criteria().all(|(name, value)| has(record, name, value));
        self.records.iter().filter(fits).cloned().collect()
    }

    /// One more, whatever there is.
    pub(super) fn create(&mut self, input: &Map<String, Value>) -> Value {
        self.created += 1;
        let entity = input.get("entity").and_then(Value::as_str).unwrap_or("record");
        let name = input.get("name").and_then(Value::as_str).unwrap_or_default();
        let told = input.iter().filter(|(name, _)| *name != "entity");
        let fields: Vec<Value> =
            told.map(|(name, value)| json!({ "name": name, "label": name, "value": value })).collect();
        let created = record(&format!("500N{}", self.created), entity, name, &fields);
        self.records.push(created.clone());
        created
    }
}
