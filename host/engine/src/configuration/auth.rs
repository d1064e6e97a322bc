//! `[connection.endpoints.NAME.auth]`: how to sign in there, under our names or those of the targets' own documents.

use std::str::FromStr;

use sluse_model::{Auth, ClientPlace, Name, SecretName, TextOrSecret, Thumbprint};

use super::{
    document::{Content, Node},
    reader::Reader,
};
use crate::mapping::did_you_mean;

/// The ways of signing in that can be configured.
const KINDS: [&str; 9] = [
    "nothing",
    "basic",
    "bearer",
    "api-key",
    "oauth2-client-credentials",
    "oauth2-password",
    "ntlm",
    "client-certificate",
    "signature",
];

/// Where Entra gives tokens to most of the world.
const ENTRA: &str = "https://login.microsoftonline.com";

pub(super) fn read(mut reader: Reader<'_, '_>) -> Option<Auth> {
    let kind = reader.text("kind")?;
    let auth = match kind {
        "nothing" => Some(Auth::Nothing),
        "basic" => basic(&mut reader),
        "bearer" => secret(&mut reader, "token").map(|token| Auth::Bearer { token }),
        "api-key" => {
            let header = reader.optional_text("header").map(str::to_owned);
            let query = reader.optional_text("query").map(str::to_owned);
            secret(&mut reader, "value").map(|value| Auth::ApiKey { header, query, value })
        }
        "oauth2-client-credentials" | "oauth2" => client_credentials(&mut reader),
        "oauth2-password" => password_grant(&mut reader),
        "ntlm" | "ad-user" => ntlm(&mut reader),
        "client-certificate" => client_certificate(&mut reader),
        "signature" => secret(&mut reader, "secret").map(|secret| Auth::Signature { secret }),
        unknown => {
            let hint = did_you_mean(unknown, KINDS);
            reader.refuse("kind", format!("`{unknown}` is no way of signing in{hint}: there are {}", KINDS.join(", ")));
            // Which other keys belong here is not known.
            return None;
        }
    };
    reader.finish();
    auth
}

fn basic(reader: &mut Reader<'_, '_>) -> Option<Auth> {
    let username = username(reader);
    let password = password(reader);
    Some(Auth::Basic { username: username?, password: password? })
}

fn client_credentials(reader: &mut Reader<'_, '_>) -> Option<Auth> {
    let token_url = entra_or_token_url(reader);
    let (client_id, client_secret, scope) = client(reader);
    Some(Auth::OAuth2ClientCredentials {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope,
    })
}

fn password_grant(reader: &mut Reader<'_, '_>) -> Option<Auth> {
    let token_url = reader.text("token_url").map(str::to_owned);
    let (client_id, client_secret, scope) = client(reader);
    let client_in = client_in(reader);
    let username = username_or_secret(reader);
    let password = password(reader);
    Some(Auth::OAuth2Password {
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        client_in,
        username: username?,
        password: password?,
        scope,
    })
}

fn ntlm(reader: &mut Reader<'_, '_>) -> Option<Auth> {
    let username = username(reader);
    let password = password(reader);
    let key = reader.spelling("domain", &["Domain"]);
    let domain = reader.optional_text(key).unwrap_or_default().to_owned();
    Some(Auth::Ntlm { username: username?, password: password?, domain })
}

fn client_certificate(reader: &mut Reader<'_, '_>) -> Option<Auth> {
    let secret = secret(reader, "secret");
    let key = reader.spelling("thumbprint", &["CertificateThumbprint"]);
    let thumbprint = match reader.optional_text(key).map(str::parse::<Thumbprint>) {
        Some(Err(error)) => {
            reader.refuse(key, error.to_string());
            return None;
        }
        Some(Ok(thumbprint)) => Some(thumbprint),
        None => None,
    };
    Some(Auth::ClientCertificate { thumbprint, secret: secret? })
}

