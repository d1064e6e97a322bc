//! What connections and flows look like when they are sent.

use crate::openapi::schema::{
    Schema, anything, boolean, constant, digest, list, map, name, number, object, one_of, one_of_texts, text, timestamp,
};

/// What applying changes, or would.
pub(super) fn change() -> Schema {
    let of = |change: &str| {
        object()
            .with("change", constant(change))
            .with("kind", one_of_texts(["connection", "flow"]))
            .with("name", name())
    };
    let paths = list(text()).about("Where it differs from what is stored, at most 50 places.");
    one_of([of("added"), of("changed").with("paths", paths)]).named("Change")
}

pub(super) fn connection() -> Schema {
    object()
        .with("name", name())
        .with("connector", name())
        .may_have("title", text())
        .with("settings", anything().keyword("type", "object").about("As the connector's settings schema has it."))
        .with("endpoints", map(endpoint()).about("By name."))
        .with("grant", grant())
        .with("limits", limits())
        .with("retry", retry())
        .with("changed_at", timestamp())
        .about("A configured use of a connector. Secrets are named, never shown.")
        .named("Connection")
}

fn endpoint() -> Schema {
    object()
        .with("url", text().about("The base address; what a connector asks for is appended to its path."))
        .may_have("allow_plaintext", boolean().about("Allows `http:`."))
        .with("auth", auth())
        .with("timeout_ms", number().about("The time that one exchange may take."))
        .with("max_response_bytes", number().about("The largest answer that is handed to the connector."))
        .about("Where a target is and how to sign in there.")
        .named("Endpoint")
}

fn auth() -> Schema {
    let secret = || object().with("secret", name()).about("Names a secret.").named("SecretName");
    let of = |kind: &str| object().with("kind", constant(kind));
    one_of([
        of("nothing"),
        of("basic").with("username", text()).with("password", secret()),
        of("bearer").with("token", secret()),
        of("api-key").may_have("header", text()).may_have("query", text()).with("value", secret()),
        of("oauth2-client-credentials")
            .with("token_url", text())
            .with("client_id", text())
            .with("client_secret", secret())
            .may_have("scope", text()),
        of("signature").with("secret", secret()),
    ])
    .about("How a connection signs in at an endpoint.")
    .named("Auth")
}

fn grant() -> Schema {
    object()
        .with("cidrs", list(text()).about("Addresses that are not public and yet allowed: `10.20.0.0/16`."))
        .about("What a connection may reach beyond the public addresses of its endpoints.")
        .named("Grant")
}

fn limits() -> Schema {
    object()
        .with("memory_bytes", number())
        .with("cpu_ms", number().about("Time on the processor."))
        .with("timeout_ms", number().about("Time by the clock, all waiting included."))
        .with("max_attachment_bytes", number().about("The largest file that a call may create or keep."))
        .about("What one call of the connector may use.")
        .named("Limits")
}

fn retry() -> Schema {
    object()
        .with("max_attempts", number().about("The first one included."))
        .with(
            "base_ms",
            number().about("The longest wait before the second attempt; it doubles with each further one."),
        )
        .with("cap_ms", number().about("No wait is longer, but for one that the target asked for."))
        .about("When to try again.")
        .named("RetryPolicy")
}

pub(super) fn flow() -> Schema {
    object()
        .with("name", name())
        .may_have("title", text())
        .with("schema", anything().about("JSON Schema (2020-12) of a submission."))
        .with("max_attachment_bytes", number().about("The largest file that a submission may carry."))
        .with("steps", list(step()).about("Carried out one after the other."))
        .with("digest", digest().about("Names this version of the flow."))
        .with("changed_at", timestamp())
        .about("What happens to a submission.")
        .named("Flow")
}

fn step() -> Schema {
    let input =
        "The operation's input, with expressions over `submission`, `attachments`, `steps` and `run` in its texts.";
    object()
        .with("name", name())
        .may_have("title", text())
        .with("connection", name())
        .with("operation", name())
        .with("input", anything().about(input))
        .about("One delivery of a flow.")
        .named("Step")
}
