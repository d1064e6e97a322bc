//! Certificates that are presented: chosen by thumbprint, good for a time, taken or refused by a target.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion, pki_types::CertificateDer, server::WebPkiClientVerifier,
};
use sha1::{Digest as _, Sha1};
use sluse_egress::{Body, ClientCertificate, Credential, Endpoint, Secret, SendError};
use sluse_model::{Thumbprint, Timestamp};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::server::TlsStream;

use crate::{
    target::{get, hear, post, rule, send, send_as},
    tls,
};

/// Who signs the certificates of clients.
struct Signer {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    root: CertificateDer<'static>,
}

/// A certificate with its key, as PEM.
struct Client {
    certificate: String,
    key: KeyPair,
    thumbprint: Thumbprint,
}

impl Signer {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let root = params.self_signed(&key).expect("a certificate");
        Self { pem: root.pem(), root: root.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// Signs for a name, from 1 January of one year to that of another.
    fn sign(&self, name: &str, from: i32, to: i32) -> Client {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let thumbprint = Thumbprint::from_bytes(Sha1::digest(certificate.der()).into());
        Client { certificate: certificate.pem(), key, thumbprint }
    }

    /// A server for `localhost` that lets in whom this one signed for.
    fn server(&self, versions: &[&'static SupportedProtocolVersion]) -> (ServerConfig, String) {
        let authority = tls::authority(b"http/1.1");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_cert_resolver(authority.server.cert_resolver.clone());
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        (server, authority.root_pem)
    }
}

impl Client {
    fn pem(&self) -> String {
        self.certificate.clone() + &self.key.serialize_pem()
    }

    fn credential(&self) -> Credential {
        Credential::ClientCertificate(chosen(&self.pem(), Some(&self.thumbprint)).expect("a certificate"))
    }
}

fn chosen(pem: &str, thumbprint: Option<&Thumbprint>) -> Result<ClientCertificate, sluse_egress::Refusal> {
    ClientCertificate::choose(&Secret::from(pem), thumbprint)
}

const TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// An endpoint at this server, which counts the requests that it hears.
async fn heard_at(server: ServerConfig, root_pem: &str, bound: bool) -> (Endpoint, Arc<AtomicUsize>) {
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = heard.clone();
    let port = tls::listen(server, move |mut stream: TlsStream<TcpStream>| {
        let counter = counter.clone();
        async move {
            while hear(&mut stream).await.is_some() {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        }
    })
    .await;
    (tls::endpoint(&format!("https://localhost:{port}"), Some(root_pem), bound, |_| {}), heard)
}

#[track_caller]
fn check_refused(error: SendError) {
    let nothing_was_sent = error.nothing_was_sent();
    let SendError::NotSignedIn(told) = error else { panic!("not told as refused: {error:?}") };
    assert!(nothing_was_sent && told.contains("nothing happened there") && told.contains("`thumbprint`"), "{told}");
}

#[tokio::test]
async fn a_target_that_refuses_the_certificate_has_done_nothing() {
    let (ours, theirs) = (Signer::new("ours"), Signer::new("theirs"));
    let unknown = theirs.sign("unknown", 2020, 2090).credential();
    let expired = ours.sign("expired", 2020, 2021).credential();
    for versions in [TLS12, TLS13] {
        let (server, root_pem) = ours.server(versions);
        let (bound, heard) = heard_at(server.clone(), &root_pem, true).await;
        for credential in [&unknown, &expired] {
            for _ in 0..5 {
                let payment = post("/pay", Body::Bytes(Bytes::from_static(b"payment")));
                for outgoing in [get("/"), post("/pay", Body::Empty), payment] {
                    check_refused(send_as(&bound, outgoing, credential).await.expect_err("refused"));
                }
            }
        }
        assert_eq!(heard.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_target_that_misses_a_certificate_has_done_nothing() {
    let ours = Signer::new("ours");
    let (server, root_pem) = ours.server(TLS13);
    let (endpoint, heard) = heard_at(server, &root_pem, false).await;
    check_refused(send(&endpoint, post("/", Body::Bytes(Bytes::from_static(b"x")))).await.expect_err("refused"));
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_target_sees_the_certificate_that_was_chosen_and_each_has_sockets_of_its_own() {
    let ours = Signer::new("ours");
    let (first, second) = (ours.sign("first", 2020, 2090), ours.sign("second", 2020, 2090));
    let (server, root_pem) = ours.server(TLS13);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = seen.clone();
    let port = tls::listen(server, move |stream: TlsStream<TcpStream>| {
        let chain = stream.get_ref().1.peer_certificates().expect("a certificate");
        let thumbprint = Thumbprint::from_bytes(Sha1::digest(&chain[0]).into());
        noted.lock().expect("not poisoned").push(format!("{thumbprint} of {}", chain.len()));
        tls::serve_http1(stream)
    })
    .await;
    let endpoint = tls::endpoint(&format!("https://localhost:{port}"), Some(&root_pem), true, |_| {});
    let both = first.pem() + &second.pem() + &ours.pem;
    for client in [&first, &first, &second, &second, &first] {
        let certificate = chosen(&both, Some(&client.thumbprint)).expect("a certificate");
        let incoming = send_as(&endpoint, get("/"), &Credential::ClientCertificate(certificate)).await;
        assert_eq!(incoming.expect("an answer").body.bytes(10).await.expect("a body"), "ok");
    }
    let expected = [&first, &second, &first].map(|client| format!("{} of 2", client.thumbprint));
    assert_eq!(*seen.lock().expect("not poisoned"), expected);
}

#[tokio::test]
async fn a_certificate_is_not_presented_in_clear() {
    let target = crate::target::Target::start(vec![crate::target::answer(200, "", "")]).await;
    let client = Signer::new("ours").sign("one", 2020, 2090);
    let error = send_as(&target.bound_endpoint(), get("/"), &client.credential()).await.expect_err("refused");
    assert_eq!(rule(error), "plaintext-credential");
    assert_eq!(target.heard().len(), 0);
}

#[test]
fn a_thumbprint_chooses_among_many_and_without_one_there_is_one() {
    let ours = Signer::new("ours");
    let (first, second) = (ours.sign("first", 2020, 2090), ours.sign("second", 2020, 2090));
    // Keys first, and in another order than the certificates.
    let both = second.key.serialize_pem() + &first.key.serialize_pem() + &ours.pem + &first.pem() + &second.certificate;
    for client in [&first, &second] {
        let certificate = chosen(&both, Some(&client.thumbprint)).expect("a certificate");
        assert_eq!(certificate.thumbprint(), client.thumbprint);
    }
    let only = chosen(&(ours.pem.clone() + &second.pem()), None).expect("a certificate");
    assert_eq!(only.thumbprint(), second.thumbprint);
    let message = chosen(&both, None).expect_err("two").message;
    assert!(message.contains("several") && message.contains(&first.thumbprint.to_string()), "{message}");
}

#[test]
fn keys_are_read_as_pkcs_8_pkcs_1_and_sec_1() {
    let rsa = chosen(include_str!("certificates/rsa.pem"), None).expect("a certificate");
    assert_eq!(rsa.thumbprint().to_string(), "5EC938B6CE22E0EC9C9DDB2F5B63497E5E0A0FBA");
    let client = Signer::new("ours").sign("one", 2020, 2090);
    // PKCS#8 of this curve is a SEC 1 key behind 29 bytes.
    let sec1 = BASE64_STANDARD.encode(&client.key.serialize_der()[29..]);
    let pem = format!("-----BEGIN EC PRIVATE KEY-----\n{sec1}\n-----END EC PRIVATE KEY-----\n{}", client.certificate);
    assert_eq!(chosen(&pem, None).expect("a certificate").thumbprint(), client.thumbprint);
}

#[test]
fn what_cannot_be_presented_is_refused_with_what_there_is() {
    let ours = Signer::new("ours");
    let (first, second) = (ours.sign("æøå", 2020, 2090), ours.sign("second", 2020, 2090));
    let told = |pem: &str, thumbprint: Option<&Thumbprint>| {
        let refusal = chosen(pem, thumbprint).expect_err("refused");
        assert_eq!(refusal.rule, "client-certificate");
        refusal.message
    };
    let message = told(&first.pem(), Some(&second.thumbprint));
    assert!(
        message.contains(&format!("no certificate with thumbprint `{}`", second.thumbprint))
            && message.contains(&format!("there are `{}` (CN=æøå, until 2090-01-01T", first.thumbprint)),
        "{message}"
    );
    let foreign = first.certificate.clone() + &second.key.serialize_pem();
    let message = told(&foreign, Some(&first.thumbprint));
    assert!(message.contains("the private key in its secret does not belong to certificate"), "{message}");
    assert!(told(&foreign, None).contains("no private key in its secret belongs to"));
    assert!(told(&first.certificate, None).contains("holds no private key"));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(told(&(first.certificate.clone() + encrypted), None).contains("without a passphrase"));
    assert!(told(&first.key.serialize_pem(), None).contains("holds no certificate"));
    assert!(told("hunter22", None).contains("holds no certificate"));
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned() + &first.pem();
    assert!(told(&garbage, None).contains("cannot be read"));
}

#[test]
fn a_certificate_is_good_between_its_dates() {
    let (begins, ends) = (Timestamp::from_millis(1_735_689_600_000), Timestamp::from_millis(1_767_225_600_000));
    let client = Signer::new("ours").sign("one", 2025, 2026);
    let certificate = chosen(&client.pem(), None).expect("a certificate");
    assert_eq!((certificate.check(begins), certificate.check(ends)), (Ok(()), Ok(())));
    let second = Duration::from_secs(1);
    let before = Timestamp::from_millis(1_735_689_599_000);
    for (now, problem) in [(before, "is not good yet"), (ends.plus(second), "has expired")] {
        let message = certificate.check(now).expect_err("refused").message;
        let dates = "it is good from 2025-01-01T00:00:00.000Z to 2026-01-01T00:00:00.000Z";
        assert!(message.contains(problem) && message.contains(dates), "{message}");
    }
}

#[test]
fn nothing_of_a_key_is_shown() {
    let client = Signer::new("ours").sign("one", 2020, 2090);
    let shown = format!("{:?}", client.credential());
    assert_eq!(shown, format!("ClientCertificate(ClientCertificate({}))", client.thumbprint));
    assert!(client.credential().secrets().is_empty());
}
