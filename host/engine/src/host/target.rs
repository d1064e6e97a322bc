//! What an exchange says of the target itself: whether it can be reached, whether it has too much to do, and how long it
//! wants to be left alone, whatever the connector makes of it.

use std::time::Duration;

use sluse_egress::{Incoming, SendError, retry_after};
use sluse_model::Exchanged;

use super::{DeliveryHost, exchange::header};
use crate::connections::{CONNECT_TIMEOUT, LiveEndpoint};

impl DeliveryHost {
    /// Notes what became of a request.
    pub(super) fn note_target(&self, sent: &Result<Incoming, SendError>) {
        let answer = sent.as_ref().map(|incoming| incoming.status);
        self.engine.counts.exchanged(self.connection_name(), answer);
        match sent {
            Ok(incoming) => {
                self.exchanged(Exchanged::Reached);
                self.note_answer(incoming);
            }
            Err(SendError::Unreachable(_)) => self.exchanged(Exchanged::Unreachable),
            Err(_) => {}
        }
    }

    pub(super) fn exchanged(&self, exchanged: Exchanged) {
        self.engine.gates.exchanged(self.connection_name(), exchanged);
    }

    fn note_answer(&self, incoming: &Incoming) {
        if incoming.status == 429 {
            self.record.strained();
        }
        if matches!(incoming.status, 429 | 503)
            && let Some(text) = header(&incoming.headers, "retry-after")
            && let Some(wait) = retry_after(text, self.engine.clock.now())
        {
            self.record.retry_after(wait);
        }
    }

    /// Notes that an exchange without an answer took all the time that it had.
    pub(super) fn note_wait(&self, endpoint: &LiveEndpoint, asked: Option<Duration>, waited: Duration, reached: bool) {
        let whole = Duration::from_millis(endpoint.endpoint.timeout_ms);
        let whole = asked.map_or(whole, |asked| asked.min(whole));
        let patience = if reached { whole } else { whole.min(CONNECT_TIMEOUT) };
        if waited >= patience {
            self.record.strained();
        }
    }
}
