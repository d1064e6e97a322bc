//! Uploads, and the records that make them part of a case.

use super::*;
use crate::workzone::TooLarge;
use bytes::Bytes;
use sha2::{Digest, Sha256};

#[tokio::test]
async fn an_upload_and_a_record_make_a_document_of_the_case() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let document = bench.upload("Ans%C3%B8gning%20%C3%A6%C3%A5.pdf", "%PDF-1.7").await;
    assert_eq!(bench.workzone.ledger().orphan_documents, 1);
    let main = bench.make("Records", record(&case, &document, "Ansøgning")).await;
    let mut annex = record(&case, &bench.upload("plan.pdf", "plan").await, "Bilag");
    annex["MainRecordKey_Value"] = json!(main);
    bench.make("Records", annex).await;
    let ledger = bench.workzone.ledger();
    let documents = &ledger.files[0].documents;
    assert_eq!((ledger.documents, ledger.orphan_documents, documents.len()), (2, 0, 2));
    assert_eq!((documents[0].file_name.as_str(), documents[0].role.as_str()), ("Ansøgning æå.pdf", "main"));
    assert_eq!((documents[1].role.as_str(), &documents[1].main_record_id), ("annex", &main));
    assert_eq!(documents[0].sha256, crate::workzone::requests::hex(&Sha256::digest("%PDF-1.7")));
}

#[tokio::test]
async fn a_record_that_names_nothing_is_refused() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    assert_eq!(
        bench.refused("POST", "/OData4/Records", record(&case, "1", "x")).await.1,
        "20004.1;SOM_UNKNOWN_REFERENCE"
    );
    let document = bench.upload("a.pdf", "a").await;
    let other = bench.make("Records", record(&bench.case("b").await, &document, "x")).await;
    let mut annex = record(&case, &document, "Bilag");
    annex["MainRecordKey_Value"] = json!(other);
    let refused = bench.refused("POST", "/OData4/Records", annex).await;
    assert_eq!(refused.1, "20004.1;SOM_UNKNOWN_REFERENCE", "the main document is on another case");
}

#[tokio::test]
async fn a_record_carries_its_digest_and_its_parties() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let contact =
        bench.make("Contacts", json!({ "NameType_Value": "E", "NameCode": "a@example.dk", "Name1": "A" })).await;
    let mut row = record(&case, &bench.upload("a.pdf", "a").await, "x");
    row["SHA256"] = json!("abc");
    let record = bench.make("Records", row).await;
    bench
        .make(
            &format!("Records('{record}')/Parties"),
            json!({ "NameKey_Value": contact, "CustomLabel_Value": "Afsender" }),
        )
        .await;
    let found =
        bench.get(&format!("/OData4/Records?$filter=FileKey_Value eq '{case}' and SHA256 eq 'abc'&$select=ID")).await;
    assert_eq!(found["value"][0]["ID"], json!(record));
    assert_eq!(bench.workzone.ledger().files[0].documents[0].contact_ids, [contact]);
}

#[tokio::test]
async fn the_bytes_come_back_and_can_be_replaced() {
    let bench = Bench::new().await;
    let path = format!("/OData4/Documents('{}')/$value", bench.upload("a.pdf", "æble").await);
    let read = bench.send("GET", &path, &[], Value::Null).await;
    assert_eq!((read.text().as_str(), read.header("content-type")), ("æble", "application/pdf"));
    let headers = [("content-type", "text/plain"), ("archiveid", "ARK")];
    let replaced = bench.try_send("PUT", &path, &headers, Body::from("pære")).await.unwrap();
    assert_eq!(replaced.status, 204);
    assert_eq!(bench.send("GET", &path, &[], Value::Null).await.text(), "pære");
    assert_eq!(bench.workzone.rows("Documents").unwrap()[0]["ArchiveID"], "ARK");
}

#[tokio::test]
async fn an_upload_needs_a_type_and_a_name_in_ascii() {
    let bench = Bench::new().await;
    for headers in [
        vec![("slug", "a.pdf")],
        vec![("content-type", "application/pdf")],
        vec![("content-type", "application/pdf"), ("slug", "%FF")],
    ] {
        let reply = bench.try_send("POST", "/OData4/Documents", &headers, Body::from("x")).await.unwrap();
        assert_eq!(reply.status, 400, "{headers:?}");
    }
    let raw = http::HeaderValue::from_bytes("ansøgning.pdf".as_bytes()).unwrap();
    let request = Request::post(format!("{}Documents", bench.workzone.base_url_v4()))
        .header("authorization", &bench.authorization)
        .header("content-type", "application/pdf")
        .header("slug", raw)
        .body(Body::from("x"));
    assert_eq!(client::send(request.unwrap()).await.unwrap().status, 400);
    assert_eq!(bench.workzone.ledger().orphan_documents, 0);
}

async fn too_large(too_large: TooLarge) -> Reply {
    let bench = Bench::with(Settings { max_document_bytes: 3, too_large, ..Settings::default() }).await;
    let headers = [("content-type", "application/pdf"), ("slug", "a.pdf")];
    let reply = bench.try_send("POST", "/OData4/Documents", &headers, Body::from("four")).await.unwrap();
    assert_eq!(bench.workzone.ledger().orphan_documents, 0);
    reply
}

#[tokio::test]
async fn a_document_above_the_limit_is_refused_in_either_way() {
    assert_eq!(too_large(TooLarge::Status413).await.status, 413);
    let page = too_large(TooLarge::Iis40413).await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("404.13"));
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing() {
    let bench = Bench::new().await;
    let pieces = futures_util::stream::iter([Ok(Bytes::from("half")), Err(std::io::Error::other("gone"))]);
    let headers = [("content-type", "application/pdf"), ("slug", "a.pdf")];
    assert!(bench.try_send("POST", "/OData4/Documents", &headers, Body::from_stream(pieces)).await.is_err());
    assert_eq!(bench.workzone.rows("Documents").unwrap(), Vec::<Value>::new());
}

#[cfg(target_os = "linux")]
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn two_hundred_megabytes_pass_without_being_held() {
    const CHUNK_BYTES: usize = 64 << 10;
    const CHUNKS: usize = (200 << 20) / CHUNK_BYTES;
    let bench = Bench::new().await;
    let before_kib = peak_memory_kib();
    let chunk = Bytes::from(vec![7_u8; CHUNK_BYTES]);
    let chunks = futures_util::stream::iter(std::iter::repeat_n(chunk, CHUNKS).map(Ok::<_, std::io::Error>));
    let headers = [("content-type", "application/pdf"), ("slug", "stor.pdf")];
    let reply = bench.try_send("POST", "/OData4/Documents", &headers, Body::from_stream(chunks)).await.unwrap();
    assert_eq!(reply.status, 201);
    assert_eq!(bench.workzone.rows("Documents").unwrap()[0]["Size"], json!(200 << 20));
    assert!(peak_memory_kib() - before_kib < 32 << 10, "grew by {} KiB", peak_memory_kib() - before_kib);
}
