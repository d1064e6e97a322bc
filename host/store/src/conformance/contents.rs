//! Bytes under their digest.

use std::sync::Arc;

use bytes::Bytes;
use sluse_model::Digest;
use tokio::io::AsyncReadExt as _;

use super::fixtures::{attachment, content, new_run, prepare};
use crate::{Content, Store};

async fn read(store: &dyn Store, digest: &Digest, offset: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut reader = store.read_content(digest, offset).await.expect("read").expect("kept");
    reader.read_to_end(&mut bytes).await.expect("read");
    bytes
}

pub async fn contents_are_read_back(store: Arc<dyn Store>) {
    // More than any buffer on the way, in pieces that fit none of them.
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let mut writer = store.write_content().await.expect("a writer");
    for piece in bytes.chunks(70_001) {
        writer.write(Bytes::copy_from_slice(piece)).await.expect("written");
    }
    let kept = writer.finish().await.expect("kept");
    assert_eq!(kept, Content { digest: Digest::of(&bytes), size_bytes: 3_000_000 });
    assert_eq!(store.content_size(&kept.digest).await, Ok(Some(3_000_000)));
    assert!(read(&*store, &kept.digest, 0).await == bytes, "other bytes came back");
}

pub async fn contents_are_kept_once(store: Arc<dyn Store>) {
    let digest = content(&*store, "the same").await;
    let mut reader = store.read_content(&digest, 0).await.expect("read").expect("kept");
    assert_eq!(content(&*store, "the same").await, digest);
    // Who began to read before goes on.
    let mut text = String::new();
    reader.read_to_string(&mut text).await.expect("read");
    assert_eq!(text, "the same");
    assert_eq!(read(&*store, &digest, 0).await, b"the same");
}

pub async fn an_empty_content_is_a_content(store: Arc<dyn Store>) {
    let kept = store.write_content().await.expect("a writer").finish().await.expect("kept");
    assert_eq!(kept, Content { digest: Digest::of(""), size_bytes: 0 });
    assert_eq!(store.content_size(&kept.digest).await, Ok(Some(0)));
    assert!(read(&*store, &kept.digest, 0).await.is_empty());
}

pub async fn an_unfinished_content_leaves_nothing(store: Arc<dyn Store>) {
    let mut writer = store.write_content().await.expect("a writer");
    writer.write(Bytes::from_static(b"half")).await.expect("written");
    drop(writer);
    assert_eq!(store.content_size(&Digest::of("half")).await, Ok(None));
}

pub async fn a_content_is_read_from_any_offset(store: Arc<dyn Store>) {
    let digest = content(&*store, "abcdef").await;
    assert_eq!(read(&*store, &digest, 4).await, b"ef");
    assert!(read(&*store, &digest, 6).await.is_empty());
    assert!(read(&*store, &digest, 60).await.is_empty());
}

pub async fn a_missing_content_is_none(store: Arc<dyn Store>) {
    let digest = Digest::of("nowhere");
    assert_eq!(store.content_size(&digest).await, Ok(None));
    assert!(store.read_content(&digest, 0).await.expect("read").is_none());
}

async fn is_kept(store: &dyn Store, digest: &Digest) -> bool {
    store.content_size(digest).await.expect("read").is_some()
}

pub async fn a_content_that_is_given_up_is_gone(store: Arc<dyn Store>) {
    let digest = content(&*store, "refused").await;
    assert_eq!(store.discard_content(&digest).await, Ok(()));
    assert!(!is_kept(&*store, &digest).await);
    assert_eq!(store.discard_content(&digest).await, Ok(()), "there is nothing left to give up");
    assert_eq!(content(&*store, "refused").await, digest);
    assert!(is_kept(&*store, &digest).await);
}

pub async fn a_content_that_something_refers_to_stays(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let file = content(&*store, "file").await;
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", file)];
    store.accept(run, None).await.expect("accepted");
    // Another submission with the same file, which is refused; and a component handed in again.
    content(&*store, "file").await;
    for digest in [file, prepared.revision] {
        store.discard_content(&digest).await.expect("discarded");
        assert!(is_kept(&*store, &digest).await);
    }
}

pub async fn a_content_that_somebody_else_is_on_the_way_with_stays(store: Arc<dyn Store>) {
    let prepared = prepare(&*store).await;
    let digest = content(&*store, "the same").await;
    content(&*store, "the same").await;
    store.discard_content(&digest).await.expect("discarded");
    assert!(is_kept(&*store, &digest).await);
    let mut run = new_run(prepared.flow);
    run.attachments = vec![attachment("a.pdf", digest)];
    store.accept(run, None).await.expect("accepted");
    assert!(is_kept(&*store, &digest).await);
}
