//! Redirects are answers: they are handed over and never followed, whatever they point at.

use bytes::Bytes;
use sluse_egress::Body;

use crate::target::{Target, answer, bearer, get, post, send_as};

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Target::start(vec![answer(200, "", "")]).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/stolen", elsewhere.url());
        let target = Target::start(vec![answer(status, &format!("Location: {location}\r\n"), "")]).await;
        let endpoint = target.bound_endpoint();
        for outgoing in [get("/"), post("/", Body::Bytes(Bytes::from_static(b"payment")))] {
            let incoming = send_as(&endpoint, outgoing, &bearer()).await.expect("an answer");
            assert_eq!(incoming.status, status);
            assert!(incoming.headers.contains(&("location".into(), location.clone())));
        }
        assert_eq!(target.heard().len(), 2);
    }
    assert_eq!(elsewhere.connections(), 0, "nothing was followed, nothing forwarded");
}

#[tokio::test]
async fn a_redirect_to_itself_is_not_followed_either() {
    let target = Target::start(vec![answer(302, "Location: /again\r\n", "")]).await;
    assert_eq!(send_as(&target.bound_endpoint(), get("/"), &bearer()).await.expect("an answer").status, 302);
    assert_eq!(target.heard().len(), 1);
}
