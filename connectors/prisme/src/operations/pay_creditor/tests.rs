//! What a Kreditorpost becomes in each dialect, by way of the fake host.

use serde_json::{Value, json};
use sluse_sdk::testing::{self, FakeHost, Outcome};

use crate::PrismeConnector;

fn post(changes: Value) -> Value {
    posts([changes])
}

fn posts(changes: impl IntoIterator<Item = Value>) -> Value {
    let usual = json!({
        "Beloeb": "1.876,00", "DebitKreditMarkering": "D", "Ekspeditionsloebenr": "1", "IdentKode": "02",
        "Kontonr": "220010000017042", "Posteringsdato": "2024-03-05", "Posteringstype": "NOR", "Transaktionstype": "01",
        "Udbetalingsberettiget": "251248-4916", "Udbetalingsdato": "26-02-2024",
        "Betalingstekst": "Ydelse for januar på Ærø",
    });
    let mut batch_key = json!("B-7");
    let post = |changes: Value| {
        let mut post = usual.clone();
        let members = post.as_object_mut().expect("an object");
        members.extend(changes.as_object().expect("an object").clone());
        if let Some(key) = members.remove("batch_key") {
            batch_key = key;
        }
        post
    };
    let posts: Vec<Value> = changes.into_iter().map(post).collect();
    json!({ "batch_key": batch_key, "kreditorposter": posts })
}

/// Output and files, with no target behind.
fn pay(settings: &Value, input: &Value) -> (Value, Vec<(String, String, String)>) {
    let host = FakeHost::install(|_| unreachable!("files only"));
    let output = match testing::execute::<PrismeConnector>("pay-creditor", settings, input) {
        Ok(Outcome::Done(output)) => serde_json::from_str(&output).expect("JSON"),
        other => panic!("{other:?}"),
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output, host.published().into_iter().map(|(folder, name, bytes)| (folder, name, text(bytes))).collect())
}

#[test]
fn tenq_writes_the_payment_and_then_its_posting() {
    let (output, files) = pay(&json!({}), &post(json!({})));
    assert_eq!(
        files,
        [(
            "prisme".to_owned(),
            "prisme-B-7.txt".to_owned(),
            "000G6800001011&020000&0300&07000000000000000000&0800000187600&09+&1002&1100002512484916&1220240226\
             &16202403050000000001&17B-7&40Ydelse for januar på Ærø\r\n\
             000G6900001000001NORFLYD&10300000&1040000001&11020240305&111220010000017042&112000000187600 &113D\
             &117202403050000000001&250B-7\r\n"
                .to_owned()
        )]
    );
    assert_eq!(output["payment_ref"], "202403050000000001");
    assert_eq!(output["files"][0]["line_nos"], json!([1, 1]));
    assert_eq!(output["balance"][0]["kredit"], "1876,00");
    assert_eq!(output["warnings"], json!([]));
}

#[test]
fn os2bos_writes_the_posting_first_inside_an_envelope() {
    let settings = json!({ "profile": "os2bos", "org_unit": "151", "maskinnr": "482" });
    let (output, files) = pay(&settings, &post(json!({ "Kontonr": "1234567890" })));
    // The delivery is of 1 January 2026.
    assert_eq!(
        files[0].2,
        "Z300 01516      0011\n\
         000G6900001015101NORFLYD&10300482&1040000001&11020240305&1111234567890&112000000187600 &113D&1142024\
         &11720240305004820000001&250B-7\n\
         000G68000020151011&020151&0300&0800000187600&09+&1002&112512484916&1220240226&1620240305004820000001&17B-7\
         &40Ydelse for januar på Ærø\n\
         SLUTD00002\n"
    );
    assert_eq!(
        (&output["payment_ref"], &output["files"][0]["line_nos"]),
        (&json!("20240305004820000001"), &json!([1, 2]))
    );
}

