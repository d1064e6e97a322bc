//! What revisions look like when they are sent.

use sluse_model::CredentialKind;

use crate::openapi::schema::{
    Schema, boolean, constant, digest, list, name, number, object, one_of, one_of_texts, text, timestamp,
};

const CREDENTIALS: [CredentialKind; 9] = [
    CredentialKind::Nothing,
    CredentialKind::Basic,
    CredentialKind::Bearer,
    CredentialKind::ApiKey,
    CredentialKind::OAuth2ClientCredentials,
    CredentialKind::OAuth2Password,
    CredentialKind::Ntlm,
    CredentialKind::ClientCertificate,
    CredentialKind::Signature,
];

/// What became of installing, activating or rolling back.
pub(super) fn installed() -> Schema {
    object()
        .with("revision", revision())
        .may_have("replaced", digest().about("The revision that was active before."))
        .may_have("warnings", list(text()).about("What is configured and would not work with it."))
        .named("Installed")
}

pub(super) fn revision() -> Schema {
    object()
        .with("connector", name())
        .with("digest", digest().about("SHA-256 of the component."))
        .with("size_bytes", number())
        .with("description", description())
        .with("installed_at", timestamp())
        .with("standing", standing())
        .about("One component of a connector.")
        .named("Revision")
}

fn standing() -> Schema {
    let of = |standing: &str, about: &str| object().with("standing", constant(standing)).about(about);
    one_of([
        of("active", "Every attempt that begins now runs on it.").with("since", timestamp()),
        of("retired", "It was active until then; a rollback goes to the latest of these.").with("since", timestamp()),
        of("installed", "It was installed and never active."),
    ])
    .about("Whether a revision serves.")
    .named("RevisionStanding")
}

fn description() -> Schema {
    object()
        .with("name", text())
        .with("version", text().about("SemVer."))
        .with("title", text())
        .with("summary", text())
        .with("settings_schema", json_schema("a connection's settings"))
        .with("operations", list(operation()))
        .with("feeds", list(feed()))
        .with("endpoints", list(endpoint()))
        .with("folders", list(folder()))
        .with("sequences", list(text()).about("The number sequences that it reserves from."))
        .about("What a connector says of itself.")
        .named("Description")
}

fn json_schema(of: &str) -> Schema {
    text().about(&format!("JSON Schema (2020-12) of {of}, as JSON text."))
}

fn operation() -> Schema {
    object()
        .with("name", text())
        .with("title", text())
        .with("summary", text())
        .with("input_schema", json_schema("the input"))
        .with("output_schema", json_schema("the output"))
        .with("reads_only", boolean().about("It changes nothing at the target."))
        .about("Something that a connector can be asked to do.")
        .named("OperationDescription")
}

fn feed() -> Schema {
    object()
        .with("name", text())
        .with("title", text())
        .with("summary", text())
        .with("item_schema", json_schema("what an item hands to its flow"))
        .with("usual_interval_seconds", number())
        .about("Something that a connector can be asked to look for on a schedule.")
        .named("FeedDescription")
}

fn endpoint() -> Schema {
    object()
        .with("name", text())
        .with("title", text())
        .with("required", boolean().about("A connection without it is refused."))
        .with("credentials", list(one_of_texts(CREDENTIALS.map(CredentialKind::as_str))))
        .about("An address that a connector needs.")
        .named("EndpointNeed")
}

fn folder() -> Schema {
    object()
        .with("name", text())
        .with("title", text())
        .with("required", boolean())
        .with("reads_only", boolean().about("Nothing is published there."))
        .about("A folder that a connector publishes files to, or reads files from.")
        .named("FolderNeed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another one does not compile until it stands here, and then it is missing above.
    #[test]
    fn every_way_of_signing_in_is_listed() {
        for kind in CREDENTIALS {
            match kind {
                CredentialKind::Nothing | CredentialKind::Basic | CredentialKind::Bearer => {}
                CredentialKind::ApiKey | CredentialKind::OAuth2ClientCredentials => {}
                CredentialKind::OAuth2Password | CredentialKind::Ntlm => {}
                CredentialKind::ClientCertificate | CredentialKind::Signature => {}
            }
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
    }
}
