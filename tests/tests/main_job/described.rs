//! Every endpoint answers as `docs/openapi.json` says, with bodies that a host with a WorkZone really sends.

use std::{cell::RefCell, collections::BTreeSet};

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use sluse_tests::{
    client::{self, Reply},
    host::component,
};

use crate::{
    acts::{ordered_flow, refuse_cases, refused},
    contract::Contract,
    site::{FLOW_WITH_FILES, Site, submission},
};

/// Asks a host and compares each answer.
struct Reader {
    site: Site,
    document: Value,
    contract: Contract,
    /// Endpoint and status of what was answered.
    seen: RefCell<BTreeSet<(String, String)>>,
}

impl Reader {
    async fn start() -> anyhow::Result<Self> {
        let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json"))?;
        let contract = Contract::of(&document);
        Ok(Self { site: Site::start().await?, document, contract, seen: RefCell::default() })
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Reply> {
        let (media_type, body) =
            if body.is_null() { ("", Body::empty()) } else { ("application/json", Body::from(body.to_string())) };
        self.send(self.request(method, path, media_type, body)?).await
    }

    fn request(&self, method: &str, path: &str, media_type: &str, body: Body) -> anyhow::Result<Request<Body>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.site.host.url()))
            .header("authorization", format!("Bearer {}", self.site.host.token()));
        if !media_type.is_empty() {
            request = request.header("content-type", media_type);
        }
        Ok(request.body(body)?)
    }

    async fn send(&self, request: Request<Body>) -> anyhow::Result<Reply> {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let reply = client::send(request).await?;
        let media_type = reply.header("content-type");
        let checked = self.contract.check_answer((&method, &path), reply.status.as_u16(), media_type, &reply.body);
        checked.map_err(anyhow::Error::msg)?;
        let operation = self.contract.operation(&method, &path).map_err(anyhow::Error::msg)?;
        let endpoint = operation["operationId"].as_str().unwrap_or("").to_owned();
        self.seen.borrow_mut().insert((endpoint, reply.status.as_u16().to_string()));
        Ok(reply)
    }

    /// Successes that are described and that nothing here has met.
    fn not_met(&self) -> Vec<(String, String)> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
        let described = operations.flat_map(|(_, operation)| {
            let id = operation["operationId"].as_str().unwrap_or("");
            let statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status);
            statuses.filter(|status| status.starts_with('2')).map(move |status| (id.to_owned(), status.clone()))
        });
        described.filter(|one| !self.seen.borrow().contains(one)).collect()
    }
}

/// A submission with a file, as a form.
const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"submission\"\r\n\r\n{\"reference\": \"d-2\"}\r\n\
    --b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.pdf\"\r\n\
    Content-Type: application/pdf\r\n\
    Content-Digest: sha-256=:7XACtDnprIRfIjV9giusFERzD722AW0+yUMil7nsn3M=:\r\n\r\ncontent\r\n--b--\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_answers_as_it_is_described() -> anyhow::Result<()> {
    let reader = Reader::start().await?;
    reader.ask("GET", "/healthz", json!(null)).await?;
    reader.ask("GET", "/readyz", json!(null)).await?;
    reader.ask("GET", "/readyz?feeds=true", json!(null)).await?;
    reader.ask("GET", "/metrics", json!(null)).await?;
    reader.ask("GET", "/v1/settings", json!(null)).await?;
    configuration(&reader).await?;
    schedules(&reader).await?;
    runs(&reader).await?;
    calls(&reader).await?;
    acts(&reader).await?;
    bulk(&reader).await?;
    connectors(&reader).await?;
    secrets_and_tokens(&reader).await?;
    assert_eq!(reader.not_met(), []);
    Ok(())
}

