//! A host that hangs, and one that takes its time: what each function answers the component.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sluse_connector::{
    Answer, AttachmentError, CallLimits, CallbackError, FolderError, Host, NumberError, REQUESTS_SIDE_BY_SIDE, Request,
    Response, SendError,
};
use sluse_model::{Attachment, Standing, TimelineLevel};

use crate::{
    abi::v0_1::{attachments, callbacks, folders, http, numbers},
    state::{CallState, Patience},
};

/// Long enough for a busy machine, and over soon enough for a person.
const SHORT: Duration = Duration::from_millis(50);

/// Answers after this time, requests in rounds as the engine does.
struct SlowHost(Duration);

impl SlowHost {
    async fn wait<T>(&self, answer: T) -> T {
        tokio::time::sleep(self.0).await;
        answer
    }
}

fn empty() -> Response {
    Response { status: 200, headers: Vec::new(), body: Answer::Bytes(Bytes::new()) }
}

#[async_trait]
impl Host for SlowHost {
    async fn send(&mut self, _: Request) -> Result<Response, SendError> {
        self.wait(Ok(empty())).await
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> Vec<Result<Response, SendError>> {
        for _ in requests.chunks(REQUESTS_SIDE_BY_SIDE) {
            self.wait(()).await;
        }
        requests.iter().map(|_| Ok(empty())).collect()
    }

    fn conclude(&mut self, _: &str, _: Standing) -> Result<(), String> {
        Ok(())
    }

    async fn attachments(&mut self) -> Result<Vec<Attachment>, AttachmentError> {
        self.wait(Ok(Vec::new())).await
    }

    async fn read_attachment(&mut self, _: &str, _: u64, _: u32) -> Result<Bytes, AttachmentError> {
        self.wait(Ok(Bytes::new())).await
    }

    async fn create_attachment(&mut self, _: String, _: String, _: Bytes) -> Result<Attachment, AttachmentError> {
        self.wait(Err(AttachmentError::NotFound)).await
    }

    async fn put_file(&mut self, _: String, _: String, _: Bytes) -> Result<(), FolderError> {
        self.wait(Ok(())).await
    }

    async fn get_file(&mut self, _: String, _: String) -> Result<Option<Bytes>, FolderError> {
        self.wait(Ok(None)).await
    }

    async fn reserve_numbers(&mut self, _: String, _: u32, _: Option<String>) -> Result<u64, NumberError> {
        self.wait(Ok(1)).await
    }

    async fn open_callback(&mut self, _: Duration) -> Result<String, CallbackError> {
        self.wait(Ok(String::new())).await
    }

    fn log(&mut self, _: TimelineLevel, _: String) {}
}

fn state(host: SlowHost, patience: Patience) -> CallState {
    let limits = CallLimits { memory_bytes: 0, cpu: Duration::from_secs(1), wall: Duration::from_secs(1) };
    CallState { patience, ..CallState::new(&limits, Box::new(host), None) }
}

/// A call whose host never answers, with little patience.
fn hanging() -> CallState {
    let patience = Patience { request: SHORT, grace: SHORT, other: SHORT };
    state(SlowHost(Duration::from_secs(60 * 60)), patience)
}

fn request(timeout_ms: Option<u32>) -> http::Request {
    http::Request {
        method: http::Method::Get,
        endpoint: None,
        path: "/".into(),
        headers: Vec::new(),
        body: http::Body::Empty,
        timeout_ms,
        effect: None,
        intent_key: None,
        reconciled: false,
        keep: None,
    }
}

/// Fails unless the answer is this error, whatever it says.
macro_rules! assert_answers {
    ($asking:expr, $error:pat) => {{
        let answer = $asking.await.expect("an answer and no trap");
        assert!(matches!(answer, Err($error)), "{answer:?}");
    }};
}

#[tokio::test]
async fn files_of_a_host_that_hangs_are_unavailable() {
    use attachments::{AttachmentError::Unavailable, Host as _};
    assert_answers!(hanging().all(), Unavailable(_));
    assert_answers!(hanging().get("att-1".into()), Unavailable(_));
    assert_answers!(hanging().read("att-1".into(), 0, 1), Unavailable(_));
    assert_answers!(hanging().create("a".into(), "b/c".into(), Vec::new()), Unavailable(_));
}

#[tokio::test]
async fn whatever_else_a_host_that_hangs_is_asked_is_unavailable() {
    use callbacks::Host as _;
    use folders::Host as _;
    use numbers::Host as _;
    assert_answers!(hanging().put("a".into(), "b".into(), Vec::new()), folders::FolderError::Unavailable(_));
    assert_answers!(hanging().read("a".into(), "b".into()), folders::FolderError::Unavailable(_));
    assert_answers!(hanging().reserve("a".into(), 1, None), numbers::NumberError::Unavailable(_));
    assert_answers!(hanging().open(60_000), callbacks::CallbackError::Unavailable(_));
}

#[tokio::test]
async fn a_request_that_a_host_never_answers_is_interrupted() {
    use http::{Host as _, SendError::Interrupted};
    // As long as a request may take, and as long as this one asked for.
    for timeout_ms in [None, Some(1)] {
        assert_answers!(hanging().send(request(timeout_ms)), Interrupted(_));
        let answers = hanging().send_all(vec![request(timeout_ms); 3]).await.expect("answers and no trap");
        assert_eq!(answers.len(), 3);
        assert!(answers.iter().all(|answer| matches!(answer, Err(Interrupted(_)))), "{answers:?}");
    }
}

#[tokio::test]
async fn many_requests_may_take_as_many_rounds_as_they_need() {
    use http::Host as _;
    // Four rounds of 300 ms each: more than the patience with one of them, 800 ms.
    let patience = Patience { grace: Duration::from_millis(500), ..Patience::default() };
    let mut state = state(SlowHost(Duration::from_millis(300)), patience);
    let answers = state.send_all(vec![request(Some(300)); 64]).await.expect("answers and no trap");
    assert!(answers.len() == 64 && answers.iter().all(Result::is_ok), "{answers:?}");
}
