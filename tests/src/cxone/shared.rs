//! All that the routes share: the tenant, its tokens and records, what is planted and what was done.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;
use tokio::task::JoinSet;

use super::access::Access;
use super::crm::Crm;
use super::ledger::Ledger;
use super::script::{Fault, Scripts};
use super::settings::{Settings, Tenant};

const UNPOISONED: &str = "no route panics while it holds this lock";

/// All that the routes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    address: SocketAddr,
    tenant: Mutex<Tenant>,
    access: Mutex<Access>,
    crm: Mutex<Crm>,
    cache: Mutex<HashMap<String, Value>>,
    ledger: Mutex<Ledger>,
    scripts: Mutex<Scripts>,
    /// Executions that go on although their caller may have gone; they end with the simulation.
    working: Mutex<JoinSet<()>>,
}

impl Shared {
    pub(super) fn new(settings: Settings, address: SocketAddr) -> Shared {
        Shared {
            tenant: Mutex::new(settings.tenant.clone()),
            settings,
            address,
            access: Mutex::default(),
            crm: Mutex::default(),
            cache: Mutex::default(),
            ledger: Mutex::default(),
            scripts: Mutex::default(),
            working: Mutex::new(JoinSet::new()),
        }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().expect(UNPOISONED)
    }

    pub(super) fn access(&self) -> MutexGuard<'_, Access> {
        self.access.lock().expect(UNPOISONED)
    }

    pub(super) fn crm(&self) -> MutexGuard<'_, Crm> {
        self.crm.lock().expect(UNPOISONED)
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, HashMap<String, Value>> {
        self.cache.lock().expect(UNPOISONED)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect(UNPOISONED)
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().expect(UNPOISONED)
    }

    pub(super) fn reset(&self) {
        self.stop_working();
        *self.tenant() = self.settings.tenant.clone();
        *self.access() = Access::default();
        *self.crm() = Crm::default();
        self.cache().clear();
        *self.ledger() = Ledger::default();
        *self.scripts() = Scripts::default();
    }

    /// Ends the executions that are under way.
    pub(super) fn stop_working(&self) {
        self.working.lock().expect(UNPOISONED).abort_all();
    }

    /// Does this beside the request that asked for it, to the end even when its caller has gone.
    pub(super) fn work(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.working.lock().expect(UNPOISONED).spawn(task);
    }

    /// Counts a request, and says what goes wrong with it.
    pub(super) fn count(&self, asked: &str) -> Option<Fault> {
        *self.ledger().received.entry(asked.to_owned()).or_default() += 1;
        self.scripts().take(asked)
    }
}
