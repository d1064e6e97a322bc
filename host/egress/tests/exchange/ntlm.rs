//! Sockets that are signed in with NTLM: each is one user's, a password is tried once, and a request leaves once,
//! whatever becomes of the sign-in.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use sluse_egress::{Body, Ceiling, Credential, Egress, Endpoint, EndpointRules, Incoming, SendError, roots_from_pem};
use tokio::{
    io::AsyncReadExt,
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    iis::{Account, Iis, SLUSE, Setup, Whim, credential, egress},
    target::{ceiling, get, post, rule, rules, send_as},
    tls::authority,
};

const WRONG_PASSWORD: Account = (SLUSE.0, SLUSE.1, "Vinter-i-Ærøskøbing-2031");
const OTHER: Account = ("KOMMUNE", "svc-anden", "Efterår-på-Læsø-2031");

async fn whole(sent: Result<Incoming, SendError>) -> (u16, Bytes) {
    let incoming = sent.expect("an answer");
    (incoming.status, incoming.body.bytes(10_000).await.expect("a body"))
}

async fn ask(endpoint: &Endpoint, account: Account) -> (u16, Bytes) {
    whole(send_as(endpoint, get("/Files"), &credential(account)).await).await
}

async fn refused(endpoint: &Endpoint, account: Account) -> String {
    let error = send_as(endpoint, get("/Files"), &credential(account)).await.expect_err("no answer");
    assert!(error.nothing_was_sent());
    match error {
        SendError::NotSignedIn(reason) => reason,
        other => panic!("{other:?}"),
    }
}

