//! What the target tells those who wait for it: before it has answered or after, more than once now and then, and on and
//! on until it is taken, whichever life of the host it is that takes it.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::Shared;
use crate::torture::{dice::Dice, process::Place, tripwire::Moment};

/// It calls back at once, or takes its time.
const TAKES: Duration = Duration::from_millis(40);

/// Whoever was not heard tries again after this.
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// A host that is suspended answers later.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Of so many callbacks, one comes twice, and one is tried at an address that nobody was given.
const ODD: u64 = 6;

/// Calls back until it is taken.
pub(super) async fn announce(shared: Arc<Shared>, key: String, address: String) {
    let mut dice = Dice::of(shared.seed, &format!("herald {key}"), 0);
    if dice.below(2) == 0 {
        sleep(dice.duration(TAKES)).await;
    }
    let Some(path) = address.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..])) else {
        return shared.ledger().complain(format!("`{key}` was to be told at `{address}`"));
    };
    if dice.below(ODD) == 0 {
        let forged = format!("{}0", &path[..path.len() - 1]);
        if forged != path {
            expect(&shared, &key, &forged, &[404]).await;
        }
    }
    // Too late is what comes for a delivery that is closed: somebody gave it up.
    let taken = expect(&shared, &key, path, &[200, 409]).await;
    if taken == Some(200) {
        shared.tripwire.pass(Moment::CalledBack);
        if dice.below(ODD) == 0 {
            expect(&shared, &key, path, &[200, 409]).await;
        }
    }
}

/// Asks until it is answered for good, and complains of what is none of these.
async fn expect(shared: &Shared, key: &str, path: &str, statuses: &[u16]) -> Option<u16> {
    let status = until_answered(shared, key, path).await?;
    if !statuses.contains(&status) {
        shared.ledger().complain(format!("the callback for `{key}` was answered with {status}"));
    }
    Some(status)
}

async fn until_answered(shared: &Shared, key: &str, path: &str) -> Option<u16> {
    let mut place = shared.place.clone();
    loop {
        let present = place.wait_for(Option::is_some).await.ok()?.clone()?;
        shared.tripwire.pass(Moment::CallingBack);
        match timeout(ANSWER_WITHIN, tell(&present, path, key)).await {
            Ok(Ok(status)) if !matches!(status, 500 | 503 | 507) => return Some(status),
            _ => sleep(AGAIN_AFTER).await,
        }
    }
}

async fn tell(place: &Place, path: &str, key: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(&place.callbacks).await?;
    let body = serde_json::json!({"key": key}).to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        place.callbacks,
        body.len(),
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = answer.split(|byte| *byte == b' ').nth(1).and_then(|word| std::str::from_utf8(word).ok());
    status.and_then(|word| word.parse().ok()).ok_or_else(|| io::Error::other("no status"))
}
