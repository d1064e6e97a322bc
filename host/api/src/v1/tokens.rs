//! Who may ask.

mod create;
mod list;
mod revoke;

use axum::routing::{delete, get, post};
use http::Method;
use sluse_model::Scope;

use crate::{
    Route,
    openapi::schema::{Schema, id, list as list_of, object, one_of_texts, text, timestamp},
};

pub(super) fn routes() -> Vec<Route> {
    const ADMIN: &[Scope] = &[Scope::Admin];
    vec![
        Route::new(Method::POST, "/v1/tokens", ADMIN, post(create::create), create::describe),
        Route::new(Method::GET, "/v1/tokens", ADMIN, get(list::list), list::describe),
        Route::new(Method::DELETE, "/v1/tokens/{token}", ADMIN, delete(revoke::revoke), revoke::describe),
    ]
}

pub(super) fn token_id() -> Schema {
    id("tok").about("Not secret.").named("TokenId")
}

fn scopes() -> Schema {
    list_of(one_of_texts(Scope::ALL.map(Scope::as_str)).named("Scope"))
}

/// A token as it is sent: without what its holder sends.
fn token() -> Schema {
    object()
        .with("id", token_id())
        .with("name", text().about("Who holds it."))
        .with("scopes", scopes())
        .with("created_at", timestamp())
        .with("revoked_at", timestamp().or_null())
        .named("Token")
}
