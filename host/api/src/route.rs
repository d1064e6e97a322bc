//! An endpoint, the scope that it needs and what the documentation says of it. Nothing is reachable that is not one
//! of these.

use std::{fmt, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use http::Method;
use sluse_model::Scope;

use crate::{Api, ApiError, openapi::Operation};

/// An endpoint and the scope that it needs.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    /// Any of these will do; none at all means that anybody may ask.
    pub scopes: &'static [Scope],
    handler: MethodRouter<Arc<Api>>,
    /// What it takes and answers.
    pub(crate) describe: fn() -> Operation,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.scopes)
    }
}

impl Route {
    pub(crate) fn new(
        method: Method,
        path: &'static str,
        scopes: &'static [Scope],
        handler: MethodRouter<Arc<Api>>,
        describe: fn() -> Operation,
    ) -> Self {
        Self { method, path, scopes, handler, describe }
    }

    /// The handler behind the check of its scope.
    pub(crate) fn guarded(self, api: &Arc<Api>) -> MethodRouter<Arc<Api>> {
        if self.scopes.is_empty() {
            return self.handler;
        }
        self.handler.route_layer(middleware::from_fn_with_state((api.clone(), self.scopes), guard))
    }
}

async fn guard(
    State((api, scopes)): State<(Arc<Api>, &'static [Scope])>,
    mut request: Request,
    next: Next,
) -> Response {
    match api.access.check(&api.engine, request.headers(), scopes).await {
        Ok(token) => {
            request.extensions_mut().insert(token);
            next.run(request).await
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}
