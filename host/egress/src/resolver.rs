//! Names become addresses here, and exactly these addresses are dialled: one that is denied refuses them
//! all. Nothing is remembered, so that no answer outlives the decision on it.

use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::grant::AddressRules;

/// Looks a host's name up. The system's resolver in production; a table in tests.
pub trait Lookup: Send + Sync {
    /// All addresses of `host`, as the operating system gives them.
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Names looked up at the same time. A resolver that does not answer holds a thread for many seconds, whoever
/// still waits for it, and the store's reads need threads of the same pool.
const MAX_LOOKUPS: usize = 32;

/// The operating system's resolver.
#[derive(Debug, Clone)]
pub struct SystemLookup {
    places: Arc<Semaphore>,
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MAX_LOOKUPS)), ask: ask_system }
    }
}

fn ask_system(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

impl Lookup for SystemLookup {
    fn addresses(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let Self { places, ask } = self.clone();
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            // The place belongs to the thread: who stops waiting does not free it.
            let asking = spawn_blocking(move || {
                let found = ask(&host);
                drop(place);
                found
            });
            asking.await.map_err(io::Error::other)?
        })
    }
}

/// The resolver of one endpoint.
#[derive(Clone)]
pub(crate) struct JudgedLookup {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) rules: Arc<AddressRules>,
}

impl JudgedLookup {
    /// The addresses of `host`, each of which may be dialled.
    pub(crate) async fn judged(&self, host: String) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
        let addresses = self.lookup.addresses(host).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
        }
        for address in &addresses {
            self.rules.check(*address)?;
        }
        Ok(addresses)
    }
}

impl Resolve for JudgedLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.clone();
        Box::pin(async move {
            let addresses = lookup.judged(name.as_str().to_owned()).await?;
            // Port 0 takes the URL's port.
            let dialled = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(dialled) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        sync::{Condvar, Mutex, PoisonError},
        time::Duration,
    };

    use tokio::time::timeout;

    use super::*;

    /// How many are asking a resolver that gives no answer until it is told to.
    static ASKING: Mutex<(usize, bool)> = Mutex::new((0, false));
    static CHANGED: Condvar = Condvar::new();

    fn ask_silent(_: &str) -> io::Result<Vec<IpAddr>> {
        let mut state = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        CHANGED.notify_all();
        while !state.1 {
            state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.0 -= 1;
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_silent_resolver_holds_few_threads() {
        let lookup = SystemLookup { places: Arc::new(Semaphore::new(2)), ask: ask_silent };
        for _ in 0..10 {
            // Given up by those who waited; the threads go on.
            let given_up = timeout(Duration::from_millis(20), lookup.addresses("silent.example".to_owned())).await;
            assert!(given_up.is_err());
        }
        let places = lookup.places.available_permits();
        // Let go before anything can fail: the threads would be waited for.
        let asking = {
            let mut state = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
            state.1 = true;
            state.0
        };
        CHANGED.notify_all();
        assert!(places == 0 && asking <= 2, "{places} places were free while {asking} threads asked");
        let found = timeout(Duration::from_secs(20), lookup.addresses("silent.example".to_owned())).await;
        assert_eq!(found.expect("an answer in time").expect("found"), [IpAddr::from(Ipv4Addr::LOCALHOST)]);
    }
}
