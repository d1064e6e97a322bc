//! A certificate by which this host is known to a target: chosen by thumbprint out of a secret's PEM, with the key that
//! belongs to it and the chain that the PEM holds. Whom the host itself trusts is `tls`'s business.

use std::{fmt, sync::Arc};

use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SigningKey},
};
use sha1::{Digest as _, Sha1};
use sluse_model::{Thumbprint, Timestamp};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{Refusal, Secret};

/// More certificates than anybody keeps in one file.
const MAX_CERTIFICATES: usize = 64;

/// What is shown of a name that somebody else wrote.
const MAX_SHOWN_CHARS: usize = 80;

/// A certificate with its key, presented when a connection is made. A clone is a pointer.
#[derive(Clone)]
pub struct ClientCertificate(Arc<Chosen>);

struct Chosen {
    key: Arc<CertifiedKey>,
    thumbprint: Thumbprint,
    life: Life,
}

/// From when to when a certificate is good.
#[derive(Debug, Clone, Copy)]
struct Life {
    begins: Timestamp,
    ends: Timestamp,
}

impl ClientCertificate {
    /// The certificate with this thumbprint among those of the PEM; without a thumbprint, the only one that has a key.
    ///
    /// The thumbprint selects and proves nothing: whoever writes the secret decides.
    ///
    /// # Errors
    /// When the text is no PEM, holds no such certificate, or not the key that belongs to it. The message says which
    /// certificates there are.
    pub fn choose(pem: &Secret, thumbprint: Option<&Thumbprint>) -> Result<Self, Refusal> {
        let bundle = Bundle::read(pem)?;
        let keys = bundle.keys()?;
        let parsed = bundle.parsed()?;
        let key_of = |one: &Parsed<'_>| keys.iter().find(|key| one.has(key)).cloned();
        let (chosen, key) = match thumbprint {
            Some(thumbprint) => {
                let chosen = parsed.iter().find(|one| one.thumbprint == *thumbprint);
                let chosen = chosen.ok_or_else(|| unknown(thumbprint, &parsed))?;
                (chosen, key_of(chosen).ok_or_else(|| without_key(chosen, keys.len()))?)
            }
            None => only(&parsed, key_of)?,
        };
        let chain = chain(chosen, &parsed).into_iter().map(|one| one.der.clone()).collect();
        let key = Arc::new(CertifiedKey::new(chain, key));
        Ok(Self(Arc::new(Chosen { key, thumbprint: chosen.thumbprint, life: chosen.life })))
    }

    /// Refuses a certificate that has ended, or has not begun.
    ///
    /// # Errors
    /// With its dates.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        let Life { begins, ends } = self.0.life;
        let problem = match () {
            () if now < begins => "is not good yet",
            () if now > ends => "has expired",
            () => return Ok(()),
        };
        let message = format!(
            "certificate `{}` {problem}: it is good from {begins} to {ends}, and it is {now}; write another one with its key into the secret, and its `thumbprint` at the endpoint",
            self.0.thumbprint
        );
        Err(refuse(message))
    }

    /// What it is called.
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        self.0.key.clone()
    }
}

/// Two are the same when they are presented alike; the key follows from the certificate.
impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.key.cert == other.0.key.cert
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.0.thumbprint)
    }
}

/// What a PEM holds.
struct Bundle<'a> {
    pem: &'a [u8],
    certificates: Vec<CertificateDer<'static>>,
}

impl<'a> Bundle<'a> {
    fn read(pem: &'a Secret) -> Result<Self, Refusal> {
        let pem = pem.expose();
        // What the reader says of a line could quote it.
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(MAX_CERTIFICATES + 1).collect();
        let certificates = certificates.map_err(|_| refuse("its secret is no PEM that can be read"))?;
        match certificates.len() {
            0 => Err(refuse("its secret holds no certificate: write PEM, from `-----BEGIN CERTIFICATE-----` on")),
            count if count > MAX_CERTIFICATES => {
                Err(refuse(format!("its secret holds more than {MAX_CERTIFICATES} certificates")))
            }
            _ => Ok(Self { pem, certificates }),
        }
    }

