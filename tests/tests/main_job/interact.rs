//! Forms of Interact, as examples/interact handles them: they become cases with contacts and documents for the executing
//! user, or error cases, and Interact hears what it has a word for.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::json;
use sluse_tests::{
    client,
    interact::{Shape, Submission},
    simulated,
    workzone::{Fault, OnBehalfOf, Settings},
};

use crate::town::{FLOW, SCHEDULE, Town, pasted, whole};

#[tokio::test(flavor = "multi_thread")]
async fn a_form_becomes_a_case_with_contacts_and_documents_for_the_executing_user() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let known = json!({ "NameType_Value": "P", "NameCode": "2512484916", "Name1": "Åse Fra Før" });
    let contact = town.workzone.seed("Contacts", known.as_object().context("an object")?.clone())?;
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    let told = town.until_told("S-1001", "Imported").await?;
    assert_eq!(told.told, [("Imported".to_owned(), None)]);

    let case = town.case("S-1001");
    assert_eq!(
        (case.title.as_str(), &case.fields["FileClass_Value"]),
        ("Ansøgning om plads på Ærø Havn", &json!("27.36.04"))
    );
    let [party] = &case.parties[..] else { panic!("{case:?}") };
    assert_eq!(
        (party.contact_id.as_str(), party.role.as_str(), party.name.as_str()),
        (contact.as_str(), "Ansøger", "Åse Ærø")
    );
    let documents: Vec<_> = case.documents.iter().map(|one| (one.title.as_str(), one.role.as_str())).collect();
    assert_eq!(
        documents,
        [("formular.pdf", "main"), ("formular.xml", "annex"), ("Ansøgning om plads på Ærø Havn", "main")]
    );
    for (document, record_type, state) in [(0, "DOK", "ARK"), (1, "DOK", "ARK"), (2, "I", "UÅ")] {
        let record = &case.documents[document].record_id;
        assert_eq!(town.property("Records", record, "RecordType_Value")?, record_type);
        assert_eq!(town.property("Records", record, "State_Value")?, state);
        assert_eq!(case.documents[document].contact_ids, [contact.as_str()]);
    }
    let asked = town.workzone.requests();
    let for_whom: BTreeSet<_> = asked
        .iter()
        .filter(|request| request.path.starts_with("/OData4"))
        .map(|request| request.headers.get("onbehalfof").map(String::as_str))
        .collect();
    assert_eq!(for_whom, BTreeSet::from([Some("User=ANSO")]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_names_a_case_updates_it() -> anyhow::Result<()> {
    let town = Town::start().await?;
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    town.until_told("S-1001", "Imported").await?;
    let before = town.case("S-1001");
    let title = "Ansøgning om plads på Ærø Havn, rettet".to_owned();
    let case_no = Some(before.user_key.clone());
    town.interact.submit(Submission { title: title.clone(), case_no, ..whole("S-1002") });
    town.until_told("S-1002", "Imported").await?;
    let after = town.case("S-1001");
    assert_eq!((&after.id, &after.title, after.updates), (&before.id, &title, 1));
    // The form is another one, and so is its PDF; the attachment has the same bytes and is there once.
    assert_eq!((after.parties.len(), after.documents.len(), town.workzone.ledger().cases), (1, 5, 1), "{after:?}");

    // What a form does not have stays as it is.
    let files = [("Officer_Value".to_owned(), "BOAN".to_owned())].into();
    let case_no = Some(before.user_key.clone());
    town.interact.submit(Submission { title: String::new(), files, case_no, ..whole("S-1003") });
    town.until_told("S-1003", "Imported").await?;
    let after = town.case("S-1001");
    assert_eq!((&after.title, &after.fields["Officer_Value"], after.updates), (&title, &json!("BOAN"), 2), "{after:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_acknowledgement_makes_no_second_case() -> anyhow::Result<()> {
    let town = Town::start().await?;
    for (id, times) in [("S-1001", 1), ("S-1002", 2)] {
        let lost = json!({ "route": "status", "key": id, "times": times, "fault": { "kind": "drop-after-commit" } });
        town.interact.plant(serde_json::from_value::<simulated::Planted>(lost)?);
        town.interact.submit(whole(id));
    }
    town.open().await?;
    for (id, times) in [("S-1001", 1), ("S-1002", 2)] {
        town.until("what is told again", |town| town.interact.ledger().submissions[id].told.len() > times).await?;
        let told = town.interact.ledger().submissions[id].clone();
        assert_eq!((told.status.as_str(), told.imported), ("Imported", 1), "{told:?}");
        assert_eq!(town.case(id).documents.len(), 3);
    }
    town.until_heard().await?;
    // Somebody at Interact puts it back: it is known, whatever its status.
    town.interact.set_status("S-1001", "Delivered");
    let listed = town.interact.ledger().submissions["S-1001"].listed;
    town.until("another poll", |town| town.interact.ledger().submissions["S-1001"].listed > listed + 1).await?;
    assert_eq!(town.workzone.ledger().cases, 2);
    let waiting = town.host.get("/v1/deliveries?state=attention").await?;
    assert!(waiting["items"].as_array().is_some_and(Vec::is_empty), "{waiting:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mapped_becomes_an_error_case_and_is_imported() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let shapes = [
        ("bombe", Shape::EntityBomb, 2, "kan ikke læses"),
        ("udefra", Shape::ExternalEntity, 2, "kan ikke læses"),
        ("halv", Shape::MalformedXml, 2, "kan ikke læses"),
        ("uden-xml", Shape::MissingXml, 1, "Filen findes ikke"),
        ("uden-titel", Shape::Unmappable, 2, "title"),
    ];
    for (id, shape, ..) in shapes {
        town.interact.submit(Submission { shape, ..Submission::new(id) });
    }
    town.open().await?;
    for (id, _, documents, reason) in shapes {
        assert_eq!(town.until_told(id, "Imported").await?.imported, 1);
        let case = town.case(&format!("{id}-fejl"));
        assert_eq!(
            (&case.fields["FileClass_Value"], case.documents.len()),
            (&json!("00.01.00"), documents),
            "{case:?}"
        );
        let text = case.fields["Text"].as_str().unwrap_or_default();
        assert!(text.contains(reason), "`{reason}` is missing in `{text}`");
    }
    assert_eq!(town.workzone.ledger().cases, shapes.len());
    let waiting = town.host.get("/v1/deliveries?state=attention").await?;
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(0), "nobody need look twice: {waiting:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_had_of_a_form_is_told_in_an_error_case_beside_the_case() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let gone =
        |id: &str| Submission { attachments: vec![120, 80], shape: Shape::MissingAttachment, ..Submission::new(id) };
    town.interact.submit(gone("mangler"));
    town.open().await?;
    town.until_told("mangler", "Imported").await?;
    let case = town.case("mangler");
    assert_eq!((case.parties.len(), case.documents.len()), (1, 3), "{case:?}");
    // A form that updates a case is told of in the same way.
    town.interact.submit(Submission { case_no: Some(case.user_key.clone()), ..gone("mangler-igen") });
    town.until_told("mangler-igen", "Imported").await?;
    for id in ["mangler", "mangler-igen"] {
        let told = town.case(&format!("{id}-fejl"));
        let text = told.fields["Text"].as_str().unwrap_or_default();
        assert!(text.contains("bilag-æ1.txt: Filen findes ikke") && text.contains(&case.user_key), "{id}: `{text}`");
        assert_eq!(told.documents.len(), 0, "what came is in the case itself");
    }
    assert_eq!(town.workzone.ledger().cases, 3);
    // Whoever looks at the schedule is told too, without the name of the file.
    let schedule = town.host.get("/v1/schedules/interact").await?.to_string();
    assert!(schedule.contains("Indsendelsen mangler er ikke hel: attachment-missing"), "{schedule}");
    assert!(!schedule.contains("bilag-"), "{schedule}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_fails_halfway_is_told_with_its_case_and_stays_protected() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let refused = json!({ "method": "POST", "path": "/OData4/Records", "times": 1,
        "action": { "kind": "status", "status": 400, "message": "Dokumenttypen DOK er udgået" } });
    town.workzone.fault(serde_json::from_value::<Fault>(refused)?);
    let files = [("AccessCode_Value".to_owned(), "HR".to_owned()), ("Text".to_owned(), "Fortroligt".to_owned())];
    town.interact.submit(Submission { files: files.into(), ..whole("S-1001") });
    town.open().await?;
    town.until_told("S-1001", "Imported").await?;
    let (case, error_case) = (town.case("S-1001"), town.case("S-1001-fejl"));
    assert_eq!((&case.fields["AccessCode_Value"], &case.fields["Text"]), (&json!("HR"), &json!("Fortroligt")));
    let text = error_case.fields["Text"].as_str().unwrap_or_default();
    assert!(text.contains("Dokumenttypen DOK er udgået") && text.contains(&case.user_key), "`{text}`");
    assert_eq!(error_case.documents.len(), 3);
    for document in &error_case.documents {
        assert_eq!(town.property("Records", &document.record_id, "AccessCode_Value")?, "HR");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_blocked_while_not_even_its_error_case_can_be_made() -> anyhow::Result<()> {
    let town = Town::start().await?;
    let why = "Standardsagsgruppen 00.01.00 er udgået, 251248-4916";
    let refused = json!({ "method": "POST", "path": "/OData4/Files", "times": 2,
        "action": { "kind": "status", "status": 400, "message": why } });
    town.workzone.fault(serde_json::from_value::<Fault>(refused)?);
    town.interact.submit(whole("S-1001"));
    town.open().await?;
    let told = town.until_told("S-1001", "Temporary blocked").await?;
    let reason = told.told.last().and_then(|(_, message)| message.clone()).unwrap_or_default();
    assert!(reason.contains("Standardsagsgruppen 00.01.00 er udgået") && !reason.contains("4916"), "{reason}");
    assert_eq!(town.workzone.ledger().cases, 0);

    // Somebody mends the group, and tries the error case again.
    let waiting = town.host.get("/v1/runs?flow=interact-error-case").await?;
    let run = town.host.get(&format!("/v1/runs/{}", waiting["items"][0]["id"].as_str().context("a run")?)).await?;
    let delivery = run["deliveries"][0]["id"].as_str().context("a delivery")?;
    town.host.done(&["delivery", "retry", delivery], None).await?;
    assert_eq!(town.until_told("S-1001", "Imported").await?.imported, 1);
    assert_eq!(town.case("S-1001-fejl").documents.len(), 3);
    assert_eq!(town.workzone.ledger().cases, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_for_whom_nobody_may_act_is_found_before_any_form_and_after() -> anyhow::Result<()> {
    let town = Town::with(Settings { on_behalf_of: OnBehalfOf::Denied, ..Settings::default() }).await?;
    town.open().await?;
    let check = town.host.sluse_for_people(&["connection", "check", "workzone"]).await?;
    assert!(check.code == 5 && check.stdout.contains("FAILED"), "{}{}", check.stdout, check.stderr);
    let asked = town.workzone.requests();
    let asked: Vec<_> = asked.iter().filter(|request| request.path.starts_with("/OData4")).collect();
    assert!(!asked.is_empty() && asked.iter().all(|request| request.method == "GET"), "{asked:?}");
    assert!(asked.iter().all(|request| request.headers.get("onbehalfof").is_some_and(|user| user == "User=ANSO")));

    town.interact.submit(whole("S-1001"));
    town.until_told("S-1001", "Temporary blocked").await?;
    assert_eq!(town.workzone.ledger().cases, 0);
    let waiting = town.host.get("/v1/deliveries?state=attention&reason=denied").await?;
    assert!(waiting["items"].as_array().is_some_and(|all| !all.is_empty()), "{waiting:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_taken_is_told_to_whoever_looks() -> anyhow::Result<()> {
    let town = Town::start().await?;
    town.interact.submit(whole("S-1001"));
    let nobodys =
        ("holds no certificate with thumbprint", "A9 4A 8F E5 CC B1 9B A6 1C 4C 08 73 D3 91 E9 87 98 2F BB D3");
    let strangers = town.strangers.iter().map(|(told, stranger)| (*told, stranger.thumbprint.as_str()));
    for (told, thumbprint) in strangers.chain([nobodys]) {
        town.apply(thumbprint).await?;
        let checked = town.host.sluse_for_people(&["connection", "check", "interact"]).await?;
        let said = format!("{}{}", checked.stdout, checked.stderr);
        assert!(checked.code == 5 && said.contains("(CertificateThumbprint)") && said.contains(told), "{told}: {said}");
        town.until_the_doctor_says(told).await?;
    }
    assert_eq!((town.interact.ledger().lists, town.workzone.ledger().cases), (0, 0));

    town.open().await?;
    town.until_told("S-1001", "Imported").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_listed_twice_and_in_disorder_become_one_case_each() -> anyhow::Result<()> {
    let town = Town::start().await?;
    client::control(&town.interact.control_origin(), "POST", "disorder", Some("true".into())).await?;
    let ids = ["S-1001", "S-1002", "S-1003"];
    for (minute, id) in ids.into_iter().enumerate() {
        let received_at = format!("2026-01-15T08:0{minute}:00Z");
        town.interact.submit(Submission { received_at, attachments: vec![100 + minute], ..Submission::new(id) });
    }
    town.open().await?;
    for id in ids {
        assert_eq!(town.until_told(id, "Imported").await?.imported, 1);
        assert_eq!(town.case(id).documents.len(), 3, "{id}");
    }
    assert_eq!(town.workzone.ledger().cases, ids.len());
    let fetched: Vec<_> = ids.iter().map(|id| town.interact.ledger().submissions[*id].files).collect();
    assert_eq!(fetched, [3, 3, 3], "each file is fetched once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_interact_does_not_know_is_named_to_whoever_looks() -> anyhow::Result<()> {
    let town = Town::start().await?;
    town.interact.submit(whole("S-1001"));
    let known = town.connection(&pasted(&town.known.thumbprint))?;
    ensure!(known.contains("800636"), "the example does not ask for the form");
    town.host.apply(&(known.replace("800636", "999999") + FLOW + SCHEDULE)).await?;
    town.until_the_doctor_says("999999").await?;
    assert_eq!(town.workzone.ledger().cases, 0);
    // Somebody writes the right one.
    town.open().await?;
    assert_eq!(town.until_told("S-1001", "Imported").await?.imported, 1);
    Ok(())
}
