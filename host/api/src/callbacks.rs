//! Where targets answer: a router of its own for a listener of its own. Nothing else is there, and it is not part of the
//! API: who knows an address may answer at it, once.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    routing::post,
};
use http::header;
use serde_json::{Value, json};
use sluse_engine::{AnswerError, Engine, ReceivedSignature, TargetAnswer};
use sluse_store::StoreError;

use crate::{ApiError, body};

/// What the address of an answer is made of, behind what `callbacks.url` says.
const ADDRESS: &str = "/callbacks/{token}";

/// Answers are small: who has more to say offers it to be fetched.
pub const USUAL_MAX_ANSWER_BYTES: u64 = 256 << 10;

/// What the addresses work on.
#[derive(Debug, Clone)]
pub struct Callbacks {
    pub engine: Arc<Engine>,
    pub max_body_bytes: u64,
}

/// The addresses at which targets answer, and nothing else.
pub fn callbacks_router(callbacks: Callbacks) -> Router {
    Router::new()
        .route(ADDRESS, post(answer).put(answer))
        .fallback(async || no_such_address())
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed("POST and PUT".into()))
        .with_state(callbacks)
}

/// Durable before it is answered.
async fn answer(State(callbacks): State<Callbacks>, request: Request) -> Result<Json<Value>, ApiError> {
    let token = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    // Before the body: who guesses is not listened to.
    if !callbacks.engine.is_address(&token) {
        return Err(no_such_address());
    }
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let signature = ReceivedSignature::of(request.headers());
    let advice = "; an answer says what came of it, and files are fetched";
    let body = body::read(request.into_body(), callbacks.max_body_bytes, advice).await?;
    callbacks.engine.take_answer(TargetAnswer { token, media_type, signature, body }).await.map_err(told)?;
    Ok(Json(json!({})))
}

/// Says the same whatever is wrong with an address.
fn no_such_address() -> ApiError {
    ApiError::NotFound("such address".into())
}

/// What a target is told: nothing of how the host keeps its data.
fn told(error: AnswerError) -> ApiError {
    match error {
        AnswerError::Unknown => no_such_address(),
        AnswerError::Late => ApiError::TooLate,
        AnswerError::Answered => ApiError::AnsweredBefore,
        AnswerError::NotSigned(reason) => ApiError::NotSigned(reason),
        AnswerError::Store(StoreError::Full) => StoreError::Full.into(),
        AnswerError::NotJudged(error) => {
            tracing::error!(%error, "an answer cannot be judged");
            StoreError::Unavailable("send it again later".into()).into()
        }
        AnswerError::Store(error) => {
            tracing::error!(%error, "an answer cannot be kept now");
            StoreError::Unavailable("send it again later".into()).into()
        }
    }
}
