//! Cases, parties and custom tabs over v4.

use super::*;

#[tokio::test]
async fn a_create_answers_only_the_id_unless_more_is_asked() {
    let bench = Bench::new().await;
    let reply = bench.send("POST", "/OData4/Files", &[], case("a")).await;
    let body = reply.json().unwrap();
    let names = body.as_object().unwrap().keys().filter(|name| !name.starts_with('@')).collect::<Vec<_>>();
    assert_eq!((reply.status.as_u16(), names), (201, vec![&"ID".to_owned()]));
    assert!(reply.header("location").ends_with(&format!("/OData4/Files('{}')", body["ID"].as_str().unwrap())));
    let reply = bench.send("POST", "/OData4/Files?$select=ID,UserKey,Summary", &[], case("b")).await;
    assert!(reply.json().unwrap()["Summary"].as_str().unwrap().ends_with("Ansøgning om byggetilladelse"));
}

#[tokio::test]
async fn the_unique_field_admits_one_case() {
    let bench = Bench::new().await;
    let first = bench.case("wf-1").await;
    let (status, code) = bench.refused("POST", "/OData4/Files", case("wf-1")).await;
    assert_eq!((status, code.as_str()), (400, "20011.1;SOM_UNIQUE_VIOLATION"));
    assert_eq!(bench.workzone.ledger().by_key["wf-1"].cases, 1);
    let renamed = bench.send("PATCH", &format!("/OData4/Files('{first}')"), &[], json!({ "EXTREF": "wf-2" })).await;
    assert_eq!(renamed.status, 204);
    bench.case("wf-1").await;
}

#[tokio::test]
async fn without_a_unique_field_two_cases_share_a_key() {
    let bench = Bench::with(Settings { unique_enforced: false, ..Settings::default() }).await;
    bench.case("wf-1").await;
    bench.case("wf-1").await;
    assert_eq!(bench.workzone.ledger().by_key["wf-1"].cases, 2);
    assert_eq!(bench.get("/OData4/Files?$filter=EXTREF eq 'wf-1'&$top=2").await["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_case_needs_its_mandatory_fields_and_known_ones() {
    let bench = Bench::new().await;
    let code = |body| bench.refused("POST", "/OData4/Files", body);
    assert_eq!(code(json!({ "Title": "x" })).await.1, "20003.1;SOM_MANDATORY");
    assert_eq!(code(json!({ "Title": " ", "FileClass_Value": "1" })).await.1, "20003.1;SOM_MANDATORY");
    assert_eq!(
        code(json!({ "Title": "x", "FileClass_Value": "1", "NOPE": "y" })).await.1,
        "20003.3;SOM_UNKNOWN_PROPERTY"
    );
    assert_eq!(
        code(json!({ "Title": "x", "FileClass_Value": "1", "FileNo": "y" })).await.1,
        "20003.3;SOM_UNKNOWN_PROPERTY"
    );
    assert_eq!(code(json!({ "Title": 5, "FileClass_Value": "1" })).await.1, "20003.4;SOM_BAD_VALUE");
    assert_eq!(code(json!({ "Title": "x", "FileClass_Value": "1", "AREAL": "12,5" })).await.1, "20003.4;SOM_BAD_VALUE");
    assert_eq!(bench.workzone.ledger().cases, 0);
}

#[tokio::test]
async fn a_change_needs_the_etag_that_is_current() {
    let bench = Bench::new().await;
    let path = format!("/OData4/Files('{}')", bench.case("a").await);
    let etag = bench.get(&path).await["@odata.etag"].as_str().unwrap().to_owned();
    let (sender, target) = (&bench, &path);
    let change = |etag: String| async move {
        sender.send("PATCH", target, &[("if-match", &etag)], json!({ "Text": "nyt" })).await
    };
    let done = change(etag.clone()).await;
    assert_eq!(done.status, 204);
    assert_ne!(done.header("etag"), etag);
    assert_eq!(change(etag).await.status, 412);
    assert_eq!(change("*".to_owned()).await.status, 204);
    assert_eq!(bench.workzone.ledger().files[0].updates, 2);
}

#[tokio::test]
async fn an_installation_without_etags_refuses_if_match() {
    let bench = Bench::with(Settings { etags: false, ..Settings::default() }).await;
    let path = format!("/OData4/Files('{}')", bench.case("a").await);
    let row = bench.send("GET", &path, &[], Value::Null).await;
    assert_eq!((row.header("etag"), &row.json().unwrap()["@odata.etag"]), ("", &Value::Null));
    assert_eq!(bench.send("PATCH", &path, &[("if-match", "*")], json!({ "Text": "x" })).await.status, 400);
    assert_eq!(bench.send("PATCH", &path, &[], json!({ "Text": "x" })).await.status, 204);
}

#[tokio::test]
async fn a_closed_case_takes_nothing_until_it_is_open_again() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let contact =
        bench.make("Contacts", json!({ "NameType_Value": "P", "NameCode": "2512484916", "Name1": "Åse" })).await;
    let path = format!("/OData4/Files('{case}')");
    bench.send("PATCH", &path, &[], json!({ "State_Value": "A" })).await;
    let party = json!({ "FileKey_Value": case, "NameKey_Value": contact, "CustomLabel_Value": "Sagspart" });
    assert_eq!(bench.refused("PATCH", &path, json!({ "Text": "x" })).await.1, "20021.3;SOM_CASE_CLOSED");
    assert_eq!(bench.refused("POST", "/OData4/FileContacts", party.clone()).await.1, "20021.3;SOM_CASE_CLOSED");
    assert_eq!(bench.send("PATCH", &path, &[], json!({ "State_Value": "UB" })).await.status, 204);
    bench.make("FileContacts", party).await;
}

#[tokio::test]
async fn a_party_joins_a_contact_to_a_case_in_a_role() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let contact = bench
        .make("Contacts", json!({ "NameType_Value": "C", "NameCode": "12345678", "Name1": "Ærø Tømrer ApS" }))
        .await;
    let party = json!({ "NameKey_Value": contact, "CustomLabel_Value": "Sagspart" });
    bench.make(&format!("Files('{case}')/Parties"), party.clone()).await;
    let ledger = bench.workzone.ledger();
    let entry = &ledger.files[0].parties[0];
    assert_eq!((entry.role.as_str(), entry.name.as_str(), ledger.parties), ("Sagspart", "Ærø Tømrer ApS", 1));
    let stranger = json!({ "NameKey_Value": "1", "CustomLabel_Value": "Sagspart" });
    assert_eq!(
        bench.refused("POST", &format!("/OData4/Files('{case}')/Parties"), stranger).await.1,
        "20004.1;SOM_UNKNOWN_REFERENCE"
    );
    bench.make(&format!("Files('{case}')/Parties"), party).await;
    assert_eq!(bench.workzone.ledger().by_key["a"].parties, 2, "a doubled party shows");
}

