//! Who may come in: an authority of our own, a server certificate for `localhost`, and client certificates of which only
//! one is any good.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::Serialize;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tokio_rustls::TlsAcceptor;

/// Certificates of one authority, made when it is.
#[derive(Debug)]
pub struct Certificates {
    /// The authority, for those who are to trust the server.
    pub root_pem: String,
    /// Lets in.
    pub known: ClientCertificate,
    /// Of another authority.
    pub unknown: ClientCertificate,
    /// Was good once.
    pub expired: ClientCertificate,
    /// Will be good.
    pub not_yet_valid: ClientCertificate,
    server: Arc<ServerConfig>,
}

/// A certificate with its key, as they are handed out.
#[derive(Debug, Clone, Serialize)]
pub struct ClientCertificate {
    /// SHA-1 over the certificate, 40 upper-case hexadecimal digits.
    pub thumbprint: String,
    /// The certificate.
    pub certificate_pem: String,
    /// Its key, PKCS #8.
    pub key_pem: String,
}

/// Years in which a certificate is good.
type Years = std::ops::Range<i32>;

const GOOD: Years = 2020..2099;

impl Certificates {
    /// Makes all of them. Fails when the machine cannot make keys.
    pub fn new() -> anyhow::Result<Certificates> {
        let authority = Authority::new("Sluse test authority")?;
        let (server, server_key) = authority.sign("localhost", GOOD, ExtendedKeyUsagePurpose::ServerAuth)?;
        let client = |authority: &Authority, years| authority.client("mycompany-workzone", years);
        Ok(Certificates {
            known: client(&authority, GOOD)?,
            unknown: client(&Authority::new("Another authority")?, GOOD)?,
            expired: client(&authority, 2020..2021)?,
            not_yet_valid: client(&authority, 2098..2099)?,
            server: server_config(&authority, server.der().clone(), &server_key)?,
            root_pem: authority.root_pem,
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server.clone())
    }

    /// Writes them into a folder, `NAME.pem` and `NAME.key.pem` each, and says which is which.
    pub fn write(&self, folder: &Path) -> anyhow::Result<Value> {
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))
        };
        fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
        write("root.pem", &self.root_pem)?;
        let mut thumbprints = json!({});
        for (name, certificate) in [
            ("known", &self.known),
            ("unknown", &self.unknown),
            ("expired", &self.expired),
            ("not-yet-valid", &self.not_yet_valid),
        ] {
            write(&format!("{name}.pem"), &certificate.certificate_pem)?;
            write(&format!("{name}.key.pem"), &certificate.key_pem)?;
            thumbprints[name] = json!(certificate.thumbprint);
        }
        Ok(thumbprints)
    }
}

/// Who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    root_pem: String,
}

impl Authority {
    fn new(name: &str) -> anyhow::Result<Authority> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.distinguished_name = named(name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = parameters.self_signed(&key)?;
        let (root, root_pem) = (root.der().clone(), root.pem());
        Ok(Authority { issuer: Issuer::new(parameters, key), root, root_pem })
    }

    fn sign(
        &self,
        name: &str,
        years: Years,
        purpose: ExtendedKeyUsagePurpose,
    ) -> anyhow::Result<(rcgen::Certificate, KeyPair)> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
        parameters.distinguished_name = named(name);
        parameters.not_before = date_time_ymd(years.start, 1, 1);
        parameters.not_after = date_time_ymd(years.end, 1, 1);
        parameters.extended_key_usages = vec![purpose];
        Ok((parameters.signed_by(&key, &self.issuer)?, key))
    }

    fn client(&self, name: &str, years: Years) -> anyhow::Result<ClientCertificate> {
        let (certificate, key) = self.sign(name, years, ExtendedKeyUsagePurpose::ClientAuth)?;
        let digest = Sha1::digest(certificate.der());
        let thumbprint = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        Ok(ClientCertificate { thumbprint, certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn server_config(
    authority: &Authority,
    certificate: CertificateDer<'static>,
    key: &KeyPair,
) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root.clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
