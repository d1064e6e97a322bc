//! Who is trusted: private authorities, wrong names, HTTP/2 by negotiation.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use sluse_egress::{Body, Ceiling, Egress, Endpoint, EndpointRules, SendError, roots_from_pem};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::target::{bearer, ceiling, get, hear, post, rules, send, send_as};

/// A private authority and what it signed for `localhost`.
pub(crate) struct Authority {
    pub(crate) root_pem: String,
    pub(crate) leaf: CertificateDer<'static>,
    pub(crate) server: ServerConfig,
}

pub(crate) fn authority(protocol: &[u8]) -> Authority {
    authority_until(protocol, 2090)
}

/// The same with a certificate that is good until the beginning of a year.
fn authority_until(protocol: &[u8], year: i32) -> Authority {
    let root_key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new(Vec::new()).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_pem = root.self_signed(&root_key).expect("a certificate").pem();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().expect("a key");
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    leaf.not_after = rcgen::date_time_ymd(year, 1, 1);
    let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a server");
    server.alpn_protocols = vec![protocol.to_vec()];
    Authority { root_pem, leaf: leaf.der().clone(), server }
}

/// Accepts for ever and hands each handshaken stream to `serve`.
pub(crate) async fn listen<F>(server: ServerConfig, serve: impl Fn(TlsStream<TcpStream>) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("a connection");
            if let Ok(stream) = acceptor.accept(socket).await {
                tokio::spawn(serve(stream));
            }
        }
    });
    port
}

pub(crate) async fn serve_http1(mut stream: TlsStream<TcpStream>) {
    while let Some(heard) = hear(&mut stream).await {
        let said = heard.header("authorization").unwrap_or("nothing").len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nX-Length: {said}\r\n\r\nok");
        stream.write_all(answer.as_bytes()).await.expect("an answer");
    }
}

