//! A host with a WorkZone: the connector installed, the connection and the flow applied.

use axum::body::Body;
use serde_json::{Value, json};
use sluse_tests::{
    host::{Host, HostOptions},
    workzone::{Settings, SimulatedWorkZone},
};

/// The client secret that the simulator expects; looked for wherever it must not be.
pub(crate) const CLIENT_SECRET: &str = "sluse-test-secret";

/// A host with a WorkZone.
pub(crate) struct Site {
    pub(crate) host: Host,
    pub(crate) workzone: SimulatedWorkZone,
}

impl Site {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::start_with(HostOptions::default(), Settings::default()).await
    }

    pub(crate) async fn start_with(options: HostOptions, settings: Settings) -> anyhow::Result<Self> {
        let workzone = SimulatedWorkZone::start(settings).await?;
        let host = Host::start(options).await?;
        host.done(&["secret", "set", "workzone-client-secret"], Some(CLIENT_SECRET.as_bytes())).await?;
        host.install("workzone").await?;
        let site = Self { host, workzone };
        let applied = site.apply(&[&site.connection(), FLOW]).await?;
        anyhow::ensure!(applied.status == 200, "not applied: {}", applied.text());
        Ok(site)
    }

    /// The connection to the simulated WorkZone.
    pub(crate) fn connection(&self) -> String {
        let (url, token_url) = (self.workzone.base_url_v4(), self.workzone.token_url());
        format!(
            r#"
[[connection]]
name = "workzone"
connector = "workzone"
settings = {{ external_ref_field = "EXTREF", record_hash_field = "SHA256", contact_types = {{ cpr = "P", cvr = "C" }} }}
retry = {{ max_attempts = 4, base_ms = 50, cap_ms = 200, floor_ms = 50 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{}"
allow_plaintext = true
timeout_ms = 20000
[connection.endpoints.default.auth]
kind = "oauth2-client-credentials"
token_url = "{token_url}"
client_id = "sluse-test-client"
client_secret = {{ secret = "workzone-client-secret" }}
scope = "api://workzone.example/.default"
"#,
            url.trim_end_matches('/')
        )
    }

    /// Applies files of configuration.
    pub(crate) async fn apply(&self, texts: &[&str]) -> anyhow::Result<sluse_tests::client::Reply> {
        let files: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"name": format!("file-{index}.toml"), "text": text}))
            .collect();
        self.host.post("/v1/configuration", &json!({"files": files})).await
    }

    /// Submits to the flow, and gives the run's id.
    pub(crate) async fn submit(&self, submission: &Value) -> anyhow::Result<String> {
        let reply = self.host.post("/v1/flows/case/runs", submission).await?;
        anyhow::ensure!(reply.status == 202, "not accepted: {} {}", reply.status, reply.text());
        Ok(reply.json()?["run"].as_str().unwrap_or("").to_owned())
    }

    /// Waits until a run is closed or needs a person.
    pub(crate) async fn settled(&self, run: &str) -> anyhow::Result<Value> {
        settled(&self.host, run).await
    }

    /// Posts bytes of some type.
    pub(crate) async fn post_bytes(
        &self,
        path: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> anyhow::Result<sluse_tests::client::Reply> {
        self.host.api("POST", path, content_type, Body::from(bytes)).await
    }
}

/// The connection to a WorkZone that knows a user, who signs in by `auth`, a table of TOML.
pub(crate) fn connection_of_a_user(workzone: &SimulatedWorkZone, auth: &str) -> String {
    let url = workzone.base_url_v4();
    format!(
        r#"
[[connection]]
name = "workzone"
connector = "workzone"
settings = {{ external_ref_field = "EXTREF" }}
retry = {{ max_attempts = 4, base_ms = 20, cap_ms = 50, floor_ms = 20 }}
grant = {{ cidrs = ["127.0.0.0/8"] }}
[connection.endpoints.default]
url = "{}"
allow_plaintext = true
auth = {auth}
"#,
        url.trim_end_matches('/')
    )
}

/// Waits until a run of the host is closed or needs a person.
pub(crate) async fn settled(host: &Host, run: &str) -> anyhow::Result<Value> {
    for _ in 0..600 {
        let found = host.get(&format!("/v1/runs/{run}")).await?;
        if found["state"] != "running" {
            return Ok(found);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("run {run} did not settle")
}

/// A delivery to a WorkZone that is not there any more, once a breaker holds it: its id, and what the host says of it.
pub(crate) async fn held_by_a_breaker(site: &Site) -> anyhow::Result<(String, Value)> {
    // The discard port of loopback, where nobody listens.
    let url = site.workzone.base_url_v4();
    let away = site.connection().replace(url.trim_end_matches('/'), "http://127.0.0.1:9/OData4");
    let applied = site.apply(&[&(away + "[connection.gates.breaker]\nfailures = 1\n")]).await?;
    anyhow::ensure!(applied.status == 200, "not applied: {}", applied.text());
    let run = site.submit(&submission("away")).await?;
    let run = site.host.get(&format!("/v1/runs/{run}")).await?;
    let id = run["deliveries"][0]["id"].as_str().unwrap_or_default().to_owned();
    for _ in 0..200 {
        let shown = site.host.get(&format!("/v1/deliveries/{id}")).await?;
        if shown.get("gate").is_some() {
            return Ok((id, shown));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("nothing holds {id}")
}

/// Opens a case, and adds its party and its files.
pub(crate) const FLOW: &str = r#"
[[flow]]
name = "case"
max_attachment_bytes = 300000000
schema = '''
{"type": "object", "additionalProperties": false, "required": ["reference", "title"],
 "properties": {"reference": {"type": "string", "minLength": 1}, "title": {"type": "string"}, "cvr": {"type": "string"}}}
'''
[[flow.step]]
name = "open-case"
connection = "workzone"
operation = "create-or-find-case"
[flow.step.input]
external_ref = "{{ submission.reference }}"
case_group = "27.36.04"
case_category = "EMNSAG"
title = "{{ submission.title }}"
"#;

/// A second flow that also uploads the files.
pub(crate) const FLOW_WITH_FILES: &str = r#"
[[flow]]
name = "case-with-files"
max_attachment_bytes = 300000000
schema = '{"type": "object", "required": ["reference"]}'
[[flow.step]]
name = "open-case"
connection = "workzone"
operation = "create-or-find-case"
[flow.step.input]
external_ref = "{{ submission.reference }}"
case_group = "27.36.04"
case_category = "EMNSAG"
title = "Sag med bilag æøå"
[[flow.step]]
name = "add-documents"
connection = "workzone"
operation = "add-documents"
[flow.step.input]
case_id = "{{ steps.open_case.case_id }}"
documents = "{{ attachments | pick(name='name', content_ref='id', mime='media_type') }}"
"#;

/// A submission of the flow.
pub(crate) fn submission(reference: &str) -> Value {
    json!({"reference": reference, "title": "Ansøgning om carport, Rønnebærvej 4"})
}
