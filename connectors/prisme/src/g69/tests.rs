//! What a posting becomes, and what it may not have.

use serde_json::{Value, json};

use super::*;

fn read(settings: Value, changes: Value) -> Result<Posted, Unfit> {
    let settings: Settings = serde_json::from_value(settings).expect("settings");
    let dialect = settings.dialect().expect("a dialect");
    let mut posting = json!({ "Kontonr": "220010000017042", "Beloeb": "2.750,00", "DebitKreditMarkering": "D" });
    let members = posting.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    let posting: Posting = serde_json::from_value(posting).expect("a posting");
    let common = Common {
        settings: &settings,
        dialect: &dialect,
        posting_type: PostingType::Normal,
        date: Some("17-05-2024"),
        key: "1",
    };
    Posted::read(&posting, &common, "Postering 1, ", &mut Vec::new())
}

#[track_caller]
fn refused(changes: Value, code: &str, message: &str) {
    let unfit = read(json!({}), changes).err().expect("refused");
    assert_eq!((unfit.code, unfit.message.as_str()), (code, message));
}

#[test]
fn a_posting_is_a_line_of_numbered_fields() {
    let changes = json!({
        "NrkodeYdelsesmodtager": "03", "Ydelsesmodtager": "26911745", "Posteringstekst": "Kørsel, 2.kv 2024",
    });
    let settings = json!({ "org_unit": "1", "custom": { "dispatch_numbers": "per-file" } });
    let posted = read(settings, changes).expect("fits");
    assert_eq!(
        posted.line(1, 1),
        "000G6900001000101NORFLYD&10300000&1040000001&11020240517&111220010000017042&112000000275000 &113D&13203&13326911745\
         &153Kørsel, 2.kv 2024&2501"
    );
}

#[test]
fn a_dialect_changes_account_sign_and_year() {
    let settings = json!({ "profile": "os2bos", "user": "BOS", "custom": { "plus_sign": true } });
    let posted = read(settings, json!({ "Kontonr": "1234567890", "Beloeb": "-0,5" })).expect("fits");
    let line = posted.line(3, 7);
    assert!(line.contains("&1111234567890&112000000000050-&113D&1142024&"), "{line}");
    let posted = read(json!({ "custom": { "plus_sign": true } }), json!({ "Kontonr": "12" })).expect("fits");
    assert!(posted.line(1, 1).contains("&111000000000000012&112000000275000+&"));
}

#[test]
fn what_belongs_together_and_apart_is_seen_to() {
    for (changes, code) in [
        (json!({ "NrkodeYdelsesmodtager": "02" }), "fields-belong-together"),
        (json!({ "Ydelsesmodtager": "0101010101" }), "fields-belong-together"),
        (json!({ "Delleverance": "1" }), "fields-belong-together"),
        (json!({ "Emne": "x" }), "fields-belong-together"),
        (json!({ "Projektnr": "1", "Projektart": "2" }), "fields-belong-together"),
        (json!({ "Salgspris": "1,00" }), "fields-belong-together"),
        (json!({ "Emne": "x", "LangtNotat": "y", "KonteringFakturapulje": "J" }), "fields-exclude-each-other"),
        (json!({ "Emne": "x", "LangtNotat": "y", "Dokumentarkivnr": "1" }), "fields-exclude-each-other"),
    ] {
        assert_eq!(read(json!({}), changes.clone()).err().expect("refused").code, code, "{changes}");
    }
    let message = "Postering 1, felterne `Rekvisitionsnr` (170), `Delleverance` (171) skal være der sammen.";
    refused(json!({ "Rekvisitionsnr": "7" }), "fields-belong-together", message);
    let project = json!({ "Projektnr": "P1", "Projektart": "A", "Antal": "2,5", "Aktivitetsnr": "9" });
    let line = read(json!({}), project).expect("fits").line(1, 1);
    assert!(line.ends_with("&2501&300P1&301A&304000000250 &3069"), "{line}");
}

#[test]
fn what_does_not_fit_names_the_field_and_not_the_value() {
    for (changes, code, message) in [
        (json!({ "Beloeb": "" }), "value-missing", "Postering 1, `Beloeb` mangler."),
        (json!({ "Beloeb": "1,234" }), "number-too-precise", "Postering 1, `Beloeb` har mere end to decimaler."),
        (
            json!({ "Beloeb": "10000000000,00" }),
            "text-too-long",
            "Postering 1, `Beloeb` er på 13 tegn; der er plads til 12.",
        ),
        (
            json!({ "Posteringstekst": "x".repeat(36) }),
            "text-too-long",
            "Postering 1, `Posteringstekst` er på 36 tegn; der er plads til 35.",
        ),
        (
            json!({ "Posteringstekst": "Børn & Unge" }),
            "character-not-allowed",
            "Postering 1, `Posteringstekst`: tegnet `&` på plads 6 er ikke tilladt.",
        ),
        (json!({ "Kontonr": "12-34" }), "digits-not-valid", "Postering 1, `Kontonr` skal være højst 15 cifre."),
        (
            json!({ "DebitKreditMarkering": "C" }),
            "code-not-known",
            "Postering 1, `DebitKreditMarkering` skal være en af: D, K.",
        ),
        (
            json!({ "NrkodeYdelsesmodtager": "02", "Ydelsesmodtager": "3201901234" }),
            "cpr-not-valid",
            "Postering 1, `Ydelsesmodtager`: CPR-nummeret har ikke en gyldig form.",
        ),
        (
            json!({ "NrkodeYdelsesmodtager": "09", "Ydelsesmodtager": "1" }),
            "code-not-known",
            "Postering 1, `NrkodeYdelsesmodtager` skal være en af: 02, 03.",
        ),
    ] {
        refused(changes, code, message);
    }
}
