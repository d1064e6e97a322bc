//! What v3 does its own way.

use super::*;

const VERBOSE: (&str, &str) = ("accept", "application/json;odata=verbose");
const LIGHT: (&str, &str) = ("accept", "application/json");

#[tokio::test]
async fn a_case_is_made_in_either_json() {
    let bench = Bench::new().await;
    let reply = bench.send("POST", "/odata/Files", &[VERBOSE], case("a")).await;
    let body = reply.json().unwrap();
    let id = body["d"]["ID"].as_str().unwrap();
    assert_eq!((reply.status.as_u16(), reply.header("dataserviceversion")), (201, "3.0;"));
    assert!(body["d"]["__metadata"]["uri"].as_str().unwrap().ends_with(&format!("/odata/Files('{id}')")));
    let light = bench.send("POST", "/odata/Files", &[LIGHT], case("b")).await.json().unwrap();
    assert!(light["odata.metadata"].is_string() && light["odata.etag"].is_string());
}

#[tokio::test]
async fn merge_changes_a_row_by_verb_and_through_post() {
    let bench = Bench::new().await;
    let path = format!("/odata/Files('{}')", bench.case("a").await);
    assert_eq!(bench.send("MERGE", &path, &[LIGHT], json!({ "Text": "1" })).await.status, 204);
    let tunnelled = [LIGHT, ("x-http-method", "MERGE")];
    assert_eq!(bench.send("POST", &path, &tunnelled, json!({ "Text": "2" })).await.status, 204);
    assert_eq!(bench.workzone.ledger().files[0].updates, 2);
    assert_eq!(bench.workzone.ledger().files[0].fields["Text"], "2");
}

#[tokio::test]
async fn v4_knows_no_merge() {
    let bench = Bench::new().await;
    let path = format!("/OData4/Files('{}')", bench.case("a").await);
    assert_eq!(bench.send("MERGE", &path, &[], json!({ "Text": "1" })).await.status, 405);
    assert_eq!(bench.send("POST", &path, &[("x-http-method", "MERGE")], json!({ "Text": "1" })).await.status, 405);
}

#[tokio::test]
async fn dates_and_decimals_are_written_the_old_way() {
    let bench = Bench::new().await;
    let row = json!({ "Title": "x", "FileClass_Value": "1", "ANSDATO": "/Date(1769817600000)/", "AREAL": "125.5" });
    let id = bench.send("POST", "/odata/Files", &[VERBOSE], row).await.json().unwrap()["d"]["ID"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/odata/Files('{id}')?$select=ANSDATO,AREAL");
    let verbose = bench.send("GET", &path, &[VERBOSE], Value::Null).await.json().unwrap();
    assert_eq!((&verbose["d"]["ANSDATO"], &verbose["d"]["AREAL"]), (&json!("/Date(1769817600000)/"), &json!("125.5")));
    assert_eq!(bench.get(&path).await["ANSDATO"], "2026-01-31T00:00:00");
    assert_eq!(bench.get(&format!("/OData4/Files('{id}')?$select=ANSDATO,AREAL")).await["AREAL"], 125.5);
}

#[tokio::test]
async fn without_json_in_accept_rows_come_as_atom() {
    let bench = Bench::new().await;
    bench.case("a").await;
    let reply = bench.try_send("GET", "/odata/Files", &[("accept", "*/*")], Body::empty()).await.unwrap();
    assert!(reply.header("content-type").starts_with("application/atom+xml"));
    assert!(reply.text().contains("<d:Title>Ansøgning om byggetilladelse</d:Title>"));
}

#[tokio::test]
async fn a_document_is_uploaded_and_linked() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let headers = [VERBOSE, ("content-type", "application/pdf"), ("slug", "a.pdf"), ("dataserviceversion", "3.0")];
    let reply = bench.try_send("POST", "/odata/Documents", &headers, Body::from("x")).await.unwrap();
    let document = reply.json().unwrap()["d"]["ID"].as_str().unwrap().to_owned();
    assert_eq!(bench.send("POST", "/odata/Records", &[VERBOSE], record(&case, &document, "x")).await.status, 201);
    assert_eq!(bench.workzone.ledger().documents, 1);
    assert_eq!(bench.send("GET", "/OData.svc/Files", &[LIGHT], Value::Null).await.status, 200);
}
