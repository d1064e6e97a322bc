//! Whether what is configured would work with another revision of its connector.

use sluse_model::{Connection, Description, Flow, Name, Schedule};

use crate::schema::Schema;

/// Something configured that would not work with a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incompatibility {
    /// The connection's settings do not fit the revision's schema.
    Settings { connection: Name, detail: String },
    /// The revision needs an endpoint that the connection does not name.
    MissingEndpoint { connection: Name, endpoint: String },
    /// A flow asks for an operation that the revision does not have.
    MissingOperation { flow: Name, step: Name, operation: Name },
    /// A schedule polls a feed that the revision does not have.
    MissingFeed { schedule: Name, feed: Name },
}

impl std::fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settings { connection, detail } => {
                write!(f, "the settings of connection `{connection}` do not fit: {detail}")
            }
            Self::MissingEndpoint { connection, endpoint } => {
                write!(f, "connection `{connection}` names no endpoint `{endpoint}`, which the revision needs")
            }
            Self::MissingOperation { flow, step, operation } => {
                write!(
                    f,
                    "step `{step}` of flow `{flow}` asks for operation `{operation}`, which the revision does not have"
                )
            }
            Self::MissingFeed { schedule, feed } => {
                write!(f, "schedule `{schedule}` polls feed `{feed}`, which the revision does not have")
            }
        }
    }
}

/// What of the connector's connections, and of all flows and schedules, would not work with the revision described.
pub(crate) fn incompatibilities(
    description: &Description,
    connections: &[Connection],
    flows: &[Flow],
    schedules: &[Schedule],
) -> Vec<Incompatibility> {
    let mut found = Vec::new();
    let settings = Schema::compile(&description.settings_schema).ok();
    for connection in connections {
        let value = serde_json::Value::Object(connection.settings.clone());
        if let Some(Err(violations)) = settings.as_ref().map(|schema| schema.check(&value)) {
            let detail = violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            found.push(Incompatibility::Settings { connection: connection.name.clone(), detail });
        }
        for need in description.endpoints.iter().filter(|need| need.required) {
            if !connection.endpoints.keys().any(|name| name.as_str() == need.name) {
                found.push(Incompatibility::MissingEndpoint {
                    connection: connection.name.clone(),
                    endpoint: need.name.clone(),
                });
            }
        }
    }
    for flow in flows {
        for step in &flow.steps {
            let ours = connections.iter().any(|connection| connection.name == step.connection);
            if ours && description.operation(step.operation.as_str()).is_none() {
                found.push(Incompatibility::MissingOperation {
                    flow: flow.name.clone(),
                    step: step.name.clone(),
                    operation: step.operation.clone(),
                });
            }
        }
    }
    for schedule in schedules {
        let Some((connection, feed)) = schedule.feed() else { continue };
        let is_ours = connections.iter().any(|ours| ours.name == *connection);
        if is_ours && !description.feeds.iter().any(|known| known.name == feed.as_str()) {
            found.push(Incompatibility::MissingFeed { schedule: schedule.name.clone(), feed: feed.clone() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sluse_connector::fakes::description;

    use super::*;

    fn connection(settings: serde_json::Value) -> Connection {
        serde_json::from_value(json!({"name": "site", "connector": "greeter", "settings": settings}))
            .expect("a connection")
    }

    fn flow(operation: &str) -> Flow {
        let step = json!({"name": "hello", "connection": "site", "operation": operation});
        serde_json::from_value(json!({"name": "greeting", "schema": {}, "steps": [step]})).expect("a flow")
    }

    #[test]
    fn what_fits_is_no_obstacle() {
        let found = incompatibilities(
            &description("greeter", "1.0.0", &["greet"]),
            &[connection(json!({}))],
            &[flow("greet")],
            &[],
        );
        assert_eq!(found, []);
    }

    #[test]
    fn a_lost_operation_is_named_with_its_flow() {
        let found = incompatibilities(
            &description("greeter", "2.0.0", &["hail"]),
            &[connection(json!({}))],
            &[flow("greet")],
            &[],
        );
        assert!(
            matches!(&found[..], [Incompatibility::MissingOperation { operation, .. }] if operation.as_str() == "greet")
        );
    }

    #[test]
    fn settings_that_no_longer_fit_are_named_with_their_connection() {
        let mut described = description("greeter", "2.0.0", &["greet"]);
        described.settings_schema = json!({"type": "object", "required": ["tone"]}).to_string();
        let found = incompatibilities(&described, &[connection(json!({}))], &[], &[]);
        assert!(matches!(&found[..], [Incompatibility::Settings { .. }]));
    }
}
