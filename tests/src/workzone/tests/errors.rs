//! Shapes of errors, and the secret that stands in their stack traces.

use super::*;
use crate::workzone::{Fault, FaultAction, PLANTED_SECRET};

async fn error(bench: &Bench, path: &str, accept: &str) -> Reply {
    let headers = if accept.is_empty() { vec![] } else { vec![("accept", accept)] };
    bench.try_send("GET", path, &headers, Body::empty()).await.unwrap()
}

#[tokio::test]
async fn each_version_has_its_shapes_and_each_shape_the_secret() {
    let bench = Bench::new().await;
    let pointers = [
        ("/OData4/Files('1')", "application/json", "/error/code", "/error/message"),
        ("/odata/Files('1')", "application/json", "/odata.error/code", "/odata.error/message/value"),
        ("/odata/Files('1')", "application/json;odata=verbose", "/error/code", "/error/message/value"),
    ];
    for (path, accept, code, message) in pointers {
        let reply = error(&bench, path, accept).await;
        let body = reply.json().unwrap();
        assert_eq!(body.pointer(code).unwrap(), "20002.1;SOM_NOT_FOUND");
        assert_eq!(body.pointer(message).unwrap(), "Files findes ikke.");
        assert!(reply.text().contains(PLANTED_SECRET), "{path} {accept}");
    }
}

#[tokio::test]
async fn a_lost_accept_gives_xml() {
    let bench = Bench::new().await;
    for (path, accept) in
        [("/odata/Files('1')", ""), ("/odata/Files('1')", "*/*"), ("/OData4/Files('1')", "application/xml")]
    {
        let reply = error(&bench, path, accept).await;
        assert!(reply.header("content-type").starts_with("application/xml"));
        assert!(reply.text().contains("<m:error") && reply.text().contains(PLANTED_SECRET));
    }
}

#[tokio::test]
async fn a_403_keeps_quiet() {
    let bench = Bench::new().await;
    for accept in ["application/json", "application/json;odata=verbose", ""] {
        bench.workzone.fault(Fault::next("/odata/", FaultAction::status(403)));
        let reply = error(&bench, "/odata/Files", accept).await;
        assert_eq!(reply.status, 403);
        assert!(!reply.text().contains(PLANTED_SECRET) && !reply.text().contains("stacktrace"), "{}", reply.text());
    }
}

#[tokio::test]
async fn each_status_can_be_asked_for_and_keeps_its_code() {
    let bench = Bench::new().await;
    for (status, code) in [
        (409, "SOM_CONFLICT"),
        (412, "SOM_ETAG_MISMATCH"),
        (413, "SOM_TOO_LARGE"),
        (500, "SOM_ORACLE"),
        (503, "SOM_ORACLE"),
    ] {
        bench.workzone.fault(Fault::next("/OData4/", FaultAction::status(status)));
        let reply = error(&bench, "/OData4/Files", "application/json").await;
        let found = reply.json().unwrap()["error"]["code"].as_str().unwrap().to_owned();
        assert_eq!((reply.status.as_u16(), found.ends_with(code)), (status, true), "{found}");
    }
}

#[tokio::test]
async fn outside_the_roots_iis_answers() {
    let bench = Bench::new().await;
    let reply = error(&bench, "/nothing", "application/json").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (404, "text/html; charset=utf-8"));
}
