//! What one endpoint takes and answers, said beside its handler. What follows from it (a path can be unreadable, a
//! body too large) is added here, what every endpoint has by the document.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::schema::{Named, Schema, take_in, text};
use crate::problem::kind::{self, Kind};

/// What one endpoint takes and answers.
#[derive(Debug)]
pub(crate) struct Operation {
    id: &'static str,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Value>,
    /// By media type.
    request: Map<String, Value>,
    /// By status, but for problems.
    answers: BTreeMap<u16, Value>,
    problems: Vec<Kind>,
    named: Named,
}

/// What is added to an operation by the document: what holds for every endpoint of its kind.
pub(crate) struct Common<'a> {
    pub(crate) description: String,
    pub(crate) security: Value,
    pub(crate) problems: &'a [Kind],
}

impl Operation {
    /// Names it for programs (`list-runs`) and tells people what it does.
    pub(crate) fn new(id: &'static str, summary: &'static str, description: &'static str) -> Self {
        Self {
            id,
            summary,
            description,
            parameters: Vec::new(),
            request: Map::new(),
            answers: BTreeMap::new(),
            problems: Vec::new(),
            named: Named::new(),
        }
    }

    /// What stands in a place of the path.
    pub(crate) fn place(self, name: &str, about: &str, schema: Schema) -> Self {
        self.parameter(name, "path", true, about, schema).problems(&[kind::BAD_REQUEST])
    }

    /// What may stand in the query.
    pub(crate) fn query(self, name: &str, about: &str, schema: Schema) -> Self {
        self.parameter(name, "query", false, about, schema).problems(&[kind::BAD_REQUEST])
    }

    /// What has to stand in the query.
    pub(crate) fn required_query(self, name: &str, about: &str, schema: Schema) -> Self {
        self.parameter(name, "query", true, about, schema).problems(&[kind::BAD_REQUEST])
    }

    /// What may stand in a header.
    pub(crate) fn header(self, name: &str, about: &str, schema: Schema) -> Self {
        self.parameter(name, "header", false, about, schema)
    }

    fn parameter(mut self, name: &str, place: &str, required: bool, about: &str, schema: Schema) -> Self {
        let schema = self.take(schema);
        self.parameters
            .push(json!({"name": name, "in": place, "required": required, "description": about, "schema": schema}));
        self
    }

    /// Takes JSON, such as the example.
    pub(crate) fn takes_json(mut self, body: Schema, example: Value) -> Self {
        let schema = self.take(body);
        self.takes("application/json", json!({"schema": schema, "example": example}))
            .problems(&[kind::UNSUPPORTED_MEDIA_TYPE])
    }

    /// Takes a body of another type.
    pub(crate) fn takes(mut self, media_type: &str, content: Value) -> Self {
        self.request.insert(media_type.into(), content);
        self.problems(&[kind::BAD_BODY, kind::TOO_LARGE])
    }

    /// Answers with JSON.
    pub(crate) fn answers(mut self, status: StatusCode, about: &str, body: Schema) -> Self {
        let schema = self.take(body);
        self.answer(status, json!({"description": about, "content": {"application/json": {"schema": schema}}}))
    }

    /// Answers without a body, or with one that is no JSON.
    pub(crate) fn answer(mut self, status: StatusCode, answer: Value) -> Self {
        self.answers.insert(status.as_u16(), answer);
        self
    }

    /// The last answer has a header.
    pub(crate) fn answers_header(mut self, status: StatusCode, name: &str, about: &str) -> Self {
        let (schema, _) = text().into_parts();
        if let Some(answer) = self.answers.get_mut(&status.as_u16()) {
            answer["headers"][name] = json!({"description": about, "schema": schema});
        }
        self
    }

    /// What can go wrong, beyond what can with every endpoint.
    pub(crate) fn problems(mut self, problems: &[Kind]) -> Self {
        for problem in problems {
            if !self.problems.contains(problem) {
                self.problems.push(*problem);
            }
        }
        self
    }

    fn take(&mut self, schema: Schema) -> Value {
        let (json, named) = schema.into_parts();
        take_in(&mut self.named, named);
        json
    }

    /// The operation as the document has it, and the schemas that it refers to.
    pub(crate) fn into_parts(self, common: Common<'_>) -> (Value, Named) {
        let mut this = self.problems(common.problems);
        let mut responses: Map<String, Value> =
            this.answers.iter().map(|(status, answer)| (status.to_string(), answer.clone())).collect();
        let mut by_status: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
        for problem in std::mem::take(&mut this.problems) {
            by_status.entry(problem.status.as_u16()).or_default().push(problem);
        }
        for (status, kinds) in by_status {
            let answer = problem_answer(&kinds, responses.get(&status.to_string()));
            responses.insert(status.to_string(), answer);
        }
        responses.insert("default".into(), json!({"$ref": "#/components/responses/Problem"}));
        let description = format!("{}\n\n{}", this.description, common.description).trim().to_owned();
        let mut operation = json!({
            "operationId": this.id,
            "summary": this.summary,
            "description": description,
            "parameters": this.parameters,
            "responses": responses,
            "security": common.security,
        });
        if !this.request.is_empty() {
            operation["requestBody"] = json!({"required": true, "content": this.request});
        }
        (operation, this.named)
    }
}

/// The problems of one status, beside what else may be answered with it.
fn problem_answer(kinds: &[Kind], other: Option<&Value>) -> Value {
    let lines: Vec<String> = kinds.iter().map(|kind| format!("{}: `{}`", kind.title, kind.urn())).collect();
    let urns: Vec<String> = kinds.iter().map(Kind::urn).collect();
    let mut answer = other.cloned().unwrap_or_else(|| json!({"description": ""}));
    let before = answer["description"].as_str().filter(|text| !text.is_empty()).map(|text| format!("{text} "));
    answer["description"] = format!("{}{}.", before.unwrap_or_default(), lines.join("; ")).into();
    let reference = "#/components/schemas/ProblemDetails";
    answer["content"]["application/problem+json"] =
        json!({"schema": {"$ref": reference, "properties": {"type": {"enum": urns}}}});
    answer
}