async fn configuration(reader: &Reader) -> anyhow::Result<()> {
    let files = |text: &str| json!({"files": [{"name": "flow.toml", "text": text}], "dry_run": false});
    reader.ask("POST", "/v1/configuration", files(FLOW_WITH_FILES)).await?;
    let refused = reader.ask("POST", "/v1/configuration", files("[[flow]]\nname = 1\n")).await?;
    assert_eq!(refused.status, 422);
    assert_eq!(reader.ask("POST", "/v1/configuration", json!({"file": []})).await?.status, 400);
    for path in ["/v1/connections", "/v1/flows"] {
        assert_ne!(reader.ask("GET", path, json!(null)).await?.json()?["items"], json!([]));
    }
    reader.ask("POST", "/v1/connections/workzone/check", json!(null)).await?;
    reader.ask("POST", "/v1/connections/nobody/check", json!(null)).await?;
    let why = json!({"why": "it is being upgraded"});
    assert_eq!(reader.ask("POST", "/v1/connections/workzone/pause", why.clone()).await?.status, 204);
    let paused = reader.ask("GET", "/v1/connections", json!(null)).await?.json()?;
    assert_eq!(paused["items"][0]["gate"]["kind"], "paused");
    assert_eq!(reader.ask("POST", "/v1/connections/workzone/resume", json!(null)).await?.status, 204);
    assert_eq!(reader.ask("POST", "/v1/resume", json!(null)).await?.status, 204);
    assert_eq!(reader.ask("POST", "/v1/connections/nobody/pause", why).await?.status, 404);
    assert_eq!(reader.ask("POST", "/v1/connections/workzone/pause", json!({"why": ""})).await?.status, 400);
    Ok(())
}

async fn schedules(reader: &Reader) -> anyhow::Result<()> {
    let text = "[[schedule]]\nname = \"nightly\"\ncron = \"0 3 * * *\"\nzone = \"Europe/Copenhagen\"\nflow = \"case\"\n\
        overlap = \"allow\"\nsubmission = { reference = \"s-1\", title = \"Every night\" }\n";
    reader.ask("POST", "/v1/configuration", json!({"files": [{"name": "s.toml", "text": text}]})).await?;
    assert_eq!(reader.ask("POST", "/v1/schedules/nightly/fire", json!(null)).await?.status, 202);
    let listed = reader.ask("GET", "/v1/schedules", json!(null)).await?.json()?;
    assert_eq!(listed["items"][0]["latest"]["state"], "done");
    let shown = reader.ask("GET", "/v1/schedules/nightly?limit=5", json!(null)).await?.json()?;
    let run = shown["ticks"]["items"][0]["run"].as_str().unwrap_or("").to_owned();
    assert_eq!(reader.site.settled(&run).await?["state"], "succeeded");
    let run = reader.ask("GET", &format!("/v1/runs/{run}"), json!(null)).await?.json()?;
    assert_eq!(run["origin"]["schedule"], "nightly");
    for (method, path) in [("GET", "/v1/schedules/nobody"), ("POST", "/v1/schedules/No/fire")] {
        assert_eq!(reader.ask(method, path, json!(null)).await?.status, 404);
    }
    Ok(())
}

