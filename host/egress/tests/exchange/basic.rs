//! A password that goes with every request: a wrong one reaches the target once, whoever asks.

use sluse_egress::{Credential, SendError};

use crate::target::{Target, answer, get, send_as};

fn user(password: &'static str, version: u64) -> Credential {
    Credential::Basic { username: "KOMMUNE\\svc-sluse".into(), password: password.into(), version: Some(version) }
}

#[tokio::test]
async fn a_password_that_was_refused_is_not_sent_again_until_it_is_set_again() {
    let target = Target::start(vec![answer(401, "", "")]).await;
    let endpoint = target.bound_endpoint();
    let wrong = user("Blåbærgrød", 1);
    let (first, second) = tokio::join!(send_as(&endpoint, get("/a"), &wrong), send_as(&endpoint, get("/b"), &wrong));
    let refused = [first, second].into_iter().filter(|sent| sent.as_ref().is_ok_and(|answer| answer.status == 401));
    assert_eq!(refused.count(), 1, "one is judged by the target, and one hears of it");
    let held = send_as(&endpoint, get("/c"), &wrong).await.expect_err("it is not sent");
    let SendError::NotSignedIn(told) = &held else { panic!("{held:?}") };
    for part in ["KOMMUNE\\svc-sluse", "`sluse secret set`"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("Blåbærgrød") && target.heard().len() == 1, "{told}");

    let again = send_as(&endpoint, get("/d"), &user("Blåbærgrød", 2)).await.expect("it was set again");
    assert_eq!((again.status, target.heard().len()), (401, 2));
}

#[tokio::test]
async fn a_password_that_is_right_goes_with_many_requests_at_once_and_one_of_a_program_always() {
    let target = Target::start(vec![answer(200, "", "")]).await;
    let endpoint = target.bound_endpoint();
    let right = user("Blåbærgrød", 1);
    let sent = futures_util::future::join_all((0..8).map(|_| send_as(&endpoint, get("/"), &right))).await;
    assert!(sent.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200)));

    let refusing = Target::start(vec![answer(401, "", "")]).await;
    let endpoint = refusing.bound_endpoint();
    let program = Credential::Basic { username: "client".into(), password: "secret-9".into(), version: None };
    for _ in 0..3 {
        assert_eq!(send_as(&endpoint, get("/"), &program).await.expect("an answer").status, 401);
    }
}
