//! What opens an endpoint: made once, handed out until something about it changes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, Weak},
};

use sluse_egress::{ClientCertificate, Credential, Secret};
use sluse_model::{Auth, Discovery, Endpoint, Name, Timestamp};

use super::Vault;
use crate::{
    TokenEndpoint, VaultError,
    origin::origins_of,
    reading::{Reading, Values},
    tokens::{AccessToken, TokenKey, TokenRequest},
};

/// One endpoint that is to be opened.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The connection's name.
    pub connection: &'a Name,
    /// The endpoint's name within it.
    pub endpoint_name: &'a Name,
    /// The endpoint as it is configured, and as the request will be sent to it.
    pub endpoint: &'a Endpoint,
    /// From [`TokenEndpoint::build`] for the same endpoint; needed where tokens are.
    pub token_endpoint: Option<&'a TokenEndpoint>,
}

/// A credential for one endpoint. A clone is a pointer.
#[derive(Clone)]
pub struct IssuedCredential {
    made: Arc<Made>,
    /// It was given for a repetition, and there is one repetition only.
    is_second: bool,
}

/// A credential with everything that it depends on.
struct Made {
    url: String,
    discovery: Option<Discovery>,
    auth: Auth,
    credential: Credential,
    /// The reading that its secrets and origins came from; gone when there is a newer one.
    reading: Weak<Reading>,
    versions: Vec<u64>,
    token: Option<(TokenKey, Arc<AccessToken>)>,
}

/// Credentials by connection and endpoint. Debug output shows none.
#[derive(Debug, Default)]
pub(super) struct Issued(RwLock<HashMap<Name, HashMap<Name, Arc<Made>>>>);

impl IssuedCredential {
    /// What joins the request.
    pub fn credential(&self) -> &Credential {
        &self.made.credential
    }
}

impl fmt::Debug for IssuedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedCredential({:?})", self.made.auth.kind())
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Made({:?})", self.auth.kind())
    }
}

impl Vault {
    /// What opens this endpoint; `None` when it needs nothing. Costs a look into a map as long as nothing
    /// changed; otherwise the store may be read and a token fetched, once for all who ask at the time.
    ///
    /// # Errors
    /// When a secret is missing, may not go to one of the origins, does not open, when the configuration or a
    /// certificate cannot be used, or when there is no token. [`VaultError::is_temporary`] tells which ones pass by themselves.
    pub async fn credential(&self, sign_in: &SignIn<'_>) -> Result<Option<IssuedCredential>, VaultError> {
        let secrets = sign_in.endpoint.auth.secrets();
        if secrets.is_empty() {
            return Ok(None);
        }
        let reading = self.reading().await?;
        if let Some(made) = self.issued.get(sign_in, &reading, self.clock.now()) {
            return Ok(Some(IssuedCredential { made, is_second: false }));
        }
        let origins = origins_of(sign_in.endpoint).map_err(|reason| sign_in.unusable(reason))?;
        let check = |reading: &Reading| {
            let mut ways = secrets.iter().flat_map(|secret| origins.iter().map(move |origin| (secret, origin)));
            ways.try_for_each(|(secret, origin)| reading.origins().check(secret, origin))
        };
        check(&reading)?;
        let values = self.open_all(&reading, &secrets)?;
        let made = Arc::new(self.make(sign_in, &reading, &values).await?);
        if made.token.is_some() {
            // While it was fetched, somebody may have withdrawn an origin.
            check(&*self.reading().await?)?;
        }
        self.issued.keep(sign_in, made.clone());
        Ok(Some(IssuedCredential { made, is_second: false }))
    }

    /// After the endpoint answered 401 to `refused`: what to repeat the request with, once. `None` when there is
    /// nothing else to try: the secret is sent as it is and has not changed, or `refused` was given for a
    /// repetition itself. However many requests were refused with one token, one new token is fetched.
    ///
    /// # Errors
    /// As [`Vault::credential`].
    pub async fn refreshed(
        &self,
        sign_in: &SignIn<'_>,
        refused: &IssuedCredential,
    ) -> Result<Option<IssuedCredential>, VaultError> {
        if let Some((key, token)) = &refused.made.token {
            self.tokens.drop_token(key, token);
        }
        if refused.is_second {
            return Ok(None);
        }
        let fresh = self.credential(sign_in).await?;
        let is_other = |fresh: &IssuedCredential| match (&fresh.made.token, &refused.made.token) {
            (Some((_, fresh)), Some((_, refused))) => !Arc::ptr_eq(fresh, refused),
            _ => fresh.made.versions != refused.made.versions || fresh.made.auth != refused.made.auth,
        };
        Ok(fresh.filter(is_other).map(|fresh| IssuedCredential { is_second: true, ..fresh }))
    }

    /// The values of all these secrets, or the first reason why one cannot be had.
    fn open_all(&self, reading: &Arc<Reading>, secrets: &[&Name]) -> Result<Values, VaultError> {
        let open = |secret: &&Name| {
            let opened = reading.open(&self.key, secret)?;
            self.retire_if_late(reading, secret, &opened);
            Ok((Name::clone(secret), opened))
        };
        secrets.iter().map(open).collect::<Result<_, _>>().map(Values)
    }

