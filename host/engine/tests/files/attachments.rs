//! Files of the run: created, kept, read, listed, and no more of them than there may be.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use sluse_connector::{Answer, AttachmentError, Host, SendError};
use sluse_model::{Attachment, Digest, Outcome};
use sluse_store::Store;
use tokio::sync::mpsc;

use crate::{
    asking::{MAX_ATTACHMENT_BYTES, asked, get, kept},
    bench::{Act, Bench, Target},
};

const LARGEST: usize = MAX_ATTACHMENT_BYTES as usize;

async fn create(host: &mut Box<dyn Host>, bytes: impl Into<Bytes>) -> Result<Attachment, AttachmentError> {
    host.create_attachment("a.txt".into(), "text/plain".into(), bytes.into()).await
}

#[track_caller]
fn is_forbidden<T: std::fmt::Debug>(refused: Result<T, AttachmentError>, rule: &str) {
    assert!(matches!(&refused, Err(AttachmentError::Forbidden(reason)) if reason.contains(rule)), "{refused:?}");
}

#[tokio::test]
async fn a_created_file_is_listed_and_read() {
    asked(|mut host| async move {
        assert_eq!(host.attachments().await, Ok(Vec::new()));
        let file = create(&mut host, "0123456789").await.expect("created");
        assert_eq!((file.size_bytes, file.digest), (10, Digest::of("0123456789")));
        assert_eq!(host.attachments().await, Ok(vec![file.clone()]));
        let id = file.id.to_string();
        for (offset, length, expected) in [(0, 4, "0123"), (8, 4, "89"), (10, 4, ""), (u64::MAX, 4, ""), (2, 0, "")] {
            assert_eq!(host.read_attachment(&id, offset, length).await, Ok(Bytes::from(expected)), "from {offset}");
        }
        assert_eq!(host.read_attachment(&id, 0, 5 << 20).await, Err(AttachmentError::TooLarge(4 << 20)));
        assert_eq!(host.read_attachment("nothing", 0, 1).await, Err(AttachmentError::NotFound));
    })
    .await;
}

#[tokio::test]
async fn a_kept_answer_is_a_file_of_the_run() {
    asked(|mut host| async move {
        let response = host.send(kept(100)).await.expect("an answer");
        let Answer::Attachment(id) = response.body else { panic!("{response:?}") };
        let files = host.attachments().await.expect("files");
        assert_eq!((files.len(), files[0].id.to_string(), files[0].size_bytes), (1, id.clone(), 100));
        assert_eq!((files[0].name.as_str(), files[0].media_type.as_str()), ("kept.bin", "application/octet-stream"));
        assert_eq!(host.read_attachment(&id, 98, 10).await, Ok(Bytes::from("xx")));
    })
    .await;
}

#[tokio::test]
async fn a_store_that_fails_is_no_empty_list() {
    let (seen, mut to_see) = mpsc::unbounded_channel();
    let store: Arc<OnceLock<Arc<dyn Store>>> = Arc::default();
    let closing = store.clone();
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, move |_, _, _, mut host| {
        let (closing, seen) = (closing.clone(), seen.clone());
        async move {
            closing.get().expect("set before the run").close().await;
            let created = create(&mut host, "x").await;
            let sent = host.send(kept(1)).await;
            let _ = seen.send((host.attachments().await, created, sent));
            Ok(Ok(Outcome::Done { output: "{}".into() }))
        }
    })
    .await;
    assert!(store.set(bench.store.clone()).is_ok());
    bench.submit("x").await;
    let waiting = tokio::time::timeout(Duration::from_secs(60), to_see.recv());
    let (listed, created, sent) = waiting.await.expect("the call ends").expect("the call was made");
    assert!(matches!(listed, Err(AttachmentError::Unavailable(_))), "{listed:?}");
    assert!(matches!(created, Err(AttachmentError::Unavailable(_))), "{created:?}");
    assert!(matches!(sent, Err(SendError::Unreachable(_))), "nothing was sent: {sent:?}");
    assert_eq!(target.seen().len(), 0);
}

#[tokio::test]
async fn a_call_creates_a_number_of_files_and_no_more() {
    asked(|mut host| async move {
        for number in 0..200 {
            create(&mut host, number.to_string()).await.expect("created");
        }
        is_forbidden(create(&mut host, "one more").await, "at most 200 files");
        // Not even asked for: afterwards it would have happened.
        let sent = host.send(kept(1)).await;
        assert!(matches!(&sent, Err(SendError::Forbidden(rule)) if rule.contains("at most 200 files")), "{sent:?}");
        assert_eq!(host.attachments().await.expect("files").len(), 200);
        assert_eq!(host.send(get(1)).await.expect("it is not kept").status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_call_creates_a_number_of_bytes_and_no_more() {
    asked(|mut host| async move {
        let too_large = create(&mut host, vec![0; LARGEST + 1]).await;
        assert_eq!(too_large, Err(AttachmentError::TooLarge(MAX_ATTACHMENT_BYTES)));
        for number in 0..4 {
            create(&mut host, vec![number; LARGEST]).await.expect("created");
        }
        is_forbidden(create(&mut host, "x").await, "limits.max_attachment_bytes");
        assert_eq!(host.send(kept(1)).await, Err(SendError::TooLarge(4 * MAX_ATTACHMENT_BYTES)));
        assert_eq!(host.attachments().await.expect("files").len(), 4);
    })
    .await;
}

#[tokio::test]
async fn answers_that_are_kept_side_by_side_share_the_limit() {
    asked(|mut host| async move {
        let answers = host.send_all(vec![kept(LARGEST); 10]).await;
        let (kept, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert!(kept.len() <= 4, "{} were kept", kept.len());
        for answer in refused {
            assert_eq!(answer, Err(SendError::TooLarge(4 * MAX_ATTACHMENT_BYTES)));
        }
        assert_eq!(host.attachments().await.expect("files").len(), kept.len());
    })
    .await;
}
