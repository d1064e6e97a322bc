//! The simulated SD Løn itself: what it registers, how it misleads, and what its ledger counts.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, StatusCode};

use super::{Employment, Settings, SimulatedSdLoen, SoapFault};
use crate::client::{self, Reply};
use crate::simulated::{Fault, Planted};

const CPR: &str = "2512484916";
const KEY: &str = "00123 2026-03-21 12.50";
const OF_2012: &str = "/sdws/services/KoerselOpret20120201";
const OF_2017: &str = "/sdws-indberetning/services/AnsaettelseKoerselOpret20170501";

async fn start(refuses_odd_cpr: bool) -> SimulatedSdLoen {
    let sd = SimulatedSdLoen::start(Settings { refuses_odd_cpr, ..Settings::default() }).await.expect("an SD Løn");
    for (id, status) in [("00123", "1"), ("00456", "3"), ("00789", "8")] {
        let (cpr, department) = (CPR.to_owned(), "Ældreplejen & Co".to_owned());
        sd.employ(Employment { cpr, id: id.into(), status: status.into(), department });
    }
    sd
}

async fn ask(sd: &SimulatedSdLoen, method: &str, path: &str, body: String) -> anyhow::Result<Reply> {
    let signed_in = format!("Basic {}", STANDARD.encode("SY1234:sd-password-1"));
    let request = Request::builder().method(method).uri(format!("{}{path}", sd.origin()));
    client::send(request.header("authorization", signed_in).body(Body::from(body))?).await
}

fn claim(employment: &str) -> String {
    format!(
        "<e:Envelope><e:Body><KoerselOpret20120201 xmlns=\"urn:oio:sd:snitflader:2012.02.01\"><InddataStruktur>\
         <InstitutionIdentifikator>XA</InstitutionIdentifikator><PersonnummerIdentifikator>{CPR}</PersonnummerIdentifikator>\
         <AnsaettelseIdentifikator>{employment}</AnsaettelseIdentifikator><RegistreringTypeIdentifikator>0642\
         </RegistreringTypeIdentifikator><KoerselDato>2026-03-21</KoerselDato><KilometerMaal>12.50</KilometerMaal>\
         <Regel60DageIndikator>false</Regel60DageIndikator><KoertFraTekst/><KoertTilTekst>Ærø &amp; Omegn</KoertTilTekst>\
         </InddataStruktur></KoerselOpret20120201></e:Body></e:Envelope>"
    )
}

#[tokio::test]
async fn the_same_claim_again_is_paid_again() {
    let sd = start(false).await;
    for _ in 0..2 {
        let reply = ask(&sd, "POST", OF_2012, claim("00123")).await.expect("an answer");
        assert!(reply.status == 200 && reply.text().contains("dannetDatoTid"), "{}", reply.text());
        assert!(reply.text().contains("<KoertTilTekst>Ærø &amp; Omegn</KoertTilTekst>"), "{}", reply.text());
    }
    let entry = &sd.ledger().claims[KEY];
    assert_eq!((entry.received, entry.registered, entry.last["KoertTilTekst"].as_str()), (2, 2, "Ærø & Omegn"));
}

#[tokio::test]
async fn what_is_refused_comes_with_200() {
    let sd = start(false).await;
    for (employment, reason) in [("00789", "ophørt"), ("00999", "findes ikke")] {
        let reply = ask(&sd, "POST", OF_2012, claim(employment)).await.expect("an answer");
        assert!(reply.status == 200 && reply.text().contains("S:Client") && reply.text().contains(reason));
    }
    let without = claim("00123").replace("<KilometerMaal>12.50</KilometerMaal>", "");
    for body in [without, "<x/>".to_owned()] {
        assert!(ask(&sd, "POST", OF_2012, body).await.expect("an answer").text().contains("S:Fault"));
    }
    assert!(ask(&sd, "POST", OF_2017, claim("00123")).await.expect("an answer").text().contains("S:Fault"));
    assert!(sd.ledger().claims.values().all(|entry| entry.registered == 0));
}

