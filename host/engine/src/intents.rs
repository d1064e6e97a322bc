//! The effect journal as one attempt sees it: what earlier attempts have sent that must happen once, what this one
//! sends, and what is known of each. Decides; what it decides is made durable by the host before a byte leaves.

use std::collections::HashMap;

use sluse_model::{Digest, Standing};
use sluse_store::{ClosedIntent, NewIntent, NotedIntent};

/// What a request that must happen once is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) identity: Identity,
    /// Method, endpoint and path.
    pub(crate) destination: Digest,
    /// As people see it.
    pub(crate) request: String,
    /// The connector says that it has looked, and that it is not done.
    pub(crate) reconciled: bool,
    /// The target recognises it when it comes again.
    pub(crate) is_recognised: bool,
}

/// What tells a request from others of the same delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The connector named it.
    Named(Digest),
    /// All that it consists of. The same again in one attempt is another one.
    Content(Digest),
}

/// What becomes of a request that must happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It goes out under this number.
    Sent(u32),
    /// It happened before: this is the answer, sealed, if it was kept.
    Recorded { number: u32, answer: Option<Vec<u8>> },
    /// An earlier request to the same place may have happened.
    InDoubt,
}

#[derive(Debug)]
struct Known {
    number: u32,
    identity: Digest,
    destination: Digest,
    standing: Standing,
    answer: Option<Vec<u8>>,
    /// Sent by this attempt, and not answered yet.
    is_under_way: bool,
    /// Sent by this attempt, and answered: the connector may know better than the status what that means.
    is_answered: bool,
    /// The connector was told that it was interrupted, whatever came of it.
    is_unheard: bool,
}

/// What this attempt knows of the requests of its delivery that must happen once.
#[derive(Debug, Default)]
pub(crate) struct Intents {
    known: Vec<Known>,
    /// How often this attempt has sent what consists of the same.
    occurrences: HashMap<Digest, u32>,
    /// The connector has read something in this attempt, and was answered.
    has_looked: bool,
    opened: Vec<NewIntent>,
    closed: Vec<ClosedIntent>,
}

/// Where an attempt stood before it sent something.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    count: usize,
    occurrences: HashMap<Digest, u32>,
}

impl Intents {
    /// With what earlier attempts have noted.
    pub(crate) fn of(journal: Vec<NotedIntent>) -> Self {
        let known = journal.into_iter().map(|noted| Known {
            number: noted.intent.number,
            identity: noted.identity,
            destination: noted.destination,
            standing: noted.intent.standing,
            answer: noted.answer,
            is_under_way: false,
            is_answered: false,
            is_unheard: false,
        });
        Self { known: known.collect(), ..Self::default() }
    }

    /// Decides whether a request may go out, and notes it if so.
    pub(crate) fn admit(&mut self, facts: Facts) -> Admission {
        let identity = self.identity(facts.identity);
        match self.known.iter_mut().rev().find(|known| known.identity == identity) {
            Some(known) if known.standing == Standing::Happened => {
                known.is_unheard = false;
                let admission = Admission::Recorded { number: known.number, answer: known.answer.clone() };
                self.occurred(facts.identity);
                return admission;
            }
            Some(known) if known.standing == Standing::Open && known.is_under_way => return Admission::InDoubt,
            Some(known) if known.standing == Standing::Open && facts.is_recognised => {
                known.is_under_way = true;
                let number = known.number;
                self.occurred(facts.identity);
                return Admission::Sent(number);
            }
            _ => {}
        }
        if self.is_in_doubt_at(facts.destination) {
            if !(facts.reconciled && self.has_looked) {
                return Admission::InDoubt;
            }
            self.reconcile(facts.destination);
        }
        self.occurred(facts.identity);
        let number = self.known.last().map_or(1, |known| known.number + 1);
        let Facts { destination, request, .. } = facts;
        self.opened.push(NewIntent { number, identity, destination, request });
        self.known.push(Known {
            number,
            identity,
            destination,
            standing: Standing::Open,
            answer: None,
            is_under_way: true,
            is_answered: false,
            is_unheard: false,
        });
        Admission::Sent(number)
    }

