//! Trust: the platform's roots, the operator's own, TLS 1.2 and up, and no key log.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    client::{Resumption, danger::ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::CertificateDer,
    sign::SingleCertAndKey,
};
use rustls_platform_verifier::Verifier;

use crate::{ClientCertificate, Refusal};

/// Sessions that one endpoint's client resumes; a client has one target.
const RESUMED_SESSIONS: usize = 8;

/// The trust that all endpoints share: reading the platform's roots takes milliseconds and a megabyte.
#[derive(Debug)]
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Trust {
    /// The platform's roots and `extra_roots`.
    pub(crate) fn load(extra_roots: &[CertificateDer<'static>]) -> Result<Self, Refusal> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(extra_roots.iter().cloned(), provider.clone()).map_err(|error| {
            Refusal::new("roots", format!("no trusted certificate authorities could be loaded ({error}): install the system's CA certificates, or name a PEM file in `egress.extra_roots` in sluse.toml"))
        })?;
        Ok(Self { provider, verifier: Arc::new(verifier) })
    }

    /// The TLS settings of one client. Sessions are its own: none is resumed under another credential.
    pub(crate) fn client_config(&self, http1_only: bool, certificate: Option<&ClientCertificate>) -> ClientConfig {
        let builder = builder(&self.provider).dangerous().with_custom_certificate_verifier(self.verifier.clone());
        let mut config = match certificate {
            Some(certificate) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate.key()))),
            None => builder.with_no_client_auth(),
        };
        // HTTP/2's client keeps the text of a cause alone, and may lose that to others when a connection breaks; then a
        // certificate that was refused would look like a request that may have happened.
        let http1_only = http1_only || certificate.is_some();
        config.resumption = Resumption::in_memory_sessions(RESUMED_SESSIONS);
        config.alpn_protocols =
            if http1_only { vec![b"http/1.1".to_vec()] } else { vec![b"h2".to_vec(), b"http/1.1".to_vec()] };
        config
    }
}

/// For a client that only ever speaks plaintext: trusts nobody.
pub(crate) fn no_trust() -> ClientConfig {
    builder(&Arc::new(ring::default_provider())).with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

/// TLS 1.2 and 1.3, which is all that rustls has.
fn builder(provider: &Arc<CryptoProvider>) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("ring has suites for TLS 1.2 and 1.3")
}