async fn unreachable(endpoint: &Endpoint, account: Account) -> String {
    match send_as(endpoint, get("/Files"), &credential(account)).await.expect_err("no answer") {
        SendError::Unreachable(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_is_signed_in_once_and_carries_all_requests() {
    let iis = Iis::start(Setup::default()).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..20 {
        assert_eq!(ask(&endpoint, SLUSE).await, (200, Bytes::from_static(b"the answer")));
    }
    let served = iis.served();
    assert_eq!((served.len(), iis.connections(), iis.proofs()), (20, 1, 1));
    assert!(served.iter().all(|served| served.user.as_deref() == Some("KOMMUNE\\svc-sluse")));
    let heard = &served[0].heard;
    assert!(heard.head.starts_with("GET /odata/Files HTTP/1.1\r\n"), "{}", heard.head);
    assert_eq!(heard.header("host"), Some(format!("127.0.0.1:{}", iis.port).as_str()));
    assert!(heard.header("user-agent").is_some_and(|value| value.starts_with("sluse/")));
    assert_eq!(heard.header("authorization"), None);
}

#[tokio::test]
async fn a_thousand_requests_need_no_more_sign_ins_than_sockets() {
    let iis = Iis::start(Setup::default()).await;
    let endpoint = iis.endpoint(&egress());
    let side_by_side = join_all((0..10).map(|_| async {
        for _ in 0..100 {
            assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
        }
    }));
    side_by_side.await;
    assert_eq!(iis.served().len(), 1000);
    assert!(iis.proofs() <= 10, "{} sign-ins", iis.proofs());
    println!("1000 requests, 10 at a time: {} sign-ins, {} connections", iis.proofs(), iis.connections());
}

#[tokio::test]
async fn two_users_never_share_a_socket() {
    let iis = Iis::start(Setup { accounts: vec![SLUSE, OTHER], ..Setup::default() }).await;
    let egress = egress();
    let (one, two, both) = (iis.endpoint(&egress), iis.endpoint(&egress), iis.endpoint(&egress));
    let side_by_side = (0..40).map(|number| {
        let (endpoint, account) = match number % 4 {
            0 => (&one, SLUSE),
            1 => (&two, OTHER),
            2 => (&both, SLUSE),
            _ => (&both, OTHER),
        };
        async move {
            let outgoing = get(&format!("/as/{}", account.1));
            assert_eq!(whole(send_as(endpoint, outgoing, &credential(account)).await).await.0, 200);
        }
    });
    join_all(side_by_side).await;
    let mut users = BTreeMap::new();
    for served in iis.served() {
        let user = served.user.expect("a user");
        assert!(served.heard.head.contains(&format!("/as/{} ", user.trim_start_matches("KOMMUNE\\"))), "{user}");
        assert_eq!(users.entry(served.connection).or_insert(user.clone()), &user, "one socket, two users");
    }
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_however_many_ask() {
    let iis = Iis::start(Setup::default()).await;
    let egress = egress();
    let endpoint = iis.endpoint(&egress);
    for reason in join_all((0..50).map(|_| refused(&endpoint, WRONG_PASSWORD))).await {
        assert!(reason.contains("`sluse secret set`") && reason.contains("KOMMUNE\\svc-sluse"), "{reason}");
        assert!(!reason.contains(WRONG_PASSWORD.2), "{reason}");
    }
    assert_eq!(iis.proofs(), 1);
    // Neither another endpoint nor patience changes the password.
    let again = refused(&iis.endpoint(&egress), WRONG_PASSWORD).await;
    assert!(again.contains("15 minutes"), "{again}");
    assert_eq!((iis.proofs(), iis.served().len()), (1, 0));
    // Another one does.
    assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
    assert_eq!(iis.proofs(), 2);
}

#[tokio::test]
async fn an_account_is_one_at_all_its_targets() {
    let (one, two) = (Iis::start(Setup::default()).await, Iis::start(Setup::default()).await);
    let egress = egress();
    refused(&one.endpoint(&egress), WRONG_PASSWORD).await;
    let again = refused(&two.endpoint(&egress), WRONG_PASSWORD).await;
    assert!(again.contains("15 minutes") && again.contains("`sluse secret set`"), "{again}");
    assert_eq!((one.proofs(), two.proofs()), (1, 0));
}

#[tokio::test]
async fn passwords_that_take_turns_are_tried_four_times_in_all() {
    let iis = Iis::start(Setup::default()).await;
    let egress = egress();
    let endpoint = iis.endpoint(&egress);
    for password in ["Efterår-2031", "Forår-2031", "Vinter-2031", "Sommer-2032", "Efterår-2032", "Forår-2032"] {
        refused(&endpoint, (SLUSE.0, SLUSE.1, password)).await;
    }
    assert_eq!(iis.proofs(), 4);
    let reason = refused(&endpoint, WRONG_PASSWORD).await;
    assert!(reason.contains("4 sign-ins of this account failed") && reason.contains("60 minutes"), "{reason}");
}

#[tokio::test]
async fn a_password_that_is_set_again_is_tried_again() {
    let iis = Iis::start(Setup::default()).await;
    let endpoint = iis.endpoint(&egress());
    refused(&endpoint, WRONG_PASSWORD).await;
    let Credential::Ntlm { username, domain, password, version } = credential(WRONG_PASSWORD) else { panic!("NTLM") };
    let set_again = Credential::Ntlm { username, domain, password, version: version + 1 };
    send_as(&endpoint, get("/Files"), &set_again).await.expect_err("refused");
    assert_eq!(iis.proofs(), 2);
}

#[tokio::test]
async fn a_wrong_domain_is_tried_once() {
    let iis = Iis::start(Setup::default()).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..20 {
        refused(&endpoint, ("NABOKOMMUNE", SLUSE.1, SLUSE.2)).await;
    }
    assert_eq!((iis.proofs(), iis.served().len()), (1, 0));
}

#[tokio::test]
async fn names_and_passwords_are_danish_and_long() {
    let account: Account = (
        "ÆRØSKØBING-OG-ØVRIGE-ØER",
        "søren.kierkegård-østergaard.ærø",
        "Blåbærgrød på Ærø – en længere adgangskode, som ingen gætter, med 🫐 og æøåÆØÅ, og så lidt mere til 0123456789",
    );
    let iis = Iis::start(Setup { accounts: vec![account], ..Setup::default() }).await;
    let egress = egress();
    assert_eq!(ask(&iis.endpoint(&egress), account).await.0, 200);
    refused(&iis.endpoint(&egress), (account.0, account.1, "Blabaergrod")).await;
}

#[tokio::test]
async fn a_name_with_its_own_domain_needs_no_other() {
    let account: Account = ("", "svc-sluse@kommune.dk", SLUSE.2);
    let iis = Iis::start(Setup { accounts: vec![account], ..Setup::default() }).await;
    assert_eq!(ask(&iis.endpoint(&egress()), account).await.0, 200);
    assert_eq!(iis.served()[0].user.as_deref(), Some("\\svc-sluse@kommune.dk"));
}

#[tokio::test]
async fn negotiate_is_taken_where_ntlm_is_not_offered() {
    let iis = Iis::start(Setup { offers: vec!["Negotiate"], ..Setup::default() }).await;
    assert_eq!(ask(&iis.endpoint(&egress()), SLUSE).await.0, 200);
    let iis = Iis::start(Setup { offers: vec!["Basic realm=\"a\"", "Bearer"], ..Setup::default() }).await;
    let reason = refused(&iis.endpoint(&egress()), SLUSE).await;
    assert!(reason.contains("asks for Basic, Bearer"), "{reason}");
    assert_eq!(iis.proofs(), 0);
}

#[tokio::test]
async fn a_body_is_streamed_after_the_sign_in_and_once() {
    let iis = Iis::start(Setup::default()).await;
    let size_bytes = 300_000;
    let reader = Box::pin(tokio::io::repeat(b'a').take(size_bytes));
    let outgoing = post("/Documents", Body::Stream { size_bytes, reader });
    assert_eq!(whole(send_as(&iis.endpoint(&egress()), outgoing, &credential(SLUSE)).await).await.0, 200);
    let served = iis.served();
    assert_eq!(served.len(), 1);
    assert_eq!(served[0].heard.body.len() as u64, size_bytes);
    assert_eq!(served[0].heard.header("content-length"), Some("300000"));
}

#[tokio::test]
async fn a_body_that_cannot_be_signed_in_for_is_not_sent() {
    let iis = Iis::start(Setup::default()).await;
    let outgoing = post("/Documents", Body::Bytes(Bytes::from_static(b"payment")));
    let error = send_as(&iis.endpoint(&egress()), outgoing, &credential(WRONG_PASSWORD)).await.expect_err("refused");
    assert!(matches!(error, SendError::NotSignedIn(_)), "{error:?}");
    assert_eq!(iis.served().len(), 0);
}

#[tokio::test]
async fn a_socket_that_closes_within_the_sign_in_is_unreachable_and_costs_no_trial() {
    let iis = Iis::start(Setup { whim: Whim::ClosesAfterChallenge, ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..6 {
        let reason = unreachable(&endpoint, SLUSE).await;
        assert!(reason.contains("sign-in"), "{reason}");
    }
    assert_eq!((iis.proofs(), iis.served().len()), (0, 0));
}

#[tokio::test]
async fn a_password_that_is_not_answered_counts_as_one_that_may_have_been_wrong() {
    let iis = Iis::start(Setup { whim: Whim::ClosesAfterProof, ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..3 {
        unreachable(&endpoint, SLUSE).await;
    }
    let reason = refused(&endpoint, SLUSE).await;
    assert!(reason.contains("60 minutes"), "{reason}");
    assert_eq!((iis.proofs(), iis.served().len()), (3, 0));
}

#[tokio::test]
async fn a_target_that_is_away_is_unreachable_and_not_wrongly_configured() {
    let iis = Iis::start(Setup { whim: Whim::Away, ..Setup::default() }).await;
    let reason = unreachable(&iis.endpoint(&egress()), SLUSE).await;
    assert!(reason.contains("answers 503"), "{reason}");
}

#[tokio::test]
async fn a_path_with_a_long_answer_is_told_and_costs_no_password() {
    let iis = Iis::start(Setup { whim: Whim::LongWinded, ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..5 {
        let reason = refused(&endpoint, SLUSE).await;
        assert!(reason.contains("more than a megabyte"), "{reason}");
    }
    assert_eq!((iis.proofs(), iis.served().len()), (5, 0));
}

#[tokio::test]
async fn a_target_that_is_silent_in_the_sign_in_is_unreachable() {
    let iis = Iis::start(Setup { whim: Whim::Mute, ..Setup::default() }).await;
    let patient = EndpointRules {
        connect_timeout: Duration::from_millis(200),
        ..rules(&format!("http://127.0.0.1:{}/odata/", iis.port))
    };
    let impatient = EndpointRules {
        timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_secs(10),
        ..patient.clone()
    };
    for rules in [patient, impatient] {
        let (endpoint, began) = (egress().endpoint(rules, true).expect("an endpoint"), Instant::now());
        unreachable(&endpoint, SLUSE).await;
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_socket_that_was_closed_between_requests_is_signed_in_anew() {
    let iis = Iis::start(Setup { whim: Whim::ClosesAfterAnswer, ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..3 {
        assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
        // The end of the connection has to arrive.
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((iis.served().len(), iis.connections(), iis.proofs()), (3, 3, 3));
}

#[tokio::test]
async fn a_sign_in_that_was_forgotten_is_told_and_made_anew() {
    let iis = Iis::start(Setup { whim: Whim::ForgetsAfter(2), ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
    assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
    let forgotten = send_as(&endpoint, get("/Files"), &credential(SLUSE)).await.expect("an answer");
    assert!(forgotten.status == 401 && forgotten.is_forgotten);
    drop(forgotten);
    let again = send_as(&endpoint, get("/Files"), &credential(SLUSE)).await.expect("an answer");
    assert!(again.status == 200 && !again.is_forgotten);
    assert_eq!((iis.connections(), iis.proofs()), (2, 2));
}

#[tokio::test]
async fn a_request_that_is_denied_to_the_user_is_an_answer() {
    let iis = Iis::start(Setup { whim: Whim::DeniesAll, ..Setup::default() }).await;
    let endpoint = iis.endpoint(&egress());
    for _ in 0..2 {
        let denied = send_as(&endpoint, get("/Files"), &credential(SLUSE)).await.expect("an answer");
        assert!(denied.status == 401 && !denied.is_forgotten, "there is nothing else to try");
    }
    assert_eq!((iis.served().len(), iis.proofs()), (2, 2));
}

#[tokio::test]
async fn an_answer_that_is_given_up_takes_its_socket_along() {
    let iis = Iis::start(Setup::default()).await;
    let endpoint = iis.endpoint(&egress());
    drop(send_as(&endpoint, get("/Files"), &credential(SLUSE)).await.expect("an answer"));
    assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
    assert_eq!((iis.connections(), iis.proofs()), (2, 2));
}

#[tokio::test]
async fn the_guest_does_not_sign_in_itself() {
    let iis = Iis::start(Setup::default()).await;
    let mut outgoing = get("/Files");
    outgoing.headers = vec![("Authorization".into(), "NTLM TlRMTVNTUAAB".into())];
    let error = send_as(&iis.endpoint(&egress()), outgoing, &credential(SLUSE)).await.expect_err("refused");
    assert_eq!(rule(error), "header");
    assert_eq!(iis.connections(), 0);
}

#[tokio::test]
async fn no_password_leaves_the_machine_in_plaintext() {
    let egress = Egress::new(Ceiling { cidrs: vec!["10.0.0.0/8".parse().expect("a network")], ..ceiling() });
    let rules = EndpointRules { cidrs: vec!["10.0.0.0/8".parse().expect("a network")], ..rules("http://10.0.0.5") };
    assert_eq!(egress.endpoint(rules, true).expect_err("refused").rule, "plaintext-credential");
}

#[tokio::test]
async fn over_tls_the_sign_in_is_bound_to_the_certificate() {
    for is_same in [true, false] {
        let here = authority(b"http/1.1");
        let bound_to = if is_same { here.leaf.clone() } else { authority(b"http/1.1").leaf };
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&bound_to);
        let binding = [b"tls-server-end-point:".as_slice(), &digest].concat();
        let iis = Iis::start_with(Setup { binding: Some(binding), ..Setup::default() }, Some(here.server)).await;
        let ceiling = Ceiling { extra_roots: roots_from_pem(here.root_pem.as_bytes()).expect("a root"), ..ceiling() };
        let rules = rules(&format!("https://localhost:{}/odata/", iis.port));
        let endpoint = Egress::new(ceiling).endpoint(rules, true).expect("an endpoint");
        if is_same {
            assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
            assert_eq!(ask(&endpoint, SLUSE).await.0, 200);
        } else {
            refused(&endpoint, SLUSE).await;
        }
        assert_eq!(iis.proofs(), 1);
    }
}

/// What the tests above stand on: this server lets nobody in whose proof comes on another connection.
#[tokio::test]
async fn a_proof_on_another_connection_is_refused() {
    let iis = Iis::start(Setup::default()).await;
    assert_eq!(ask(&iis.endpoint(&egress()), SLUSE).await.0, 200);
    let mut stream = TcpStream::connect(("127.0.0.1", iis.port)).await.expect("a connection");
    // Type 3 of a handshake that this connection has not begun.
    stream
        .write_all(b"GET /odata/ HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM TlRMTVNTUAADAAAAAAAAAAAAAAA=\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[test]
fn the_password_is_known_as_a_secret() {
    let Credential::Ntlm { password, .. } = credential(SLUSE) else { panic!("NTLM") };
    let known = credential(SLUSE).secrets();
    assert_eq!(known.iter().map(sluse_egress::Secret::expose).collect::<Vec<_>>(), [password.expose()]);
    assert!(!format!("{:?}", credential(SLUSE)).contains("Ærøskøbing"));
}
