//! What connections and flows look like when they are sent.

use sluse_model::{ClientPlace, Handling, NoticeOccasion, Reason, Standing};

use crate::openapi::schema::{
    Schema, anything, boolean, constant, digest, list, map, name, number, object, one_of, one_of_texts, text, timestamp,
};
use crate::v1::gate;

/// What applying changes, or would.
pub(super) fn change() -> Schema {
    let of = |change: &str| {
        object()
            .with("change", constant(change))
            .with("kind", one_of_texts(["connection", "flow", "schedule"]))
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
        .with("gates", gates())
        .may_have("callbacks", callbacks())
        .may_have("sequences", map(sequence()).about("By name."))
        .may_have("operations", map(operation()).about("By name."))
        .with("changed_at", timestamp())
        .may_have("gate", gate::schema().about("The gate that is closed now."))
        .about("A configured use of a connector. Secrets are named, never shown.")
        .named("Connection")
}

fn endpoint() -> Schema {
    object()
        .may_have("url", text().about("The base address; what a connector asks for is appended to its path."))
        .may_have("discovery", discovery())
        .may_have("allow_plaintext", boolean().about("Allows `http:`."))
        .may_have("http1_only", boolean().about("Never HTTP/2."))
        .with("auth", auth())
        .with("timeout_ms", number().about("The time that one exchange may take."))
        .with("max_response_bytes", number().about("The largest answer that is handed to the connector."))
        .may_have(
            "status_means",
            map(one_of_texts(Standing::ALL.map(Standing::as_str))).about(
                "What a status says of a request that must happen once, where this target means something else by it.",
            ),
        )
        .may_have("idempotency_header", text().about("The header in which the target takes an idempotency key."))
        .about("Where a target is and how to sign in there.")
        .named("Endpoint")
}

fn discovery() -> Schema {
    object()
        .with("url", text().about("What is asked, with `GET` and without a credential."))
        .with("field", text().about("The field of the JSON answer in which the address stands."))
        .with("host_suffixes", list(text()).about("The host of the address is one of these, or below one."))
        .about("Who is asked for the base address, in place of `url`.")
        .named("Discovery")
}

fn auth() -> Schema {
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
        of("oauth2-password")
            .with("token_url", text())
            .with("client_id", text())
            .with("client_secret", secret())
            .may_have("client_in", one_of_texts(ClientPlace::ALL.map(ClientPlace::as_str)))
            .with("username", one_of([text(), secret()]))
            .with("password", secret())
            .may_have("scope", text()),
        of("ntlm").with("username", text()).with("password", secret()).may_have("domain", text()),
        of("client-certificate")
            .may_have("thumbprint", text().about("SHA-1 of the certificate, as 40 upper-case hex digits."))
            .with("secret", secret()),
        of("signature").with("secret", secret()),
    ])
    .about("How a connection signs in at an endpoint.")
    .named("Auth")
}

/// The name of a secret.
fn secret() -> Schema {
    object().with("secret", name()).about("Names a secret.").named("SecretName")
}

fn grant() -> Schema {
    object()
        .with("cidrs", list(text()).about("Addresses that are not public and yet allowed: `10.20.0.0/16`."))
        .may_have("folders", map(folder()).about("By the connector's name for them."))
        .about("What a connection may reach beyond the public addresses of its endpoints.")
        .named("Grant")
}

fn folder() -> Schema {
    object()
        .with("path", text().about("Absolute."))
        .may_have("mounted", boolean().about("Something has to be mounted there."))
        .about("A folder that files are published to and read from.")
        .named("FolderGrant")
}

fn sequence() -> Schema {
    object()
        .with("first", number())
        .with("last", number().about("The last one that there is."))
        .about("Numbers that are handed out once.")
        .named("Sequence")
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
    let handlings = || one_of_texts(Handling::ALL.map(Handling::as_str));
    let base = "The longest wait before the second attempt; it doubles with each further one.";
    let doubling = object()
        .with("base_ms", number().about(base))
        .with("cap_ms", number().about("No wait is longer, but for one that the target asked for."))
        .about("Between nothing and a bound that doubles.");
    let delays =
        list(number()).about("One after the other, the last one again and again; lengthened by at most a tenth.");
    let listed = object().with("delays_ms", delays).about("A list of waits.");
    object()
        .with("max_attempts", number().about("The first one included, and those that a person asked for."))
        .may_have("max_age_ms", number().about("Since it was accepted; nothing is tried again after that."))
        .with("floor_ms", number().about("The least wait after an answer 429 and after a timeout."))
        .with("when_exhausted", handlings().about("What becomes of a delivery when no attempt is left."))
        .with("when_failed", handlings().about("What becomes of one that is invalid, rejected or denied."))
        .and(one_of([doubling, listed]).named("Waits"))
        .about("When to try again, and what becomes of what does not succeed.")
        .named("RetryPolicy")
}

