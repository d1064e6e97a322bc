//! Asking a running host. The one client outside `sluse-egress`: it talks to our own API, as any caller does.

#![expect(clippy::disallowed_types, reason = "the command line's client of our own API; see ARCHITECTURE.md")]

use std::path::PathBuf;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    arguments::Global,
    failure::Failure,
    settings::{self, Settings},
};

/// The first token's file in the data folder.
pub(crate) const FIRST_TOKEN_FILE: &str = "first-token";

/// A running host, and the token to ask it with.
pub(crate) struct Host {
    client: Client,
    url: String,
    token: String,
}

/// A problem as the host sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    detail: String,
    errors: Vec<ProblemEntry>,
}

impl Problem {
    /// Its stable short name.
    pub(crate) fn code(&self) -> &str {
        self.kind.strip_prefix("urn:sluse:problem:").unwrap_or("")
    }

    /// What is told of it, and of each thing that is wrong.
    pub(crate) fn told(self, status: StatusCode) -> (String, Vec<String>) {
        let detail = match (self.detail.is_empty(), self.title.is_empty()) {
            (false, _) => self.detail,
            (true, false) => self.title,
            (true, true) => format!("the host answered {status}"),
        };
        (detail, self.errors.into_iter().map(ProblemEntry::told).collect())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemEntry {
    message: String,
    path: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

impl ProblemEntry {
    fn told(self) -> String {
        let place = match (self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            _ => String::new(),
        };
        let path = self.path.filter(|path| !path.is_empty()).map(|path| format!("`{path}`: ")).unwrap_or_default();
        format!("{place}{path}{}", self.message)
    }
}

impl Host {
    /// The host that the command line, the environment or the settings name.
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        let settings = settings::load(global)?;
        let url = match &global.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", settings.api.listen),
        };
        // reqwest is built without a provider of its own; a second call finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build()?;
        Ok(Self { client, url, token: token(global, &settings)? })
    }

    /// A request that is about to be sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// What is there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.answer(self.request(Method::GET, path)).await
    }

    /// What comes of sending JSON.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    /// Sends, and reads the answer; a problem becomes a failure.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        Ok(self.send(request).await?.json().await?)
    }

    /// Sends; a problem becomes a failure.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.try_send(request).await?.map_err(|(status, problem)| {
            let (detail, errors) = problem.told(status);
            Failure::Refused { detail, errors }
        })
    }

    /// Sends; what the host has to say against it is given back.
    pub(crate) async fn try_send(
        &self,
        request: RequestBuilder,
    ) -> Result<Result<Response, (StatusCode, Problem)>, Failure> {
        let response = request.send().await.map_err(|error| self.not_reached(&error))?;
        let status = response.status();
        if status.is_success() {
            Ok(Ok(response))
        } else {
            Ok(Err((status, response.json().await.unwrap_or_default())))
        }
    }

    /// What the host says of itself, well or not, with the status that says which.
    pub(crate) async fn health(&self, path: &str) -> Result<(StatusCode, Value), Failure> {
        let response = self.request(Method::GET, path).send().await.map_err(|error| self.not_reached(&error))?;
        let status = response.status();
        Ok((status, response.json().await.unwrap_or_default()))
    }

    fn not_reached(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Failure::NotReachable { url: self.url.clone(), cause: cause.to_string() }
    }
}

fn token(global: &Global, settings: &Settings) -> Result<String, Failure> {
    if global.token_file.is_none()
        && let Ok(token) = std::env::var("SLUSE_TOKEN")
    {
        return Ok(token.trim().to_owned());
    }
    let file = global.token_file.clone().unwrap_or_else(|| settings.data.folder.join(FIRST_TOKEN_FILE));
    read_token(&file)
}

fn read_token(file: &PathBuf) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        anyhow::anyhow!(
            "no token to ask with: `{}` cannot be read ({error}). `sluse serve` writes one at its first start, for its own \
             user; elsewhere set SLUSE_TOKEN, or name a file with `--token-file`",
            file.display()
        )
    })?;
    Ok(text.trim().to_owned())
}

/// A path with a query of those values that are there.
pub(crate) fn query(path: &str, values: &[(&str, Option<String>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in values {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    format!("{path}?{}", query.finish())
}