async fn runs(reader: &Reader) -> anyhow::Result<()> {
    for (status, body) in [(202, submission("d-1")), (200, submission("d-1")), (409, submission("other"))] {
        let mut request = reader.request("POST", "/v1/flows/case/runs", "application/json", body.to_string().into())?;
        request.headers_mut().insert("idempotency-key", "k".parse()?);
        let reply = reader.send(request).await?;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("location").is_empty(), status == 409);
    }
    for (flow, body) in [("case", json!({"reference": 7})), ("nobody", json!({})), ("No", json!({}))] {
        reader.ask("POST", &format!("/v1/flows/{flow}/runs"), body).await?;
    }
    reader.send(reader.request("POST", "/v1/flows/case/runs", "text/plain", "{}".into())?).await?;
    let form = "multipart/form-data; boundary=b";
    let damaged = FORM.replace("\r\ncontent\r\n", "\r\nother\r\n");
    reader.send(reader.request("POST", "/v1/flows/case-with-files/runs", form, damaged.into())?).await?;
    let accepted = reader.send(reader.request("POST", "/v1/flows/case-with-files/runs", form, FORM.into())?).await?;
    assert_eq!(accepted.status, 202);
    let run = accepted.json()?["run"].as_str().unwrap_or("").to_owned();
    reader.site.settled(&run).await?;
    let path = format!("/v1/runs/{run}");
    let detail = reader.ask("GET", &path, json!(null)).await?.json()?;
    let attachment = detail["attachments"][0]["id"].as_str().unwrap_or("");
    let file = reader.ask("GET", &format!("{path}/attachments/{attachment}"), json!(null)).await?;
    assert_eq!(&*file.body, b"content");
    let delivery = detail["deliveries"][0]["id"].as_str().unwrap_or("");
    reader.ask("GET", &format!("/v1/deliveries/{delivery}"), json!(null)).await?;
    for path in [
        "/v1/runs?limit=1",
        "/v1/deliveries?state=closed",
        "/v1/deliveries?reason=rejected&text=long&since=2026-03-01T09:30:00Z",
        "/v1/deliveries?connection=nobody",
        "/v1/runs?flow=nothing",
        "/v1/runs?after=made-up",
        "/v1/runs/%FF",
    ] {
        reader.ask("GET", path, json!(null)).await?;
    }
    for path in [&format!("{path}/attachments/nothing"), "/v1/runs/nothing", "/v1/deliveries/nothing"] {
        assert_eq!(reader.ask("GET", path, json!(null)).await?.status, 404);
    }
    Ok(())
}

async fn calls(reader: &Reader) -> anyhow::Result<()> {
    let call = async |operation: &str, query: &str, body: Value| {
        let path = format!("/v1/connections/workzone/operations/{operation}{query}");
        let mut request = reader.request("POST", &path, "application/json", body.to_string().into())?;
        request.headers_mut().insert("idempotency-key", "c-1".parse()?);
        anyhow::Ok(reader.send(request).await?)
    };
    let case = |title: &str| json!({"external_ref": "c-1", "case_group": "27.36.04", "case_category": "EMNSAG", "title": title});
    let look = json!({"kind": "case", "query": "Ærøvej"});
    assert_eq!(call("lookup", "", look.clone()).await?.status, 200);
    assert_eq!(call("lookup", "", json!({"kind": "nothing"})).await?.status, 422);
    assert_eq!(call("lookup", "?deadline_ms=0", look.clone()).await?.status, 400);
    assert_eq!(call("look-up", "", look.clone()).await?.status, 404);
    let why = json!({"why": "it is being upgraded"});
    assert_eq!(reader.ask("POST", "/v1/connections/workzone/pause", why).await?.status, 204);
    let closed = call("lookup", "", look).await?;
    assert_eq!((closed.status.as_u16(), closed.header("retry-after")), (503, "60"));
    assert_eq!(closed.json()?["gate"]["kind"], "paused");
    let accepted = call("create-or-find-case", "?deadline_ms=100", case("Carport æøå")).await?;
    assert_eq!(accepted.status, 202);
    let delivery = reader.ask("GET", accepted.header("location"), json!(null)).await?.json()?;
    assert_eq!(delivery["id"], accepted.json()?["delivery"]);
    assert_eq!(reader.ask("POST", "/v1/connections/workzone/resume", json!(null)).await?.status, 204);
    let done = call("create-or-find-case", "", case("Carport æøå")).await?;
    assert_eq!((done.status.as_u16(), &done.json()?["delivery"]), (200, &delivery["id"]));
    assert_eq!(call("create-or-find-case", "", case("another")).await?.status, 409);
    Ok(())
}

