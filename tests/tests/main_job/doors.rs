//! An API with one door for each way of signing in: every door judges by itself what comes, so that one program proves the
//! other. What Sluse makes of being let in, or not, is in `json_api`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

/// Who is let in.
pub(crate) const USER: &str = "søren.ødegård";

/// The application that is let in.
pub(crate) const CLIENT: &str = "sluse-test-client";

/// What is known to both sides, whatever the door calls it.
pub(crate) const SECRET: &str = "Blåbærgrød-på-Ærø";

/// What the token endpoint gives to applications, and to people.
const TOKENS: [(&str, &str); 2] = [("application", "token-of-an-application"), ("person", "token-of-a-person")];

/// A running API; it ends with the test.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    /// How often somebody came to a door and was let in, and how often not.
    come: Arc<Mutex<BTreeMap<String, (usize, usize)>>>,
    pub(crate) origin: String,
}

impl Doors {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let doors = Self { come: Arc::default(), origin: format!("http://{}", listener.local_addr()?) };
        let router =
            Router::new().route("/token", post(token)).route("/{door}/items", get(items)).with_state(doors.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(doors)
    }

    /// How often somebody was let in at this door, and how often not.
    pub(crate) fn come(&self, door: &str) -> (usize, usize) {
        let come = self.come.lock().expect("no route panics while it holds this lock");
        come.get(door).copied().unwrap_or_default()
    }
}

async fn items(
    State(doors): State<Doors>,
    Path(door): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let is_let_in = judges(&door, &headers, &query);
    {
        let mut come = doors.come.lock().expect("no route panics while it holds this lock");
        let (let_in, not) = come.entry(door).or_default();
        *(if is_let_in { let_in } else { not }) += 1;
    }
    if is_let_in {
        Json(json!({ "items": ["blå maling"] })).into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

/// Whether what came opens this door, and nothing was said that belongs to another.
fn judges(door: &str, headers: &HeaderMap, query: &HashMap<String, String>) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let said = (header("authorization"), header("x-api-key"), query.get("key").map(String::as_str));
    let token = TOKENS.iter().find(|(whose, _)| *whose == door).map_or(SECRET, |(_, token)| *token);
    let bearer = format!("Bearer {token}");
    match door {
        "nothing" => said == (None, None, None),
        "basic" => {
            let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{SECRET}")));
            said == (Some(&basic), None, None)
        }
        "bearer" | "application" | "person" => said == (Some(&bearer), None, None),
        "header" => said == (None, Some(SECRET), None),
        "query" => said == (None, None, Some(SECRET)),
        _ => false,
    }
}

/// Tokens by RFC 6749: an application says who it is in the form, whoever asks for a person in the header.
async fn token(headers: HeaderMap, body: Bytes) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let said = |name: &str| form.get(name).map(String::as_str);
    let client = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    let in_header = headers.get("authorization").is_some_and(|sent| sent.as_bytes() == client.as_bytes());
    let (whose, is_known) = match said("grant_type") {
        Some("client_credentials") => (0, (said("client_id"), said("client_secret")) == (Some(CLIENT), Some(SECRET))),
        Some("password") => (1, in_header && (said("username"), said("password")) == (Some(USER), Some(SECRET))),
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    if is_known {
        let (_, token) = TOKENS[whose];
        return Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 })).into_response();
    }
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response()
}