#[tokio::test]
async fn a_contact_is_one_per_type_and_code_and_stays_while_it_is_used() {
    let bench = Bench::new().await;
    let contact = |kind: &str| json!({ "NameType_Value": kind, "NameCode": "12345678", "Name1": "X" });
    let id = bench.make("Contacts", contact("C")).await;
    assert_eq!(bench.refused("POST", "/OData4/Contacts", contact("C")).await.1, "20011.1;SOM_UNIQUE_VIOLATION");
    assert_eq!(bench.refused("POST", "/OData4/Contacts", contact("Z")).await.1, "20003.4;SOM_BAD_VALUE");
    assert_eq!(bench.refused("POST", "/OData4/Contacts", contact("CC")).await.1, "20003.2;SOM_TOO_LONG");
    let case = bench.case("a").await;
    let party = bench
        .make("FileContacts", json!({ "FileKey_Value": case, "NameKey_Value": id, "CustomLabel_Value": "Part" }))
        .await;
    assert_eq!(
        bench.refused("DELETE", &format!("/OData4/Contacts('{id}')"), Value::Null).await.1,
        "20004.7;SOM_STILL_REFERENCED"
    );
    for path in [format!("/OData4/FileContacts('{party}')"), format!("/OData4/Contacts('{id}')")] {
        assert_eq!(bench.send("DELETE", &path, &[], Value::Null).await.status, 204);
    }
}

#[tokio::test]
async fn a_custom_tab_is_a_row_that_names_its_case() {
    let bench = Bench::new().await;
    let case = bench.case("a").await;
    let row = json!({ "FileKey_Value": case, "MATRIKEL": "12a Ågerup", "AREAL": 125.5, "ETAGER": 2, "ANSDATO": "2026-01-31" });
    let id = bench.make("BYGGESAG", row).await;
    let read = bench.get(&format!("/OData4/Files('{case}')/BYGGESAG")).await;
    assert_eq!((&read["value"][0]["ID"], &read["value"][0]["ANVENDELSE"]), (&json!(id), &Value::Null));
    assert_eq!(bench.workzone.ledger().by_key["a"].custom_tabs, 1);
    assert_eq!(bench.workzone.ledger().files[0].custom_tabs[0].fields["MATRIKEL"], "12a Ågerup");
}

#[tokio::test]
async fn a_missing_row_is_not_found() {
    let bench = Bench::new().await;
    for path in ["/OData4/Files('1')", "/OData4/Nothing", "/OData4/Files('1')/Parties", "/OData4/Files('067453')"] {
        assert_eq!(bench.refused("GET", path, Value::Null).await.0, 404, "{path}");
    }
}