async fn acts(reader: &Reader) -> anyhow::Result<()> {
    refuse_cases(&reader.site, 4)?;
    reader.ask("POST", "/v1/configuration", json!({"files": [{"name": "o.toml", "text": ordered_flow()}]})).await?;
    let first = refused(&reader.site, "ordered", &submission("o-1")).await?;
    let second = refused(&reader.site, "ordered", &submission("o-2")).await?;
    let input = reader.site.host.get(&format!("/v1/deliveries/{first}")).await?["input"].clone();
    let act = async |delivery: &str, act: &str, body: Value| {
        reader.ask("POST", &format!("/v1/deliveries/{delivery}/{act}"), body).await
    };
    assert_eq!(act(&first, "assign", json!({"queue": "building"})).await?.status, 200);
    assert_eq!(act(&first, "skip", json!({"why": "the others are urgent"})).await?.status, 200);
    assert_eq!(act(&first, "skip", json!({})).await?.status, 409);
    assert_eq!(act(&first, "edit", json!({"input": {"title": 1}})).await?.status, 422);
    assert_eq!(act(&first, "edit", json!({"input": input})).await?.status, 200);
    assert_eq!(act(&second, "resolve", json!({"output": [], "why": "it is there"})).await?.status, 422);
    assert_eq!(act(&second, "resolve", json!({"output": {}, "why": ""})).await?.status, 400);
    let output = json!({"case_id": "67453", "case_no": null, "created": true, "etag": null});
    assert_eq!(act(&second, "resolve", json!({"output": output, "why": "it is there"})).await?.status, 200);
    let run = reader.site.host.get(&format!("/v1/deliveries/{first}")).await?["run"].clone();
    reader.site.settled(run.as_str().unwrap_or("")).await?;
    assert_eq!(act(&first, "retry", json!({"did_not_happen": true})).await?.status, 400);
    let attempts = &reader.site.host.get(&format!("/v1/deliveries/{first}")).await?["attempt_count"];
    assert_eq!(act(&first, "retry", json!({"did_not_happen": true, "attempts_seen": 0})).await?.status, 409);
    assert_eq!(act(&first, "retry", json!({"did_not_happen": true, "attempts_seen": attempts})).await?.status, 200);
    reader.site.settled(run.as_str().unwrap_or("")).await?;
    assert_eq!(act(&first, "close", json!({"why": "withdrawn"})).await?.status, 200);
    assert_eq!(act(&first, "retry", json!({})).await?.status, 409);
    assert_eq!(act("nothing", "retry", json!({})).await?.status, 404);
    reader.ask("GET", &format!("/v1/deliveries/{first}"), json!(null)).await?;
    Ok(())
}

async fn bulk(reader: &Reader) -> anyhow::Result<()> {
    refuse_cases(&reader.site, 2)?;
    for reference in ["b-1", "b-2"] {
        refused(&reader.site, "case", &submission(reference)).await?;
    }
    let filter = json!({"connection": "workzone", "flow": "case"});
    let close = json!({"act": "close", "filter": filter, "why": "withdrawn", "per_second": 1});
    let with = |more: Value| {
        let mut body = close.clone();
        more.as_object().into_iter().flatten().for_each(|(key, value)| body[key] = value.clone());
        body
    };
    let preview = reader.ask("POST", "/v1/bulk", with(json!({"dry_run": true}))).await?;
    assert_eq!((preview.status.as_u16(), &preview.json()?["count"]), (200, &json!(2)));
    for wrong in [json!({"filter": {}}), json!({"why": ""}), json!({"per_second": 0}), json!({"surplus": 1})] {
        assert_eq!(reader.ask("POST", "/v1/bulk", with(wrong)).await?.status, 400);
    }
    let begun = reader.ask("POST", "/v1/bulk", close).await?;
    let path = begun.header("location").to_owned();
    assert_eq!((begun.status.as_u16(), &begun.json()?["found"]), (202, &json!(2)));
    let stopped = reader.ask("POST", &format!("{path}/stop"), json!(null)).await?;
    assert_eq!((stopped.status.as_u16(), &stopped.json()?["state"]), (200, &json!("stopped")));
    assert_eq!(reader.ask("POST", &format!("{path}/stop"), json!(null)).await?.status, 409);
    assert_eq!(reader.ask("GET", &path, json!(null)).await?.json()?["by"]["name"], "first");
    assert_eq!(reader.ask("GET", "/v1/bulk?limit=1", json!(null)).await?.json()?["items"][0]["state"], "stopped");
    for path in ["/v1/bulk/nothing", "/v1/bulk/bat-00000000000000000000000000000000"] {
        assert_eq!(reader.ask("GET", path, json!(null)).await?.status, 404);
    }
    Ok(())
}

