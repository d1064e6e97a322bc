//! A user of the directory: one TCP connection is signed in, and no other; a wrong domain never is.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, Ntlm, SecurityBuffer, Sspi, SspiImpl,
};
use tokio::net::TcpStream;

use crate::workzone::{DirectoryUser, Settings, SimulatedWorkZone};

const DOMAIN: &str = "ØSTKOMMUNE";
const PASSWORD: &str = "Blåbærgrød-2031";

async fn workzone(lock_after: Option<u32>) -> SimulatedWorkZone {
    let user = DirectoryUser { domain: DOMAIN.into(), user: "svc-sluse".into(), password: PASSWORD.into(), lock_after };
    SimulatedWorkZone::start(Settings { ntlm: Some(user), ..Settings::default() }).await.unwrap()
}

/// A client on one TCP connection.
struct Client(SendRequest<Body>);

impl Client {
    async fn connect(workzone: &SimulatedWorkZone) -> Client {
        let address = workzone.origin().trim_start_matches("http://").to_owned();
        let (sender, connection) =
            http1::handshake(TokioIo::new(TcpStream::connect(address).await.unwrap())).await.unwrap();
        tokio::spawn(connection);
        Client(sender)
    }

    /// Status, and what is offered.
    async fn ask(&mut self, token: Option<&[u8]>) -> (u16, Vec<String>) {
        let mut request = Request::get("/OData4/Files").header("host", "workzone").body(Body::empty()).unwrap();
        if let Some(token) = token {
            let value = format!("NTLM {}", STANDARD.encode(token));
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        self.0.ready().await.unwrap();
        let (head, body) = self.0.send_request(request).await.unwrap().into_parts();
        body.collect().await.unwrap();
        let offers = head.headers.get_all("www-authenticate").iter();
        (head.status.as_u16(), offers.map(|offer| offer.to_str().unwrap().to_owned()).collect())
    }
}

fn message(ntlm: &mut Ntlm, identity: &mut Option<AuthIdentityBuffers>, heard: Vec<u8>) -> Vec<u8> {
    let mut heard = [SecurityBuffer::new(heard, BufferType::Token)];
    let mut said = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut context = ntlm
        .initialize_security_context()
        .with_credentials_handle(identity)
        .with_context_requirements(ClientRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut heard)
        .with_output(&mut said);
    ntlm.initialize_security_context_impl(&mut context).unwrap().resolve_to_result().unwrap();
    let [said] = said;
    said.buffer
}

/// The proof for a challenge that `client` was given.
async fn proof(client: &mut Client, domain: &str, password: &str) -> Vec<u8> {
    let mut identity = Some(AuthIdentityBuffers::from_utf8("svc-sluse", domain, password));
    let mut ntlm = Ntlm::new();
    let first = message(&mut ntlm, &mut identity, Vec::new());
    let (status, offers) = client.ask(Some(&first)).await;
    assert_eq!((status, offers.len()), (401, 1));
    let challenge = STANDARD.decode(offers[0].strip_prefix("NTLM ").unwrap()).unwrap();
    message(&mut ntlm, &mut identity, challenge)
}

async fn sign_in(client: &mut Client, domain: &str, password: &str) -> u16 {
    let proof = proof(client, domain, password).await;
    client.ask(Some(&proof)).await.0
}

#[tokio::test]
async fn a_connection_is_signed_in_and_stays_so() {
    let workzone = workzone(None).await;
    let (mut client, mut other) = (Client::connect(&workzone).await, Client::connect(&workzone).await);
    let (status, offers) = client.ask(None).await;
    assert!(status == 401 && offers.contains(&"NTLM".to_owned()), "{offers:?}");
    assert_eq!(sign_in(&mut client, DOMAIN, PASSWORD).await, 200);
    assert_eq!((client.ask(None).await.0, client.ask(None).await.0), (200, 200));
    assert_eq!(other.ask(None).await.0, 401);
    assert_eq!(workzone.passwords_proved(), 1);
}

#[tokio::test]
async fn a_sign_in_that_is_forgotten_has_to_be_proved_again() {
    let workzone = workzone(None).await;
    let mut client = Client::connect(&workzone).await;
    assert_eq!(sign_in(&mut client, DOMAIN, PASSWORD).await, 200);
    workzone.forget_sign_ins();
    assert_eq!(client.ask(None).await.0, 401);
    assert_eq!((sign_in(&mut client, DOMAIN, PASSWORD).await, workzone.passwords_proved()), (200, 2));
}

#[tokio::test]
async fn a_proof_on_another_connection_is_refused() {
    let workzone = workzone(None).await;
    let (mut client, mut other) = (Client::connect(&workzone).await, Client::connect(&workzone).await);
    let elsewhere = proof(&mut client, DOMAIN, PASSWORD).await;
    assert_eq!(other.ask(Some(&elsewhere)).await.0, 401);
    // Nor does it help where a handshake of its own is under way.
    proof(&mut other, DOMAIN, PASSWORD).await;
    assert_eq!(other.ask(Some(&elsewhere)).await.0, 401);
    assert_eq!(client.ask(Some(&elsewhere)).await.0, 200);
}

#[tokio::test]
async fn a_wrong_domain_is_refused_for_ever() {
    let workzone = workzone(None).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&mut Client::connect(&workzone).await, "VESTKOMMUNE", PASSWORD).await, 401);
    }
    assert_eq!(sign_in(&mut Client::connect(&workzone).await, "østkommune", PASSWORD).await, 200);
}

#[tokio::test]
async fn the_account_is_locked_after_wrong_passwords() {
    let workzone = workzone(Some(2)).await;
    let mut client = Client::connect(&workzone).await;
    assert_eq!(sign_in(&mut client, DOMAIN, "Blaabaergroed").await, 401);
    assert_eq!(sign_in(&mut client, DOMAIN, PASSWORD).await, 200);
    for _ in 0..2 {
        assert_eq!(sign_in(&mut client, DOMAIN, "Blaabaergroed").await, 401);
    }
    assert_eq!(sign_in(&mut client, DOMAIN, PASSWORD).await, 401, "the account is locked");
    assert_eq!(client.ask(None).await.0, 401, "a connection on which somebody failed is nobody's");
}
