//! What is let out, what is held back, and what is answered from the record.

use sluse_model::{Intent, Timestamp};

use super::*;

fn facts(content: &str, path: &str) -> Facts {
    Facts {
        identity: Identity::Content(Digest::of(content)),
        destination: Digest::of(path),
        request: format!("POST {path}"),
        reconciled: false,
        is_recognised: false,
    }
}

fn named(name: &str, path: &str) -> Facts {
    Facts { identity: Identity::Named(Digest::of(name)), ..facts("", path) }
}

fn reconciled(facts: Facts) -> Facts {
    Facts { reconciled: true, ..facts }
}

#[track_caller]
fn sent(intents: &mut Intents, facts: Facts) -> u32 {
    match intents.admit(facts) {
        Admission::Sent(number) => number,
        other => panic!("{other:?}"),
    }
}

/// The same journal, as the next attempt reads it.
fn next_attempt(mut intents: Intents) -> Intents {
    let (closed, opened) = intents.take();
    let noted = opened.into_iter().map(|new| {
        let last = closed.iter().rev().find(|closed| closed.number == new.number);
        let intent = Intent {
            number: new.number,
            attempt: 1,
            request: new.request,
            opened_at: Timestamp::from_millis(1),
            standing: last.map_or(Standing::Open, |closed| closed.standing),
        };
        let answer = last.and_then(|closed| closed.answer.clone());
        NotedIntent { intent, identity: new.identity, destination: new.destination, answer }
    });
    Intents::of(noted.collect())
}

#[test]
fn what_happened_is_answered_from_the_record() {
    let mut first = Intents::default();
    let number = sent(&mut first, facts("a", "/a"));
    first.close(number, Standing::Happened, Some(b"answer".to_vec()));
    let mut second = next_attempt(first);
    let expected = Admission::Recorded { number: 1, answer: Some(b"answer".to_vec()) };
    assert_eq!(second.admit(facts("a", "/a")), expected);
    assert!(!second.is_in_doubt());
}

#[test]
fn the_same_content_again_in_one_attempt_is_another_request() {
    let mut first = Intents::default();
    for _ in 0..2 {
        let number = sent(&mut first, facts("a", "/a"));
        first.close(number, Standing::Happened, None);
    }
    let mut second = next_attempt(first);
    for number in 1..=2 {
        assert_eq!(second.admit(facts("a", "/a")), Admission::Recorded { number, answer: None });
    }
    assert_eq!(sent(&mut second, facts("a", "/a")), 3);
}

#[test]
fn the_same_name_again_is_the_same_request() {
    let mut intents = Intents::default();
    let number = sent(&mut intents, named("create", "/a"));
    intents.close(number, Standing::Happened, None);
    assert_eq!(intents.admit(named("create", "/b")), Admission::Recorded { number, answer: None });
}

#[test]
fn what_did_not_happen_may_go_again() {
    let mut first = Intents::default();
    let number = sent(&mut first, facts("a", "/a"));
    first.close(number, Standing::DidNotHappen, None);
    assert_eq!(sent(&mut next_attempt(first), facts("a", "/a")), 2);
}

#[test]
fn what_is_in_doubt_holds_up_the_same_place_whatever_is_sent_there() {
    let mut first = Intents::default();
    sent(&mut first, facts("a", "/a"));
    let mut second = next_attempt(first);
    for other in [facts("a", "/a"), facts("b", "/a"), named("create", "/a"), reconciled(facts("a", "/a"))] {
        assert_eq!(second.admit(other), Admission::InDoubt);
    }
    sent(&mut second, facts("a", "/b"));
    assert!(second.is_in_doubt());
}

#[test]
fn who_has_looked_may_send_again() {
    let mut first = Intents::default();
    sent(&mut first, facts("a", "/a"));
    let mut second = next_attempt(first);
    second.looked();
    assert_eq!(second.admit(facts("a", "/a")), Admission::InDoubt, "it does not say that it looked for this");
    let number = sent(&mut second, reconciled(facts("a", "/a")));
    second.close(number, Standing::Happened, None);
    assert!(!second.is_in_doubt());
    let (closed, opened) = second.take();
    let closed: Vec<_> = closed.iter().map(|closed| (closed.number, closed.standing)).collect();
    assert_eq!(closed, [(1, Standing::DidNotHappen), (2, Standing::Happened)]);
    assert_eq!(opened.len(), 1);
}

#[test]
fn requests_side_by_side_do_not_hold_each_other_up() {
    let mut intents = Intents::default();
    sent(&mut intents, facts("a", "/a"));
    sent(&mut intents, facts("a", "/a"));
    assert!(intents.is_in_doubt());
}