#[tokio::test]
async fn the_later_service_gives_a_number() {
    let sd = start(false).await;
    let flags: String = ["GodkendtIndikator", "KontrolleretIndikator", "DokumentationEksternIndikator"]
        .map(|name| format!("<{name}>true</{name}>"))
        .concat();
    let person = format!("<PersonnummerIdentifikator>{CPR}</PersonnummerIdentifikator>");
    let approver = format!("<BrugerIdentifikator>{CPR}</BrugerIdentifikator>");
    let later = claim("00123").replace("KoerselOpret20120201", "AnsaettelseKoerselOpret20170501");
    let later = later.replace(&person, &approver).replace("<Regel60", &format!("{flags}<Regel60"));
    let reply = ask(&sd, "POST", OF_2017, later).await.expect("an answer");
    let id = sd.ledger().claims[KEY].registration_ids[0].clone();
    assert!(reply.text().contains(&format!("<RegistreringIdentifikator>{id}<")), "{}", reply.text());
}

#[tokio::test]
async fn a_fault_may_hide_a_registration() {
    let sd = start(false).await;
    for (commits, registered) in [(false, 0), (true, 1)] {
        let key = Some(KEY.to_owned());
        sd.answer_with(SoapFault { key, code: "Server".into(), reason: "Fejl".into(), commits, status: 500 });
        let reply = ask(&sd, "POST", OF_2012, claim("00123")).await.expect("an answer");
        assert!(reply.status == 500 && reply.text().contains("S:Server"), "{}", reply.text());
        assert_eq!(sd.ledger().claims[KEY].registered, registered);
    }
    sd.plant(Planted { route: "mileage".into(), key: None, times: 1, fault: Fault::DropAfterCommit });
    assert!(ask(&sd, "POST", OF_2012, claim("00123")).await.is_err());
    assert_eq!(sd.ledger().claims[KEY].registered, 2);
}

#[tokio::test]
async fn a_late_answer_is_to_something_that_has_happened_already() {
    let sd = start(false).await;
    let fault = Fault::CommitThenDelay { ms: 300 };
    sd.plant(Planted { route: "mileage".into(), key: Some(KEY.into()), times: 1, fault });
    let (answered, seen) = tokio::join!(ask(&sd, "POST", OF_2012, claim("00123")), async {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        sd.ledger().claims.get(KEY).map(|entry| entry.registered)
    });
    assert_eq!((answered.expect("an answer").status, seen), (StatusCode::OK, Some(1)));
}

#[tokio::test]
async fn employments_are_told_to_those_who_may_come_in() {
    let sd = start(true).await;
    let look_up = |query: &str| format!("/sdws/GetEmployment20111201?InstitutionIdentifier=XA&{query}");
    let all = format!("PersonCivilRegistrationIdentifier={CPR}");
    let reply = ask(&sd, "GET", &look_up(&all), String::new()).await.expect("an answer");
    assert_eq!(reply.text().matches("<Employment>").count(), 3);
    assert!(reply.text().contains("Ældreplejen &amp; Co"));
    let one = ask(&sd, "GET", &look_up(&format!("{all}&EmploymentIdentifier=00456")), String::new()).await;
    assert_eq!(one.expect("an answer").text().matches("<Employment>").count(), 1);
    let odd = ask(&sd, "GET", &look_up("PersonCivilRegistrationIdentifier=0101010101"), String::new()).await;
    assert!(odd.expect("an answer").text().contains("ugyldigt"));
    for (institution, is_known) in [("XA", true), ("XB", false)] {
        let path = format!("/sdws/GetInstitution20111201?InstitutionIdentifier={institution}");
        let reply = ask(&sd, "GET", &path, String::new()).await.expect("an answer");
        assert_eq!(!reply.text().contains("Fault"), is_known);
    }
    let request = Request::get(format!("{}{}", sd.origin(), look_up(&all))).body(Body::empty());
    let stranger = client::send(request.expect("a request")).await.expect("an answer");
    assert_eq!((stranger.status, sd.ledger().refused), (StatusCode::UNAUTHORIZED, 1));
}
