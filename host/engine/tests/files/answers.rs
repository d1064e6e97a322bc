//! Many answers at once: bounded each, and together.

use sluse_connector::{Answer, SendError};

use crate::asking::{asked, get};

const MIB: usize = 1 << 20;

#[tokio::test]
async fn answers_are_in_the_order_of_their_requests() {
    asked(|mut host| async move {
        let answers = host.send_all((0..40).map(get).collect()).await;
        let lengths: Vec<usize> = answers
            .into_iter()
            .map(|answer| match answer.expect("an answer").body {
                Answer::Bytes(bytes) => bytes.len(),
                Answer::Attachment(id) => panic!("nobody asked to keep {id}"),
            })
            .collect();
        assert_eq!(lengths, (0..40).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn answers_that_are_too_large_together_are_left_out() {
    asked(|mut host| async move {
        let answers = host.send_all(vec![get(8 * MIB); 20]).await;
        let (some, none): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((some.len(), none.len()), (8, 12));
        for answer in none {
            assert_eq!(answer, Err(SendError::TooLarge(64 << 20)));
        }
        // The limit is one call of `send-all`, not of the connector.
        assert!(host.send_all(vec![get(8 * MIB); 2]).await.iter().all(Result::is_ok));
    })
    .await;
}