async fn connectors(reader: &Reader) -> anyhow::Result<()> {
    let shipped = std::fs::read(component("workzone")?)?;
    // The same code in a file of other bytes: a section that says nothing.
    let newer = [&shipped, [0_u8, 5, 4].as_slice(), b"note"].concat();
    for bytes in [newer, b"no component".to_vec()] {
        reader.send(reader.request("POST", "/v1/connectors", "application/wasm", bytes.into())?).await?;
    }
    let revisions = reader.ask("GET", "/v1/connectors", json!(null)).await?.json()?;
    let retired =
        revisions["items"].as_array().into_iter().flatten().find(|one| one["standing"]["standing"] == "retired");
    let body = json!({"revision": retired.map(|one| one["digest"].clone())});
    reader.ask("POST", "/v1/connectors/workzone/activate", body).await?;
    reader.ask("POST", "/v1/connectors/workzone/activate", json!({"revision": "a".repeat(64)})).await?;
    for connector in ["workzone", "nobody", "No"] {
        reader.ask("POST", &format!("/v1/connectors/{connector}/rollback"), json!(null)).await?;
    }
    Ok(())
}

async fn secrets_and_tokens(reader: &Reader) -> anyhow::Result<()> {
    for value in ["a-value-of-some-length", "short", ""] {
        reader.send(reader.request("PUT", "/v1/secrets/another", "application/octet-stream", value.into())?).await?;
    }
    let origin = json!({"origin": "https://workzone.example.dk"});
    reader.ask("POST", "/v1/secrets/another/origins", origin.clone()).await?;
    reader.ask("POST", "/v1/secrets/nobody/origins", origin).await?;
    reader.ask("POST", "/v1/secrets/another/origins", json!({"origin": "nowhere"})).await?;
    for query in ["?origin=https://workzone.example.dk", "?origin=https://workzone.example.dk", "?origin=no", ""] {
        reader.ask("DELETE", &format!("/v1/secrets/another/origins{query}"), json!(null)).await?;
    }
    reader.ask("GET", "/v1/secrets", json!(null)).await?;
    reader.ask("DELETE", "/v1/secrets/workzone-client-secret", json!(null)).await?;
    reader.ask("DELETE", "/v1/secrets/another?force=perhaps", json!(null)).await?;
    for _ in 0..2 {
        reader.ask("DELETE", "/v1/secrets/another", json!(null)).await?;
    }
    let created = reader.ask("POST", "/v1/tokens", json!({"name": "xflow", "scopes": ["submit"]})).await?.json()?;
    reader.ask("POST", "/v1/tokens", json!({"name": "", "scopes": []})).await?;
    reader.ask("GET", "/v1/tokens", json!(null)).await?;
    for _ in 0..2 {
        reader.ask("DELETE", &format!("/v1/tokens/{}", created["id"].as_str().unwrap_or("")), json!(null)).await?;
    }
    let mut nobody = reader.request("GET", "/v1/runs", "", Body::empty())?;
    nobody.headers_mut().remove("authorization");
    assert_eq!(reader.send(nobody).await?.status, 401);
    Ok(())
}
