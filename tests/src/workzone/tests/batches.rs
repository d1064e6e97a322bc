//! `$batch` in both spellings: a change set happens as a whole or not at all.

use super::*;

fn change_set(parts: &[(&str, &str, Value)]) -> String {
    let mut body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n".to_owned();
    for (number, (method, url, content)) in parts.iter().enumerate() {
        body.push_str(&format!(
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {}\r\n\r\n\
             {method} {url} HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n\r\n{content}\r\n",
            number + 1
        ));
    }
    body + "--c--\r\n--b--\r\n"
}

async fn multipart(bench: &Bench, root: &str, body: String) -> Reply {
    let headers = [("content-type", "multipart/mixed; boundary=b")];
    bench.try_send("POST", &format!("{root}$batch"), &headers, Body::from(body)).await.unwrap()
}

#[tokio::test]
async fn a_change_set_is_committed_as_a_whole() {
    let bench = Bench::new().await;
    let contact = bench.make("Contacts", json!({ "NameType_Value": "P", "NameCode": "1", "Name1": "Åse" })).await;
    let party = json!({ "NameKey_Value": contact, "CustomLabel_Value": "Part" });
    let reply =
        multipart(&bench, "/OData4/", change_set(&[("POST", "Files", case("a")), ("POST", "$1/Parties", party)])).await;
    assert_eq!((reply.status.as_u16(), reply.text().matches("HTTP/1.1 201").count()), (200, 2), "{}", reply.text());
    assert!(reply.text().contains("Content-ID: 2"));
    assert_eq!(bench.workzone.ledger().by_key["a"].parties, 1);
    assert_eq!(bench.workzone.requests().last().unwrap().parts, ["POST Files -> 201", "POST $1/Parties -> 201"]);
}

#[tokio::test]
async fn one_bad_part_undoes_the_change_set_and_is_the_only_part_of_the_answer() {
    for (root, status) in [("/OData4/", 200), ("/odata/", 202)] {
        let bench = Bench::new().await;
        bench.case("taken").await;
        let parts = [("POST", "Files", case("a")), ("POST", "Files", case("taken")), ("POST", "Files", case("c"))];
        let reply = multipart(&bench, root, change_set(&parts)).await;
        let text = reply.text();
        assert_eq!((reply.status.as_u16(), text.matches("HTTP/1.1 ").count()), (status, 1), "{text}");
        assert!(text.contains("HTTP/1.1 400") && text.contains("SOM_UNIQUE_VIOLATION"));
        assert_eq!(bench.workzone.ledger().cases, 1);
        assert_eq!(
            bench.get("/OData4/Files?$filter=EXTREF eq 'a'").await["value"],
            json!([]),
            "the index is undone too"
        );
    }
}

#[tokio::test]
async fn a_changed_row_gets_its_old_value_back() {
    let bench = Bench::new().await;
    let id = bench.case("a").await;
    let parts = [("PATCH", &*format!("Files('{id}')"), json!({ "Title": "ny" })), ("POST", "Files", json!({}))];
    multipart(&bench, "/OData4/", change_set(&parts)).await;
    assert_eq!(bench.workzone.ledger().files[0].title, "Ansøgning om byggetilladelse");
    assert_eq!(bench.workzone.ledger().files[0].updates, 0);
}

#[tokio::test]
async fn documents_are_refused_inside_a_batch() {
    let bench = Bench::new().await;
    let reply = multipart(&bench, "/OData4/", change_set(&[("POST", "Documents", json!({ "x": 1 }))])).await;
    assert!(reply.text().contains("SOM_MEDIA_IN_BATCH"));
    assert_eq!(bench.workzone.rows("Documents").unwrap(), Vec::<Value>::new());
}

#[tokio::test]
async fn json_batches_have_groups() {
    let bench = Bench::new().await;
    let part = |id: &str, group: &str, body: Value| json!({ "id": id, "atomicityGroup": group, "method": "post", "url": "Files", "body": body });
    let body = json!({ "requests": [part("1", "g", case("a")), part("2", "g", case("b")), part("3", "h", case("c")), part("4", "h", case("a"))] });
    let reply = bench.send("POST", "/OData4/$batch", &[], body).await;
    let responses = reply.json().unwrap()["responses"].clone();
    let seen = responses
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["id"].as_str().unwrap(), part["status"].as_u64().unwrap()));
    assert_eq!((reply.status.as_u16(), seen.collect::<Vec<_>>()), (200, vec![("1", 201), ("2", 201), ("4", 400)]));
    assert_eq!(bench.workzone.ledger().cases, 2);
}

#[tokio::test]
async fn a_body_may_bind_to_an_earlier_part() {
    let bench = Bench::new().await;
    let row = json!({ "Title": "x", "RecordType_Value": "I", "State_Value": "UÅ", "FileKey@odata.bind": "$1" });
    multipart(&bench, "/OData4/", change_set(&[("POST", "Files", case("a")), ("POST", "Records", row)])).await;
    assert_eq!(bench.workzone.ledger().files[0].documents.len(), 1);
    let row = json!({ "Title": "y", "RecordType_Value": "I", "State_Value": "UÅ", "FileKey": { "__metadata": { "uri": "$1" } } });
    multipart(&bench, "/odata/", change_set(&[("POST", "/odata/Files", case("b")), ("POST", "Records", row)])).await;
    assert_eq!(bench.workzone.ledger().files[1].documents.len(), 1);
}

#[tokio::test]
async fn v4_stops_at_the_first_failure_and_v3_goes_on() {
    let get = |url: &str| {
        format!(
            "--b\r\nContent-Type: application/http\r\n\r\nGET {url} HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
        )
    };
    let body = || get("Files('1')") + &get("Files") + "--b--\r\n";
    let bench = Bench::new().await;
    assert_eq!(multipart(&bench, "/OData4/", body()).await.text().matches("HTTP/1.1 ").count(), 1);
    assert_eq!(multipart(&bench, "/odata/", body()).await.text().matches("HTTP/1.1 ").count(), 2);
    let headers = [("content-type", "multipart/mixed; boundary=b"), ("prefer", "odata.continue-on-error")];
    let reply = bench.try_send("POST", "/OData4/$batch", &headers, Body::from(body())).await.unwrap();
    assert_eq!(reply.text().matches("HTTP/1.1 ").count(), 2);
}

#[tokio::test]
async fn a_batch_that_is_none_is_a_bad_request() {
    let bench = Bench::new().await;
    assert_eq!(multipart(&bench, "/OData4/", "--b\r\nnothing".to_owned()).await.status, 400);
    assert_eq!(bench.send("POST", "/OData4/$batch", &[], json!({})).await.status, 400);
}