    /// Notes what became of a request that went out.
    pub(crate) fn close(&mut self, number: u32, standing: Standing, answer: Option<Vec<u8>>) {
        let Some(known) = self.known.iter_mut().find(|known| known.number == number) else { return };
        known.is_under_way = false;
        known.standing = standing;
        known.answer.clone_from(&answer);
        self.closed.push(ClosedIntent { number, standing, answer });
    }

    /// The connector has the answer to a request that it sent, and may say what it means.
    pub(crate) fn answered(&mut self, number: u32) {
        if let Some(known) = self.known.iter_mut().find(|known| known.number == number) {
            known.is_answered = true;
        }
    }

    /// The connector knows what an answer of this attempt means, whatever its status says.
    pub(crate) fn conclude(&mut self, identity: Digest, standing: Standing) -> Result<(), String> {
        let Some(known) = self.known.iter().rev().find(|known| known.identity == identity) else {
            return Err("no request of this `intent-key` was sent that must happen once".into());
        };
        if !known.is_answered {
            return Err("the request of this `intent-key` was not answered in this call: look instead".into());
        }
        // What happened is known by its answer; of what did not, there is none to give back.
        let answer = known.answer.clone().filter(|_| standing == Standing::Happened);
        self.close(known.number, standing, answer);
        Ok(())
    }

    /// What names the request of this number, the same on every attempt.
    pub(crate) fn identity_of(&self, number: u32) -> Option<Digest> {
        self.known.iter().find(|known| known.number == number).map(|known| known.identity)
    }

    /// Notes that the target answered a read.
    pub(crate) fn looked(&mut self) {
        self.has_looked = true;
    }

    /// What has to be durable before anything else leaves, and what may be along with it.
    pub(crate) fn take(&mut self) -> (Vec<ClosedIntent>, Vec<NewIntent>) {
        (std::mem::take(&mut self.closed), std::mem::take(&mut self.opened))
    }

    /// What was taken could not be made durable: none of the new ones has left.
    pub(crate) fn give_back(&mut self, closed: Vec<ClosedIntent>, opened: &[NewIntent]) {
        self.closed.splice(0..0, closed);
        for intent in opened {
            self.close(intent.number, Standing::DidNotHappen, None);
        }
    }

    /// What became of requests and is not written yet.
    pub(crate) fn take_closed(&mut self) -> Vec<ClosedIntent> {
        std::mem::take(&mut self.closed)
    }

    /// Where the attempt stands now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { count: self.known.len(), occurrences: self.occurrences.clone() }
    }

    /// The connector never heard what became of those that were sent since then: for it, they were interrupted, and
    /// what consists of the same is the same.
    pub(crate) fn unheard(&mut self, since: Mark) {
        for known in self.known.iter_mut().skip(since.count) {
            known.is_under_way = false;
            known.is_answered = false;
            known.is_unheard = known.standing == Standing::Happened;
        }
        self.occurrences = since.occurrences;
    }

    /// Whether one may have happened, and nobody knows.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.known.iter().any(|known| known.standing == Standing::Open)
    }

    fn is_in_doubt_at(&self, destination: Digest) -> bool {
        self.known.iter().any(|known| {
            let is_open = known.standing == Standing::Open && !known.is_under_way;
            known.destination == destination && (is_open || known.is_unheard)
        })
    }

    /// The connector has looked: what is in doubt there did not happen.
    fn reconcile(&mut self, destination: Digest) {
        for known in self.known.iter_mut().filter(|known| known.destination == destination && !known.is_under_way) {
            known.is_unheard = false;
            if known.standing == Standing::Open {
                known.standing = Standing::DidNotHappen;
                let closed = ClosedIntent { number: known.number, standing: known.standing, answer: None };
                self.closed.push(closed);
            }
        }
    }

    /// What names the next request of this kind.
    fn identity(&self, identity: Identity) -> Digest {
        match identity {
            Identity::Named(name) => name,
            Identity::Content(content) => {
                let occurrence = self.occurrences.get(&content).copied().unwrap_or(0);
                Digest::of([content.as_bytes().as_slice(), &occurrence.to_be_bytes()].concat())
            }
        }
    }

    fn occurred(&mut self, identity: Identity) {
        if let Identity::Content(content) = identity {
            *self.occurrences.entry(content).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests;