/// Id, secret and scope of a client.
fn client(reader: &mut Reader<'_, '_>) -> (Option<String>, Option<SecretName>, Option<String>) {
    let key = reader.spelling("client_id", &["ClientId"]);
    let client_id = reader.text(key).map(str::to_owned);
    let key = reader.spelling("client_secret", &["Client Secret", "ClientSecret"]);
    let client_secret = secret(reader, key);
    let key = reader.spelling("scope", &["Scope"]);
    let scope = reader.optional_text(key).map(str::to_owned);
    (client_id, client_secret, scope)
}

/// The address that gives tokens: as it stands there, or Entra's for a tenant.
fn entra_or_token_url(reader: &mut Reader<'_, '_>) -> Option<String> {
    let token_url = reader.optional_text("token_url");
    let key = reader.spelling("tenant_id", &["TenantId"]);
    let tenant = reader.optional_text(key);
    let authority = reader.optional_text("authority");
    match (token_url, tenant) {
        (Some(_), Some(_)) => {
            reader.refuse(key, "the address of tokens is written (`token_url`) or follows from the tenant, not both");
            None
        }
        (Some(token_url), None) => {
            if authority.is_some() {
                reader.refuse("authority", "it is where a tenant is: write `tenant_id` in place of `token_url`");
            }
            Some(token_url.to_owned())
        }
        (None, Some(tenant)) => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
            if tenant.is_empty() || !tenant.bytes().all(is_plain) {
                reader.refuse(key, "a tenant is an id such as `8eaef023-2b34-4da1-9baa-8bc8c9d6a490`, or a domain");
                return None;
            }
            let authority = authority.unwrap_or(ENTRA).trim_end_matches('/');
            Some(format!("{authority}/{tenant}/oauth2/v2.0/token"))
        }
        (None, None) => {
            reader.missing_one_of(&["token_url", "tenant_id"]);
            None
        }
    }
}

fn username(reader: &mut Reader<'_, '_>) -> Option<String> {
    let key = reader.spelling("username", &["Username"]);
    reader.text(key).map(str::to_owned)
}

fn username_or_secret(reader: &mut Reader<'_, '_>) -> Option<TextOrSecret> {
    let key = reader.spelling("username", &["Username"]);
    match reader.get(key) {
        Some(Node { value: Content::Table(_), .. }) => secret(reader, key).map(TextOrSecret::Secret),
        _ => reader.text(key).map(|text| TextOrSecret::Text(text.to_owned())),
    }
}

fn password(reader: &mut Reader<'_, '_>) -> Option<SecretName> {
    let key = reader.spelling("password", &["Password"]);
    secret(reader, key)
}

fn client_in(reader: &mut Reader<'_, '_>) -> ClientPlace {
    let Some(text) = reader.optional_text("client_in") else { return ClientPlace::default() };
    ClientPlace::ALL.into_iter().find(|place| place.as_str() == text).unwrap_or_else(|| {
        reader.refuse("client_in", "a client says who it is in the `header` or in the `body`");
        ClientPlace::default()
    })
}

/// `{ secret = "name" }`. What stands there instead is never repeated: it may be the secret itself.
pub(super) fn secret(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<SecretName> {
    let Some(node) = reader.get(key) else {
        reader.missing(key);
        return None;
    };
    if !matches!(node.value, Content::Table(_)) {
        reader.refuse(key, format!("a secret is named here, never written: `{key} = {{ secret = \"NAME\" }}`"));
        return None;
    }
    let mut reader = reader.child(key, node)?;
    let text = reader.text("secret");
    let name = text.and_then(|text| {
        let name = Name::from_str(text).ok();
        if name.is_none() {
            reader.refuse(
                "secret",
                "the name of a secret has lower-case letters, digits and single dashes inside, at most 64",
            );
        }
        name
    });
    reader.finish();
    name.map(|secret| SecretName { secret })
}