    async fn make(&self, sign_in: &SignIn<'_>, reading: &Arc<Reading>, values: &Values) -> Result<Made, VaultError> {
        let auth = &sign_in.endpoint.auth;
        let (credential, token) = match (auth.token_url(), auth) {
            (Some(token_url), _) => {
                let (credential, key, token) = self.exchange(sign_in, token_url, values).await?;
                (credential, Some((key, token)))
            }
            (None, Auth::ClientCertificate { thumbprint, secret }) => {
                let pem = values.of(&secret.secret).expect("it is among the secrets that were opened");
                let certificate = ClientCertificate::choose(pem, thumbprint.as_ref());
                let certificate = certificate.and_then(|one| one.check(self.clock.now()).map(|()| one));
                let certificate = certificate
                    .map_err(|refusal| sign_in.unusable(format!("{} (secret `{}`)", refusal.message, secret.secret)))?;
                (Credential::ClientCertificate(certificate), None)
            }
            _ => {
                let first = values.0.first();
                let credential = first.and_then(|(_, opened)| credential_of(auth, &opened.value, opened.version));
                (credential.ok_or_else(|| sign_in.unusable(ONE_PLACE.to_owned()))?, None)
            }
        };
        let Endpoint { url, discovery, auth, .. } = sign_in.endpoint.clone();
        Ok(Made {
            url,
            discovery,
            auth,
            credential,
            reading: Arc::downgrade(reading),
            versions: values.versions(),
            token,
        })
    }

    /// The secrets exchanged for a token, or the token that they were exchanged for.
    async fn exchange(
        &self,
        sign_in: &SignIn<'_>,
        token_url: &str,
        values: &Values,
    ) -> Result<(Credential, TokenKey, Arc<AccessToken>), VaultError> {
        let key = TokenKey { auth: sign_in.endpoint.auth.clone(), versions: values.versions() };
        let endpoint = sign_in.token_endpoint_for(token_url)?;
        let request = TokenRequest::new(endpoint.clone(), &key.auth, values)
            .expect("what has a token endpoint is exchanged, and its secrets were opened");
        let token = self.tokens.get(&key, request).await?;
        Ok((Credential::Bearer(Secret::clone(&token.value)), key, token))
    }
}

const ONE_PLACE: &str = "write either `header` or `query` at its `api-key`, and not both";

/// A static value as a credential; `None` where the value is exchanged first, chosen from, or its place is not clear.
pub(super) fn credential_of(auth: &Auth, value: &Secret, version: u64) -> Option<Credential> {
    let value = value.clone();
    match auth {
        Auth::Basic { username, .. } => {
            Some(Credential::Basic { username: username.clone(), password: value, version: Some(version) })
        }
        Auth::Bearer { .. } => Some(Credential::Bearer(value)),
        Auth::ApiKey { header: Some(name), query: None, .. } => Some(Credential::Header { name: name.clone(), value }),
        Auth::ApiKey { header: None, query: Some(name), .. } => Some(Credential::Query { name: name.clone(), value }),
        Auth::Signature { .. } => Some(Credential::Signature(value)),
        Auth::Ntlm { username, domain, .. } => {
            Some(Credential::Ntlm { username: username.clone(), domain: domain.clone(), password: value, version })
        }
        Auth::ApiKey { .. } | Auth::Nothing | Auth::ClientCertificate { .. } => None,
        Auth::OAuth2ClientCredentials { .. } | Auth::OAuth2Password { .. } => None,
    }
}

impl SignIn<'_> {
    fn unusable(&self, reason: String) -> VaultError {
        VaultError::Unusable { connection: self.connection.clone(), endpoint: self.endpoint_name.clone(), reason }
    }

    /// The secret goes where its origin was checked, and nowhere else.
    fn token_endpoint_for(&self, token_url: &str) -> Result<&TokenEndpoint, VaultError> {
        let endpoint = self.token_endpoint.filter(|endpoint| endpoint.is_for(token_url));
        endpoint.ok_or_else(|| self.unusable("its token endpoint was not built for its present `token_url`".to_owned()))
    }
}

impl Issued {
    fn get(&self, sign_in: &SignIn<'_>, reading: &Arc<Reading>, now: Timestamp) -> Option<Arc<Made>> {
        let issued = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let made = issued.get(sign_in.connection)?.get(sign_in.endpoint_name)?;
        made.fits(sign_in, reading, now).then(|| made.clone())
    }

    fn keep(&self, sign_in: &SignIn<'_>, made: Arc<Made>) {
        let mut issued = self.0.write().unwrap_or_else(PoisonError::into_inner);
        issued.entry(sign_in.connection.clone()).or_default().insert(sign_in.endpoint_name.clone(), made);
    }

    /// Lets go of everything that was not made of this reading.
    pub(super) fn forget(&self, reading: &Arc<Reading>) {
        let mut issued = self.0.write().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, endpoints| {
            endpoints.retain(|_, made| std::ptr::eq(made.reading.as_ptr(), Arc::as_ptr(reading)));
            !endpoints.is_empty()
        });
    }
}

impl Made {
    fn fits(&self, sign_in: &SignIn<'_>, reading: &Arc<Reading>, now: Timestamp) -> bool {
        std::ptr::eq(self.reading.as_ptr(), Arc::as_ptr(reading))
            && self.url == sign_in.endpoint.url
            && self.discovery == sign_in.endpoint.discovery
            && self.auth == sign_in.endpoint.auth
            && self.token.as_ref().is_none_or(|(_, token)| token.is_good(now))
            && !matches!(&self.credential, Credential::ClientCertificate(one) if one.check(now).is_err())
    }
}
