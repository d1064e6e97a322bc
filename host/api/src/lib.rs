//! HTTP: one endpoint per file. Who may ask is decided before anything else; every error is a problem
//! (RFC 9457). What is asked for is done by `sluse-engine`; wire types belong here and are converted by hand.

mod access; // who may ask
mod body; // bodies within their limits
mod callbacks; // where targets answer
mod form; // a form with files, in bounded memory
mod health; // whether the host is well
mod idempotency; // known when it comes again
mod lately; // found a moment ago
mod metrics; // how it does, for Prometheus
mod openapi; // what the endpoints take and answer, for programs and people
mod path; // what stands in the places of a path
mod patience; // how long a peer may keep us waiting
mod problem; // what is said when it cannot be done
mod route; // an endpoint and the scope that it needs
mod serve; // our own accept loop
mod v1; // the endpoints

use std::{fmt, sync::Arc};

use axum::Router;
use serde_json::{Map, Value};
use sluse_engine::Engine;

pub use access::{Access, NewToken, create_token};
pub use callbacks::{Callbacks, USUAL_MAX_ANSWER_BYTES, callbacks_router};
pub use health::StoreHealth;
pub use openapi::document as openapi;
pub use problem::{ApiError, ProblemBody};
pub use route::Route;
pub use serve::{ServeSettings, serve};

/// What the endpoints work on.
pub struct Api {
    pub engine: Arc<Engine>,
    pub access: Access,
    /// Says what is not well, for `/readyz`, beyond what engine and store know of themselves.
    pub concerns: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// What `/readyz` was told a moment ago.
    pub store_health: StoreHealth,
    /// The release, for `/healthz` and people.
    pub version: &'static str,
    /// What the host was started with, under the names of `sluse.toml`. None of it is secret.
    pub settings: Map<String, Value>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Every endpoint, each behind its scope.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        router = router.route(route.path, route.guarded(&api));
    }
    router.fallback(problem::no_such_route).method_not_allowed_fallback(problem::no_such_method).with_state(api)
}

/// The endpoints with the scopes that they need.
pub fn routes() -> Vec<Route> {
    let mut routes = health::routes();
    routes.extend(metrics::routes());
    routes.extend(v1::routes());
    routes
}
