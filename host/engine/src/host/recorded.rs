//! Answers as the journal keeps them: sealed, and no longer than what one reads.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sluse_connector::{Answer, Response};

/// Longer answers are not kept. That it happened is; what it said has to be looked up.
pub(super) const MAX_RECORDED_BYTES: u64 = 256 << 10;

#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    /// The body was kept under this id, and does not follow.
    attachment: Option<String>,
}

/// The bytes of an answer; `None` when there are too many.
pub(super) fn write(response: &Response) -> Option<Vec<u8>> {
    let (attachment, body) = match &response.body {
        Answer::Bytes(bytes) => (None, bytes.as_ref()),
        Answer::Attachment(id) => (Some(id.clone()), [].as_slice()),
    };
    let head = Head { status: response.status, headers: response.headers.clone(), attachment };
    let head = serde_json::to_vec(&head).expect("an answer's head is texts and numbers");
    let head_bytes = u32::try_from(head.len()).ok()?;
    if (head.len() + body.len()) as u64 > MAX_RECORDED_BYTES {
        return None;
    }
    Some([head_bytes.to_be_bytes().as_slice(), &head, body].concat())
}

/// The answer that was written so; `None` when it was not.
pub(super) fn read(bytes: &[u8]) -> Option<Response> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let Head { status, headers, attachment } = serde_json::from_slice(head).ok()?;
    let body = match attachment {
        Some(id) => Answer::Attachment(id),
        None => Answer::Bytes(Bytes::copy_from_slice(body)),
    };
    Some(Response { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: Answer) -> Response {
        Response { status: 201, headers: vec![("location".into(), "/a/1".into())], body }
    }

    #[test]
    fn an_answer_is_read_back() {
        for body in [Answer::Bytes(Bytes::from_static(b"\x00{}")), Answer::Attachment("att-1".into())] {
            let response = response(body);
            assert_eq!(read(&write(&response).expect("short")), Some(response));
        }
    }

    #[test]
    fn a_long_answer_is_not_kept() {
        let long = Bytes::from(vec![0; MAX_RECORDED_BYTES as usize]);
        assert_eq!(write(&response(Answer::Bytes(long))), None);
    }

    #[test]
    fn what_nobody_wrote_is_not_read() {
        for bytes in [b"".as_slice(), b"\xff\xff\xff\xff{}", b"\0\0\0\x02{}"] {
            assert_eq!(read(bytes), None);
        }
    }
}
