//! Asking a running host. The one client outside `sluse-egress`: it talks to our own API, as any caller does.

#![expect(clippy::disallowed_types, reason = "the command line's client of our own API; see ARCHITECTURE.md")]

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sluse_egress::is_loopback;
use url::Url;

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
    /// Where the token was found, as people call it.
    token_place: String,
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
    /// What a call met at the target, or on the way there.
    problem: Option<Met>,
    /// As it was sent.
    #[serde(skip)]
    document: Value,
}

impl Problem {
    /// Its stable short name.
    pub(crate) fn code(&self) -> &str {
        self.kind.strip_prefix("urn:sluse:problem:").unwrap_or("")
    }

    /// The whole of it, as the host sent it.
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// What is told of it, and of each thing that is wrong.
    pub(crate) fn told(self, status: StatusCode) -> (String, Vec<String>) {
        let detail = match (self.detail.is_empty(), self.title.is_empty()) {
            (false, _) => self.detail,
            (true, false) => self.title,
            (true, true) => format!("the host answered {status}"),
        };
        let met = self.problem.and_then(Met::told);
        (detail, met.into_iter().chain(self.errors.into_iter().map(ProblemEntry::told)).collect())
    }
}

/// What a connector said, beside the sentence that is the problem's detail.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Met {
    code: String,
    detail: Option<String>,
}

impl Met {
    /// The stable name of it, and what support needs.
    fn told(self) -> Option<String> {
        match (self.code.is_empty(), self.detail) {
            (true, detail) => detail,
            (false, None) => Some(self.code),
            (false, Some(detail)) => Some(format!("{}: {detail}", self.code)),
        }
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
            Some(url) => address(url)?,
            None => format!("http://{}", settings.api.listen),
        };
        // reqwest is built without a provider of its own; a second call finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let (token, token_place) = token(global, &settings)?;
        Ok(Self { client, url, token, token_place })
    }

    /// Whether its address is one of this machine: then it has the files of this machine.
    pub(crate) fn is_here(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| is_loopback(&url))
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
            let document: Value = response.json().await.unwrap_or_default();
            let mut problem: Problem = serde_json::from_value(document.clone()).unwrap_or_default();
            problem.document = document;
            if problem.code() == "unknown-token" {
                problem.detail += &format!(" (asked with the token in {})", self.token_place);
            }
            Ok(Err((status, problem)))
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
        let cause = cause.to_string();
        let plain = self.url.strip_prefix("https://").filter(|_| cause.contains("InvalidContentType"));
        let cause = match plain {
            Some(rest) => format!("what listens there answers without TLS: write `http://{rest}`"),
            None => cause,
        };
        Failure::NotReachable { url: self.url.clone(), cause }
    }
}

/// The address as somebody wrote it, if it may be one.
fn address(text: &str) -> Result<String, Failure> {
    let text = text.trim().trim_end_matches('/');
    let is_one = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_one {
        return Ok(text.to_owned());
    }
    // A host and its port are read as a scheme and a path.
    let meant = if text.is_empty() || text.contains("://") { "127.0.0.1:7580" } else { text };
    Err(anyhow::anyhow!("`{text}` is no address of a host (`--url`, SLUSE_URL): write `http://{meant}`").into())
}

/// The token, and where it was found.
fn token(global: &Global, settings: &Settings) -> Result<(String, String), Failure> {
    if global.token_file.is_none()
        && let Ok(token) = std::env::var("SLUSE_TOKEN")
    {
        return written(&token, "SLUSE_TOKEN".into());
    }
    let file = global.token_file.clone().unwrap_or_else(|| settings.data.folder.join(FIRST_TOKEN_FILE));
    let text = std::fs::read_to_string(&file).map_err(|error| {
        anyhow::anyhow!(
            "no token to ask with: `{}` cannot be read ({error}). `sluse serve` writes one at its first start, for its own \
             user; elsewhere set SLUSE_TOKEN, or name a file with `--token-file`",
            file.display()
        )
    })?;
    written(&text, format!("`{}`", file.display()))
}

fn written(text: &str, place: String) -> Result<(String, String), Failure> {
    match text.trim() {
        "" => Err(anyhow::anyhow!("no token to ask with: {place} is empty; `sluse token create` makes one").into()),
        token => Ok((token.to_owned(), place)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_told_with_what_was_meant() {
        for (written, told) in [
            ("127.0.0.1:7580", "write `http://127.0.0.1:7580`"),
            ("localhost:7580/", "write `http://localhost:7580`"),
            ("ftp://a.example", "write `http://127.0.0.1:7580`"),
            ("", "write `http://127.0.0.1:7580`"),
        ] {
            let refused = address(written).expect_err(written);
            assert!(refused.to_string().contains(told), "{refused}");
        }
        assert_eq!(address("https://sluse.example.dk/").expect("an address"), "https://sluse.example.dk");
    }

    #[test]
    fn an_empty_token_is_told_with_its_place() {
        let refused = written(" \n", "SLUSE_TOKEN".into()).expect_err("empty");
        assert!(refused.to_string().contains("SLUSE_TOKEN is empty"), "{refused}");
    }
}
