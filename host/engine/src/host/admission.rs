//! Before requests go out: who may send them, and what has to be durable before the first byte leaves.

use sluse_connector::{AttachmentError, Effect, Request, Response, SendError};
use sluse_model::{Digest, Standing, TimelineLevel};
use sluse_store::{ClosedIntent, JournalEntry, NewIntent, StoreError};

use super::{DeliveryHost, exchange::shown, recorded};
use crate::intents::{Admission, Facts};

/// How a request goes out.
#[derive(Debug)]
pub(super) enum Way {
    /// As often as the connector likes.
    Free,
    /// Under this number of the journal.
    Once(u32),
    /// Not at all: this is what the connector is told.
    Told(Box<Result<Response, SendError>>),
}

impl DeliveryHost {
    /// Decides how each request goes out. The intents of all of them are in one commit, durable when this returns.
    pub(super) async fn admit(&self, requests: &[Request]) -> Vec<Way> {
        let mut refused = Vec::with_capacity(requests.len());
        let mut facts = Vec::with_capacity(requests.len());
        for request in requests {
            let (refusal, fact) = match self.examine(request).await {
                Ok(fact) => (None, fact),
                Err(error) => (Some(error), None),
            };
            refused.push(refusal);
            facts.push(fact);
        }
        let admissions = if facts.iter().any(Option::is_some) {
            self.note(facts).await
        } else {
            requests.iter().map(|_| Ok(None)).collect()
        };
        let ways = requests.iter().zip(refused).zip(admissions);
        ways.map(|((request, refusal), admission)| match (refusal, admission) {
            (Some(error), _) | (None, Err(error)) => Way::Told(Box::new(Err(error))),
            (None, Ok(None)) => Way::Free,
            (None, Ok(Some(admission))) => self.way(request, admission),
        })
        .collect()
    }

    /// What must be known of a request that must happen once; refuses what is not permitted.
    async fn examine(&self, request: &Request) -> Result<Option<Facts>, SendError> {
        self.permits(request)?;
        let endpoint = self.endpoint(request)?;
        if request.effect != Effect::Once {
            return Ok(None);
        }
        let facts = self.facts(request, endpoint).await.map_err(|error| match error {
            AttachmentError::Unavailable(reason) => SendError::Unreachable(reason),
            error => SendError::Forbidden(format!("the request's body cannot be read: {error}")),
        })?;
        Ok(Some(facts))
    }

    async fn note(&self, facts: Vec<Option<Facts>>) -> Vec<Result<Option<Admission>, SendError>> {
        let (admissions, closed, opened) = self.record.admit(facts);
        if opened.is_empty() {
            // What became of others is written with whatever is written next.
            self.record.give_back(closed, &opened);
            return admissions.into_iter().map(Ok).collect();
        }
        match self.write_down(closed.clone(), opened.clone()).await {
            Ok(()) => admissions.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written now; nothing is sent");
                self.record.give_back(closed, &opened);
                let is_new = |number: &u32| opened.iter().any(|intent| intent.number == *number);
                let told = |admission| match admission {
                    Some(Admission::Sent(number)) if is_new(&number) => {
                        Err(SendError::Unreachable("the host cannot write its journal now, so nothing was sent".into()))
                    }
                    admission => Ok(admission),
                };
                admissions.into_iter().map(told).collect()
            }
        }
    }

    async fn write_down(&self, closed: Vec<ClosedIntent>, opened: Vec<NewIntent>) -> Result<(), StoreError> {
        // Whoever is on behalf of no delivery only reads.
        let Some((delivery, lease)) = self.held else { return Ok(()) };
        #[cfg(feature = "sabotage")]
        if crate::sabotage::skips_intent() {
            return Ok(());
        }
        let (attempt, now) = (self.record.attempt(), self.engine.clock.now());
        self.engine.store.note(JournalEntry { delivery, lease, attempt, now, closed, opened }).await
    }

    fn way(&self, request: &Request, admission: Admission) -> Way {
        let what = || format!("{} {}", request.method.as_str(), shown(&request.path));
        match admission {
            Admission::Sent(number) => Way::Once(number),
            Admission::InDoubt => {
                self.record.line(TimelineLevel::Warn, format!("{}: held back, an earlier one is in doubt", what()));
                let message = "an earlier request to this place may have happened: look first, and then mark this one \
                    `reconciled`";
                Way::Told(Box::new(Err(SendError::Interrupted(message.into()))))
            }
            Admission::Recorded { number, answer } => {
                self.record.line(TimelineLevel::Info, format!("{}: happened before, not sent again", what()));
                Way::Told(Box::new(self.recorded(number, answer)))
            }
        }
    }

    /// The answer that was recorded. Without one, all that is known is that it happened.
    fn recorded(&self, number: u32, answer: Option<Vec<u8>>) -> Result<Response, SendError> {
        let acted = || SendError::TooLarge(recorded::MAX_RECORDED_BYTES);
        let (Some(sealed), Some((delivery, _))) = (answer, self.held) else { return Err(acted()) };
        let opened = self.engine.vault.open_answer(delivery, number, &sealed).map_err(|error| {
            tracing::error!(%error, %delivery, "a recorded answer of {delivery} cannot be opened");
            acted()
        })?;
        recorded::read(opened.expose()).ok_or_else(acted)
    }

    /// Adds the key by which the target recognises the request when it comes again, where it knows one.
    pub(super) fn add_key(&self, request: &mut Request, number: u32) {
        let header = self.endpoint(request).ok().and_then(|endpoint| endpoint.endpoint.idempotency_header.clone());
        let (Some(header), Some((delivery, _))) = (header, self.held) else { return };
        let is_named = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(&header));
        if let Some(identity) = self.record.identity_of(number).filter(|_| !is_named) {
            let key = Digest::of([delivery.as_bytes().as_slice(), identity.as_bytes()].concat());
            request.headers.push((header, key.to_string()));
        }
    }

    /// Notes what became of a request that went out under a number.
    pub(super) fn close(&self, number: u32, standing: Standing, answer: Option<&Response>) {
        let sealed = answer
            .filter(|_| standing == Standing::Happened)
            .and_then(recorded::write)
            .zip(self.held)
            .map(|(bytes, (delivery, _))| self.engine.vault.seal_answer(delivery, number, &bytes));
        self.record.close(number, standing, sealed);
    }
}
