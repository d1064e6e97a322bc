//! The sockets of one endpoint: they belong to what is presented when they are opened, and go with it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;

use crate::{
    ClientCertificate, EndpointRules, Refusal,
    client::{self, Client},
    resolver::JudgedLookup,
    tls::{Trust, no_trust},
};

/// What the clients of one endpoint are built of, and the one that is in use.
pub(crate) struct Sockets {
    rules: EndpointRules,
    /// Absent where nothing is encrypted.
    trust: Option<Arc<Trust>>,
    lookup: JudgedLookup,
    in_use: Mutex<InUse>,
}

struct InUse {
    presented: Option<ClientCertificate>,
    client: Client,
}

impl Sockets {
    pub(crate) fn new(rules: EndpointRules, trust: Option<Arc<Trust>>, lookup: JudgedLookup) -> Result<Self, Refusal> {
        let client = client::build(&rules, trust.is_some(), config(trust.as_deref(), &rules, None), lookup.clone())?;
        Ok(Self { rules, trust, lookup, in_use: Mutex::new(InUse { presented: None, client }) })
    }

    /// The client that presents this certificate, or none. Another certificate is another client: no socket that was
    /// opened with the one before is used again.
    pub(crate) fn client(&self, certificate: Option<&ClientCertificate>) -> Result<Client, Refusal> {
        if certificate.is_some() && self.trust.is_none() {
            return Err(Refusal::new(
                "plaintext-credential",
                format!(
                    "endpoint `{}` of connection `{}` is not encrypted, and a certificate can be presented over TLS only: use `https://`",
                    self.rules.name, self.rules.connection
                ),
            ));
        }
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use.presented.as_ref() != certificate {
            let config = config(self.trust.as_deref(), &self.rules, certificate);
            let client = client::build(&self.rules, self.trust.is_some(), config, self.lookup.clone())?;
            *in_use = InUse { presented: certificate.cloned(), client };
        }
        Ok(in_use.client.clone())
    }
}

fn config(trust: Option<&Trust>, rules: &EndpointRules, certificate: Option<&ClientCertificate>) -> ClientConfig {
    match trust {
        Some(trust) => trust.client_config(rules.http1_only, certificate),
        None => no_trust(),
    }
}