#[test]
fn suila_keeps_odd_cpr_numbers_apart_and_writes_a_control_file() {
    let (output, files) = pay(&json!({ "profile": "suila" }), &post(json!({ "Udbetalingsberettiget": "0101010101" })));
    assert_eq!((files[0].0.as_str(), output["files"][0]["folder"].as_str()), ("odd-cpr", Some("odd-cpr")));
    let control = (
        "control".to_owned(),
        "prisme-B-7-odd-cpr.csv".to_owned(),
        "prisme-B-7-odd-cpr.txt;0101010101;1876,00\r\n".to_owned(),
    );
    assert_eq!(files[1], control);
    assert!(!output.to_string().contains("0101010101"), "{output}");
    assert_eq!(output["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_batch_of_several_goes_into_one_file_and_odd_numbers_into_another() {
    let odd = json!({ "Udbetalingsberettiget": "0101010101" });
    let batch = posts([json!({}), odd, json!({ "Beloeb": "1,00" })]);
    let (output, files) = pay(&json!({ "profile": "suila" }), &batch);
    let names: Vec<&str> = files.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["prisme-B-7.txt", "prisme-B-7.csv", "prisme-B-7-odd-cpr.txt", "prisme-B-7-odd-cpr.csv"]);
    assert_eq!(output["files"][0]["line_nos"], json!([1, 1, 2, 2]));
    assert_eq!(output["files"][0]["payment_refs"], json!(["202403050000000001", "202403050000000002"]));
    // Numbers of their own, or two payments of the day would have one reference.
    assert_eq!(output["files"][1]["payment_refs"], json!(["202403050000000003"]));
    assert_eq!(files[1].2, "prisme-B-7.txt;2512484916;1876,00\r\nprisme-B-7.txt;2512484916;1,00\r\n");
    assert_eq!(output["balance"][0]["kredit"], "3753,00");
    let warning =
        "Kreditorpost 2, `Udbetalingsberettiget`: CPR-nummeret opfylder ikke modulus 11. Det kan være gyldigt.";
    assert_eq!(output["warnings"], json!([warning]));
}

#[test]
fn os2bos_numbers_lines_and_dispatches_through_the_file() {
    let (output, files) = pay(&json!({ "profile": "os2bos" }), &posts([json!({}), json!({})]));
    assert_eq!(output["files"][0]["line_nos"], json!([1, 2, 3, 4]));
    assert!(files[0].2.contains("G6900003") && files[0].2.contains("&1040000002&"), "{}", files[0].2);
    assert!(files[0].2.ends_with("SLUTD00004\n"));
}

#[test]
fn the_same_batch_of_another_delivery_is_the_same_file() {
    let host = FakeHost::install(|_| unreachable!("files only"));
    let once = |changes| testing::execute::<PrismeConnector>("pay-creditor", &json!({}), &post(changes));
    for changes in [json!({ "batch_key": "A" }), json!({}), json!({})] {
        once(changes).expect("written");
    }
    assert_eq!(host.published().len(), 2);
    let other = once(json!({ "Beloeb": "1,00" })).expect_err("other content");
    assert_eq!(other.problem().code, "file-conflict");
}

#[test]
fn over_long_texts_are_cut_and_told() {
    let long = json!({ "Betalingstekst": "å".repeat(90), "Posteringstekst": "ø".repeat(36), "ByNavnBeloebsModtager": "Frederikssund By" });
    let settings =
        json!({ "further_fields": { "ByNavnBeloebsModtager": { "record": "g68", "field": 25, "width": 30 } } });
    let (output, files) = pay(&settings, &post(long));
    assert!(files[0].2.contains(&format!("&25Frederikssun&40{}\r\n", "å".repeat(81))), "{}", files[0].2);
    let warnings = [
        "`Posteringstekst` er afkortet fra 36 til 35 tegn.",
        "`Betalingstekst` er afkortet fra 90 til 81 tegn.",
        "`ByNavnBeloebsModtager` er afkortet fra 16 til 12 tegn.",
    ];
    assert_eq!(output["warnings"], json!(warnings));
}

#[test]
fn a_payment_on_a_closed_day_is_moved_and_told() {
    let settings = json!({ "calendar": { "closed": ["2024-02-26"], "on_closed": "next-open-day" } });
    let (output, files) = pay(&settings, &post(json!({})));
    assert!(files[0].2.contains("&1220240227&"));
    assert_eq!(output["warnings"], json!(["`Udbetalingsdato` er flyttet fra lukkedagen 2024-02-26 til 2024-02-27."]));
}

#[track_caller]
fn refused(changes: Value, code: &str) {
    let host = FakeHost::install(|_| unreachable!("files only"));
    let failure = testing::execute::<PrismeConnector>("pay-creditor", &json!({}), &post(changes)).expect_err("refused");
    assert_eq!(failure.problem().code, code, "{failure:?}");
    assert!(host.published().is_empty());
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    refused(json!({ "DebitKreditMarkering": "K" }), "postings-not-balanced");
    refused(json!({ "Betalingstekst": "Ja!" }), "character-not-allowed");
    refused(json!({ "Udbetalingsberettiget": "3201901234" }), "cpr-not-valid");
    refused(json!({ "IdentKode": "2", "Udbetalingsberettiget": "" }), "value-missing");
    refused(json!({ "IdentKode": "07" }), "code-not-known");
    refused(json!({ "Ekspeditionsloebenr": "2" }), "code-not-known");
    refused(json!({ "Beloeb": "1,005" }), "number-too-precise");
    refused(json!({ "Beloeb": "1000000000,00" }), "text-too-long");
    refused(json!({ "PIKontonr": "1234567890" }), "field-without-place");
    refused(json!({ "batch_key": "en nøgle ".repeat(6) }), "text-too-long");
    refused(json!({ "batch_key": "B!7" }), "character-not-allowed");
    refused(json!({ "Udbetalingsdato": "30-02-2024" }), "date-not-valid");
    refused(json!({ "Fakturanr": "F".repeat(21) }), "text-too-long");
    refused(json!({ "Udbetalingshenvisningsnummer": "12a" }), "digits-not-valid");
}
