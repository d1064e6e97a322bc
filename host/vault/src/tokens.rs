//! A secret's value exchanged for a token: kept until it expires, fetched once for all who wait for it.

mod advice; // what to do about a refusal
mod answer; // what came back
mod endpoint; // where a token is fetched
mod guard; // a user's password on its way
mod request; // how it is asked for

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sluse_egress::Secret;
use sluse_model::{Auth, Clock, Name, Timestamp};
use tokio::sync::watch;

use crate::{VaultError, retired::Retired};
pub use endpoint::TokenEndpoint;
pub(crate) use request::TokenRequest;

/// How long a refusal is taken for the answer: a thousand waiting deliveries must not lock the client out.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// How long a token endpoint that did not answer, and did not say for how long, is left alone.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(1);

/// What tokens are told apart by. Connections that agree in all of it share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenKey {
    /// Endpoint, grant, client, user and scope.
    pub(crate) auth: Auth,
    /// Of its secrets, in order. A new value of one is another client as far as anybody knows.
    pub(crate) versions: Vec<u64>,
}

impl TokenKey {
    /// The secrets that its token was got with, and the version of each.
    fn secrets(&self) -> impl Iterator<Item = (&Name, u64)> {
        self.auth.secrets().into_iter().zip(self.versions.iter().copied())
    }

    /// The secret under whose name its tokens are remembered: who knows one of an endpoint's secrets knows all.
    fn owner(&self) -> Option<&Name> {
        self.auth.secrets().into_iter().next()
    }
}

/// A token that was given to us.
pub(crate) struct AccessToken {
    pub(crate) value: Arc<Secret>,
    /// When it was asked for: its life is counted from there.
    asked_at: Timestamp,
    good_until: Timestamp,
    /// A target refused it.
    dropped: AtomicBool,
}

impl AccessToken {
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.asked_at <= now && now < self.good_until && !self.dropped.load(Ordering::Acquire)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(until {})", self.good_until)
    }
}

type Fetched = Result<Arc<AccessToken>, VaultError>;

/// All tokens of the host.
#[derive(Debug)]
pub(crate) struct Tokens {
    slots: Mutex<HashMap<TokenKey, Arc<Slot>>>,
    shared: Arc<Shared>,
}

/// What a fetch that nobody waits for any more still needs.
#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    retired: Arc<Retired>,
    /// Counts changes of what is known: whoever has built something of it compares.
    epoch: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Slot(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<AccessToken>>,
    failure: Option<Failure>,
    /// Ends with the result of the fetch that is under way.
    flight: Option<watch::Receiver<Option<Fetched>>>,
    /// Nobody finds the slot any more but who has it already.
    is_abandoned: bool,
}

/// A failure that stands for a while.
#[derive(Debug)]
struct Failure {
    error: VaultError,
    since: Timestamp,
    until: Timestamp,
}

impl Tokens {
    pub(crate) fn new(clock: Arc<dyn Clock>, retired: Arc<Retired>, epoch: Arc<AtomicU64>) -> Self {
        Self { slots: Mutex::default(), shared: Arc::new(Shared { clock, retired, epoch }) }
    }

    /// The token of this key: the one at hand, the one under way, or a new one.
    pub(crate) async fn get(&self, key: &TokenKey, request: TokenRequest) -> Fetched {
        let mut flight = match self.slot(key).board(key, request, &self.shared) {
            Boarding::Here(fetched) => return fetched,
            Boarding::UnderWay(flight) => flight,
        };
        let landed = flight.wait_for(Option::is_some).await;
        landed.ok().and_then(|fetched| fetched.clone()).unwrap_or_else(|| {
            let origin = key.auth.token_url().and_then(crate::origin::origin_of).unwrap_or_default();
            Err(VaultError::Unavailable { origin, reason: "the request was given up".to_owned(), retry_after: None })
        })
    }

