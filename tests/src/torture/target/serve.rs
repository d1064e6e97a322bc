//! What the target does with a request, well or badly.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use super::{FENCE, Shared, manners::Manner, request::Request};
use crate::torture::{flows::file_of, tripwire::Moment};

/// Longer than an exchange may take.
const HANGS_FOR: Duration = Duration::from_secs(3);

/// A dripping answer: so many bytes, and a pause.
const DRIP_BYTES: usize = 8;
const DRIP_PAUSE: Duration = Duration::from_millis(20);

/// How long it asks to be left alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the connection goes on.
type GoesOn = bool;

/// Answers one request after the other, until a side ends the connection.
pub(super) async fn converse(shared: &Arc<Shared>, mut stream: TcpStream) {
    let mut rest = Vec::new();
    while let Ok(Some(request)) = Request::read(&mut stream, &mut rest).await {
        match answer(shared, &mut stream, &request).await {
            Ok(true) => {}
            // How a connection ends is for the client to notice.
            Ok(false) | Err(_) => return,
        }
    }
}

async fn answer(shared: &Arc<Shared>, stream: &mut TcpStream, request: &Request) -> io::Result<GoesOn> {
    if request.path == FENCE {
        stream.write_all(&Answer::new(204, "").bytes()).await?;
        return Ok(false);
    }
    shared.tripwire.pass(Moment::Requested);
    match manner(shared, request) {
        Manner::Good => {
            let answer = perform(shared, request);
            stream.write_all(&answer.bytes()).await?;
            shared.tripwire.pass(Moment::Answered);
            return Ok(true);
        }
        Manner::Hangs => hang(shared).await,
        Manner::HangsAfterCommit => {
            perform(shared, request);
            hang(shared).await;
        }
        Manner::Drips => return drip(stream, &perform(shared, request)).await,
        Manner::DropsBeforeCommit => {}
        Manner::DropsAfterCommit => drop(perform(shared, request)),
        Manner::CutsOff => {
            let bytes = perform(shared, request).bytes();
            stream.write_all(&bytes[..bytes.len() / 2]).await?;
        }
        Manner::AnswersTwice => {
            let bytes = perform(shared, request).bytes();
            stream.write_all(&[&bytes[..], &bytes[..]].concat()).await?;
            // Left open: whoever goes on with it takes the second one for the answer to what it asks next.
            return Ok(true);
        }
        Manner::BreaksAfterCommit => {
            perform(shared, request);
            stream.write_all(&Answer::new(500, "").bytes()).await?;
        }
        Manner::BreaksBeforeCommit => stream.write_all(&Answer::new(502, "").bytes()).await?,
        Manner::AsksForSeconds => {
            let seconds = PATIENCE.as_secs();
            stream.write_all(&Answer::new(429, &format!("retry-after: {seconds}\r\n")).bytes()).await?;
        }
        Manner::AsksForDate => {
            let (now, then) = (now(), now() + PATIENCE);
            let dates = format!("date: {}\r\nretry-after: {}\r\n", http_date(now), http_date(then));
            stream.write_all(&Answer::new(503, &dates).bytes()).await?;
        }
        Manner::Redirects => {
            shared.ledger().add_redirect(request.key());
            stream.write_all(&Answer::new(307, &format!("location: {}\r\n", request.path)).bytes()).await?;
        }
    }
    Ok(false)
}

fn manner(shared: &Shared, request: &Request) -> Manner {
    if !shared.misbehaves() {
        return Manner::Good;
    }
    let kind = format!("{} {}", request.method, request.key());
    let number = shared.ledger().number(&kind);
    Manner::of(shared.seed, &kind, number)
}

/// Does what is asked, at once and for good.
fn perform(shared: &Arc<Shared>, request: &Request) -> Answer {
    let key = request.key();
    match request.method.as_str() {
        "GET" if request.path.starts_with("/parcels/") => {
            let given = shared.ledger().parcels.give_out(&key, shared.misbehaves());
            shared.tripwire.pass(Moment::GivingOut);
            Answer::new(200, "").with_body(given)
        }
        "PUT" if request.path.starts_with("/reports/") => {
            let complaint = shared.ledger().parcels.hear(&key, &request.body);
            complaint.into_iter().for_each(|complaint| shared.ledger().complain(complaint));
            shared.tripwire.pass(Moment::Hearing);
            Answer::new(200, "")
        }
        "POST" => {
            shared.ledger().add_effect(&key);
            shared.tripwire.pass(Moment::Committed);
            if let Some(address) = request.callback() {
                shared.call_back(&key, address);
            }
            Answer::new(201, "")
        }
        "PUT" => {
            shared.ledger().add_place(&key);
            if key.starts_with("numbered-") {
                shared.ledger().add_number(&key, &request.body);
            }
            if key.starts_with("file-") && request.body != file_of(&key) {
                shared.ledger().complain(format!("`{key}` came with other bytes than were submitted"));
            }
            Answer::new(200, "")
        }
        _ if shared.ledger().has_effect(&key) => Answer::new(200, ""),
        _ => Answer::new(404, ""),
    }
}

/// Says nothing, until its time or that of the host is over.
async fn hang(shared: &Shared) {
    let release = shared.release();
    tokio::select! {
        () = sleep(HANGS_FOR) => {}
        () = release.cancelled() => {}
    }
}

async fn drip(stream: &mut TcpStream, answer: &Answer) -> io::Result<GoesOn> {
    for piece in answer.bytes().chunks(DRIP_BYTES) {
        stream.write_all(piece).await?;
        sleep(DRIP_PAUSE).await;
    }
    Ok(true)
}

/// An answer: a status, further header lines, and a small body.
#[derive(Debug)]
struct Answer {
    status: u16,
    lines: String,
    body: String,
}

impl Answer {
    fn new(status: u16, lines: &str) -> Self {
        let body = if status == 204 { "" } else { r#"{"said": "by the target"}"# };
        Self { status, lines: lines.to_owned(), body: body.to_owned() }
    }

    fn with_body(self, body: String) -> Self {
        Self { body, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { status, lines, body } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{lines}content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

fn http_date(time: SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

#[expect(clippy::disallowed_methods, reason = "a target has a clock of its own, which is not the host's")]
fn now() -> SystemTime {
    SystemTime::now()
}
