//! What waits in `XFlow`: drives for SD Løn and payments for Prisme, of people who do not exist.

use serde_json::{Value, json};

/// A number of nobody, from public descriptions.
pub(super) const CPR: &str = "251248-4916";

/// A delivery for both systems, whose first records are given twice.
pub(super) fn delivery(id: &str) -> Value {
    let drive = |number: u8, km: &str| {
        json!({
            "id": format!("{id}-L{number}"), "kommune": "0773", "form": "1", "cpr": CPR, "ekstra": "0", "tf": "310-4", "km": km,
            "konto": "1234567890", "dato": "21-03-2026",
        })
    };
    let payment = |number: u8, amount: &str, text: &str| {
        json!({
            "id": format!("{id}-P{number}"), "Beloeb": amount, "DebitKreditMarkering": "D", "Ekspeditionsloebenr": "1",
            "IdentKode": "02", "Kontonr": "220010000017042", "Posteringsdato": "15-04-2026", "Posteringstype": "NOR",
            "Transaktionstype": "01", "Udbetalingsberettiget": CPR, "Udbetalingsdato": "16-04-2026", "Betalingstekst": text,
        })
    };
    json!({
        "id": id,
        "sd": [drive(1, "12,34"), drive(2, "5")],
        "prisme": [payment(1, "2.345,50", "Befordring, Ærøskøbing Å"), payment(2, "100", "Tillæg")],
        "twice": true,
    })
}