    /// Gives up a token that a target refused, unless another one has taken its place already.
    pub(crate) fn drop_token(&self, key: &TokenKey, refused: &Arc<AccessToken>) {
        refused.dropped.store(true, Ordering::Release);
        let slot = self.slot(key);
        let mut state = slot.lock();
        if state.token.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
            state.token = None;
            self.shared.retire(key, refused);
        }
    }

    /// All present tokens that were got with this secret.
    pub(crate) fn of(&self, secret: &Name) -> Vec<Arc<Secret>> {
        let slots = self.slots();
        let of_secret = slots.iter().filter(|(key, _)| key.owner() == Some(secret));
        of_secret.filter_map(|(_, slot)| Some(slot.lock().token.as_ref()?.value.clone())).collect()
    }

    /// Forgets the tokens that were got with values that are no longer the present ones, or that may no longer go
    /// where they went.
    pub(crate) fn prune(&self, is_present: impl Fn(&Name, u64) -> bool) {
        self.slots().retain(|key, slot| {
            let present = key.secrets().all(|(secret, version)| is_present(secret, version));
            if !present {
                slot.abandon(key, &self.shared);
            }
            present
        });
    }

    fn slot(&self, key: &TokenKey) -> Arc<Slot> {
        let mut slots = self.slots();
        match slots.get(key) {
            Some(slot) => slot.clone(),
            None => slots.entry(key.clone()).or_default().clone(),
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<TokenKey, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Boarding {
    Here(Fetched),
    UnderWay(watch::Receiver<Option<Fetched>>),
}

impl Slot {
    /// What is at hand, or the fetch that is under way; starts one when there is neither.
    fn board(self: &Arc<Self>, key: &TokenKey, request: TokenRequest, shared: &Arc<Shared>) -> Boarding {
        let now = shared.clock.now();
        let mut state = self.lock();
        if let Some(token) = state.token.as_ref().filter(|token| token.is_good(now)) {
            return Boarding::Here(Ok(token.clone()));
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| failure.stands(now)) {
            return Boarding::Here(Err(failure.told(now)));
        }
        // One whose sender is gone was cut off and will never land.
        if let Some(flight) = state.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Boarding::UnderWay(flight.clone());
        }
        let (landing, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let (slot, shared, key) = (self.clone(), shared.clone(), key.clone());
        // On its own: a caller that goes away does not take the token from the others who wait.
        tokio::spawn(async move {
            let fetched = request.fetch(&*shared.clock).await;
            slot.land(&fetched, &key, &shared);
            landing.send_replace(Some(fetched));
        });
        Boarding::UnderWay(flight)
    }

    fn land(&self, fetched: &Fetched, key: &TokenKey, shared: &Shared) {
        let now = shared.clock.now();
        let mut state = self.lock();
        state.flight = None;
        match fetched {
            Ok(token) => {
                if let Some(before) = state.token.replace(token.clone()) {
                    shared.retire(key, &before);
                }
                state.failure = None;
                if state.is_abandoned {
                    shared.retire(key, token);
                }
            }
            Err(error) => state.failure = Failure::standing(error, now),
        }
        // Before anybody has the token, so that whoever sends it finds it among the known values.
        shared.epoch.fetch_add(1, Ordering::AcqRel);
    }

    /// What is at hand retires now, what is under way when it lands.
    fn abandon(&self, key: &TokenKey, shared: &Shared) {
        let mut state = self.lock();
        state.is_abandoned = true;
        if let Some(token) = state.token.take() {
            shared.retire(key, &token);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn retire(&self, key: &TokenKey, token: &AccessToken) {
        if let Some(owner) = key.owner() {
            self.retired.push(owner, token.value.clone(), self.clock.now());
        }
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl Failure {
    fn standing(error: &VaultError, now: Timestamp) -> Option<Self> {
        let stands_for = match error {
            VaultError::Refused { .. } => REFUSED_FOR,
            VaultError::Unavailable { .. } => error.retry_after().unwrap_or(UNAVAILABLE_FOR),
            // Costs nobody anything to find out again.
            _ => return None,
        };
        Some(Self { error: error.clone(), since: now, until: now.plus(stands_for) })
    }

    fn stands(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }

    /// The same failure, with the time that is left.
    fn told(&self, now: Timestamp) -> VaultError {
        let mut error = self.error.clone();
        if let VaultError::Unavailable { retry_after: Some(wait), .. } = &mut error {
            *wait = self.until.since(now);
        }
        error
    }
}