fn gates() -> Schema {
    let rate = object()
        .with("attempts", number())
        .with("per_ms", number())
        .about("At most so many attempts in so much time; after a pause they may come together.")
        .named("Rate");
    let breaker = object()
        .with("failures", number().about("So many exchanges in a row that did not reach the target."))
        .with("open_ms", number().about("How long it is left alone at first; doubles up to five minutes."))
        .about("When to leave the target alone.")
        .named("Breaker");
    object()
        .with("max_concurrent", number().about("Attempts under way at the same time."))
        .may_have("rate", rate)
        .with("breaker", breaker)
        .about("How much at once, how fast, and when to leave the target alone.")
        .named("Gates")
}

fn callbacks() -> Schema {
    object()
        .with("secret", secret().about("Answers are signed with it (Standard Webhooks 1.0.0); others are refused."))
        .about("How a target answers at the addresses that it was given.")
        .named("CallbackSettings")
}

fn operation() -> Schema {
    object()
        .may_have("retry", retry().about("In place of what the connection says."))
        .about("What holds for one operation of a connection.")
        .named("OperationSettings")
}

pub(super) fn flow() -> Schema {
    object()
        .with("name", name())
        .may_have("title", text())
        .with("schema", anything().about("JSON Schema (2020-12) of a submission."))
        .with("max_attachment_bytes", number().about("The largest file that a submission may carry."))
        .may_have("min_attachments", number().about("A submission with fewer files is refused."))
        .may_have("order_by", text().about("The ordering key of the steps that name none."))
        .may_have("attention", list(attention_rule()).about("Whose work it is when a step waits for a person."))
        .may_have("owner_notice", owner_notice())
        .may_have("on_failure", on_failure())
        .with("steps", list(step()).about("Carried out one after the other."))
        .with("digest", digest().about("Names this version of the flow."))
        .with("changed_at", timestamp())
        .about("What happens to a submission.")
        .named("Flow")
}

fn attention_rule() -> Schema {
    object()
        .may_have("reason", one_of_texts(Reason::ALL.map(Reason::as_str)))
        .may_have("connection", name())
        .may_have("step", name())
        .with("queue", name().about("Whose work it is then."))
        .about("Whose work it is; what it does not name may be any. The first rule that fits holds.")
        .named("AttentionRule")
}

fn owner_notice() -> Schema {
    object()
        .with("flow", name().about("The flow that carries the notice: each is a run of it."))
        .with("when", list(one_of_texts(NoticeOccasion::ALL.map(NoticeOccasion::as_str))))
        .about("Who is told when a step fails for good or waits for a person.")
        .named("OwnerNotice")
}

fn on_failure() -> Schema {
    let resolves = "When that run succeeds, what waits for a person is closed as failed, unless it may have happened.";
    object()
        .with("flow", name().about("One run of it is started for each run that fails, and ever."))
        .with("when", list(one_of_texts(NoticeOccasion::ALL.map(NoticeOccasion::as_str))))
        .with("resolves", boolean().about(resolves))
        .about("What is started for a run that fails, or waits for a person.")
        .named("OnFailure")
}

fn step() -> Schema {
    let input =
        "The operation's input, with expressions over `submission`, `attachments`, `steps` and `run` in its texts.";
    object()
        .with("name", name())
        .may_have("title", text())
        .with("connection", name())
        .with("operation", name())
        .may_have("when", text().about("One expression that is true or false: the step is skipped when it is false."))
        .may_have("order_by", text().about("What its ordering key is made of: expressions as in `input`."))
        .with("input", anything().about(input))
        .about("One delivery of a flow.")
        .named("Step")
}
