//! What to do about a token that was refused: which secret to set again, which setting to look at. Pure.

use sluse_model::{Auth, TextOrSecret};

use super::answer::Denied;

/// The tenant, the application or the resource is not there, the secret is another one, the secret was good once.
const UNKNOWN_TENANT: u64 = 90_002;
const UNKNOWN_RESOURCE: u64 = 500_011;
const UNKNOWN_APPLICATION: u64 = 700_016;
const WRONG_SECRET: u64 = 7_000_215;
const EXPIRED_SECRET: u64 = 7_000_222;

pub(super) fn advice(auth: &Auth, denied: &Denied) -> String {
    let has = |code: u64| {
        let listed = denied.error_codes.as_array().is_some_and(|codes| codes.iter().any(|one| one == code));
        listed || denied.error_description.starts_with(&format!("AADSTS{code}:"))
    };
    let secret = client_secret_of(auth);
    if has(EXPIRED_SECRET) {
        return format!(
            "; the client secret has expired: make a new one there, and write it with `sluse secret set {secret}`"
        );
    }
    if has(WRONG_SECRET) {
        return format!("; write the secret's value, not its id, with `sluse secret set {secret}`");
    }
    if has(UNKNOWN_APPLICATION) {
        return "; check `client_id` and the tenant: the application is not known there".to_owned();
    }
    if has(UNKNOWN_TENANT) {
        return "; check `tenant`: nobody has a tenant of this name or id".to_owned();
    }
    if has(UNKNOWN_RESOURCE) {
        return "; check `scope`: the tenant knows no application of this address".to_owned();
    }
    match denied.error.as_str() {
        "invalid_client" | "invalid_grant" => set_again(auth),
        "unauthorized_client" => format!("; check `client_id`, and let the client use the grant `{}`", grant_of(auth)),
        "invalid_scope" | "invalid_resource" | "invalid_target" => "; check `scope`".to_owned(),
        _ => String::new(),
    }
}

/// Which secrets to set again. A password grant that is refused rarely says which half of it is wrong.
pub(super) fn set_again(auth: &Auth) -> String {
    let client = client_secret_of(auth);
    match auth {
        Auth::OAuth2Password { username, password, .. } => {
            let username = match username {
                TextOrSecret::Text(_) => "`username`".to_owned(),
                TextOrSecret::Secret(name) => format!("secret `{}`", name.secret),
            };
            format!(
                "; check `client_id` and {username}, and set the secrets `{client}` and `{}` again if they are wrong or have expired",
                password.secret
            )
        }
        _ => format!("; check `client_id`, and set the secret `{client}` again if it is wrong or has expired"),
    }
}

fn client_secret_of(auth: &Auth) -> &str {
    auth.secrets().first().map_or("", |secret| secret.as_str())
}

fn grant_of(auth: &Auth) -> &'static str {
    match auth {
        Auth::OAuth2Password { .. } => "password",
        _ => "client_credentials",
    }
}