#[test]
fn what_the_target_recognises_goes_again_under_its_number() {
    let mut first = Intents::default();
    sent(&mut first, facts("a", "/a"));
    let mut second = next_attempt(first);
    let recognised = |content| Facts { is_recognised: true, ..facts(content, "/a") };
    assert_eq!(second.admit(recognised("b")), Admission::InDoubt, "it is another one");
    assert_eq!(sent(&mut second, recognised("a")), 1);
    assert!(second.take().1.is_empty(), "it is durable already");
}

#[test]
fn what_could_not_be_noted_never_left() {
    let mut intents = Intents::default();
    let number = sent(&mut intents, facts("a", "/a"));
    intents.close(number, Standing::Happened, None);
    sent(&mut intents, facts("b", "/b"));
    let (closed, opened) = intents.take();
    intents.give_back(closed, &opened[1..]);
    assert!(!intents.is_in_doubt());
    let closed: Vec<_> = intents.take_closed().iter().map(|closed| (closed.number, closed.standing)).collect();
    assert_eq!(closed, [(1, Standing::Happened), (2, Standing::DidNotHappen)]);
}

#[test]
fn what_nobody_heard_of_is_in_doubt_for_this_attempt_and_known_to_the_next() {
    let mut first = Intents::default();
    let mark = first.mark();
    let number = sent(&mut first, facts("a", "/a"));
    sent(&mut first, facts("a", "/a"));
    first.close(number, Standing::Happened, None);
    first.unheard(mark);
    assert_eq!(first.admit(facts("b", "/a")), Admission::InDoubt);
    assert_eq!(first.admit(facts("a", "/a")), Admission::Recorded { number: 1, answer: None });
    assert_eq!(first.admit(facts("a", "/a")), Admission::InDoubt);
    let mut second = next_attempt(first);
    assert_eq!(second.admit(facts("a", "/a")), Admission::Recorded { number: 1, answer: None });
    assert_eq!(second.admit(facts("a", "/a")), Admission::InDoubt);
}

#[test]
fn what_an_answer_means_is_the_connectors_to_say() {
    let mut intents = Intents::default();
    let number = sent(&mut intents, named("pay", "/pay"));
    let refused = intents.conclude(Digest::of("pay"), Standing::DidNotHappen);
    assert!(refused.is_err(), "it is not answered yet");
    intents.close(number, Standing::Happened, Some(b"fault".to_vec()));
    intents.answered(number);
    intents.conclude(Digest::of("pay"), Standing::DidNotHappen).expect("it is answered");
    assert_eq!(sent(&mut intents, named("pay", "/pay")), number + 1, "a fault did nothing, so it may go again");
    assert!(intents.conclude(Digest::of("other"), Standing::Happened).is_err(), "nobody sent that");
}

#[test]
fn what_happened_in_spite_of_its_status_is_not_sent_again() {
    let mut intents = Intents::default();
    let number = sent(&mut intents, named("reject", "/reject"));
    intents.close(number, Standing::Open, None);
    intents.answered(number);
    assert!(intents.is_in_doubt());
    intents.conclude(Digest::of("reject"), Standing::Happened).expect("it is answered");
    assert!(!intents.is_in_doubt());
    assert_eq!(intents.admit(named("reject", "/reject")), Admission::Recorded { number, answer: None });
}

#[test]
fn what_an_earlier_attempt_sent_is_looked_up_and_not_concluded() {
    let mut first = Intents::default();
    sent(&mut first, named("pay", "/pay"));
    let mut second = next_attempt(first);
    assert!(second.conclude(Digest::of("pay"), Standing::DidNotHappen).is_err());
}

#[test]
fn what_was_not_answered_is_looked_up_and_not_concluded() {
    for standing in [Standing::Open, Standing::DidNotHappen] {
        let mut intents = Intents::default();
        let number = sent(&mut intents, named("pay", "/pay"));
        intents.close(number, standing, None);
        for concluded in [Standing::DidNotHappen, Standing::Happened] {
            assert!(intents.conclude(Digest::of("pay"), concluded).is_err(), "{standing:?}, {concluded:?}");
        }
    }
}

#[test]
fn what_could_not_be_noted_never_left_and_is_not_concluded() {
    let mut intents = Intents::default();
    sent(&mut intents, named("pay", "/pay"));
    let (closed, opened) = intents.take();
    intents.give_back(closed, &opened);
    assert!(intents.conclude(Digest::of("pay"), Standing::Happened).is_err());
}

#[test]
fn an_answer_that_tells_nothing_leaves_it_open() {
    let mut intents = Intents::default();
    let number = sent(&mut intents, named("pay", "/pay"));
    intents.close(number, Standing::Happened, Some(b"fault".to_vec()));
    intents.answered(number);
    intents.conclude(Digest::of("pay"), Standing::Open).expect("it is answered");
    assert!(intents.is_in_doubt());
    let mut second = next_attempt(intents);
    assert_eq!(second.admit(named("pay", "/pay")), Admission::InDoubt);
}