/// Answers with the request's own body.
async fn serve_http2(stream: TlsStream<TcpStream>) {
    let service = hyper::service::service_fn(async |request: hyper::Request<hyper::body::Incoming>| {
        if request.uri().path() == "/hang" {
            std::future::pending::<()>().await;
        }
        let version = format!("{:?}", request.version());
        let body: Bytes = request.into_body().collect().await?.to_bytes();
        let answer = hyper::Response::builder().header("content-type", "text/plain").header("x-version", version);
        Ok::<_, hyper::Error>(answer.body(Full::new(body)).expect("an answer"))
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

pub(crate) fn endpoint(
    base_url: &str,
    root_pem: Option<&str>,
    bound: bool,
    change: impl FnOnce(&mut EndpointRules),
) -> Endpoint {
    let extra_roots = root_pem.map_or_else(Vec::new, |pem| roots_from_pem(pem.as_bytes()).expect("a root"));
    let mut rules = EndpointRules { allow_plaintext: false, ..rules(base_url) };
    change(&mut rules);
    Egress::new(Ceiling { extra_roots, ..ceiling() }).endpoint(rules, bound).expect("an endpoint")
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_the_operator_says_so() {
    let Authority { root_pem, server, .. } = authority(b"http/1.1");
    let port = listen(server, serve_http1).await;
    let endpoint = endpoint(&format!("https://localhost:{port}"), Some(&root_pem), true, |_| {});
    assert_eq!(endpoint.origin(), format!("https://localhost:{port}"));
    let incoming = send_as(&endpoint, get("/"), &bearer()).await.expect("an answer");
    assert!(incoming.headers.contains(&("x-length".into(), "24".into())), "{:?}", incoming.headers);
    assert_eq!(incoming.body.bytes(10).await.expect("a body"), "ok");
}

#[tokio::test]
async fn an_unknown_authority_is_unreachable() {
    let port = listen(authority(b"http/1.1").server, serve_http1).await;
    let other = authority(b"http/1.1").root_pem;
    let endpoint = endpoint(&format!("https://localhost:{port}"), Some(&other), true, |_| {});
    let error = send_as(&endpoint, get("/"), &bearer()).await.expect_err("not trusted");
    assert!(matches!(&error, SendError::Unreachable(text) if text.contains("`egress.extra_roots`")), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_unreachable() {
    let Authority { root_pem, server, .. } = authority(b"http/1.1");
    let port = listen(server, serve_http1).await;
    let endpoint = endpoint(&format!("https://127.0.0.1:{port}"), Some(&root_pem), false, |_| {});
    let error = send(&endpoint, get("/")).await.expect_err("another name");
    assert!(matches!(&error, SendError::Unreachable(text) if text.contains("for another name")), "{error:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_unreachable_and_somebody_has_to_renew_it() {
    let Authority { root_pem, server, .. } = authority_until(b"http/1.1", 2020);
    let port = listen(server, serve_http1).await;
    let endpoint = endpoint(&format!("https://localhost:{port}"), Some(&root_pem), false, |_| {});
    let error = send(&endpoint, get("/")).await.expect_err("it has expired");
    assert!(matches!(&error, SendError::Unreachable(text) if text.contains("has to renew it")), "{error:?}");
}

#[tokio::test]
async fn http_2_is_spoken_when_both_sides_can() {
    let Authority { root_pem, server, .. } = authority(b"h2");
    let port = listen(server, serve_http2).await;
    let base_url = format!("https://localhost:{port}");
    let speaks_two = endpoint(&base_url, Some(&root_pem), true, |_| {});
    for body in [
        Body::Empty,
        Body::Bytes(Bytes::from_static(b"hello")),
        Body::Stream { size_bytes: 5, reader: Box::pin(b"hello".as_slice()) },
    ] {
        let size_bytes = if matches!(body, Body::Empty) { 0 } else { 5 };
        let incoming = send_as(&speaks_two, post("/", body), &bearer()).await.expect("an answer");
        assert!(incoming.headers.contains(&("x-version".into(), "HTTP/2.0".into())), "{:?}", incoming.headers);
        assert_eq!(incoming.body.bytes(10).await.expect("a body").len(), size_bytes);
    }
    let impatient = endpoint(&base_url, Some(&root_pem), false, |rules| rules.timeout = Duration::from_millis(500));
    for body in [Body::Empty, Body::Bytes(Bytes::from_static(b"payment"))] {
        let error = send(&impatient, post("/hang", body)).await.expect_err("no answer");
        assert!(matches!(error, SendError::Interrupted(_)), "{error:?}");
    }
    let speaks_one = endpoint(&base_url, Some(&root_pem), false, |rules| rules.http1_only = true);
    let error = send(&speaks_one, get("/")).await.expect_err("no common protocol");
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
}

/// Takes connections and never begins a handshake.
async fn mute() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            kept.push(listener.accept().await.expect("a connection"));
        }
    });
    port
}

#[tokio::test]
async fn a_handshake_without_answer_is_unreachable_whichever_time_ends_first() {
    let root_pem = authority(b"http/1.1").root_pem;
    let base_url = format!("https://127.0.0.1:{}", mute().await);
    let total_first = endpoint(&base_url, Some(&root_pem), false, |rules| rules.timeout = Duration::from_millis(300));
    let connect_first =
        endpoint(&base_url, Some(&root_pem), false, |rules| rules.connect_timeout = Duration::from_millis(300));
    for endpoint in [total_first, connect_first] {
        for body in [Body::Empty, Body::Bytes(Bytes::from_static(b"payment"))] {
            let error = send(&endpoint, post("/", body)).await.expect_err("mute");
            assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn plaintext_on_a_tls_endpoint_is_unreachable() {
    let target = crate::target::Target::start(vec![crate::target::answer(200, "", "")]).await;
    let root_pem = authority(b"http/1.1").root_pem;
    let endpoint = endpoint(&format!("https://127.0.0.1:{}", target.port), Some(&root_pem), true, |rules| {
        rules.timeout = Duration::from_secs(2)
    });
    let error = send_as(&endpoint, get("/"), &bearer()).await.expect_err("no TLS");
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
    assert_eq!(target.heard().len(), 0);
}