    /// The private keys that can sign: PKCS#8, PKCS#1 or SEC1.
    fn keys(&self) -> Result<Vec<Arc<dyn SigningKey>>, Refusal> {
        let provider: CryptoProvider = ring::default_provider();
        let keys: Result<Vec<_>, _> = PrivateKeyDer::pem_slice_iter(self.pem).take(MAX_CERTIFICATES).collect();
        let keys = keys.map_err(|_| refuse("its secret holds a private key that cannot be read"))?;
        if keys.is_empty() {
            let is_encrypted = self.pem.windows(9).any(|window| window == b"ENCRYPTED");
            return Err(refuse(match is_encrypted {
                true => "its secret holds an encrypted private key: write it without a passphrase, the host seals it",
                false => {
                    "its secret holds no private key: write it below the certificates, from `-----BEGIN PRIVATE KEY-----` on"
                }
            }));
        }
        let load = |key| provider.key_provider.load_private_key(key);
        let keys: Result<Vec<_>, _> = keys.into_iter().map(load).collect();
        keys.map_err(|_| refuse("its secret holds a private key of a kind that is not used in TLS"))
    }

    fn parsed(&self) -> Result<Vec<Parsed<'_>>, Refusal> {
        self.certificates.iter().map(Parsed::of).collect()
    }
}

/// A certificate with what is looked at in it.
struct Parsed<'a> {
    der: &'a CertificateDer<'static>,
    x509: X509Certificate<'a>,
    thumbprint: Thumbprint,
    life: Life,
}

impl<'a> Parsed<'a> {
    fn of(der: &'a CertificateDer<'static>) -> Result<Self, Refusal> {
        let (_, x509) =
            X509Certificate::from_der(der).map_err(|_| refuse("its secret holds a certificate that cannot be read"))?;
        let moment = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        let validity = x509.validity();
        let life =
            Life { begins: moment(validity.not_before.timestamp()), ends: moment(validity.not_after.timestamp()) };
        Ok(Self { der, thumbprint: Thumbprint::from_bytes(Sha1::digest(der).into()), life, x509 })
    }

    /// Whether the key belongs to it.
    fn has(&self, key: &Arc<dyn SigningKey>) -> bool {
        key.public_key().is_some_and(|public| public.as_ref() == self.x509.public_key().raw)
    }

    fn told(&self) -> String {
        let subject: String = self.x509.subject().to_string().chars().take(MAX_SHOWN_CHARS).collect();
        format!("`{}` ({}, until {})", self.thumbprint, subject.escape_debug(), self.life.ends)
    }
}

type ChosenKey<'p, 'a> = (&'p Parsed<'a>, Arc<dyn SigningKey>);

/// The one certificate that has a key.
fn only<'p, 'a>(
    parsed: &'p [Parsed<'a>],
    key_of: impl Fn(&Parsed<'a>) -> Option<Arc<dyn SigningKey>>,
) -> Result<ChosenKey<'p, 'a>, Refusal> {
    let mut with_key = parsed.iter().filter_map(|one| Some((one, key_of(one)?)));
    match (with_key.next(), with_key.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(refuse(format!("no private key in its secret belongs to one of {}", listed(parsed)))),
        (Some(_), Some(_)) => Err(refuse(format!(
            "its secret holds several certificates with keys: write the `thumbprint` of one at the endpoint; there are {}",
            listed(parsed)
        ))),
    }
}

/// The certificate and those above it, as far as the bundle knows them; what is beside it would only confuse a target.
fn chain<'p, 'a>(leaf: &'p Parsed<'a>, parsed: &'p [Parsed<'a>]) -> Vec<&'p Parsed<'a>> {
    let mut chain = vec![leaf];
    loop {
        let last = chain[chain.len() - 1];
        let is_above = |one: &&Parsed<'_>| {
            one.x509.subject().as_raw() == last.x509.issuer().as_raw()
                && chain.iter().all(|below| below.thumbprint != one.thumbprint)
        };
        match parsed.iter().find(is_above) {
            Some(above) => chain.push(above),
            None => return chain,
        }
    }
}

fn unknown(thumbprint: &Thumbprint, parsed: &[Parsed<'_>]) -> Refusal {
    refuse(format!(
        "its secret holds no certificate with thumbprint `{thumbprint}`: there are {}; write the `thumbprint` of one of these at the endpoint, or the certificate with its key into the secret",
        listed(parsed)
    ))
}

fn without_key(chosen: &Parsed<'_>, keys: usize) -> Refusal {
    let keys = if keys == 1 { "the private key".to_owned() } else { format!("none of the {keys} private keys") };
    let does = if keys.starts_with("none") { "belongs" } else { "does not belong" };
    refuse(format!("{keys} in its secret {does} to certificate {}: write the one that does", chosen.told()))
}

fn listed(parsed: &[Parsed<'_>]) -> String {
    parsed.iter().map(Parsed::told).collect::<Vec<_>>().join(", ")
}

fn refuse(message: impl Into<String>) -> Refusal {
    Refusal::new("client-certificate", message)
}
